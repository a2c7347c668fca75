//! Where a server is, and how its key is known.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use reqwest::Url;
use std::{fmt, net::IpAddr, str::FromStr};
use thiserror::Error;

/// An address cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// It does not parse.
    #[error("{0:?} is not the address of a server; write it like https://backup.example.org")]
    Syntax(String),
    /// It would send tokens in the clear.
    #[error(
        "{0} is not encrypted: whoever is on the way could take your session. Use https://, or plain http:// on this very \
         machine only (127.0.0.1); `iota-server serve --tls self-signed` gives a server a certificate of its own, which \
         you then name with --server-pin"
    )]
    Plain(String),
    /// A pin does not parse.
    #[error(
        "a server pin is the SHA-256 of the server's public key, 64 hexadecimal digits; the server prints it at its start"
    )]
    Pin,
}

/// The address of a server: scheme, host and port, nothing after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress(Url);

impl ServerAddress {
    /// Whether the connection is encrypted. If not, the server is on this machine.
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The full address of `path`, which begins with `/`.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }

    fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || literal.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let syntax = || AddressError::Syntax(text.to_owned());
        let url = Url::parse(text.trim()).map_err(|_| syntax())?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare || !url.has_host() || !matches!(url.scheme(), "http" | "https") {
            return Err(syntax());
        }
        let address = Self(url);
        if address.is_tls() || address.is_loopback() {
            Ok(address)
        } else {
            Err(AddressError::Plain(address.to_string()))
        }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// SHA-256 of the public key (SPKI) of a server whose certificate is of its own making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerPin(pub [u8; 32]);

impl FromStr for ServerPin {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let digits: String = text.chars().filter(|letter| *letter != ':' && !letter.is_whitespace()).collect();
        let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| AddressError::Pin)?;
        bytes.try_into().map(Self).map_err(|_| AddressError::Pin)
    }
}

impl fmt::Display for ServerPin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&HEXLOWER.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_encrypted_or_on_this_machine() {
        let fine = [
            ("https://backup.example.org", "https://backup.example.org"),
            (" https://backup.example.org:4680/ ", "https://backup.example.org:4680"),
            ("http://127.0.0.1:4680", "http://127.0.0.1:4680"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://[::1]:80/", "http://[::1]"),
            ("http://localhost:1", "http://localhost:1"),
        ];
        for (given, kept) in fine {
            let address: ServerAddress = given.parse().unwrap();
            assert_eq!(address.to_string(), kept);
            assert_eq!(address.join("/health"), format!("{kept}/health"));
        }
    }

    #[test]
    fn others_are_refused() {
        for plain in ["http://backup.example.org", "http://10.0.0.1:4680", "http://[::2]", "http://localhost.evil.org"]
        {
            assert!(matches!(plain.parse::<ServerAddress>(), Err(AddressError::Plain(_))), "{plain}");
        }
        let wrong = [
            "",
            "backup.example.org",
            "ftp://a",
            "https://",
            "https://a/b",
            "https://a/?q",
            "https://u:p@a",
            "https://a/#f",
        ];
        for wrong in wrong {
            assert!(matches!(wrong.parse::<ServerAddress>(), Err(AddressError::Syntax(_))), "{wrong}");
        }
    }

    #[test]
    fn pins_parse_in_the_usual_ways_of_writing() {
        let pin = ServerPin([0xab; 32]);
        assert_eq!(pin.to_string().to_uppercase().parse(), Ok(pin));
        assert_eq!(vec!["AB"; 32].join(":").parse(), Ok(pin));
        assert_eq!("ab".parse::<ServerPin>(), Err(AddressError::Pin));
    }
}
