//! `POST /owner/challenge`.

use axum::extract::State;
use iota_core::api::json::{ChallengeAnswer, OwnerChallengeRequest};

use crate::app_state::AppState;
use crate::auth::challenge_for;
use crate::client_address::Network;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::account;

/// A challenge for the identity key; for an unknown account one that nothing answers.
///
/// # Errors
/// `too_many_requests`.
pub async fn create(
    State(state): State<AppState>,
    network: Network,
    Json(request): Json<OwnerChallengeRequest>,
) -> ApiResult<Json<ChallengeAnswer>> {
    state.take_stranger(network)?;
    let known = account::find(state.pool(), request.account).await?.is_some();
    challenge_for(&request.account.0, known, &state).await.map(Json)
}
