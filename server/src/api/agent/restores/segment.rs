//! `GET /agent/restores/{restore}/segment`.

use axum::extract::State;
use axum::response::Response;
use iota_core::api::json::code;
use iota_core::id::RestoreId;

use super::granted;
use crate::api::sets::segment;
use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::{ApiError, ApiResult};
use crate::extract::InPath;
use crate::store::commit;
use crate::store::restore_order::Granted;

/// The log that leads to the snapshot of an order.
///
/// # Errors
/// `not_found`, `conflict` when the snapshot is gone, `device_replaced`, `unavailable`.
pub async fn show(
    State(state): State<AppState>,
    machine: Machine,
    InPath(restore): InPath<RestoreId>,
) -> ApiResult<Response> {
    let mut connection = state.pool().acquire().await?;
    let Granted { set_no, seq, .. } = granted(&mut connection, &machine, restore, state.now_ms()).await?;
    if !commit::is_shown(&mut connection, set_no, seq).await? {
        let message = "the snapshot of this order was deleted, or thinned out, meanwhile: order another one";
        return Err(ApiError::new(code::CONFLICT, message));
    }
    drop(connection);
    segment::answer(state, set_no, seq, None).await
}
