//! What is kept, as the account decided.

use crate::id::SetId;
use serde::{Deserialize, Serialize};

/// Asks what the account decided about its snapshots. The vault checks every decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadRetention {}

/// What the account decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionView {
    /// What counts, as [`crate::retention::Policy`] is written.
    pub policy: String,
    /// What is carried out until then, while something longer counted lately.
    pub lasting: Option<LastingPolicy>,
    /// Deletions that can still be taken back, the oldest first.
    pub deletions: Vec<DeletionView>,
    /// The account itself is to go.
    pub closing: Option<ClosingView>,
}

/// What is carried out for a while after it was decided to keep less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastingPolicy {
    /// As [`crate::retention::Policy`] is written.
    pub policy: String,
    /// Until when, milliseconds since 1970.
    pub until_ms: u64,
}

/// A deletion that can still be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionView {
    /// Names it.
    pub version: u64,
    /// The set.
    pub set: SetId,
    /// The first commit that goes.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Until when it can be taken back, milliseconds since 1970.
    pub undo_until_ms: u64,
    /// It took the whole set: what its machine is called, as far as that can be read.
    pub whole: Option<String>,
}

/// That the account is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingView {
    /// Names it.
    pub version: u64,
    /// Until when it can be taken back, milliseconds since 1970.
    pub undo_until_ms: u64,
}

/// Checks the snapshots of a machine: the vault proves each that the server lists, judges what lies between them by all that the account
/// ever decided, and compares the clocks of both. Needs an open vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckPoints {
    /// The set.
    pub set: SetId,
}

/// What a check of snapshots found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PointsCheck {
    /// Those that should be there and are not, ascending.
    pub missing: Vec<MissingView>,
    /// The clocks of machine and server mostly disagree: by so much the server's is ahead, below zero behind.
    pub apart_ms: Option<i64>,
}

/// Snapshots that are missing, and that nothing the account decided lets go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingView {
    /// The first of them.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// When the last was received, milliseconds since 1970.
    pub received_ms: u64,
}

/// Decides, signed by the account. It needs an open vault and a fresh proof of identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecideRetention {
    /// What.
    pub wish: Wish,
}

/// What can be decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// What counts from now on, as [`crate::retention::Policy`] is written.
    Keep(String),
    /// Commits are to go, whatever is kept otherwise.
    Delete {
        /// The set.
        set: SetId,
        /// The first of them.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The deletion of this version, or the end of the account, is taken back.
    Undo(u64),
    /// The account itself is to go.
    Close,
}
