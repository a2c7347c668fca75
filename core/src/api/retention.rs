//! Messages about what is kept of each set. They are JSON, as those of [`super::json`].

use super::json::Bytes;
use crate::{
    id::{AccountId, SetId, VerifyingKey},
    retention::{Decisions, SignedDecision, UnprovedDecisions},
};
use serde::{Deserialize, Serialize};

/// Everything that an account decided about its snapshots: answer to `GET /account/retention`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// [`crate::retention::SignedDecision`], from version 1 on; none while nothing was decided.
    pub decisions: Vec<Bytes>,
    /// When the account goes, by the server's clock, milliseconds since 1970; nothing while that is not decided.
    #[serde(default)]
    pub closes_ms: Option<u64>,
    /// Sets of which nothing is shown because all of it is deleted, until that is final.
    #[serde(default)]
    pub hidden: Vec<HiddenSet>,
    /// Deletions that can still be taken back, by version.
    #[serde(default)]
    pub deletions: Vec<DueDeletion>,
}

/// A deletion that can still be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueDeletion {
    /// Of the decision.
    pub version: u64,
    /// The set.
    pub set: SetId,
    /// The first commit that goes.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// When it becomes final, by the server's clock, milliseconds since 1970.
    pub due_ms: u64,
}

/// A set of which everything is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenSet {
    /// The set.
    pub set: SetId,
    /// Its name, sealed by the account.
    pub label: Bytes,
}

impl Retention {
    /// Checks the list against the pinned `identity` of `account`.
    ///
    /// # Errors
    /// [`UnprovedDecisions`], also for one that is malformed.
    pub fn verify(&self, account: AccountId, identity: &VerifyingKey) -> Result<Decisions, UnprovedDecisions> {
        let decode =
            |(bytes, version): (&Bytes, u64)| SignedDecision::decode(&bytes.0).map_err(|_| UnprovedDecisions(version));
        let signed = self.decisions.iter().zip(1..).map(decode).collect::<Result<Vec<_>, _>>()?;
        Decisions::verify(account, identity, &signed)
    }
}

/// `POST /sets/{set}/freed`: how much would be free if these snapshots were none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskFreed {
    /// Snapshots of the set, ascending, at most [`MAX_FREED`].
    pub gone: Vec<u64>,
}

/// Most snapshots that one [`AskFreed`] names.
pub const MAX_FREED: usize = 100_000;

/// Answer to [`AskFreed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freed {
    /// Sealed bytes of objects that only these snapshots use.
    pub bytes: u64,
}

/// `PUT /account/retention`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decide {
    /// The next [`crate::retention::SignedDecision`].
    pub decision: Bytes,
}
