//! What a failed attempt means: ask again, or never again.

use super::{Server, ServerAddress};
use crate::remote::RemoteError;
use iota_core::api::json::ErrorBody;
use reqwest::{
    StatusCode,
    header::{HeaderMap, LOCATION, RETRY_AFTER},
};
use std::{error::Error, fmt::Display, io, time::Duration};

/// A failed attempt.
pub(super) struct Failure {
    /// What to tell when there is no other attempt.
    pub error: RemoteError,
    /// Another attempt may help.
    pub may_pass: bool,
    /// How long the server asks to wait.
    pub asked_wait: Option<Duration>,
}

/// An answer that makes no sense.
pub(super) fn malformed(request: &'static str, reason: impl Display) -> RemoteError {
    RemoteError::Malformed { request, reason: reason.to_string() }
}

impl Failure {
    /// Another attempt changes nothing.
    pub fn last(error: RemoteError) -> Self {
        Self { error, may_pass: false, asked_wait: None }
    }

    /// The server does not answer now.
    pub fn unreachable(server: &ServerAddress, reason: String) -> Self {
        let error = RemoteError::Unreachable { server: server.to_string(), reason };
        Self { error, may_pass: true, asked_wait: None }
    }

    /// The connection failed.
    pub fn of_connection(server: &Server, error: &reqwest::Error) -> Self {
        let failure = Self::unreachable(&server.address, deepest(error));
        match certificate_error(error) {
            None => Self { may_pass: !error.is_builder(), ..failure },
            Some(found) => {
                let reason = match server.pin {
                    Some(_) => {
                        "its public key is not the pinned one; if it has a new certificate, compare the pin that \
                                it prints at its start"
                            .to_owned()
                    }
                    None => format!(
                        "its certificate is not trusted ({found}); for one of its own making, give --server-pin"
                    ),
                };
                Self::last(RemoteError::Unreachable { server: server.address.to_string(), reason })
            }
        }
    }

    /// The server answered with an error.
    pub fn of_status(
        request: &'static str,
        server: &ServerAddress,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let may_pass = matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504);
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match serde_json::from_slice::<ErrorBody>(body) {
            Ok(ErrorBody { error }) => {
                let asked_wait = error.retry_after_s.map(Duration::from_secs);
                Self { error: RemoteError::Refused(error), may_pass, asked_wait }
            }
            Err(_) if may_pass => {
                let asked_wait = header(RETRY_AFTER).and_then(|text| text.parse().ok()).map(Duration::from_secs);
                Self { asked_wait, ..Self::unreachable(server, format!("status {status}")) }
            }
            Err(_) if status.is_redirection() => {
                let place = header(LOCATION).unwrap_or("another address");
                Self::last(malformed(request, format!("it points to {place}; give the address of the server itself")))
            }
            Err(_) => Self::last(malformed(request, format!("status {status} without an explanation"))),
        }
    }
}

/// The last error of the chain says most.
fn deepest(error: &reqwest::Error) -> String {
    let mut at: &dyn Error = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}

fn certificate_error(error: &reqwest::Error) -> Option<String> {
    let mut next: Option<&(dyn Error + 'static)> = error.source();
    while let Some(at) = next {
        if let Some(rustls::Error::InvalidCertificate(found)) = inmost(at).downcast_ref() {
            return Some(format!("{found:?}"));
        }
        next = at.source();
    }
    None
}

/// What `io::Error`s wrap: they name it as their own source no more than each other.
fn inmost<'a>(mut error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = inner;
    }
    error
}
