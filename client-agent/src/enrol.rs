//! A machine joins an account, with a one-time code between both sides ([`iota_crypto::enrol`] has the formulas).
//!
//! ```text
//! machine: keys ─► hello ─────────────► open grant, check certificate ─► ratchet, identity
//! owner:   relay ─► check hello ─► set, epoch, certificate ─► seal keys ─► grant
//! ```
//! [`machine`] is the side that joins, [`admit`] the owner's; one process may be both.

pub mod admit;
pub mod facts;
pub mod machine;

use crate::{identity::IdentityError, remote::RemoteError, witness::WitnessError};
use iota_core::{
    history::HistoryError,
    id::{ServerId, SetId},
    wire::WireError,
};
use iota_crypto::error::CryptoError;
use thiserror::Error;

/// The machine has not joined.
#[derive(Debug, Error)]
pub enum EnrolError {
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Code, hello or grant.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The history of the set that is taken over.
    #[error("the set is not taken over: {0}")]
    History(#[from] HistoryError),
    /// What the server shows of sets or certificates does not parse.
    #[error("what the server shows of the account's sets is malformed ({0}); its version may not fit this program")]
    Wire(#[from] WireError),
    /// Identity or ratchet.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The witness.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// Nobody answered the code.
    #[error("nobody let this machine in within 15 minutes; make a new code and try again")]
    NoGrant,
    /// The other machine did not speak.
    #[error("the machine did not speak within 15 minutes; make a new code and try again")]
    NoHello,
    /// The certificate is not for this machine, or the keys are another server's.
    #[error("the owner's answer was not made for this machine and server {0}; make a new code and try again")]
    NotOurs(ServerId),
    /// There is no such set.
    #[error("the account has no set {0}; sign in and look at its machines")]
    UnknownSet(SetId),
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, EnrolError>;
