//! A walk through the log, once, from the oldest snapshot on: what each changed.
//!
//! It costs the sealed bodies of all commits and, at each base, the pages that are not in the one before; of the first base all
//! pages of the range. In memory are one stretch of the log, from a base to the next, and what is wanted of one snapshot's changes.

use super::{
    History, Objects, ReadError, Result, Snapshot, WalkError,
    between::{Differences, KeyRange},
};
use iota_core::{
    commit::{Change, CommitKind},
    difference::Difference,
    entry::Entry,
    history::{HistoryError, VerifiedSegment},
    operation::Operation,
    path::TreePath,
    state::State,
};
use iota_crypto::history::open_bodies;
use std::collections::HashMap;

/// What a snapshot changed of what is wanted.
#[derive(Default)]
pub(super) struct Changes {
    /// What each path is now; nothing when it is gone. It may be what it was before.
    pub entries: HashMap<TreePath, Option<Entry>>,
    /// What could not be read: what stood there is taken to be as it was, or as the next base says.
    pub losses: Vec<WalkError>,
}

/// What is looked at.
pub(super) struct Scope<'s> {
    /// Where all that is wanted lies.
    pub range: KeyRange,
    pub is_wanted: &'s dyn Fn(&TreePath) -> bool,
}

impl History<'_> {
    /// Hands on every one of `snapshots` (newest first, [`History::snapshots`]), the oldest first. Of everything, the state roots are
    /// checked at each base.
    pub(super) fn follow(
        &self,
        snapshots: &[Snapshot],
        scope: &Scope<'_>,
        mut each: impl FnMut(&Snapshot, Changes) -> Result<()>,
    ) -> Result<()> {
        let objects = self.objects();
        let (mut state, mut changes) = (State::empty(), Changes::default());
        let mut newest_first = snapshots;
        while !newest_first.is_empty() {
            let (segment, later) = self.oldest_segment(newest_first)?;
            let mut snapshots = newest_first[later..].iter().rev().peekable();
            for ((commit, _), body) in segment.commits().zip(open_bodies(&segment, &self.owner.master)?) {
                if let Change::Delta(operations) = &body.change {
                    changes.note(operations, scope);
                    state.advance(body);
                } else {
                    let base = State::begin(body)?;
                    changes.cross(&objects, &state, &base, scope)?;
                    state = base;
                }
                let seq = commit.header.header.seq;
                if let Some(snapshot) = snapshots.next_if(|snapshot| snapshot.header.seq == seq) {
                    each(snapshot, std::mem::take(&mut changes))?;
                }
            }
            if snapshots.next().is_some() {
                return Err(HistoryError::OtherCommits.into());
            }
            newest_first = &newest_first[..later];
        }
        Ok(())
    }

    /// The stretch of the log with the oldest of `snapshots`, and how many of them are later. A base need not be a snapshot any more.
    fn oldest_segment(&self, snapshots: &[Snapshot]) -> Result<(VerifiedSegment, usize)> {
        let oldest = snapshots.last().ok_or(ReadError::NoCommit)?.header.seq;
        let next_base = |snapshot: &Snapshot| snapshot.header.kind == CommitKind::Base && snapshot.header.seq > oldest;
        let mut later = snapshots.iter().rposition(next_base).map_or(0, |base| base + 1);
        loop {
            let segment = self.segment(snapshots[later].header.seq)?;
            let base = segment.commits().next().map_or(0, |(commit, _)| commit.header.header.seq);
            if base <= oldest {
                return Ok((segment, later));
            }
            later = snapshots.partition_point(|snapshot| snapshot.header.seq >= base);
        }
    }
}

impl Changes {
    fn note(&mut self, operations: &[Operation], scope: &Scope<'_>) {
        for operation in operations.iter().filter(|operation| (scope.is_wanted)(operation.path())) {
            let entry = match operation {
                Operation::Put(entry) => Some(entry.clone()),
                Operation::Remove(_) => None,
            };
            self.entries.insert(operation.path().clone(), entry);
        }
    }

    fn cross(&mut self, objects: &Objects<'_>, before: &State, base: &State, scope: &Scope<'_>) -> Result<()> {
        for difference in Differences::new(objects, before, base, scope.range.clone())? {
            match difference {
                Ok(difference) if !(scope.is_wanted)(difference.path()) => {}
                Ok(Difference::Added(entry)) => drop(self.entries.insert(entry.path.clone(), Some(entry))),
                Ok(Difference::Changed { after, .. }) => drop(self.entries.insert(after.path.clone(), Some(*after))),
                Ok(Difference::Removed(entry)) => drop(self.entries.insert(entry.path, None)),
                Err(WalkError::Fatal(error)) => return Err(error),
                Err(error) => self.losses.push(error),
            }
        }
        Ok(())
    }
}
