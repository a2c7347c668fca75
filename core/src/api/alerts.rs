//! Messages about machines whose backup was missed. They are JSON, as those of [`super::json`].

use serde::{Deserialize, Serialize};

/// After so many hours without a complete backup a machine is missed, unless its owner says otherwise.
pub const DEFAULT_LIMIT_HOURS: u32 = 72;
/// The longest limit: a year of hours.
pub const MAX_LIMIT_HOURS: u32 = 366 * 24;
/// Longest public name, characters.
pub const MAX_PUBLIC_NAME_CHARS: usize = 64;

/// How an account hears of missed backups: `GET /account/alerts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alerts {
    /// See [`ChangeAlerts::address`].
    pub address: String,
    /// See [`ChangeAlerts::mails`].
    pub mails: bool,
    /// See [`ChangeAlerts::limit_hours`].
    pub limit_hours: u32,
    /// Whether this server can send mails.
    pub can_mail: bool,
    /// Where warnings about the account go now, as of a deletion; none when no mail is sent of them.
    #[serde(default)]
    pub warned: Option<String>,
}

/// `PUT /account/alerts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeAlerts {
    /// Where mails go; empty for none.
    pub address: String,
    /// Whether a mail tells that a backup was missed, and that it is over.
    pub mails: bool,
    /// Hours without a complete backup after which a machine is missed, 0 for never. Machines may have a limit of their own.
    pub limit_hours: u32,
}

/// `PUT /sets/{set}/watch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeWatch {
    /// Its own limit in hours, 0 for never; null for that of the account.
    pub limit_hours: Option<u32>,
    /// What mails call the machine, readable for this server; empty for its number ([`is_public_name`]).
    pub public_name: String,
}

/// How the server watches over a set, in [`super::json::SetInfo`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// When the newest complete backup arrived, or its machine was let in: from here on the limit counts, by the server's clock.
    pub since_ms: u64,
    /// That is longer ago than the limit.
    pub missed: bool,
    /// See [`ChangeWatch::limit_hours`].
    pub limit_hours: Option<u32>,
    /// See [`ChangeWatch::public_name`].
    pub public_name: String,
}

/// Whether a public name can stand in a mail: letters, digits, spaces inside and a few marks, nothing that steers or hides.
pub fn is_public_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || " -_.,'’()+#&".contains(c);
    name.trim() == name && name.chars().count() <= MAX_PUBLIC_NAME_CHARS && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_name_is_one_plain_line() {
        for good in ["", "Attic", "Nora’s laptop (2)", "Büro-Rechner 7", "書斎"] {
            assert!(is_public_name(good), "{good:?}");
        }
        let long = "a".repeat(MAX_PUBLIC_NAME_CHARS + 1);
        for bad in
            [" a", "a\nBcc: b@example.org", "a\r", "a\u{202e}b", "a\0", "a<b>", "a\u{200b}b", "a\u{2028}b", &long]
        {
            assert!(!is_public_name(bad), "{bad:?}");
        }
    }
}
