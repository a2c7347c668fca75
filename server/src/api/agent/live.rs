//! `POST /agent/live`.

use std::time::Duration;

use axum::extract::State;
use iota_core::api::json::{Event, LiveAnswer, LiveReport};
use iota_core::live::MAX_FRAME_BYTES;

use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;

/// Longest body: a sealed status in base64, and what is around it.
pub const MAX_BYTES: usize = MAX_FRAME_BYTES / 3 * 4 + 1024;

/// Takes what a machine says of itself, and answers when there are orders for it, when somebody begins to look, or when it has waited as long as it
/// wants.
///
/// # Errors
/// `bad_request` when the status is too long, `device_replaced`, `unavailable`.
pub async fn create(
    State(state): State<AppState>,
    machine: Machine,
    Json(report): Json<LiveReport>,
) -> ApiResult<Json<LiveAnswer>> {
    if report.status.as_ref().is_some_and(|status| status.0.len() > MAX_FRAME_BYTES) {
        return Err(ApiError::bad_request(format!("a sealed status may have {MAX_FRAME_BYTES} bytes")));
    }
    let is_news = report.status.is_some();
    state.relay().report(machine.set_no, report.status, state.now_ms());
    if is_news {
        state.events().publish(machine.account_no, Event::Live { set: machine.set });
    }
    let wait = Duration::from_millis(report.wait_ms);
    Ok(Json(state.relay().listen(machine.set_no, wait, || state.now_ms()).await))
}
