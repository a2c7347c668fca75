//! How a check ends.

use crate::error::CryptoError;
use iota_core::{chain::BrokenChain, id::BadSignature, wire::WireError};

/// Why a check did not succeed.
pub(super) enum Fault {
    /// The input was refused, with this class of error.
    Class(&'static str),
    /// The vector is malformed, or an accepted input gave another result.
    Broken(String),
}

/// Result of a check.
pub(super) type Check<T = ()> = Result<T, Fault>;

impl From<WireError> for Fault {
    fn from(error: WireError) -> Self {
        Self::Class(match error {
            WireError::Truncated => "truncated",
            WireError::Trailing => "trailing",
            WireError::UnknownType => "unknown-type",
            WireError::Invalid(_) => "invalid",
            WireError::TooLarge(_) => "too-large",
        })
    }
}

impl From<CryptoError> for Fault {
    fn from(error: CryptoError) -> Self {
        Self::Class(match error {
            CryptoError::Chunk => "chunk",
            CryptoError::Body => "body",
            CryptoError::Slot => "slot",
            CryptoError::SlotBounds => "slot-bounds",
            CryptoError::WrongIdentity => "wrong-identity",
            CryptoError::Enrolment => "enrolment",
            CryptoError::Label => "label",
            CryptoError::Live => "live",
            CryptoError::Restore => "restore",
            CryptoError::Text { .. } => "text",
            CryptoError::Shares(_) => "shares",
            CryptoError::System(_) => "system",
            CryptoError::Wire(error) => return error.into(),
        })
    }
}

impl From<BadSignature> for Fault {
    fn from(_: BadSignature) -> Self {
        Self::Class("signature")
    }
}

impl From<BrokenChain> for Fault {
    fn from(_: BrokenChain) -> Self {
        Self::Class("chain")
    }
}
