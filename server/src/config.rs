//! The configuration: a TOML file, overridden by arguments. Read once, at the start.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use thiserror::Error;

use crate::limits::Limits;
use crate::packs::PackOptions;

/// The file that `iota-server example-config` prints: every setting, with its default.
pub const EXAMPLE: &str = include_str!("config/example.toml");

/// The configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("the configuration {} is wrong; `iota-server example-config` shows how it should be: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where.
        source: Box<toml::de::Error>,
    },
    /// Half a certificate.
    #[error("a certificate needs its key and a key its certificate: give both `tls-cert` and `tls-key`")]
    HalfCertificate,
    /// More than one way to TLS.
    #[error("choose one of a certificate (`tls-cert` and `tls-key`), `tls self-signed` and `behind-proxy`")]
    SeveralTransports,
    /// Passwords would travel in the open.
    #[error(
        "{listen} can be reached from other machines, and logins would travel there unprotected: choose a certificate \
         (--tls-cert F --tls-key F), one of its own making (--tls self-signed), or a proxy in front that does TLS (--behind-proxy)"
    )]
    Unprotected {
        /// The address.
        listen: SocketAddr,
    },
}

/// Everything that can be set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it listens.
    pub server: Server,
    /// Its database.
    pub database: Database,
    /// Where the bytes lie.
    pub packs: Packs,
    /// How much a client may ask for.
    pub limits: Limits,
    /// How mails go out.
    pub mail: Mail,
}

/// Section `[server]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// Certificate chain, PEM.
    pub tls_cert: Option<PathBuf>,
    /// Its key, PEM.
    pub tls_key: Option<PathBuf>,
    /// A certificate of its own making.
    pub tls: Option<OwnTls>,
    /// A proxy in front does TLS and appends the client's address to `X-Forwarded-For`.
    pub behind_proxy: bool,
}

/// Ways to TLS that need no files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OwnTls {
    /// A certificate of its own making; clients pin its key.
    SelfSigned,
}

/// Section `[database]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// A Postgres elsewhere, in place of the built-in one.
    pub url: Option<String>,
    /// Folder of Postgres' programs (`initdb`, `postgres`); the newest of the system if not set.
    pub programs: Option<PathBuf>,
}

/// Section `[packs]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Packs {
    /// Objects are refused when less is free on the disk of the packs.
    pub min_free_bytes: Option<u64>,
}

/// Section `[mail]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mail {
    /// The mail server: `smtp://HOST[:PORT]` (STARTTLS, except to this machine itself) or `smtps://HOST[:PORT]`.
    pub smtp_url: Option<String>,
    /// Who mails come from.
    pub smtp_from: Option<String>,
    /// Whom the mail server knows this server as.
    pub smtp_user: Option<String>,
    /// The password for that, alone in a file.
    pub smtp_password_file: Option<PathBuf>,
    /// No TLS with `smtp://`, also to other machines.
    pub smtp_plain: bool,
}

/// How browsers and agents reach the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Protection {
    /// Nothing, on loopback.
    None,
    /// A certificate in files.
    Files {
        /// Certificate chain, PEM.
        cert: PathBuf,
        /// Its key, PEM.
        key: PathBuf,
    },
    /// A certificate of its own making.
    SelfSigned,
    /// A proxy in front.
    Proxy,
}

impl Default for Server {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 4680));
        Self { listen, tls_cert: None, tls_key: None, tls: None, behind_proxy: false }
    }
}

impl Config {
    /// Reads a file; without one everything has its default.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.into(), source })?;
        toml::from_str(&text).map_err(|source| ConfigError::Parse { path: path.into(), source: Box::new(source) })
    }
}

impl Packs {
    /// The same for those who write.
    pub fn options(&self) -> PackOptions {
        PackOptions { min_free_bytes: self.min_free_bytes, ..PackOptions::default() }
    }
}

impl Server {
    /// The one way that was chosen.
    ///
    /// # Errors
    /// [`ConfigError`] when none was, and the address is not this machine's own; or several were.
    pub fn protection(&self) -> Result<Protection, ConfigError> {
        let files = match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => Some(Protection::Files { cert: cert.clone(), key: key.clone() }),
            (None, None) => None,
            _ => return Err(ConfigError::HalfCertificate),
        };
        let own = self.tls.map(|OwnTls::SelfSigned| Protection::SelfSigned);
        let proxy = self.behind_proxy.then_some(Protection::Proxy);
        let mut chosen = [files, own, proxy].into_iter().flatten();
        match (chosen.next(), chosen.next()) {
            (Some(_), Some(_)) => Err(ConfigError::SeveralTransports),
            (Some(protection), None) => Ok(protection),
            (None, _) if self.listen.ip().to_canonical().is_loopback() => Ok(Protection::None),
            (None, _) => Err(ConfigError::Unprotected { listen: self.listen }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, toml::de::Error> {
        toml::from_str(text)
    }

    /// The example with its commented settings switched on.
    fn example(all: bool) -> String {
        let line = |line: &str| match line.strip_prefix("#: ") {
            Some(setting) if all => setting.to_owned(),
            _ => line.to_owned(),
        };
        EXAMPLE.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_example_says_the_defaults() {
        assert_eq!(parse(&example(false)).unwrap(), Config::default());
    }

    #[test]
    fn the_example_has_every_setting() {
        let all = parse(&example(true)).unwrap();
        let debug = format!("{all:?}");
        assert!(!debug.contains("None"), "{debug}");
        let settings: usize = EXAMPLE.lines().filter(|line| line.contains(" = ")).count();
        let fields = debug.matches(": ").count() - debug.matches(" { ").count() + 1;
        assert_eq!(settings, fields, "{debug}");
    }

    #[test]
    fn unknown_settings_are_refused() {
        for text in ["colour = 1", "[server]\nlistne = \"127.0.0.1:1\"", "[limits]\nconnection = 1", "[databse]"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn beyond_loopback_a_choice_is_needed() {
        let server = |listen: &str, more: &str| {
            let config = parse(&format!("[server]\nlisten = \"{listen}\"\n{more}")).unwrap();
            config.server.protection()
        };
        for listen in ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1"] {
            assert_eq!(server(listen, "").unwrap(), Protection::None, "{listen}");
        }
        for listen in ["0.0.0.0:1", "192.0.2.1:1", "[::]:1", "[2001:db8::1]:1"] {
            let refused = server(listen, "").unwrap_err().to_string();
            assert!(refused.contains("--tls self-signed") && refused.contains("--behind-proxy"), "{refused}");
            assert_eq!(server(listen, "behind-proxy = true").unwrap(), Protection::Proxy);
            assert_eq!(server(listen, "tls = \"self-signed\"").unwrap(), Protection::SelfSigned);
            assert!(matches!(server(listen, "tls-cert = \"c\"\ntls-key = \"k\""), Ok(Protection::Files { .. })));
            assert!(matches!(server(listen, "tls-cert = \"c\""), Err(ConfigError::HalfCertificate)));
            let both = "tls = \"self-signed\"\nbehind-proxy = true";
            assert!(matches!(server(listen, both), Err(ConfigError::SeveralTransports)));
        }
    }
}
