//! One error for each class of object, so that no answer tells an attacker which step failed.

use iota_core::wire::WireError;
use thiserror::Error;

/// Why something did not open.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CryptoError {
    /// A chunk object is damaged or not what it should be.
    #[error("the chunk is damaged or was replaced")]
    Chunk,
    /// A commit body is damaged, or was written under another key.
    #[error("the commit body is damaged, was replaced, or belongs to another key epoch")]
    Body,
    /// The secret does not open the slot.
    #[error("that does not open the vault; check the words, the password and capital letters")]
    Slot,
    /// The slot asks for key derivation outside of the compiled-in bounds.
    #[error(
        "this way to open the vault asks for a key derivation that this program refuses; the server may have altered it"
    )]
    SlotBounds,
    /// The opened vault is not the account's.
    #[error("the vault that opened is not this account's; the server may have replaced it")]
    WrongIdentity,
    /// An enrolment message was not made with this code.
    #[error("the enrolment message was not made with this code, or was altered on the way")]
    Enrolment,
    /// A sealed name does not open.
    #[error("the sealed name does not open with this account's key")]
    Label,
    /// A message of the sealed channel does not open, or is not newer than the last.
    #[error("a message of the live channel does not open, or was shown before")]
    Live,
    /// An order to restore, or what became of it, does not open, or is too long.
    #[error("an order to restore does not open here, or is too long")]
    Restore,
    /// Text that a person keeps (words, kit, key file, code) does not parse.
    #[error("{what} is not complete or has a mistake in it: {hint}")]
    Text {
        /// What was read.
        what: &'static str,
        /// What to look at.
        hint: &'static str,
    },
    /// Shares of trusted people do not add up.
    #[error(transparent)]
    Shares(#[from] SharesError),
    /// Foreign bytes are malformed.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The operating system gave no randomness, or compression failed.
    #[error("the system failed: {0}")]
    System(&'static str),
}

/// Why shares do not open their slot.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SharesError {
    /// So many are not made.
    #[error("that cannot be shared: there are 2 to 16 sheets, and 2 of them at least are needed")]
    Numbers,
    /// There is none.
    #[error("there is no sheet yet; choose or type the first")]
    None,
    /// There are not enough of them.
    #[error("{threshold} of {count} sheets are needed, {given} given; bring more of them together")]
    TooFew {
        /// How many are needed.
        threshold: u8,
        /// How many there are.
        count: u8,
        /// How many are here.
        given: usize,
    },
    /// One counts once.
    #[error("sheet {0} is given twice; each counts once")]
    Twice(u8),
    /// Some were made at another time, or for another vault.
    #[error("these sheets do not belong together; take those that show the same set")]
    OtherSet,
    /// They say different things about themselves.
    #[error("these sheets contradict each other; one of them was altered")]
    Mixed,
    /// What they add up to is not the secret of their slot.
    #[error("these sheets do not open it; one of them was altered")]
    Wrong,
}

/// Result of this crate.
pub type Result<T> = core::result::Result<T, CryptoError>;
