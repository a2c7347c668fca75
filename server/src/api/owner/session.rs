//! `POST /owner/session`.

use axum::extract::State;
use iota_core::api::json::{OwnerSessionRequest, Token};
use iota_core::proof::owner_session;

use crate::app_state::AppState;
use crate::auth::{identity_of, not_proved, token_for};
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
    let account = account::find(state.pool(), request.account).await?;
    let message = owner_session(state.server_id(), request.account, request.challenge);
    let holds = identity_of(account.as_ref()).verify(&message, &request.signature).is_ok();
    let account = account.filter(|_| good && holds).ok_or_else(not_proved)?;
    token_for(account.account_no, None, LIFE_MS, &state).await.map(Json)
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::{ChallengeAnswer, OwnerChallengeRequest, code};
    use iota_core::id::{AccountId, Challenge, Signature};

    use super::*;
    use crate::store::challenge;
    use crate::test_support::{TestAccount, TestServer};

    async fn ask(server: &TestServer, account: AccountId) -> ChallengeAnswer {
        server.stranger().post("/owner/challenge", &OwnerChallengeRequest { account }).await.json()
    }

    #[tokio::test]
    async fn the_identity_key_opens_a_session_of_an_hour() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let owner = ada.owner(&server).await;
        owner.get("/vault").await.ok();
        server.clock.advance_ms(LIFE_MS - 1);
        owner.get("/vault").await.ok();
        server.clock.advance_ms(1);
        assert_eq!(owner.get("/vault").await.code(), code::UNAUTHENTICATED);
    }

    #[tokio::test]
    async fn a_challenge_is_answered_once_and_soon() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let request = ada.owner_session(&server, ask(&server, ada.account).await);
        server.stranger().post("/owner/session", &request).await.ok();
        assert_eq!(server.stranger().post("/owner/session", &request).await.code(), code::BAD_CREDENTIALS);
        let request = ada.owner_session(&server, ask(&server, ada.account).await);
        server.clock.advance_ms(challenge::LIFE_MS);
        assert_eq!(server.stranger().post("/owner/session", &request).await.code(), code::BAD_CREDENTIALS);
    }

    #[tokio::test]
    async fn a_wrong_answer_uses_the_challenge_up() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let right = ada.owner_session(&server, ask(&server, ada.account).await);
        let wrong = OwnerSessionRequest { signature: Signature([1; 64]), ..right.clone() };
        assert_eq!(server.stranger().post("/owner/session", &wrong).await.code(), code::BAD_CREDENTIALS);
        assert_eq!(server.stranger().post("/owner/session", &right).await.code(), code::BAD_CREDENTIALS);
    }

    #[tokio::test]
    async fn a_challenge_is_for_one_account_and_of_this_server() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let unknown = ask(&server, AccountId([5; 16])).await;
        let others = ada.owner_session(&server, ask(&server, bob.account).await);
        let made_up = ada.owner_session(&server, ChallengeAnswer { challenge: Challenge([6; 32]) });
        for request in [ada.owner_session(&server, unknown), others, made_up] {
            assert_eq!(server.stranger().post("/owner/session", &request).await.code(), code::BAD_CREDENTIALS);
        }
    }

    #[tokio::test]
    async fn challenges_of_one_account_do_not_pile_up() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        for _ in 0..100 {
            ask(&server, ada.account).await;
            ask(&server, AccountId([5; 16])).await;
        }
        let kept = "SELECT count(*) FROM challenge GROUP BY subject ORDER BY subject";
        let kept: Vec<i64> = sqlx::query_scalar(kept).fetch_all(server.pool()).await.unwrap();
        assert_eq!(kept, [64, 64], "of the account, and of all that nobody has");
    }
}
