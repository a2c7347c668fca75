//! The list of snapshots, each proved to stand under the verified head.

use super::{History, ReadError, Result};
use iota_core::{
    api::json::SnapshotInfo,
    commit::{Flags, Header, SignedHeader},
    history::HistoryError,
};

/// Snapshots asked for at a time.
const LIST_LIMIT: usize = 1000;

/// A commit that can be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// When the server received it, milliseconds since 1970; signed by the next commit where that one is listed.
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

    /// The newest commit that is no beginning of a first scan; the newest of all when none is.
    pub(super) fn newest_whole(&self) -> Result<u64> {
        let is_whole = |header: &Header| !header.flags.contains(Flags::PARTIAL);
        let head = &self.head.header;
        if is_whole(head) {
            return Ok(head.seq);
        }
        let found = self.list_until(|snapshot| is_whole(&snapshot.header))?;
        Ok(found.map_or(head.seq, |snapshot| snapshot.header.seq))
    }

    /// The newest commit that was received at `ms` or before.
    pub(super) fn newest_until(&self, ms: u64) -> Result<u64> {
        let found = self.list_until(|snapshot| snapshot.received_ms <= ms)?;
        let none = || ReadError::NoPoint(format!("snapshot from {} or before", super::moment::show_time(ms)));
        found.map(|snapshot| snapshot.header.seq).ok_or_else(none)
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
        let header = signed.header;
        self.certificates.of(&header)?;
        let received_ms = match upper {
            None if header == self.head.header => self.head_received_ms,
            Some(upper) if header.seq + 1 == upper.seq && upper.prev == header.hash() => upper.prev_received_ms,
            Some(upper) if header.seq < upper.seq && header.seq + 1 != upper.seq => {
                let path = self.owner.archive.path(self.set, header.seq)?;
                self.certificates.verify_path(&path, header.seq)?;
                let head = path.first().map(|head| (head.header.seq, head.header.hash()));
                self.compare(head.ok_or(HistoryError::OtherCommits)?, (self.head.header.seq, self.head.header.hash()))?;
                if path.last().is_none_or(|last| last.header != header) {
                    return Err(HistoryError::OtherCommits.into());
                }
                info.received_ms
            }
            _ => return Err(HistoryError::OtherCommits.into()),
        };
        if header.seq != info.seq {
            return Err(HistoryError::OtherCommits.into());
        }
        Ok(Snapshot { received_ms, header })
    }
}
