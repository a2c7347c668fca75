//! The list of snapshots, each proved to stand under the verified head.

use super::{History, ReadError, Result};
use iota_core::{
    api::json::SnapshotInfo,
    commit::{Flags, Header, SignedHeader, Totals},
    history::HistoryError,
};
use iota_crypto::history::open_bodies;
use std::collections::BTreeMap;

/// Snapshots asked for at a time.
const LIST_LIMIT: usize = 1000;

/// A commit that can be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// When the server received it, milliseconds since 1970; signed by the next commit. Of the head it is the server's word.
    pub received_ms: u64,
    /// The header, verified to be on the chain.
    pub header: Header,
}

impl History<'_> {
    /// All snapshots, newest first.
    ///
    /// # Errors
    /// [`ReadError::History`] when one is not on the chain under the head.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>> {
        let mut all = Vec::new();
        self.list_until(|snapshot| {
            all.push(snapshot.clone());
            false
        })?;
        Ok(all)
    }

    /// What each of `snapshots` (newest first) contains, by its number, and those of the same segments. Totals stand in the sealed
    /// bodies: every body down to the base of the last one is fetched and opened, a segment at a time.
    ///
    /// # Errors
    /// As [`History::at`].
    pub fn totals(&self, snapshots: &[Snapshot]) -> Result<BTreeMap<u64, Totals>> {
        let mut totals = BTreeMap::new();
        for Snapshot { header, .. } in snapshots {
            if totals.contains_key(&header.seq) {
                continue;
            }
            let segment = self.segment(header.seq)?;
            let bodies = open_bodies(&segment, &self.owner.master)?;
            let seqs = segment.commits().map(|(commit, _)| commit.header.header.seq);
            totals.extend(seqs.zip(bodies.into_iter().map(|body| body.totals)));
        }
        Ok(totals)
    }

    /// The newest commit that was received at `ms` or before and is not partial; when all are, the newest of them.
    pub(super) fn newest_until(&self, ms: u64) -> Result<u64> {
        let mut newest = None;
        let complete = self.list_until(|snapshot| {
            let fits = snapshot.received_ms <= ms;
            newest = newest.or_else(|| fits.then_some(snapshot.header.seq));
            fits && !snapshot.header.flags.contains(Flags::PARTIAL)
        })?;
        let none = || ReadError::NoPoint(format!("snapshot from {} or before", super::moment::show_time(ms)));
        complete.map(|snapshot| snapshot.header.seq).or(newest).ok_or_else(none)
    }

    /// Walks down the list, checks each, and returns the first that is `wanted`.
    fn list_until(&self, mut wanted: impl FnMut(&Snapshot) -> bool) -> Result<Option<Snapshot>> {
        let mut last: Option<Header> = None;
        loop {
            let before = last.as_ref().map_or(self.head.header.seq + 1, |header| header.seq);
            let listed = self.owner.archive.snapshots(self.set, Some(before), LIST_LIMIT)?;
            if listed.is_empty() {
                return if last.is_some() { Ok(None) } else { Err(HistoryError::OtherCommits.into()) };
            }
            for info in listed {
                let snapshot = self.check(&info, last.as_ref())?;
                if wanted(&snapshot) {
                    return Ok(Some(snapshot));
                }
                last = Some(snapshot.header);
            }
        }
    }

    /// `upper` is the snapshot above in the list; the first must be the head.
    fn check(&self, info: &SnapshotInfo, upper: Option<&Header>) -> Result<Snapshot> {
        let signed = SignedHeader::decode(&info.header.0)?;
        let header = signed.header.clone();
        self.certificates.of(&header)?;
        let received_ms = match upper {
            None if header == self.head.header => self.head_received_ms,
            Some(upper) if header.seq + 1 == upper.seq && upper.prev == header.hash() => upper.prev_received_ms,
            Some(upper) if header.seq < upper.seq && header.seq + 1 != upper.seq => self.receipt(&signed)?,
            _ => return Err(HistoryError::OtherCommits.into()),
        };
        if header.seq != info.seq {
            return Err(HistoryError::OtherCommits.into());
        }
        Ok(Snapshot { received_ms, header })
    }
}
