//! `POST /accounts/check`: whether a code and a login would do, before anybody chooses a password.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::CheckCode;

use super::{taken, wrong_code};
use crate::app_state::AppState;
use crate::auth::login_of;
use crate::client_address::Network;
use crate::codes;
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::store::attempt::{self, OF_NETWORK};
use crate::store::{account, code as code_store};

/// Says what `POST /accounts` would say to this code and login. Uses up nothing.
///
/// # Errors
/// `bad_request`, `bad_code`, `conflict` when the login is taken, `too_many_requests`.
pub async fn show(
    State(state): State<AppState>,
    network: Network,
    Json(request): Json<CheckCode>,
) -> ApiResult<StatusCode> {
    state.take_stranger(network)?;
    let login = login_of(&request.login)?;
    let counted = attempt::begin(state.pool(), &[(network.bucket(b"code"), OF_NETWORK)], state.now_ms()).await?;
    let counted = counted.map_err(ApiError::too_many_attempts)?;
    let hash = codes::hash(&request.code).ok_or_else(wrong_code)?;
    if !code_store::is_good(state.pool(), &hash, state.now_ms()).await? {
        return Err(wrong_code());
    }
    attempt::succeeded(state.pool(), counted).await?;
    if account::find_by_login(state.pool(), &login).await?.is_some() {
        return Err(taken());
    }
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use iota_core::api::json::code;

    use super::*;
    use crate::codes::DAY_MS;
    use crate::test_support::{TestAccount, TestServer};

    async fn check(server: &TestServer, code: &str, login: &str) -> String {
        let request = CheckCode { code: code.into(), login: login.into() };
        server.stranger().post("/accounts/check", &request).await.code()
    }

    #[tokio::test]
    async fn it_says_what_would_be_said_and_uses_up_nothing() {
        let server = TestServer::start().await;
        TestAccount::first(&server).await;
        let code = server.invitation().await;
        for _ in 0..2 {
            assert_eq!(check(&server, &code.to_lowercase(), "bob@example.org").await, "");
        }
        assert_eq!(check(&server, &code, "ADA@example.org").await, code::CONFLICT);
        assert_eq!(check(&server, &code, "nobody").await, code::BAD_REQUEST);
        assert_eq!(check(&server, "AAAAAA-AAAAAA-AAAAAA-AAAAAA", "ada@example.org").await, code::BAD_CODE);
        TestAccount::create(&server, &code, "bob@example.org").await;
        assert_eq!(check(&server, &code, "eve@example.org").await, code::BAD_CODE);
        let newer = server.invitation().await;
        server.clock.advance_ms(DAY_MS);
        assert_eq!(check(&server, &newer, "eve@example.org").await, code::BAD_CODE);
    }

    #[tokio::test]
    async fn guessing_codes_is_slow() {
        let server = TestServer::start().await;
        for _ in 0..60 {
            assert_eq!(check(&server, "AAAAAA-AAAAAA-AAAAAA-AAAAAA", "ada@example.org").await, code::BAD_CODE);
        }
        let code = server.setup_code().await;
        assert_eq!(check(&server, &code, "ada@example.org").await, code::TOO_MANY_REQUESTS);
        let draft = TestAccount::draft(&server, "ada@example.org");
        let held = draft.browser.post("/accounts", &draft.creation(&server, &code)).await;
        assert_eq!(held.code(), code::TOO_MANY_REQUESTS);
    }
}
