//! Requests with a bearer token, which a key earns by signing the server's challenge.

use super::transport::{Answer, Caller, Http, Payload, Request};
use crate::remote::RemoteError;
use iota_core::{
    api::json::{
        AgentChallengeRequest, AgentSessionRequest, ChallengeAnswer, OwnerChallengeRequest, OwnerSessionRequest, Token,
        code,
    },
    id::{AccountId, Challenge, DeviceId, ServerId},
    proof,
};
use iota_crypto::keys::SigningKey;
use reqwest::Method;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use zeroize::Zeroizing;

/// A token is renewed when it has less than this left.
const MARGIN: Duration = Duration::from_secs(30);
/// No token is used for longer, whatever the server says.
const MAX_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Who speaks, and the key that proves it to one server only.
pub enum Speaker {
    /// A machine.
    Machine {
        /// The server that the signature is for.
        server_id: ServerId,
        /// Which machine.
        device: DeviceId,
        /// Its key.
        key: SigningKey,
    },
    /// The owner of an account, who reads.
    Owner {
        /// The server that the signature is for.
        server_id: ServerId,
        /// Which account.
        account: AccountId,
        /// Its identity key.
        key: SigningKey,
    },
}

impl Speaker {
    fn challenge_request(&self) -> Request {
        match self {
            Self::Machine { device, .. } => Request::new("POST /agent/challenge", Method::POST, "/agent/challenge")
                .with(Payload::json(&AgentChallengeRequest { device: *device })),
            Self::Owner { account, .. } => Request::new("POST /owner/challenge", Method::POST, "/owner/challenge")
                .with(Payload::json(&OwnerChallengeRequest { account: *account })),
        }
    }

    fn session_request(&self, challenge: Challenge) -> Request {
        match self {
            Self::Machine { server_id, device, key } => {
                let signature = key.sign(&proof::agent_session(*server_id, *device, challenge));
                Request::new("POST /agent/session", Method::POST, "/agent/session")
                    .with(Payload::json(&AgentSessionRequest { device: *device, challenge, signature }))
            }
            Self::Owner { server_id, account, key } => {
                let signature = key.sign(&proof::owner_session(*server_id, *account, challenge));
                Request::new("POST /owner/session", Method::POST, "/owner/session")
                    .with(Payload::json(&OwnerSessionRequest { account: *account, challenge, signature }))
            }
        }
    }
}

struct Held {
    token: Arc<Zeroizing<String>>,
    until: Instant,
}

/// Requests of one speaker; used by any number of threads.
pub(super) struct Bearer {
    http: Arc<Http>,
    speaker: Speaker,
    held: Mutex<Option<Held>>,
}

impl Bearer {
    pub fn new(http: Arc<Http>, speaker: Speaker) -> Self {
        Self { http, speaker, held: Mutex::default() }
    }

    /// Sends with a token; once more with a new one when the server no longer knows it.
    pub fn send(&self, request: &Request) -> Result<Answer, RemoteError> {
        let token = self.token()?;
        match self.http.send(request, Caller::Bearer(&token)) {
            Err(error) if error.code() == Some(code::UNAUTHENTICATED) => {
                self.forget(&token);
                self.http.send(request, Caller::Bearer(&self.token()?))
            }
            answer => answer,
        }
    }

    fn token(&self) -> Result<Arc<Zeroizing<String>>, RemoteError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_ref().filter(|held| held.until > Instant::now()) {
            return Ok(Arc::clone(&held.token));
        }
        let token = self.earn()?;
        let until = Instant::now() + use_for(token.expires_in_s);
        Ok(Arc::clone(&held.insert(Held { token: Arc::new(Zeroizing::new(token.token)), until }).token))
    }

    /// Challenge and signature. A challenge serves once: when its answer was lost, a new one is asked for.
    fn earn(&self) -> Result<Token, RemoteError> {
        match self.earn_once() {
            Err(error) if error.code() == Some(code::BAD_CREDENTIALS) => self.earn_once(),
            answer => answer,
        }
    }

    fn earn_once(&self) -> Result<Token, RemoteError> {
        let ask = self.speaker.challenge_request();
        let answer: ChallengeAnswer = self.http.send(&ask, Caller::Anybody)?.json(ask.name)?;
        let prove = self.speaker.session_request(answer.challenge);
        self.http.send(&prove, Caller::Anybody)?.json(prove.name)
    }

    fn forget(&self, token: &Arc<Zeroizing<String>>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.take_if(|held| Arc::ptr_eq(&held.token, token));
    }
}

/// How long a token is used that expires after `expires_in_s` seconds.
fn use_for(expires_in_s: u64) -> Duration {
    let life = Duration::from_secs(expires_in_s).min(MAX_LIFE);
    life.checked_sub(MARGIN).unwrap_or(life / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_used_for_a_while() {
        for (expires_in_s, used_s) in [(0, 0), (20, 10), (30, 0), (900, 870), (u64::MAX, 86_370)] {
            assert_eq!(use_for(expires_in_s).as_secs(), used_s, "{expires_in_s}");
            assert!(Instant::now().checked_add(use_for(expires_in_s)).is_some());
        }
    }
}
