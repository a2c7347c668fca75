//! Passphrases of one's own choosing, and better ones.

use iota_core::vault::{Problem, ProblemKind, Strength};
use zxcvbn::{Score, zxcvbn};

use crate::problem::Result;

/// Fewest characters.
const MIN_CHARS: usize = 12;
/// What is looked at of a long one; the rest makes it only better.
const RATED_CHARS: usize = 64;

/// How well `passphrase` withstands guessing by somebody who knows the login.
pub fn rate(passphrase: &str, login: &str) -> Strength {
    let start: String = passphrase.chars().take(RATED_CHARS).collect();
    let known: Vec<&str> = login.split(['@', '.', '-', '_', '+']).chain([login, "iotabackup", "backup"]).collect();
    let rated = zxcvbn(&start, &known);
    let is_long = passphrase.chars().count() >= MIN_CHARS;
    let advice = match rated.feedback() {
        _ if !is_long => Some(format!("Take at least {MIN_CHARS} characters.")),
        Some(feedback) => {
            let warning = feedback.warning().map(|warning| warning.to_string());
            warning.or_else(|| feedback.suggestions().first().map(|suggestion| suggestion.to_string()))
        }
        None => None,
    };
    Strength { score: u8::from(rated.score()), enough: is_long && rated.score() >= Score::Three, advice }
}

/// # Errors
/// When it would be guessed too easily.
pub fn require_strong(passphrase: &str, login: &str) -> Result<()> {
    let rated = rate(passphrase, login);
    if rated.enough {
        return Ok(());
    }
    let advice = rated.advice.unwrap_or_else(|| "Take more words, or have one made.".into());
    Err(Problem::new(ProblemKind::WrongSecret, format!("that would be guessed too easily: {advice}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_easily_guessed_is_refused_and_says_why() {
        for weak in ["", "short", "passwordpassword", "adalovelace-ada", "123456789012345"] {
            let rated = rate(weak, "ada.lovelace@example.org");
            assert!(!rated.enough && rated.advice.is_some(), "{weak}: {rated:?}");
        }
        for strong in ["correct horse battery staple", "tulip-harbour-nine-velvet-cargo-mist", &"ü≠ß†".repeat(40)[..]]
        {
            assert!(rate(strong, "ada@example.org").enough, "{strong}");
        }
    }
}
