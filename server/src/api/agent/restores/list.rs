//! `GET /agent/restores`.

use axum::extract::State;
use iota_core::api::json::RestoreOrder;

use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::restore_order;

/// What the owner ordered and the machine has not ended, oldest first.
///
/// # Errors
/// `device_replaced`, `unavailable`.
pub async fn show(State(state): State<AppState>, machine: Machine) -> ApiResult<Json<Vec<RestoreOrder>>> {
    let mut connection = state.pool().acquire().await?;
    Ok(Json(restore_order::list_open(&mut connection, machine.device_no, state.now_ms()).await?))
}
