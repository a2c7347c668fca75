//! `GET /sessions`.

use axum::extract::State;
use iota_core::api::json::WebSessionInfo;

use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::web_session;

/// Where the account is signed in, newest first.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>, session: WebSession) -> ApiResult<Json<Vec<WebSessionInfo>>> {
    let open = web_session::list_of(state.pool(), session.account_no, state.now_ms()).await?;
    let infos = open.into_iter().map(|open| WebSessionInfo {
        id: web_session::name(&open.key),
        current: open.key == session.key,
        created_ms: open.created_ms,
        used_ms: open.used_ms,
        expires_ms: open.expires_ms,
        address: open.address,
        browser: open.browser,
    });
    Ok(Json(infos.collect()))
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::{Login, code};

    use super::*;
    use crate::store::web_session::{IDLE_MS, KEPT_MS, LIFE_MS, MAX_SESSIONS};
    use crate::test_support::{Browser, TestAccount, TestServer};

    async fn list(browser: &Browser) -> Vec<WebSessionInfo> {
        browser.get("/sessions").await.json()
    }

    #[tokio::test]
    async fn an_account_sees_its_own_sessions() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        TestAccount::invited(&server, "bob@example.org").await;
        server.clock.advance_ms(90_000);
        let second = server.stranger().called("Second/1.0 (\u{e4})");
        ada.sign_in(&second).await.ok();
        let [newer, older] = &list(&ada.browser).await[..] else { panic!("two sessions") };
        let now_ms = server.state.now_ms();
        assert_eq!((newer.current, older.current), (false, true));
        assert_eq!((newer.created_ms, older.created_ms), (now_ms, now_ms - 90_000));
        assert_eq!((newer.used_ms, older.used_ms), (now_ms / 60_000 * 60_000, now_ms / 60_000 * 60_000));
        assert_eq!((newer.expires_ms, newer.address.as_str()), (now_ms + LIFE_MS, "127.0.0.1"));
        assert!(newer.browser.starts_with("Second/1.0 ("), "{}", newer.browser);
        assert_ne!(newer.id, older.id);
    }

    #[tokio::test]
    async fn signing_in_ends_the_oldest_beyond_fifty() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let bob = TestAccount::invited(&server, "bob@example.org").await;
        let browsers: Vec<_> = (0..MAX_SESSIONS).map(|_| server.stranger()).collect();
        for browser in &browsers {
            server.clock.advance_ms(1000);
            ada.sign_in(browser).await.ok();
        }
        assert_eq!(ada.browser.get("/session").await.code(), code::UNAUTHENTICATED);
        assert_eq!(list(&browsers[0]).await.len(), 50);
        ada.sign_in(&browsers[0]).await.ok();
        assert_eq!(list(&browsers[1]).await.len(), 50, "a session in place of its own");
        bob.browser.get("/session").await.ok();
    }

    #[tokio::test]
    async fn the_names_are_no_keys() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let key: Vec<u8> = sqlx::query_scalar("SELECT key FROM web_session").fetch_one(server.pool()).await.unwrap();
        let name = list(&ada.browser).await[0].id;
        assert!(!key.windows(16).any(|window| window == name.0));
    }

    #[tokio::test]
    async fn what_is_over_is_not_listed() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        ada.sign_in(&server.stranger()).await.ok();
        server.clock.advance_ms(IDLE_MS - 1);
        assert_eq!(list(&ada.browser).await.len(), 2);
        server.clock.advance_ms(IDLE_MS - 1);
        assert_eq!(list(&ada.browser).await.len(), 1);
    }

    #[tokio::test]
    async fn whoever_asks_to_stay_stays_for_thirty_days() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let kept = server.stranger();
        let login = Login { login: ada.login.clone(), auth_secret: ada.auth_secret, second: None, keep: true };
        let answer = kept.post("/login", &login).await.ok();
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("Max-Age=2592000") && cookie.contains("HttpOnly"), "{cookie}");
        let info = list(&kept).await.into_iter().find(|info| info.current).unwrap();
        assert_eq!(info.expires_ms - info.created_ms, KEPT_MS);
        server.clock.advance_ms(KEPT_MS - 1);
        kept.get("/session").await.ok();
        assert_eq!(kept.put("/vault/slots", &()).await.code(), code::REAUTHENTICATE);
        server.clock.advance_ms(1);
        assert_eq!(kept.get("/session").await.code(), code::UNAUTHENTICATED);
        let answer = ada.sign_in(&server.stranger()).await;
        assert!(!answer.headers["set-cookie"].to_str().unwrap().contains("Max-Age"));
    }
}
