//! Beside the file system walks the cache: what did not change stays, what is not there any more goes.

use super::{
    BackupError, Run,
    source::{Found, FoundKind, KeyRange, Source},
};
use crate::state::{Known, Stamp, State, StateError};
use iota_core::{
    commit::{Gap, GapReason},
    entry::{Entry, Kind},
    extent::{Content, Extent},
    operation::Operation,
    path::{Key, TreePath},
};
use std::collections::VecDeque;

impl Run<'_, '_> {
    pub(super) fn found(
        &mut self,
        source: &mut impl Source,
        known: &mut KnownCursor,
        mut found: Found,
    ) -> Result<(), BackupError> {
        let key = found.path.key();
        self.gaps.reached(key.as_bytes());
        while let Some(gone) = known.next_below(&self.state, key.as_bytes())? {
            self.remove(&gone.key)?;
        }
        let before = known.next_at(&self.state, key.as_bytes())?;
        if found.kind != FoundKind::Dir {
            self.gaps.settle(found.path.as_bytes());
        }
        if let FoundKind::File { link: Some(leader) } = &mut found.kind
            && self.part
            && *leader == found.path
        {
            // The first of its paths may lie where this walk does not come.
            match self.known_leader(&found.path, before.as_ref(), &found.stamp)? {
                Some(known) => *leader = known,
                None => self.report.wants_whole = true,
            }
        }
        let unmounted = before.as_ref().is_some_and(Known::was_mount) && !found.stamp.mount;
        if unmounted && source.hold_if_empty() {
            return Ok(());
        }
        if let Some(before) = &before
            && !self.options.full
            && before.is_as(&found.stamp)
            && self.still_fits(&found, &before.key)?
        {
            if matches!(found.kind, FoundKind::File { .. }) {
                self.monitor.unchanged(found.stamp.size);
            }
            if before.lacks_metadata() {
                self.gap(Gap { path: found.path.as_bytes().into(), reason: GapReason::Unsupported });
            }
            return Ok(());
        }
        self.read(source, found)
    }

    /// The first path of the file that was known at a path, if it still is the same file.
    fn known_leader(
        &self,
        path: &TreePath,
        before: Option<&Known>,
        stamp: &Stamp,
    ) -> Result<Option<TreePath>, BackupError> {
        if !before.is_some_and(|before| before.is_of(stamp.inode)) {
            return Ok(None);
        }
        match self.state.entry(path)?.map(|entry| entry.kind) {
            Some(Kind::File { link, .. }) => Ok(link),
            _ => Ok(None),
        }
    }

    /// Whether an entry with an unchanged stamp can stay: its link group has the same first path, and its bundle is
    /// worth keeping.
    fn still_fits(&self, found: &Found, key: &[u8]) -> Result<bool, BackupError> {
        let FoundKind::File { link } = &found.kind else { return Ok(true) };
        if link.is_none() && self.sparse.is_empty() {
            return Ok(true);
        }
        let Some(tail) = self.state.tail(key)? else { return Ok(false) };
        let Kind::File { link: known, content, .. } = Entry::decode_tail(found.path.clone(), &tail)?.kind else {
            return Ok(false);
        };
        let sparse = match &content {
            Content::Inline(extents) => extents
                .iter()
                .any(|extent| matches!(extent, Extent::Slice { chunk, .. } if self.sparse.contains(&chunk.cid))),
            Content::Pages(_) | Content::Index(_) => false,
        };
        Ok(known == *link && !sparse)
    }

    /// Keeps what is known at (or below) a path that cannot be read now.
    pub(super) fn keep_known(&mut self, known: &mut KnownCursor, path: &[u8], below: bool) -> Result<(), BackupError> {
        let Ok(path) = TreePath::parse(path) else { return Ok(()) };
        let (start, end) = if below {
            (Key::subtree_start(Some(&path)), Key::subtree_end(&path))
        } else {
            let key = path.key().as_bytes().to_vec();
            let end = [&key[..], &[0]].concat();
            (key, end)
        };
        while let Some(gone) = known.next_below(&self.state, &start)? {
            self.remove(&gone.key)?;
        }
        while known.next_below(&self.state, &end)?.is_some() {}
        Ok(())
    }

    /// Removes an entry, and with a directory all that is below it: a commit in the middle of a scan has no orphans.
    pub(super) fn remove(&mut self, key: &[u8]) -> Result<(), BackupError> {
        let Some(removed) = self.state.remove(key)? else { return Ok(()) };
        if removed.kind == Kind::Dir {
            self.remove_below(&removed.path)?;
        }
        self.note_change(Operation::Remove(removed.path));
        Ok(())
    }

    pub(super) fn remove_below(&mut self, path: &TreePath) -> Result<(), BackupError> {
        let (mut start, end) = (Key::subtree_start(Some(path)), Key::subtree_end(path));
        loop {
            let below = self.state.known_from(&start, &end, KnownCursor::BATCH)?;
            let Some(last) = below.last() else { return Ok(()) };
            start = [&last.key[..], &[0]].concat();
            for known in &below {
                if let Some(removed) = self.state.remove(&known.key)? {
                    self.note_change(Operation::Remove(removed.path));
                }
            }
        }
    }
}

/// Walks through the known entries beside the file system, both in key order.
pub(super) struct KnownCursor {
    batch: VecDeque<Known>,
    /// Where to go on.
    ranges: VecDeque<KeyRange>,
}

impl KnownCursor {
    const BATCH: usize = 1000;

    /// Over what is known in `ranges`.
    pub fn new(ranges: Vec<KeyRange>) -> Self {
        Self { batch: VecDeque::new(), ranges: ranges.into() }
    }

    fn peek(&mut self, state: &State) -> Result<Option<&Known>, StateError> {
        while self.batch.is_empty()
            && let Some(range) = self.ranges.front_mut()
        {
            self.batch = match &range.end {
                Some(end) => state.known_from(&range.start, end, Self::BATCH)?,
                None => state.known_after(&range.start, Self::BATCH)?,
            }
            .into();
            match self.batch.back() {
                Some(last) if self.batch.len() == Self::BATCH => {
                    range.start.clone_from(&last.key);
                    if range.end.is_some() {
                        range.start.push(0);
                    }
                }
                _ => drop(self.ranges.pop_front()),
            }
        }
        Ok(self.batch.front())
    }

    pub fn next(&mut self, state: &State) -> Result<Option<Known>, StateError> {
        self.peek(state)?;
        Ok(self.batch.pop_front())
    }

    fn next_below(&mut self, state: &State, key: &[u8]) -> Result<Option<Known>, StateError> {
        let below = self.peek(state)?.is_some_and(|known| known.key.as_slice() < key);
        Ok(if below { self.batch.pop_front() } else { None })
    }

    fn next_at(&mut self, state: &State, key: &[u8]) -> Result<Option<Known>, StateError> {
        let here = self.peek(state)?.is_some_and(|known| known.key == key);
        Ok(if here { self.batch.pop_front() } else { None })
    }
}
