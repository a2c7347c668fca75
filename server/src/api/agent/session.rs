//! `POST /agent/session`.

use axum::extract::State;
use iota_core::api::json::{AgentSessionRequest, Token};
use iota_core::proof::agent_session;

use crate::app_state::AppState;
use crate::auth::{not_proved, note_contact, replaced, token_for};
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
    note_contact(&state, machine.device_no).await?;
    token_for(machine.account_no, Some(machine.device_no), LIFE_MS, &state).await.map(Json)
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::code;
    use iota_core::chain::SkipChain;
    use iota_core::id::SetId;

    use super::*;
    use crate::test_support::{TestAccount, TestMachine, TestServer};

    #[tokio::test]
    async fn a_machine_proves_its_key() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let machine = TestMachine::enrol(&server, &ada).await;
        let answer: Token = machine.try_session(&server).await.json();
        assert_eq!(answer.expires_in_s, 15 * 60);
        let stranger =
            TestMachine { device: machine.device, ..TestMachine::draft(&server, machine.set, 1, SkipChain::default()) };
        assert_eq!(stranger.try_session(&server).await.code(), code::BAD_CREDENTIALS);
        let unknown = TestMachine::draft(&server, SetId([1; 16]), 1, SkipChain::default());
        assert_eq!(unknown.try_session(&server).await.code(), code::BAD_CREDENTIALS);
    }

    #[tokio::test]
    async fn a_replaced_machine_is_told_so_at_once() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let old = TestMachine::enrol(&server, &ada).await;
        let new = TestMachine::enrol_in(&server, &ada, old.set, 2, SkipChain::default()).await;
        assert_eq!(old.try_session(&server).await.code(), code::DEVICE_REPLACED);
        assert_eq!(old.browser.get("/vault").await.code(), code::DEVICE_REPLACED);
        assert_eq!(new.browser.get("/vault").await.code(), code::FORBIDDEN);
    }
}
