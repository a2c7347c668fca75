//! A web session: signed in with a password, for what needs a person.

use super::{
    outcome::malformed,
    transport::{Answer, Caller, Http, Payload, Request},
};
use crate::remote::RemoteError;
use iota_core::{
    api::{
        json::{ChangeSlots, CreateAccount, CreateEnrolment, EnrolGrant, EnrolHello, Login, SessionInfo, Vault, code},
        retention::{Decide, Retention},
    },
    id::EnrolId,
};
use reqwest::Method;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Longest list of decisions.
const LIST_BYTES: usize = 4 << 20;

/// Asks a person for one more code of the second factor; `None` when there is nobody to ask.
pub type AskCode = Box<dyn Fn() -> Option<Zeroizing<String>> + Send + Sync>;

/// See the module. It ends at [`WebSession::end`], or by itself after a while.
pub struct WebSession {
    http: Arc<Http>,
    login: Login,
    cookie: Mutex<Arc<Zeroizing<String>>>,
    ask_code: Option<AskCode>,
    /// Who is signed in.
    pub info: SessionInfo,
}

impl WebSession {
    /// Signs in.
    ///
    /// # Errors
    /// [`RemoteError`], like all others.
    pub fn login(http: Arc<Http>, login: &Login) -> Result<Self, RemoteError> {
        let request = Request::new("POST /login", Method::POST, "/login").with(Payload::json(login));
        Self::begin(http, login.clone(), &request)
    }

    /// Makes an account, and signs in.
    pub fn create_account(http: Arc<Http>, account: &CreateAccount) -> Result<Self, RemoteError> {
        let login = Login { login: account.login.clone(), auth_secret: account.auth_secret, second: None, keep: false };
        let request = Request::new("POST /accounts", Method::POST, "/accounts").with(Payload::json(account));
        Self::begin(http, login, &request)
    }

    fn begin(http: Arc<Http>, login: Login, request: &Request) -> Result<Self, RemoteError> {
        let answer = http.send(request, Caller::Anybody)?;
        let no_cookie = || malformed(request.name, "it has no session cookie");
        let cookie = Mutex::new(Arc::new(Zeroizing::new(answer.cookie.clone().ok_or_else(no_cookie)?)));
        let info = answer.json(request.name)?;
        Ok(Self { http, login, cookie, ask_code: None, info })
    }

    /// Asks for a code when it has to sign in once more: one of the second factor works once.
    #[must_use]
    pub fn asking(self, ask_code: AskCode) -> Self {
        Self { ask_code: Some(ask_code), ..self }
    }

    /// Sends; signs in once more when the proof of identity has become too old, for example while a person typed.
    fn send(&self, request: &Request) -> Result<Answer, RemoteError> {
        match self.http.send(request, Caller::Cookie(&self.cookie())) {
            Err(error) if error.code() == Some(code::REAUTHENTICATE) => {
                let Some(login) = self.login_again() else { return Err(error) };
                let fresh = Self::login(Arc::clone(&self.http), &login)?;
                *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = fresh.cookie();
                self.http.send(request, Caller::Cookie(&self.cookie()))
            }
            answer => answer,
        }
    }

    fn login_again(&self) -> Option<Login> {
        let login = self.login.clone();
        if login.second.is_none() {
            return Some(login);
        }
        let code = self.ask_code.as_ref()?()?;
        Some(Login { second: Some(code.trim().to_owned()), ..login })
    }

    fn cookie(&self) -> Arc<Zeroizing<String>> {
        Arc::clone(&self.cookie.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The connections that it uses.
    pub fn http(&self) -> &Arc<Http> {
        &self.http
    }

    /// The account's slots.
    pub fn vault(&self) -> Result<Vault, RemoteError> {
        let request = Request::new("GET /vault", Method::GET, "/vault");
        self.send(&request)?.json(request.name)
    }

    /// Replaces the account's slots.
    pub fn change_slots(&self, change: &ChangeSlots) -> Result<(), RemoteError> {
        let request = Request::new("PUT /vault/slots", Method::PUT, "/vault/slots").with(Payload::json(change));
        self.send(&request).map(drop)
    }

    /// Everything that the account decided about its snapshots.
    pub fn retention(&self) -> Result<Retention, RemoteError> {
        let request =
            Request::new("GET /account/retention", Method::GET, "/account/retention").answer_bytes(LIST_BYTES);
        self.send(&request)?.json(request.name)
    }

    /// Sends what the account decides about its snapshots.
    pub fn decide(&self, decide: &Decide) -> Result<(), RemoteError> {
        let request =
            Request::new("PUT /account/retention", Method::PUT, "/account/retention").with(Payload::json(decide));
        self.send(&request).map(drop)
    }

    /// Opens a relay for one enrolment.
    pub fn create_enrolment(&self, enrol_id: EnrolId) -> Result<(), RemoteError> {
        let request = Request::new("POST /enrolments", Method::POST, "/enrolments")
            .with(Payload::json(&CreateEnrolment { enrol_id }));
        self.send(&request).map(drop)
    }

    /// What a machine said that wants to join, once it has.
    pub fn hello(&self, enrol_id: EnrolId) -> Result<Option<EnrolHello>, RemoteError> {
        let path = format!("/enrolments/{enrol_id}/hello");
        let request = Request::new("GET /enrolments/{id}/hello", Method::GET, path);
        self.send(&request)?.json(request.name)
    }

    /// Lets a machine in.
    pub fn put_grant(&self, enrol_id: EnrolId, grant: &EnrolGrant) -> Result<(), RemoteError> {
        let path = format!("/enrolments/{enrol_id}/grant");
        let request = Request::new("PUT /enrolments/{id}/grant", Method::PUT, path).with(Payload::json(grant));
        self.send(&request).map(drop)
    }

    /// Signs out.
    pub fn end(self) -> Result<(), RemoteError> {
        self.send(&Request::new("POST /logout", Method::POST, "/logout")).map(drop)
    }
}
