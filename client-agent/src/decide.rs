//! Deciding what is kept: each decision is signed by the identity key, and follows the last one.

use crate::{owner::Owner, remote::RemoteError, remote::http::WebSession};
use iota_core::{
    api::{json::Bytes, retention::Decide},
    retention::{Decision, Decisions, UnprovedDecisions, What},
};
use iota_crypto::retention::sign;
use thiserror::Error;

/// Nothing was decided.
#[derive(Debug, Error)]
pub enum DecideError {
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Its list of decisions does not hold.
    #[error(transparent)]
    Decisions(#[from] UnprovedDecisions),
    /// An older list of decisions.
    #[error(
        "the server shows {shown} decisions of this account, but {seen} were seen before; it may show an old state"
    )]
    Old {
        /// What was seen.
        seen: u64,
        /// What the server shows.
        shown: u64,
    },
}

/// Everything that the account decided, checked; `seen` is the newest version that was seen before.
///
/// # Errors
/// [`DecideError`].
pub fn decisions(session: &WebSession, owner: &Owner, seen: u64) -> Result<Decisions, DecideError> {
    let decisions = session.retention()?.verify(owner.account, &owner.identity)?;
    require_not_older(&decisions, seen)?;
    Ok(decisions)
}

/// Refuses a list that is shorter than it was.
///
/// # Errors
/// [`DecideError::Old`].
pub fn require_not_older(decisions: &Decisions, seen: u64) -> Result<(), DecideError> {
    let shown = decisions.version();
    if shown < seen { Err(DecideError::Old { seen, shown }) } else { Ok(()) }
}

/// Signs and sends the decision after `decisions`. Returns its version.
///
/// # Errors
/// [`DecideError`].
pub fn decide(
    session: &WebSession,
    owner: &Owner,
    decisions: &Decisions,
    what: What,
    now_ms: u64,
) -> Result<u64, DecideError> {
    let version = decisions.version() + 1;
    let decision = Decision { account: owner.account, version, decided_ms: now_ms, what };
    let signed = sign(decision, &owner.master.identity(owner.account));
    session.decide(&Decide { decision: Bytes(signed.encode()) })?;
    Ok(version)
}
