//! `POST /agent/challenge`.

use axum::extract::State;
use iota_core::api::json::{AgentChallengeRequest, ChallengeAnswer};

use crate::app_state::AppState;
use crate::auth::challenge_for;
use crate::client_address::Network;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::device;

/// A challenge for a machine's key; for an unknown machine one that nothing answers.
///
/// # Errors
/// `too_many_requests`.
pub async fn create(
    State(state): State<AppState>,
    network: Network,
    Json(request): Json<AgentChallengeRequest>,
) -> ApiResult<Json<ChallengeAnswer>> {
    state.take_stranger(network)?;
    let known = device::find(state.pool(), request.device).await?.is_some();
    challenge_for(&request.device.0, known, &state).await.map(Json)
}
