//! `GET /downloads`.

use axum::extract::State;
use iota_core::api::json::Download;

use super::programs;
use crate::app_state::AppState;
use crate::client_address::Network;
use crate::error::ApiResult;
use crate::extract::Json;

/// The programs that this server hands out.
///
/// # Errors
/// `too_many_requests`, `internal` when they cannot be read.
pub async fn show(State(state): State<AppState>, network: Network) -> ApiResult<Json<Vec<Download>>> {
    state.take_stranger(network)?;
    Ok(Json(programs(&state).await?.into_iter().map(|program| program.info).collect()))
}
