//! How well a passphrase withstands guessing, by zxcvbn (Wheeler, "zxcvbn: Low-Budget Password Strength Estimation", USENIX Security
//! 2016). The vault loads it when somebody chooses a passphrase; the passphrase does not leave the Worker.

use iota_core::vault::Strength;
use zxcvbn::{Score, zxcvbn};

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

/// [`rate`] for the vault's Worker: JSON of [`Strength`].
#[cfg(target_family = "wasm")]
#[wasm_bindgen::prelude::wasm_bindgen(js_name = rate)]
pub fn rate_as_json(passphrase: &str, login: &str) -> String {
    serde_json::to_string(&rate(passphrase, login)).expect("numbers and text have a JSON form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_easily_guessed_is_refused_and_says_why() {
        for weak in ["", "short", "passwordpassword", "ada.lovelace@example.org", "123456789012345"] {
            let rated = rate(weak, "ada.lovelace@example.org");
            assert!(!rated.enough && rated.advice.is_some(), "{weak}: {rated:?}");
        }
        for strong in
            ["correct horse battery staple", "tulip-harbour-nine-velvet-cargo-mist", "Zwölf Boxkämpfer jagen ≠ Viktor"]
        {
            assert!(rate(strong, "ada@example.org").enough, "{strong}");
        }
    }
}
