//! `POST /login`. A login that nobody has takes the same way through the code as one with a wrong password.

use axum::extract::State;
use iota_core::api::json::{Login, SessionInfo, code};
use iota_core::id::Digest;
use tower_sessions::Session;

use crate::app_state::AppState;
use crate::auth::{SignIn, begin_attempt, check_verifier, login_of, require_second, sign_in};
use crate::client_address::Network;
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::store::account::{self, Account};
use crate::store::attempt;
use crate::visitor::Visitor;

/// Begins a session with a new id.
///
/// # Errors
/// `bad_request` when the login is no address; `bad_credentials`, the same for an unknown login and a wrong password; `second_factor`, told only to who has the password;
/// `too_many_requests`.
pub async fn create(
    State(state): State<AppState>,
    network: Network,
    visitor: Visitor,
    session: Session,
    Json(request): Json<Login>,
) -> ApiResult<Json<SessionInfo>> {
    state.take_stranger(network)?;
    let login = login_of(&request.login)?;
    let counted = begin_attempt(&state, &login, network).await?;
    let account = authenticate(&login, &request.auth_secret, &state).await?;
    let counted = require_second(&state, &account, request.second.as_deref(), counted).await?;
    attempt::succeeded(state.pool(), counted).await?;
    sign_in(&session, &account, SignIn { keep: request.keep, visitor: &visitor }, &state).await?;
    Ok(Json(SessionInfo { account: account.account, login: account.login, administrator: account.administrator }))
}

/// Both ways ask the database once, open one seal, hash once and compare once.
async fn authenticate(login: &str, auth_secret: &Digest, state: &AppState) -> ApiResult<Account> {
    let (account, id, verifier) = match account::find_by_login(state.pool(), login).await? {
        Some((account, verifier)) => (Some(account.clone()), account.account, verifier),
        None => (None, state.nobody().account, state.nobody().verifier.clone()),
    };
    let right = check_verifier(state, id, &verifier, auth_secret)?;
    match account.filter(|_| right) {
        Some(account) => Ok(account),
        None => Err(ApiError::new(code::BAD_CREDENTIALS, "login or password is wrong")),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use futures::future::join_all;

    use super::*;
    use crate::test_support::{Answer, Browser, TestAccount, TestServer};

    async fn attempt(browser: &Browser, login: &str, secret: u8) -> Answer {
        browser
            .post(
                "/login",
                &Login { login: login.into(), auth_secret: Digest([secret; 32]), second: None, keep: false },
            )
            .await
    }

    #[tokio::test]
    async fn the_right_secret_signs_in_whatever_the_letters() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let browser = server.stranger();
        let login =
            Login { login: " ADA@Example.org ".into(), auth_secret: ada.auth_secret, second: None, keep: false };
        let info: SessionInfo = browser.post("/login", &login).await.json();
        assert_eq!((info.account, info.administrator), (ada.account, true));
        assert_eq!(browser.get("/session").await.json::<SessionInfo>(), info);
        assert!(browser.cookie().unwrap().starts_with("__Host-iota="));
    }

    #[tokio::test]
    async fn an_unknown_login_and_a_wrong_secret_look_the_same() {
        let server = TestServer::start().await;
        TestAccount::first(&server).await;
        let wrong = attempt(&server.stranger(), "ada@example.org", 1).await;
        let unknown = attempt(&server.stranger(), "eve@example.org", 1).await;
        assert_eq!((wrong.status, wrong.code().as_str()), (StatusCode::UNAUTHORIZED, code::BAD_CREDENTIALS));
        assert_eq!((wrong.status, &wrong.body), (unknown.status, &unknown.body));
        let names = |answer: &Answer| answer.headers.keys().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&wrong), names(&unknown));
    }

    #[tokio::test]
    async fn a_session_that_somebody_planted_does_not_survive() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let planted = ada.browser.same();
        ada.sign_in(&ada.browser).await.ok();
        assert_ne!(planted.cookie(), ada.browser.cookie());
        assert_eq!(planted.get("/session").await.code(), code::UNAUTHENTICATED);
        assert_eq!(ada.browser.get("/session").await.code(), "");
    }

    #[tokio::test]
    async fn after_five_failures_even_the_right_secret_waits_and_a_restart_forgives_nobody() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        TestAccount::invited(&server, "bob@example.org").await;
        for secret in 0..5 {
            assert_eq!(attempt(&server.stranger(), "Ada@example.org", secret).await.code(), code::BAD_CREDENTIALS);
        }
        let held = ada.sign_in(&server.stranger()).await;
        assert_eq!(
            (held.code().as_str(), held.headers["retry-after"].to_str().unwrap()),
            (code::TOO_MANY_REQUESTS, "60")
        );
        let server = server.restart().await;
        assert_eq!(ada.sign_in(&server.stranger()).await.code(), code::TOO_MANY_REQUESTS);
        assert_eq!(attempt(&server.stranger(), "bob@example.org", 1).await.code(), code::BAD_CREDENTIALS);
        server.clock.advance_ms(61_000);
        ada.sign_in(&server.stranger()).await.ok();
    }

    #[tokio::test]
    async fn successes_do_not_count() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        for _ in 0..70 {
            ada.sign_in(&server.stranger()).await.ok();
        }
    }

    #[tokio::test]
    async fn however_many_guess_at_once_five_are_looked_at() {
        let server = TestServer::start().await;
        TestAccount::first(&server).await;
        let browsers: Vec<_> = (0..20).map(|_| server.stranger()).collect();
        let guesses = browsers.iter().enumerate().map(|(n, browser)| attempt(browser, "ada@example.org", n as u8));
        let answers = join_all(guesses).await;
        let looked_at = answers.iter().filter(|answer| answer.code() == code::BAD_CREDENTIALS).count();
        let held = answers.iter().filter(|answer| answer.code() == code::TOO_MANY_REQUESTS).count();
        assert_eq!((looked_at, held), (5, 15));
    }

    #[tokio::test]
    async fn one_network_cannot_try_every_login() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        for n in 0..60 {
            let unknown = attempt(&server.stranger(), &format!("{n}@example.org"), 1).await;
            assert_eq!(unknown.code(), code::BAD_CREDENTIALS);
        }
        assert_eq!(ada.sign_in(&server.stranger()).await.code(), code::TOO_MANY_REQUESTS);
        server.clock.advance_ms(60 * 60 * 1000 + 1);
        ada.sign_in(&server.stranger()).await.ok();
    }

    #[tokio::test]
    async fn a_clock_that_jumps_locks_nobody_out() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let year_ms = 365 * 24 * 60 * 60 * 1000;
        server.clock.advance_ms(10 * year_ms);
        for secret in 0..5 {
            attempt(&server.stranger(), "ada@example.org", secret).await;
        }
        assert_eq!(ada.sign_in(&server.stranger()).await.code(), code::TOO_MANY_REQUESTS);
        server.clock.set(1_790_000_000_000);
        ada.sign_in(&server.stranger()).await.ok();
    }
}
