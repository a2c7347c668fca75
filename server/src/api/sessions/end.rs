//! `DELETE /sessions/{session}`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::Event;
use iota_core::id::SessionId;

use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::{ApiError, ApiResult};
use crate::extract::InPath;
use crate::store::web_session;

/// Ends one session of the account, at once. Another than the one that asks needs a fresh proof.
///
/// # Errors
/// `reauthenticate`, `not_found` when it has no such session, `unavailable`.
pub async fn delete(
    State(state): State<AppState>,
    session: WebSession,
    InPath(id): InPath<SessionId>,
) -> ApiResult<StatusCode> {
    let own = id == web_session::name(&session.key);
    let session = if own { session } else { session.fresh(&state)?.0 };
    let open = web_session::list_of(state.pool(), session.account_no, state.now_ms()).await?;
    let found = open.into_iter().find(|open| web_session::name(&open.key) == id);
    let found = found.ok_or_else(|| ApiError::not_found("session; it may have ended"))?;
    web_session::end(state.pool(), session.account_no, &found.key).await?;
    state.events().publish(session.account_no, Event::Account);
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use iota_core::api::json::{WebSessionInfo, code};

    use super::*;
    use crate::auth::FRESH_MS;
    use crate::test_support::{Browser, TestAccount, TestServer};

    async fn end(browser: &Browser, id: SessionId) -> String {
        browser.send(Method::DELETE, &format!("/sessions/{id}"), None, vec![]).await.code()
    }

    #[tokio::test]
    async fn an_owner_ends_a_session_of_theirs_only() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let lost = server.stranger();
        ada.sign_in(&lost).await.ok();
        let sessions: Vec<WebSessionInfo> = ada.browser.get("/sessions").await.json();
        let id = sessions.iter().find(|info| !info.current).unwrap().id;
        assert_eq!(end(&bob.browser, id).await, code::NOT_FOUND);
        lost.get("/session").await.ok();
        assert_eq!(end(&ada.browser, id).await, "");
        assert_eq!(lost.get("/session").await.code(), code::UNAUTHENTICATED);
        assert_eq!(end(&ada.browser, id).await, code::NOT_FOUND);
        ada.browser.get("/session").await.ok();
    }

    #[tokio::test]
    async fn only_ones_own_session_ends_without_a_fresh_proof() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let stale = server.stranger();
        ada.sign_in(&stale).await.ok();
        server.clock.advance_ms(FRESH_MS);
        let sessions: Vec<WebSessionInfo> = stale.get("/sessions").await.json();
        let id = |current| sessions.iter().find(|info| info.current == current).unwrap().id;
        assert_eq!(end(&stale, id(false)).await, code::REAUTHENTICATE);
        ada.browser.get("/session").await.ok();
        assert_eq!(end(&stale, id(true)).await, "");
        assert_eq!(stale.get("/session").await.code(), code::UNAUTHENTICATED);
    }
}
