//! `POST /agent/restores/{restore}/end`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::EndRestore;
use iota_core::id::RestoreId;
use iota_core::restore::MAX_OUTCOME_BYTES;

use super::no_order;
use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json};
use crate::store::restore_order;

/// Longest body: the outcome in base64.
pub const MAX_BYTES: usize = 2 * MAX_OUTCOME_BYTES;

/// Keeps what the machine says of an order, and closes it. Again is fine; the first word counts.
///
/// # Errors
/// `not_found`, `bad_request`, `device_replaced`, `unavailable`.
pub async fn create(
    State(state): State<AppState>,
    machine: Machine,
    InPath(restore): InPath<RestoreId>,
    Json(end): Json<EndRestore>,
) -> ApiResult<StatusCode> {
    if end.outcome.0.len() > MAX_OUTCOME_BYTES {
        return Err(ApiError::bad_request(format!("a sealed outcome may have {MAX_OUTCOME_BYTES} bytes")));
    }
    let mut connection = state.pool().acquire().await?;
    if !restore_order::end(&mut connection, machine.device_no, restore, &end.outcome.0, state.now_ms()).await? {
        return Err(no_order());
    }
    state.events().publish_set(machine.account_no, machine.set);
    Ok(StatusCode::NO_CONTENT)
}
