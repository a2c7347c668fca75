//! `DELETE /sessions`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::Event;

use crate::app_state::AppState;
use crate::auth::FreshWebSession;
use crate::error::ApiResult;
use crate::store::web_session;

/// Ends every session of the account but the one that asks.
///
/// # Errors
/// `reauthenticate`, `unavailable`.
pub async fn delete(State(state): State<AppState>, FreshWebSession(session): FreshWebSession) -> ApiResult<StatusCode> {
    web_session::end_others(state.pool(), session.account_no, &session.key).await?;
    state.events().publish(session.account_no, Event::Account);
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use iota_core::api::json::code;

    use crate::auth::FRESH_MS;
    use crate::test_support::{TestAccount, TestServer};

    #[tokio::test]
    async fn only_the_one_that_asks_is_left() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let others = [server.stranger(), server.stranger()];
        for browser in &others {
            ada.sign_in(browser).await.ok();
        }
        for _ in 0..2 {
            ada.browser.send(Method::DELETE, "/sessions", None, vec![]).await.ok();
        }
        for browser in &others {
            assert_eq!(browser.get("/session").await.code(), code::UNAUTHENTICATED);
        }
        ada.browser.get("/session").await.ok();
        bob.browser.get("/session").await.ok();
    }

    #[tokio::test]
    async fn an_old_proof_does_not_do() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let other = server.stranger();
        ada.sign_in(&other).await.ok();
        server.clock.advance_ms(FRESH_MS);
        let refused = ada.browser.send(Method::DELETE, "/sessions", None, vec![]).await;
        assert_eq!(refused.code(), code::REAUTHENTICATE);
        other.get("/session").await.ok();
    }
}
