//! `GET /session`: who is signed in.

pub mod proof;

use iota_core::api::json::SessionInfo;

use crate::auth::WebSession;
use crate::extract::Json;

/// Tells the caller who they are.
pub async fn show(session: WebSession) -> Json<SessionInfo> {
    Json(session.into())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use iota_core::api::json::code;

    use crate::store::web_session::{IDLE_MS, LIFE_MS};
    use crate::test_support::{Browser, TestAccount, TestServer};

    async fn who(browser: &Browser) -> String {
        browser.get("/session").await.code()
    }

    #[tokio::test]
    async fn a_session_ends_when_nobody_uses_it() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        server.clock.advance_ms(IDLE_MS - 1);
        assert_eq!(who(&ada.browser).await, "");
        server.clock.advance_ms(IDLE_MS - 1);
        assert_eq!(who(&ada.browser).await, "");
        server.clock.advance_ms(IDLE_MS);
        assert_eq!(who(&ada.browser).await, code::UNAUTHENTICATED);
    }

    #[tokio::test]
    async fn a_session_ends_after_half_a_day_in_any_case() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let step_ms = IDLE_MS / 2;
        for _ in 1..LIFE_MS / step_ms {
            server.clock.advance_ms(step_ms);
            assert_eq!(who(&ada.browser).await, "");
        }
        server.clock.advance_ms(step_ms);
        assert_eq!(who(&ada.browser).await, code::UNAUTHENTICATED);
    }

    #[tokio::test]
    async fn a_session_made_while_the_clock_was_wrong_is_over_when_it_is_right() {
        let server = TestServer::start().await;
        let now_ms = server.state.now_ms();
        let ada = TestAccount::first(&server).await;
        server.clock.set(now_ms + 1000 * LIFE_MS);
        ada.sign_in(&ada.browser).await.ok();
        assert_eq!(who(&ada.browser).await, "");
        server.clock.set(now_ms);
        assert_eq!(who(&ada.browser).await, code::UNAUTHENTICATED);
    }

    #[tokio::test]
    async fn a_session_survives_a_restart_but_not_a_new_epoch() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let server = server.restart().await;
        let moved = ada.browser.moved_to(&server.url);
        assert_eq!(who(&moved).await, "");
        sqlx::query("UPDATE account SET session_epoch = 2").execute(server.pool()).await.unwrap();
        assert_eq!(who(&moved).await, code::UNAUTHENTICATED);
    }

    #[tokio::test]
    async fn another_site_cannot_speak_for_the_browser() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let cookie = ada.browser.cookie().unwrap();
        let url = format!("{}/api/v1/logout", server.url);
        let client = reqwest::Client::new();
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("x-iota", "0")] {
            let request = client.request(Method::POST, &url).header("cookie", &cookie).header(name, value);
            assert_eq!(request.send().await.unwrap().status(), 403, "{name}");
        }
        assert_eq!(who(&ada.browser).await, "");
        let login = client.post(format!("{}/api/v1/login", server.url)).header("sec-fetch-site", "cross-site");
        assert_eq!(login.send().await.unwrap().status(), 403);
    }
}
