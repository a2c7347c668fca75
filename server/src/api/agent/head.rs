//! `GET /agent/head`.

use axum::extract::State;
use iota_core::api::json::HeadInfo;

use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::log;

/// The newest commit of the machine's set; null before the first.
///
/// # Errors
/// `device_replaced`, `unavailable`.
pub async fn show(State(state): State<AppState>, machine: Machine) -> ApiResult<Json<Option<HeadInfo>>> {
    log::head_info(&state, machine.set_no).await.map(Json)
}
