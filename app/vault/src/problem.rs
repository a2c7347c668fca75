//! Problems out of the errors of the crates below.

use iota_core::history::HistoryError;
use iota_core::state::ReplayError;
use iota_core::vault::{Problem, ProblemKind};
use iota_core::wire::WireError;
use iota_crypto::error::CryptoError;

/// Result of this program.
pub type Result<T> = std::result::Result<T, Problem>;

/// Turns an error into what a page shows.
pub trait Tell<T> {
    /// The problem, in place of the error.
    ///
    /// # Errors
    /// [`Problem`].
    fn tell(self) -> Result<T>;
}

impl<T> Tell<T> for std::result::Result<T, HistoryError> {
    fn tell(self) -> Result<T> {
        self.map_err(|error| Problem::new(ProblemKind::Altered, error.to_string()))
    }
}

impl<T> Tell<T> for std::result::Result<T, ReplayError> {
    fn tell(self) -> Result<T> {
        self.map_err(|error| Problem::new(ProblemKind::Altered, error.to_string()))
    }
}

impl<T> Tell<T> for std::result::Result<T, WireError> {
    fn tell(self) -> Result<T> {
        self.map_err(|error| malformed(&error))
    }
}

impl<T> Tell<T> for std::result::Result<T, CryptoError> {
    fn tell(self) -> Result<T> {
        self.map_err(|error| Problem::new(kind(&error), error.to_string()))
    }
}

fn kind(error: &CryptoError) -> ProblemKind {
    match error {
        CryptoError::Slot | CryptoError::Text { .. } | CryptoError::Shares(_) => ProblemKind::WrongSecret,
        CryptoError::Chunk => ProblemKind::Damaged,
        CryptoError::System(_) => ProblemKind::Failed,
        CryptoError::Body
        | CryptoError::SlotBounds
        | CryptoError::WrongIdentity
        | CryptoError::Enrolment
        | CryptoError::Label
        | CryptoError::Live
        | CryptoError::Restore
        | CryptoError::Wire(_) => ProblemKind::Altered,
    }
}

/// The server's answer is not what it should be.
pub fn malformed(reason: &dyn std::fmt::Display) -> Problem {
    let text = format!(
        "the server’s answer is malformed: {reason}; reload the page, its program may be older than the server"
    );
    Problem::new(ProblemKind::Failed, text)
}

/// The vault is locked.
pub fn locked() -> Problem {
    Problem::new(ProblemKind::Locked, "the vault is locked; unlock it first")
}

/// There is no such thing.
pub fn missing(what: &str) -> Problem {
    Problem::new(
        ProblemKind::Missing,
        format!("there is no such {what}; it may have gone, or the address was cut short"),
    )
}

/// What was asked makes no sense.
pub fn failed(message: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Failed, message)
}
