//! What the account decided about its snapshots, and whether that explains what the server does not list.

use super::{History, Result, Snapshot};
use iota_core::{
    commit::SignedHeader,
    history::HistoryError,
    retention::{Decisions, Gap, Point, Shown, unexplained},
};
use std::collections::BTreeMap;

impl Snapshot {
    /// As retention judges it.
    pub fn point(&self) -> Point {
        Point { seq: self.header.seq, received_ms: self.received_ms, device_ms: self.header.device_time_ms }
    }

    fn shown(&self) -> Shown {
        Shown { point: self.point(), prev_received_ms: self.header.prev_received_ms }
    }
}

impl History<'_> {
    /// Everything that the account decided, checked.
    ///
    /// # Errors
    /// [`super::ReadError::Decisions`] when one is missing or not signed by the account; what the server answers instead.
    pub fn decisions(&self) -> Result<Decisions> {
        Ok(self.owner.archive.retention()?.verify(self.owner.account, &self.owner.identity)?)
    }

    /// How many sealed bytes on the server only these snapshots of the set use, ascending.
    ///
    /// # Errors
    /// What the server answers instead.
    pub fn freed(&self, gone: &[u64]) -> Result<u64> {
        Ok(self.owner.archive.freed(self.set, gone)?)
    }

    /// Commits that are missing among `snapshots` (newest first, [`History::snapshots`]) and that no decision let go by `now_ms`, ascending.
    ///
    /// # Errors
    /// [`super::ReadError::History`] when the ends of a deletion are not on the chain under the head.
    pub fn missing(&self, decisions: &Decisions, snapshots: &[Snapshot], now_ms: u64) -> Result<Vec<Gap>> {
        let mut shown: BTreeMap<u64, Shown> =
            snapshots.iter().map(|snapshot| (snapshot.header.seq, snapshot.shown())).collect();
        let own = decisions.standing().filter(|(_, deletion, _)| deletion.set == self.set);
        for seq in own.flat_map(|(_, deletion, _)| [deletion.first, deletion.last]) {
            // The head is listed; what lies above it is not there yet, whatever was signed.
            if seq < self.head.header.seq && !shown.contains_key(&seq) {
                let mut path = self.owner.archive.path(self.set, self.head.header.seq, seq)?;
                let signed = path.pop().ok_or(HistoryError::OtherCommits)?;
                let received_ms = self.receipt(&signed)?;
                shown.insert(seq, Snapshot { received_ms, header: signed.header }.shown());
            }
        }
        let shown: Vec<Shown> = shown.into_values().collect();
        Ok(unexplained(decisions, self.set, &shown, now_ms))
    }

    /// When a commit below the head was received, as the next one signed it. So it is proved to stand under the head, too.
    pub(super) fn receipt(&self, signed: &SignedHeader) -> Result<u64> {
        let seq = signed.header.seq;
        let path = self.owner.archive.path(self.set, self.head.header.seq, seq + 1)?;
        self.certificates.verify_path(&path, self.place(), seq + 1)?;
        let next = path.last().ok_or(HistoryError::OtherCommits)?;
        self.certificates.verify_path(&[next.clone(), signed.clone()], (seq + 1, next.header.hash()), seq)?;
        Ok(next.header.prev_received_ms)
    }
}
