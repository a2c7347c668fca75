//! `POST /logout`.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use iota_core::api::json::Event;
use tower_sessions::Session;

use crate::app_state::AppState;
use crate::auth::{WebSession, sign_out};
use crate::error::ApiResult;

/// Ends the session at once. What a browser has cached goes; its witnesses stay.
///
/// # Errors
/// `unavailable`.
pub async fn create(
    State(state): State<AppState>,
    web: WebSession,
    session: Session,
) -> ApiResult<(StatusCode, [(HeaderName, &'static str); 1])> {
    sign_out(&session).await?;
    state.events().publish(web.account_no, Event::Account);
    Ok((StatusCode::NO_CONTENT, [(HeaderName::from_static("clear-site-data"), "\"cache\"")]))
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::code;

    use crate::test_support::{TestAccount, TestServer};

    #[tokio::test]
    async fn the_session_is_over_for_everybody_who_has_the_cookie() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let copy = ada.browser.same();
        let answer = ada.browser.post("/logout", &()).await.ok();
        assert_eq!(answer.headers["clear-site-data"], "\"cache\"");
        assert_eq!(ada.browser.cookie(), None);
        assert_eq!(copy.get("/session").await.code(), code::UNAUTHENTICATED);
        assert_eq!(copy.post("/logout", &()).await.code(), code::UNAUTHENTICATED);
    }
}
