//! `POST /agent/session`.

use axum::extract::State;
use iota_core::api::json::{AgentSessionRequest, Token};
use iota_core::proof::agent_session;

use crate::app_state::AppState;
use crate::auth::{not_proved, replaced, token_for};
use crate::client_address::Network;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::{challenge, device};

/// How long a machine's session lasts.
const LIFE_MS: u64 = 15 * 60 * 1000;

/// A token to upload with, for the newest machine of a set.
///
/// # Errors
/// `bad_credentials`, the same for an unknown machine, a wrong signature and a challenge that has ended;
/// `device_replaced`, told only to whoever holds the machine's key.
pub async fn create(
    State(state): State<AppState>,
    network: Network,
    Json(request): Json<AgentSessionRequest>,
) -> ApiResult<Json<Token>> {
    state.take_stranger(network)?;
    let good = challenge::take(state.pool(), &request.challenge, &request.device.0, state.now_ms()).await?;
    let found = device::find(state.pool(), request.device).await?.filter(|_| good);
    let (machine, newest) = found.ok_or_else(not_proved)?;
    let message = agent_session(state.server_id(), request.device, request.challenge);
    machine.signing_key.verify(&message, &request.signature).map_err(|_| not_proved())?;
    if !newest {
        return Err(replaced());
    }
    token_for(machine.account_no, Some(machine.device_no), LIFE_MS, &state).await.map(Json)
}
