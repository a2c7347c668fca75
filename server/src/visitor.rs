//! What the owner of a web session recognises it by.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

/// Longest name of a browser, characters.
const MAX_BROWSER_CHARS: usize = 256;

/// The client's own address, among a request's extensions. It is told to the owner of a session, and to nobody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// From where a request comes, and what the browser calls itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visitor {
    /// Network address; empty when there is none.
    pub address: String,
    /// At most 256 characters, none of them a control character.
    pub browser: String,
}

impl Visitor {
    /// Whose request it is.
    pub fn of(parts: &Parts) -> Self {
        let address = parts.extensions.get::<ClientAddress>();
        let address = address.map(|address| address.0.to_canonical().to_string()).unwrap_or_default();
        Self { address, browser: browser(&parts.headers) }
    }
}

fn browser(headers: &HeaderMap) -> String {
    let name = headers.get(header::USER_AGENT).map(|name| String::from_utf8_lossy(name.as_bytes()));
    name.unwrap_or_default().chars().filter(|c| !c.is_control()).take(MAX_BROWSER_CHARS).collect()
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn names_of_browsers_are_bounded_and_plain() {
        let browser = |bytes: &[u8]| {
            browser(&[(header::USER_AGENT, HeaderValue::from_bytes(bytes).unwrap())].into_iter().collect())
        };
        assert_eq!(browser(b"Mozilla/5.0\t(X11)"), "Mozilla/5.0(X11)");
        assert_eq!(browser("ä".repeat(300).as_bytes()).chars().count(), MAX_BROWSER_CHARS);
        assert_eq!(browser(b"\xff"), "\u{fffd}");
        assert_eq!(super::browser(&HeaderMap::new()), "");
    }
}
