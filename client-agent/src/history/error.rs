//! Why history cannot be read.

use crate::remote::RemoteError;
use iota_core::{history::HistoryError, retention::UnprovedDecisions, state::ReplayError, wire::WireError};
use iota_crypto::error::CryptoError;
use thiserror::Error;

/// Why history cannot be read. What is lost of single objects is told apart, by [`super::LostObject`].
#[derive(Debug, Error)]
pub enum ReadError {
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The server shows something else than the history of the set.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The server's list of what the account decided does not hold.
    #[error(transparent)]
    Decisions(#[from] UnprovedDecisions),
    /// A body does not open.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// Foreign bytes are malformed.
    #[error("the server's answer is malformed: {0}; its version may not fit this program")]
    Wire(#[from] WireError),
    /// The commits make no state.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// There is no backup yet.
    #[error("there is no backup in this set yet; run `iota backup` on its machine")]
    NoCommit,
    /// The account has no such set.
    #[error("there is no backup set {wanted:?}; there are: {known}")]
    NoSet {
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// Several sets fit.
    #[error("several backup sets fit; name one with --set: {0}")]
    WhichSet(String),
    /// There is no such point in time.
    #[error("there is no {0}; see `iota snapshots`")]
    NoPoint(String),
    /// A point in time that makes no sense.
    #[error(
        "{0:?} is no point in time; give a number from `iota snapshots`, a time like 2026-11-25T18:00:00Z, \
         \"2026-11-25 18:00\" or 2026-11-25, or latest"
    )]
    BadPoint(String),
    /// The path is not in the state.
    #[error("there is no {0} in this snapshot; see `iota ls`")]
    NoPath(String),
    /// The path is in no state.
    #[error("/{0} is in no snapshot of this set; `iota find` looks in all of them for a part of a name")]
    NeverThere(String),
    /// A thread ended in the middle.
    #[error("a thread that reads ended early; run the same command again")]
    Stopped,
    /// A temporary file of this program.
    #[error("a temporary file failed: {0}; check the free space in /tmp")]
    Temporary(#[from] rusqlite::Error),
}
