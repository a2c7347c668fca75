//! `GET /sets/{set}/restores`.

use axum::extract::State;
use iota_core::api::json::RestoreInfo;
use iota_core::id::SetId;

use crate::api::sets::set_no_of;
use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::ApiResult;
use crate::extract::{InPath, Json};
use crate::store::restore_order;

/// The orders to the machines of a set, newest first, and what the machines said of them.
///
/// # Errors
/// `not_found`, `unavailable`.
pub async fn show(
    State(state): State<AppState>,
    reader: Reader,
    InPath(set): InPath<SetId>,
) -> ApiResult<Json<Vec<RestoreInfo>>> {
    let set_no = set_no_of(&state, &reader, set).await?;
    Ok(Json(restore_order::list_of(&mut *state.pool().acquire().await?, set_no).await?))
}
