//! What the account's machines say of each other: each commit names heads of other sets that its machine was told of, so that
//! a server that hides the progress of one has to hide that of all.

use super::{History, ReadError, Result};
use crate::owner::Owner;
use iota_core::{api::json::SetInfo, commit::Seen, id::SetId};
use iota_crypto::history::open_bodies;
use std::collections::BTreeMap;
use thiserror::Error;

/// Why the server may hide something.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Doubt {
    /// A machine was told of a commit that the server does not show.
    #[error(
        "the machine of set {by} was told of commit {seq} of set {set}, which the server does not show now; it may show an old state"
    )]
    Hidden {
        /// The set of the commit.
        set: SetId,
        /// The commit.
        seq: u64,
        /// The set of the machine.
        by: SetId,
    },
    /// The newest commits of a set cannot be read, and so not what they say of others.
    #[error("what the machine of set {set} knows of the others cannot be read: {reason}")]
    Unreadable {
        /// Which set.
        set: SetId,
        /// Why.
        reason: String,
    },
}

impl History<'_> {
    /// Compares what the newest commits of all sets of the account say of each other with what the server shows.
    ///
    /// # Errors
    /// [`ReadError::Remote`] when the server cannot be asked.
    pub fn doubts(&self) -> Result<Vec<Doubt>> {
        let sets = self.owner.archive.sets()?;
        let (mut doubts, mut histories) = (Vec::new(), BTreeMap::new());
        for info in &sets {
            match Self::with_seen(self.owner, info) {
                Ok(found) => drop(histories.insert(info.set, found)),
                Err(ReadError::NoCommit) => {}
                Err(error @ ReadError::Remote(_)) => return Err(error),
                Err(error) => doubts.push(Doubt::Unreadable { set: info.set, reason: error.to_string() }),
            }
        }
        let decisions = self.decisions()?;
        for (&by, (_, seen)) in &histories {
            for &Seen { set, seq, hash } in seen.values() {
                let shown = histories.get(&set).map(|(history, _)| history.compare(history.place(), (seq, hash)));
                match shown {
                    Some(Ok(())) => {}
                    Some(Err(error @ ReadError::Remote(_))) => return Err(error),
                    // A set that its owner deleted is shown no more.
                    None if decisions.deleted(set, seq, seq) => {}
                    Some(Err(_)) | None => doubts.push(Doubt::Hidden { set, seq, by }),
                }
            }
        }
        Ok(doubts)
    }

    /// The history of a set, and the newest heads that its newest segment names.
    fn with_seen<'o>(owner: &'o Owner, info: &SetInfo) -> Result<(History<'o>, BTreeMap<SetId, Seen>)> {
        let history = History::verified(owner, info, None)?;
        let segment = history.segment(history.head.header.seq)?;
        let mut newest = BTreeMap::<SetId, Seen>::new();
        for seen in open_bodies(&segment, &owner.master)?.into_iter().flat_map(|body| body.seen) {
            let known = newest.entry(seen.set).or_insert(seen);
            if seen.seq > known.seq {
                *known = seen;
            }
        }
        Ok((history, newest))
    }
}
