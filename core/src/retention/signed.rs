//! The account's word on what is kept: each decision is signed by the identity key, and all of them are kept, because what went by
//! an earlier one does not come back.

use super::{InForce, MAX_SKEW_MS, Policy, in_force};
use crate::{
    id::{AccountId, BadSignature, SetId, Signature, VerifyingKey},
    wire::{Reader, Result, WireError, Writer},
};
use std::collections::BTreeSet;
use thiserror::Error;

const TYPE: &[u8] = b"iotabackup/retention/v1\0";
/// How often an account may decide.
pub const MAX_VERSION: u64 = 10_000;
/// How long a deletion can be taken back, and for how long what a policy kept stays after a shorter one was decided.
pub const UNDO_MS: u64 = 14 * 24 * 3_600_000;

/// Something that an account decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The account.
    pub account: AccountId,
    /// Grows by one with every decision, from 1 to [`MAX_VERSION`].
    pub version: u64,
    /// When it was signed, milliseconds since 1970.
    pub decided_ms: u64,
    /// What was decided.
    pub what: What,
}

/// What an account can decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// What counts from now on.
    Keep(Policy),
    /// Commits that are to go, whatever the policy.
    Delete(Deletion),
    /// What this version decided is taken back: a deletion, or [`What::Close`].
    Undo(u64),
    /// The account itself is to go, with all of its sets.
    Close,
}

/// Commits of a set, from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    /// The set.
    pub set: SetId,
    /// The first of them.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl Decision {
    /// The bytes that are signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::typed(TYPE);
        writer.raw(&self.account.0).u64(self.version).u64(self.decided_ms);
        match self.what {
            What::Keep(policy) => policy.write(writer.u8(1)),
            What::Delete(Deletion { set, first, last }) => {
                writer.u8(2).raw(&set.0).u64(first).u64(last);
            }
            What::Undo(version) => {
                writer.u8(3).u64(version);
            }
            What::Close => {
                writer.u8(4);
            }
        }
        writer.finish()
    }

    /// Parses [`Decision::encode`].
    ///
    /// # Errors
    /// [`WireError`], also for a policy that no account may have.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::typed(bytes, TYPE)?;
        let decision = Self {
            account: AccountId(reader.array()?),
            version: reader.u64()?,
            decided_ms: reader.u64()?,
            what: match reader.u8()? {
                1 => What::Keep(Policy::read(&mut reader)?),
                2 => What::Delete(Deletion { set: SetId(reader.array()?), first: reader.u64()?, last: reader.u64()? }),
                3 => What::Undo(reader.u64()?),
                4 => What::Close,
                _ => return Err(WireError::Invalid("kind of decision")),
            },
        };
        reader.finish()?;
        let fits = match decision.what {
            What::Keep(_) | What::Close => true,
            What::Delete(Deletion { first, last, .. }) => 0 < first && first <= last && last <= i64::MAX as u64,
            What::Undo(version) => 0 < version && version < decision.version,
        };
        if !fits || !(1..=MAX_VERSION).contains(&decision.version) || decision.decided_ms > i64::MAX as u64 {
            return Err(WireError::Invalid("decision"));
        }
        Ok(decision)
    }
}

/// A decision with the account's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDecision {
    /// What is signed.
    pub decision: Decision,
    /// Signature of [`Decision::encode`] by the account's identity key.
    pub signature: Signature,
}

impl SignedDecision {
    /// Signature, then decision.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.signature.0.to_vec();
        bytes.extend_from_slice(&self.decision.encode());
        bytes
    }

    /// Parses [`SignedDecision::encode`]; does not check the signature.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (signature, decision) = bytes.split_first_chunk().ok_or(WireError::Truncated)?;
        Ok(Self { decision: Decision::decode(decision)?, signature: Signature(*signature) })
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, identity: &VerifyingKey) -> ::core::result::Result<(), BadSignature> {
        identity.verify(&self.decision.encode(), &self.signature)
    }
}

/// The decisions that a server shows are not those that the account made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the server's list of what this account decided about its snapshots does not hold at version {0}; the server may have altered it"
)]
pub struct UnprovedDecisions(pub u64);

/// Everything that an account decided, checked, from the first on.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    all: Vec<Decision>,
    /// Versions that were taken back.
    undone: BTreeSet<u64>,
}

impl Decisions {
    /// Checks the decisions of `account`, in order, against the pinned `identity`.
    ///
    /// # Errors
    /// [`UnprovedDecisions`] when one is missing, not signed by the account, older than the one before, takes back what does not
    /// stand, or closes what is being closed.
    pub fn verify(
        account: AccountId,
        identity: &VerifyingKey,
        decisions: &[SignedDecision],
    ) -> ::core::result::Result<Self, UnprovedDecisions> {
        let mut checked = Self::default();
        for signed in decisions {
            let version = checked.version() + 1;
            if signed.decision.account != account
                || signed.verify(identity).is_err()
                || checked.push(signed.decision).is_none()
            {
                return Err(UnprovedDecisions(version));
            }
        }
        Ok(checked)
    }

    /// Adds a decision of the account's; `None` when it does not follow.
    fn push(&mut self, decision: Decision) -> Option<()> {
        let from_ms = self.all.last().map_or(0, |last| last.decided_ms);
        if decision.version != self.version() + 1 || decision.decided_ms < from_ms {
            return None;
        }
        match decision.what {
            What::Undo(version) if self.stands(version) => drop(self.undone.insert(version)),
            What::Close if self.closing().is_some() => return None,
            What::Undo(_) => return None,
            What::Keep(_) | What::Delete(_) | What::Close => {}
        }
        self.all.push(decision);
        Some(())
    }

    /// Whether what this version took away can be taken back.
    fn stands(&self, version: u64) -> bool {
        let closing = self.closing().is_some_and(|(closing, _)| closing == version);
        closing || self.standing().any(|(standing, ..)| standing == version)
    }

    /// The newest version; 0 while nothing was decided.
    pub fn version(&self) -> u64 {
        self.all.last().map_or(0, |decision| decision.version)
    }

    fn policies(&self) -> impl DoubleEndedIterator<Item = (Policy, u64)> {
        self.all.iter().filter_map(|decision| match decision.what {
            What::Keep(policy) => Some((policy, decision.decided_ms)),
            What::Delete(_) | What::Undo(_) | What::Close => None,
        })
    }

    /// What is carried out at `now_ms`: [`Decisions::policy`], and what earlier ones kept until lately.
    pub fn in_force(&self, now_ms: u64) -> InForce {
        in_force(self.policies(), now_ms)
    }

    /// What counts, as was decided last.
    pub fn policy(&self) -> Policy {
        self.policies().next_back().map_or_else(Policy::default, |(policy, _)| policy)
    }

    /// Every policy that ever counted, and until when at the latest; the last one until `now_ms`. The clocks of who decided, of the
    /// server and of the reader may be [`MAX_SKEW_MS`] apart.
    pub fn each_until(&self, now_ms: u64) -> impl Iterator<Item = (Policy, u64)> {
        let policies = std::iter::once(Policy::default()).chain(self.policies().map(|(policy, _)| policy));
        let ends = self.policies().map(move |(_, decided_ms)| decided_ms.min(now_ms)).chain([now_ms]);
        policies.zip(ends.map(|end_ms| end_ms.saturating_add(MAX_SKEW_MS)))
    }

    /// Deletions that were not taken back: version, what goes, and when that was decided.
    pub fn standing(&self) -> impl Iterator<Item = (u64, Deletion, u64)> {
        self.all.iter().filter_map(|decision| match decision.what {
            What::Delete(deletion) if !self.undone.contains(&decision.version) => {
                Some((decision.version, deletion, decision.decided_ms))
            }
            _ => None,
        })
    }

    /// That the account is to go, unless it was taken back: version, and when that was decided.
    pub fn closing(&self) -> Option<(u64, u64)> {
        let stands = |decision: &&Decision| decision.what == What::Close && !self.undone.contains(&decision.version);
        self.all.iter().rfind(stands).map(|decision| (decision.version, decision.decided_ms))
    }

    /// Whether deletions that stand took all commits of a set from `first` to `last`.
    pub fn deleted(&self, set: SetId, first: u64, last: u64) -> bool {
        self.standing().any(|(_, gone, _)| gone.set == set && gone.first <= first && last <= gone.last)
    }
}
