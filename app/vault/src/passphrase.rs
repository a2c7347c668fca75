//! Passphrases of one's own choosing.

use iota_core::vault::{Problem, ProblemKind};

use crate::platform::Platform;
use crate::problem::Result;

/// # Errors
/// When it would be guessed too easily.
pub async fn require_strong(platform: &impl Platform, passphrase: &str, login: &str) -> Result<()> {
    let rated = platform.rate(passphrase, login).await?;
    if rated.enough {
        return Ok(());
    }
    let advice = rated.advice.unwrap_or_else(|| "Take more words, or have one made.".into());
    Err(Problem::new(ProblemKind::WrongSecret, format!("that would be guessed too easily: {advice}")))
}
