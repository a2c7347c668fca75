//! Web sessions: a cookie that says nothing, and a row that can be deleted.

use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use tower_sessions::cookie::Key;
use tower_sessions::service::PrivateCookie;
use tower_sessions::{Session, SessionManagerLayer, session};

use super::{Caller, WebSession};
use crate::app_state::AppState;
use crate::error::{ApiError, ApiResult};
use crate::store::account::{self, Account};
use crate::store::web_session::WebSessions;

/// Name of the cookie. The prefix makes browsers refuse it from elsewhere.
pub const SESSION_COOKIE: &str = "__Host-iota";
const KEY: &str = "signed_in";

/// Layer that gives requests their session.
pub fn session_layer(state: &AppState) -> SessionManagerLayer<WebSessions, PrivateCookie> {
    let store = WebSessions::new(state.pool().clone(), state.clock().clone());
    let key = Key::from(&state.host_key().cookie_key()[..]);
    SessionManagerLayer::new(store).with_name(SESSION_COOKIE).with_private(key)
}

/// What a session keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// Row of the account.
    pub account_no: i64,
    /// The account's session epoch then; when the account has another one, the session is over.
    pub session_epoch: i32,
    /// When the password was proved, milliseconds since 1970.
    pub proved_ms: u64,
}

/// Begins a session with a new id, whatever the client brought.
///
/// # Errors
/// `unavailable` or `internal`, when the database fails.
pub async fn sign_in(session: &Session, account: &Account, state: &AppState) -> ApiResult<()> {
    let signed_in =
        SignedIn { account_no: account.account_no, session_epoch: account.session_epoch, proved_ms: state.now_ms() };
    session.cycle_id().await.map_err(failed)?;
    session.clear().await;
    session.insert(KEY, signed_in).await.map_err(failed)?;
    session.save().await.map_err(failed)
}

/// Ends the session. A request that is under way cannot bring it back.
///
/// # Errors
/// `unavailable` or `internal`, when the database fails.
pub async fn sign_out(session: &Session) -> ApiResult<()> {
    session.flush().await.map_err(failed)
}

pub(super) async fn caller(parts: &mut Parts, state: &AppState) -> ApiResult<Caller> {
    let Some(session) = parts.extensions.get::<Session>() else { return Ok(Caller::Nobody) };
    let Some(signed_in) = session.get::<SignedIn>(KEY).await.map_err(failed)? else { return Ok(Caller::Nobody) };
    let account = account::find_by_no(state.pool(), signed_in.account_no).await?;
    let Some(account) = account.filter(|account| account.session_epoch == signed_in.session_epoch) else {
        return Ok(Caller::Nobody);
    };
    Ok(Caller::Web(WebSession {
        account_no: account.account_no,
        account: account.account,
        login: account.login,
        administrator: account.administrator,
        proved_ms: signed_in.proved_ms,
    }))
}

/// The store has logged the reason already.
fn failed(error: session::Error) -> ApiError {
    match error {
        session::Error::Store(_) => ApiError::unavailable(),
        session::Error::SerdeJson(error) => {
            tracing::error!(%error, "a web session cannot be read");
            ApiError::internal()
        }
    }
}
