//! Web sessions: a cookie that says nothing, and a row that can be deleted.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use iota_core::api::json::{Event, SessionInfo, code};
use iota_core::retention::UNDO_MS;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use tower_sessions::cookie::Key;
use tower_sessions::cookie::time::Duration;
use tower_sessions::service::PrivateCookie;
use tower_sessions::{Expiry, Session, SessionManagerLayer, session};

use super::{Caller, WebSession};
use crate::app_state::AppState;
use crate::error::{ApiError, ApiResult};
use crate::pages::Visit;
use crate::security_headers::Transport;
use crate::store::account::{self, Account, LockedAccount};
use crate::store::web_session::{self, WebSessions};
use crate::visitor::Visitor;

/// How somebody signs in.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// Stay signed in for 30 days.
    pub keep: bool,
    /// Who it is.
    pub visitor: &'a Visitor,
}

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
    /// When it began, milliseconds since 1970.
    #[serde(default)]
    pub begun_ms: u64,
    /// Whether it stays for 30 days.
    #[serde(default)]
    pub kept: bool,
}

/// Begins a session with a new id, whatever the client brought.
///
/// # Errors
/// `unavailable` or `internal`, when the database fails.
pub async fn sign_in(session: &Session, account: &Account, how: SignIn<'_>, state: &AppState) -> ApiResult<()> {
    let (proved_ms, kept) = (state.now_ms(), how.keep);
    let Account { account_no, session_epoch, .. } = *account;
    let signed_in = SignedIn { account_no, session_epoch, proved_ms, begun_ms: proved_ms, kept };
    begin(session, signed_in, how.visitor, state).await
}

/// Goes on under a new id, with the password proved now; `session_epoch` is the account's.
///
/// # Errors
/// `unavailable` or `internal`, when the database fails.
pub async fn renew(
    session: &Session,
    before: &WebSession,
    session_epoch: i32,
    visitor: &Visitor,
    state: &AppState,
) -> ApiResult<()> {
    let WebSession { account_no, begun_ms, kept, .. } = *before;
    let signed_in = SignedIn { account_no, session_epoch, proved_ms: state.now_ms(), begun_ms, kept };
    begin(session, signed_in, visitor, state).await
}

async fn begin(session: &Session, signed_in: SignedIn, visitor: &Visitor, state: &AppState) -> ApiResult<()> {
    session.cycle_id().await.map_err(failed)?;
    session.clear().await;
    session.insert(KEY, signed_in).await.map_err(failed)?;
    if signed_in.kept {
        let left_ms = (signed_in.begun_ms + web_session::KEPT_MS).saturating_sub(state.now_ms());
        let left = Duration::milliseconds(i64::try_from(left_ms).unwrap_or(i64::MAX));
        session.set_expiry(Some(Expiry::OnInactivity(left)));
    }
    session.save().await.map_err(failed)?;
    if let Some(id) = session.id() {
        web_session::touch(state.pool(), &web_session::key(id), visitor, state.now_ms(), 0).await?;
    }
    state.events().publish(signed_in.account_no, Event::Account);
    Ok(())
}

/// Notes that a session is in use, from where and by which browser, to the minute. That prolongs it.
pub(super) async fn touch(session: &WebSession, parts: &Parts, state: &AppState) -> ApiResult<()> {
    let (visitor, now_ms) = (Visitor::of(parts), state.now_ms());
    Ok(web_session::touch(state.pool(), &session.key, &visitor, now_ms, web_session::TOUCH_MS).await?)
}

/// Locks the account of a session that is still open: it may have ended while the body of a request was on its way.
///
/// # Errors
/// `unauthenticated`.
pub async fn lock_account(
    connection: &mut PgConnection,
    session: &WebSession,
    state: &AppState,
) -> ApiResult<LockedAccount> {
    let ended = || ApiError::new(code::UNAUTHENTICATED, "this session has ended meanwhile: sign in");
    let locked = account::lock(connection, session.account_no).await?.ok_or_else(ended)?;
    let open = web_session::is_open(connection, &session.key, state.now_ms()).await?;
    if open { Ok(locked) } else { Err(ended()) }
}

/// How many days are left of the 14 in which whoever set the login by proof of the vault can take nothing away.
pub fn days_of_rest(locked: &LockedAccount, now_ms: u64) -> Option<u64> {
    const DAY_MS: u64 = 24 * 3_600_000;
    let until_ms = locked.recovered_ms?.saturating_add(UNDO_MS);
    (until_ms > now_ms).then(|| (until_ms - now_ms).div_ceil(DAY_MS))
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
    let Some(id) = session.id() else { return Ok(Caller::Nobody) };
    Ok(Caller::Web(WebSession {
        key: web_session::key(id),
        begun_ms: signed_in.begun_ms,
        kept: signed_in.kept,
        account_no: account.account_no,
        account: account.account,
        login: account.login,
        administrator: account.administrator,
        proved_ms: signed_in.proved_ms,
    }))
}

/// Middleware of the pages: notes who looks at them. Who that is changes what a page shows, and nothing else; when it cannot be
/// told, it is nobody.
pub async fn note_visitor(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // Files are the same for everybody.
    if request.uri().path().starts_with("/assets/") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let session = match caller(&mut parts, &state).await {
        Ok(Caller::Web(session)) if touch(&session, &parts, &state).await.is_ok() => Some(session.into()),
        _ => None,
    };
    let secure = state.transport() == Transport::Tls || is_own_machine(&parts.headers);
    parts.extensions.insert(Visit::new(session, secure));
    next.run(Request::from_parts(parts, body)).await
}

/// Whether the browser came by an address that it knows to be its own machine, and takes for secure without TLS.
fn is_own_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let Ok(authority) = host.parse::<axum::http::uri::Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    let own = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    own || name == "localhost" || name.ends_with(".localhost")
}

impl From<WebSession> for SessionInfo {
    fn from(session: WebSession) -> Self {
        Self { account: session.account, login: session.login, administrator: session.administrator }
    }
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::test_support::{Browser, TestAccount, TestServer};

    #[test]
    fn a_browser_trusts_its_own_machine_without_tls() {
        let own = |host: &str| {
            is_own_machine(&[(header::HOST, HeaderValue::try_from(host).unwrap())].into_iter().collect::<HeaderMap>())
        };
        for host in ["localhost", "localhost:4680", "iota.localhost:1", "127.0.0.1:4680", "127.1.2.3", "[::1]:4680"] {
            assert!(own(host), "{host}");
        }
        for host in ["backup.example", "192.168.1.1:4680", "localhost.evil.example", "[2001:db8::1]:1", "a b", ""] {
            assert!(!own(host), "{host}");
        }
        assert!(!is_own_machine(&HeaderMap::new()));
    }

    async fn home(browser: &Browser) -> String {
        String::from_utf8(browser.page("/").await.ok().body).unwrap()
    }

    #[tokio::test]
    async fn pages_know_who_looks_at_them() {
        let server = TestServer::start().await;
        assert!(!home(&server.stranger()).await.contains("data-account"));
        let ada = TestAccount::first(&server).await;
        let html = home(&ada.browser).await;
        let marks = format!(r#"data-account="{}" data-login="ada@example.org" data-administrator="true""#, ada.account);
        assert!(html.contains(&marks) && !html.contains("data-secure"), "{html}");
        let bob = TestAccount::invited(&server, "b\"><b>ob@example.org").await;
        let html = home(&bob.browser).await;
        assert!(html.contains("data-login=\"b&quot;") && !html.contains("data-administrator"), "{html}");
        bob.browser.post("/logout", &()).await.ok();
        assert!(!home(&bob.browser).await.contains("data-account"));
    }
}
