//! `POST /owner/session`.

use axum::extract::State;
use iota_core::api::json::{OwnerSessionRequest, Token};
use iota_core::proof::owner_session;

use crate::app_state::AppState;
use crate::auth::{not_proved, token_for};
use crate::client_address::Network;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::{account, challenge};

/// How long an owner session lasts.
const LIFE_MS: u64 = 60 * 60 * 1000;

/// A token to read with, for whoever holds the identity key.
///
/// # Errors
/// `bad_credentials`, the same for an unknown account, a wrong signature and a challenge that has ended.
pub async fn create(
    State(state): State<AppState>,
    network: Network,
    Json(request): Json<OwnerSessionRequest>,
) -> ApiResult<Json<Token>> {
    state.take_stranger(network)?;
    let good = challenge::take(state.pool(), &request.challenge, &request.account.0, state.now_ms()).await?;
    let account = account::find(state.pool(), request.account).await?.filter(|_| good).ok_or_else(not_proved)?;
    let message = owner_session(state.server_id(), request.account, request.challenge);
    account.identity.verify(&message, &request.signature).map_err(|_| not_proved())?;
    token_for(account.account_no, None, LIFE_MS, &state).await.map(Json)
}
