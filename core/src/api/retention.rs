//! Messages about what is kept of each set. They are JSON, as those of [`super::json`].

use super::json::Bytes;
use crate::{
    id::{AccountId, VerifyingKey},
    retention::{Decisions, SignedDecision, UnprovedDecisions},
};
use serde::{Deserialize, Serialize};

/// Everything that an account decided about its snapshots: answer to `GET /account/retention`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// [`crate::retention::SignedDecision`], from version 1 on; none while nothing was decided.
    pub decisions: Vec<Bytes>,
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

/// `PUT /account/retention`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decide {
    /// The next [`crate::retention::SignedDecision`].
    pub decision: Bytes,
}
