//! Who asks. Handlers name one of these types as an argument and are called only for such a caller.
//!
//! Invariant: an account is known only from here, never from the address or the body of a request.

mod address;
mod attempts;
mod bearer;
mod proof;
mod second_factor;
mod session;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use iota_core::api::json::code;
use iota_core::id::{AccountId, DeviceId, Digest, SetId, VerifyingKey};

pub use address::login_of;
pub use attempts::begin_attempt;
pub use bearer::{note_contact, replaced};
pub use proof::{challenge_for, check_verifier, identity_of, not_proved, require_password, token_for};
pub use second_factor::{
    RECOVERY_BYTES, matching_step, recovery_text, require_second, step_of, uri as second_factor_uri, wrong_code,
};
pub use session::{
    SESSION_COOKIE, SignIn, SignedIn, days_of_rest, lock_account, note_visitor, renew, session_layer, sign_in, sign_out,
};

use crate::app_state::AppState;
use crate::client_address::Network;
use crate::error::{ApiError, ApiResult};

/// How long ago the password may have been proved for a [`FreshWebSession`].
pub const FRESH_MS: u64 = 5 * 60 * 1000;

/// A machine that may write its set: the newest of it. A replaced one is refused with `device_replaced`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Row of the account.
    pub account_no: i64,
    /// The account.
    pub account: AccountId,
    /// Row of the machine.
    pub device_no: i64,
    /// The machine.
    pub device: DeviceId,
    /// Row of the set.
    pub set_no: i64,
    /// The set that it writes.
    pub set: SetId,
    /// The key epoch that its certificate opened.
    pub key_epoch: u32,
    /// The first commit of that epoch.
    pub first_seq: u64,
    /// Its key.
    pub signing_key: VerifyingKey,
}

/// Somebody signed in by the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSession {
    /// Row of the account.
    pub account_no: i64,
    /// The account.
    pub account: AccountId,
    /// Its login.
    pub login: String,
    /// May manage accounts.
    pub administrator: bool,
    /// When the password was last proved, milliseconds since 1970.
    pub proved_ms: u64,
    /// By which its row is kept.
    pub key: Digest,
    /// When it began, milliseconds since 1970.
    pub begun_ms: u64,
    /// Whether it stays for 30 days.
    pub kept: bool,
}

impl WebSession {
    /// The same, if its password was proved in the last five minutes.
    ///
    /// # Errors
    /// `reauthenticate`.
    pub fn fresh(self, state: &AppState) -> ApiResult<FreshWebSession> {
        if state.now_ms().abs_diff(self.proved_ms) >= FRESH_MS {
            return Err(ApiError::new(code::REAUTHENTICATE, "this needs the password again: prove it once more"));
        }
        Ok(FreshWebSession(self))
    }
}

/// A [`WebSession`] that asking this does not prolong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietWebSession(pub WebSession);

/// A [`WebSession`] whose password was proved in the last five minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshWebSession(pub WebSession);

/// Who may read an account's ciphertext: a web session or an owner session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// Row of the account.
    pub account_no: i64,
    /// The account.
    pub account: AccountId,
}

/// The row of the account of a request whose caller is known, among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownAccount(pub i64);

/// Everybody who can ask.
enum Caller {
    Nobody,
    Web(WebSession),
    Owner(Reader),
    Machine(Machine),
}

impl Caller {
    /// The same; a web session is in use then.
    async fn in_use(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        let caller = Self::of(parts, state).await?;
        if let Self::Web(session) = &caller {
            session::touch(session, parts, state).await?;
        }
        Ok(caller)
    }

    /// A bearer token counts before a cookie.
    async fn of(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        let found = match bearer::token_of(&parts.headers) {
            Ok(Some(token)) => bearer::caller(&token, state).await,
            Ok(None) => session::caller(parts, state).await,
            Err(error) => Err(error),
        };
        match found.as_ref().map(Self::account_no) {
            Ok(Some(account_no)) => {
                parts.extensions.insert(KnownAccount(account_no));
                state.take_known(account_no)?;
            }
            _ => state.take_stranger(parts.extensions.get().copied().unwrap_or(Network::NONE))?,
        }
        found
    }

    fn account_no(&self) -> Option<i64> {
        match self {
            Self::Nobody => None,
            Self::Web(session) => Some(session.account_no),
            Self::Owner(reader) => Some(reader.account_no),
            Self::Machine(machine) => Some(machine.account_no),
        }
    }

    /// The answer to a caller of the wrong kind.
    fn refusal(&self, wanted: &str) -> ApiError {
        match self {
            Self::Nobody => ApiError::new(code::UNAUTHENTICATED, format!("this needs {wanted}: sign in")),
            Self::Web(_) | Self::Owner(_) | Self::Machine(_) => {
                ApiError::new(code::FORBIDDEN, format!("this needs {wanted}; another kind of access does not do"))
            }
        }
    }
}

impl FromRequestParts<AppState> for Machine {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        match Caller::of(parts, state).await? {
            Caller::Machine(machine) => Ok(machine),
            other => Err(other.refusal("the token of a machine")),
        }
    }
}

impl FromRequestParts<AppState> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        match Caller::in_use(parts, state).await? {
            Caller::Owner(reader) => Ok(reader),
            Caller::Web(session) => Ok(Self { account_no: session.account_no, account: session.account }),
            other => Err(other.refusal("a web session or an owner session")),
        }
    }
}

impl FromRequestParts<AppState> for WebSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        match Caller::in_use(parts, state).await? {
            Caller::Web(session) => Ok(session),
            other => Err(other.refusal("a web session")),
        }
    }
}

impl FromRequestParts<AppState> for QuietWebSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        match Caller::of(parts, state).await? {
            Caller::Web(session) => Ok(Self(session)),
            other => Err(other.refusal("a web session")),
        }
    }
}

impl FromRequestParts<AppState> for FreshWebSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        WebSession::from_request_parts(parts, state).await?.fresh(state)
    }
}
