//! `POST /login`. A login that nobody has takes the same way through the code as one with a wrong password.

use axum::extract::State;
use iota_core::api::json::{Login, SessionInfo, code};
use iota_core::api::normalise_login;
use iota_core::id::Digest;
use tower_sessions::Session;

use crate::app_state::AppState;
use crate::auth::{check_verifier, sign_in};
use crate::client_address::Network;
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::store::account::{self, Account};
use crate::store::attempt::{self, OF_LOGIN, OF_NETWORK};

/// Begins a session with a new id.
///
/// # Errors
/// `bad_credentials`, the same for an unknown login and a wrong password; `too_many_requests`.
pub async fn create(
    State(state): State<AppState>,
    network: Network,
    session: Session,
    Json(request): Json<Login>,
) -> ApiResult<Json<SessionInfo>> {
    let login = normalise_login(&request.login);
    let buckets = [(login_bucket(&login), OF_LOGIN), (network.bucket(b"login"), OF_NETWORK)];
    let counted = attempt::begin(state.pool(), &buckets, state.now_ms()).await?;
    let counted = counted.map_err(ApiError::too_many_attempts)?;
    let account = authenticate(&login, &request.auth_secret, &state).await?;
    attempt::succeeded(state.pool(), counted).await?;
    sign_in(&session, &account, &state).await?;
    Ok(Json(SessionInfo { account: account.account, login: account.login, administrator: account.administrator }))
}

fn login_bucket(login: &str) -> [u8; 32] {
    Digest::of(&[b"login\0", login.as_bytes()].concat()).0
}

/// Both ways ask the database once, open one seal, hash once and compare once.
async fn authenticate(login: &str, auth_secret: &Digest, state: &AppState) -> ApiResult<Account> {
    let found = account::find_by_login(state.pool(), login).await?;
    let (account, right) = match found {
        Some((account, verifier)) => {
            let right = check_verifier(state, account.account, &verifier, auth_secret)?;
            (Some(account), right)
        }
        None => (None, check_verifier(state, state.nobody().account, &state.nobody().verifier, auth_secret)?),
    };
    match account.filter(|_| right) {
        Some(account) => Ok(account),
        None => Err(ApiError::new(code::BAD_CREDENTIALS, "login or password is wrong")),
    }
}
