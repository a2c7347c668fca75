//! Mails: plain text, to one address, by the mail server that the configuration names.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::Uri;
use data_encoding::HEXLOWER;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use thiserror::Error;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::config;
use crate::store::mail::Text;

/// Longest address, bytes (RFC 5321).
pub const MAX_ADDRESS_BYTES: usize = 254;
/// How long the mail server may take for one step, and for all of a mail.
const STEP: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest words of a mail server that are passed on, characters.
const MAX_WORDS: usize = 300;
/// Port for TLS from the first byte, and for STARTTLS.
const TLS_PORT: u16 = 465;
const STARTTLS_PORT: u16 = 587;

/// Mails cannot be sent as the configuration says.
#[derive(Debug, Error)]
pub enum MailConfigError {
    /// The address is none.
    #[error("`smtp-url` must be smtp://HOST[:PORT] or smtps://HOST[:PORT], with neither name nor password in it")]
    Url,
    /// A sender is missing.
    #[error("`smtp-from` must say from whom mails come, as in `IotaBackup <backup@example.org>`")]
    From,
    /// A name without a password, or the other way round.
    #[error(
        "a mail server asks for a name and a password, or for neither: set `smtp-user`, and the password in `smtp-password-file` \
         or IOTABACKUP_SMTP_PASSWORD"
    )]
    HalfLogin,
    /// The password would travel in the open.
    #[error("`smtp-plain` would send the password unprotected: use TLS, or a mail server that asks for none")]
    PlainPassword,
    /// TLS does not work at all.
    #[error("TLS towards the mail server cannot be set up: {0}")]
    Tls(#[source] SmtpError),
}

/// A mail was not sent.
#[derive(Debug, Error)]
pub enum MailError {
    /// The mail server cannot be reached, or did not answer in time.
    #[error("the mail server cannot be reached or does not answer; try again later")]
    Away,
    /// It does not offer TLS as it should.
    #[error("a protected connection to the mail server cannot be made; its certificate or the setting may be wrong")]
    Tls,
    /// It said no.
    #[error("the mail server refused: {0}")]
    Refused(String),
    /// The mail itself is no mail.
    #[error("the address cannot be used; choose another")]
    Malformed,
}

impl MailError {
    /// Whether another mail would fare the same.
    pub fn concerns_all(&self) -> bool {
        matches!(self, Self::Away | Self::Tls)
    }
}

/// Sends mails. A copy is the same.
#[derive(Debug, Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// As the configuration says; `None` when it says nothing.
    ///
    /// # Errors
    /// [`MailConfigError`].
    pub fn new(mail: &config::Mail, password: Option<Zeroizing<String>>) -> Result<Option<Self>, MailConfigError> {
        let Some(url) = &mail.smtp_url else { return Ok(None) };
        let (secure, host, port) = place(url)?;
        let from: Mailbox =
            mail.smtp_from.as_deref().and_then(|from| from.parse().ok()).ok_or(MailConfigError::From)?;
        let loopback = is_loopback(&host);
        let tls = || TlsParameters::new(host.clone()).map_err(MailConfigError::Tls);
        let (tls, usual_port) = match secure {
            true => (Tls::Wrapper(tls()?), TLS_PORT),
            false if loopback || mail.smtp_plain => (Tls::None, 25),
            false => (Tls::Required(tls()?), STARTTLS_PORT),
        };
        let plain = matches!(tls, Tls::None);
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host);
        let mut builder = builder.port(port.unwrap_or(usual_port)).tls(tls).timeout(Some(STEP));
        match (&mail.smtp_user, password) {
            (Some(_), Some(_)) if plain && !loopback => return Err(MailConfigError::PlainPassword),
            (Some(user), Some(password)) => {
                builder = builder.credentials(Credentials::new(user.clone(), password.to_string()));
            }
            (None, None) => {}
            _ => return Err(MailConfigError::HalfLogin),
        }
        Ok(Some(Self { transport: builder.build(), from }))
    }

    /// Sends a text to an address, which [`parse_address`] took. `written_ms` is when it was written, since 1970.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send(&self, address: &str, text: &Text, written_ms: u64) -> Result<(), MailError> {
        let message = self.message(address, text, written_ms)?;
        let sent = timeout(PATIENCE, self.transport.send(message)).await.map_err(|_| MailError::Away)?;
        sent.map(drop).map_err(|error| failure(&error))
    }

    fn message(&self, address: &str, text: &Text, written_ms: u64) -> Result<Message, MailError> {
        let to = parse_address(address).ok_or(MailError::Malformed)?;
        let id = format!("<{}@{}>", HEXLOWER.encode(&text.message_id), self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&text.subject))
            .date(UNIX_EPOCH.checked_add(Duration::from_millis(written_ms)).unwrap_or_else(SystemTime::now))
            .message_id(Some(id))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN);
        message.body(text.body.clone()).map_err(|_| MailError::Malformed)
    }
}

/// Tells programs that answer mails to leave this one alone (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

/// An address to which mails can go: one mailbox, without a name, on one line.
pub fn parse_address(typed: &str) -> Option<Address> {
    let plain = typed.len() <= MAX_ADDRESS_BYTES && !typed.chars().any(|c| c.is_control() || c.is_whitespace());
    if plain { typed.parse().ok() } else { None }
}

/// Whether TLS begins at once, host, and port.
fn place(url: &str) -> Result<(bool, String, Option<u16>), MailConfigError> {
    let uri: Uri = url.parse().map_err(|_| MailConfigError::Url)?;
    let secure = match uri.scheme_str() {
        Some("smtps") => true,
        Some("smtp") => false,
        _ => return Err(MailConfigError::Url),
    };
    let authority =
        uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or(MailConfigError::Url)?;
    let nothing_more = matches!(uri.path_and_query().map(|path| path.as_str()), None | Some("" | "/"));
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || !nothing_more {
        return Err(MailConfigError::Url);
    }
    Ok((secure, host.to_owned(), authority.port_u16()))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// What people are told; what else is known stands in the log.
fn failure(error: &SmtpError) -> MailError {
    tracing::warn!(%error, "a mail was not sent");
    if let Some(code) = error.status() {
        let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        return MailError::Refused(one_line(&format!("{code} {words}")));
    }
    if error.is_tls() || error.is_client() { MailError::Tls } else { MailError::Away }
}

/// The words on one line, without what steers, and not too many.
fn one_line(words: &str) -> String {
    let plain = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_WORDS).collect::<String>();
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests;
