//! `POST /session/proof`: the password once more, for what needs a fresh proof.

use axum::extract::State;
use iota_core::api::json::{ProveAgain, SessionInfo};
use tower_sessions::Session;

use crate::app_state::AppState;
use crate::auth::{WebSession, begin_attempt, lock_account, renew, require_password, require_second};
use crate::client_address::Network;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::attempt;
use crate::visitor::Visitor;

/// Proves the password, and the second factor if it is on. The session goes on under a new id, unless it has ended meanwhile.
///
/// # Errors
/// `unauthenticated`, `bad_credentials`, `second_factor`, `too_many_requests`.
pub async fn create(
    State(state): State<AppState>,
    web: WebSession,
    network: Network,
    visitor: Visitor,
    session: Session,
    Json(request): Json<ProveAgain>,
) -> ApiResult<Json<SessionInfo>> {
    let counted = begin_attempt(&state, &web.login, network).await?;
    let account = require_password(&state, &web.login, &request.auth_secret).await?;
    let counted = require_second(&state, &account, request.second.as_deref(), counted).await?;
    attempt::succeeded(state.pool(), counted).await?;
    let mut transaction = state.pool().begin().await?;
    let epoch = lock_account(&mut transaction, &web, &state).await?.account.session_epoch;
    transaction.commit().await?;
    renew(&session, &web, epoch, &visitor, &state).await?;
    Ok(Json(web.into()))
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use iota_core::api::json::{ChangePassword, NewSecondFactor, SecondFactorCode, code};
    use iota_core::id::Digest;

    use super::*;
    use crate::auth::FRESH_MS;
    use crate::test_support::{DrawnOut, TestAccount, TestServer, authenticator_code};

    #[tokio::test]
    async fn the_password_makes_a_session_fresh_again() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let before = ada.browser.same();
        server.clock.advance_ms(FRESH_MS);
        assert_eq!(ada.browser.put("/vault/slots", &()).await.code(), code::REAUTHENTICATE);
        let proof = ProveAgain { auth_secret: ada.auth_secret, second: None };
        for _ in 0..2 {
            ada.browser.post("/session/proof", &proof).await.ok();
            assert_eq!(ada.browser.put("/vault/slots", &()).await.code(), code::BAD_REQUEST);
        }
        assert_eq!(before.get("/session").await.code(), code::UNAUTHENTICATED, "it has a new id");
        let listed: Vec<iota_core::api::json::WebSessionInfo> = ada.browser.get("/sessions").await.json();
        assert_eq!((listed.len(), listed[0].created_ms), (1, server.state.now_ms() - FRESH_MS));
    }

    #[tokio::test]
    async fn a_body_that_was_drawn_out_does_not_outlive_its_session() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let new: NewSecondFactor = ada.browser.post("/account/second-factor", &()).await.json();
        let first = SecondFactorCode { code: authenticator_code(&new.secret, server.state.now_ms()) };
        let change = ChangePassword { current: ada.auth_secret, auth_secret: Digest([9; 32]) };
        let proof = ProveAgain { auth_secret: ada.auth_secret, second: None };
        let drawn_out = [
            DrawnOut::begin(&ada.browser, Method::POST, "/session/proof", &proof).await,
            DrawnOut::begin(&ada.browser, Method::PUT, "/account/password", &change).await,
            DrawnOut::begin(&ada.browser, Method::PUT, "/account/second-factor", &first).await,
        ];
        let other = server.stranger();
        ada.sign_in(&other).await.ok();
        other.send(Method::DELETE, "/sessions", None, vec![]).await.ok();
        for request in drawn_out {
            assert_eq!(request.end().await, 401);
        }
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM web_session").fetch_one(server.pool()).await.unwrap();
        assert_eq!(left, 1);
        ada.sign_in(&other).await.ok();
    }

    #[tokio::test]
    async fn guesses_count_like_those_of_a_login() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let proof = |secret| ProveAgain { auth_secret: secret, second: None };
        for guess in 0..5 {
            let wrong = ada.browser.post("/session/proof", &proof(Digest([guess; 32]))).await;
            assert_eq!(wrong.code(), code::BAD_CREDENTIALS);
        }
        let held = ada.browser.post("/session/proof", &proof(ada.auth_secret)).await;
        assert_eq!(held.code(), code::TOO_MANY_REQUESTS);
        assert_eq!(ada.sign_in(&server.stranger()).await.code(), code::TOO_MANY_REQUESTS);
    }
}
