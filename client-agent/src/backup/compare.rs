//! Beside the file system walks the cache: what did not change stays, what is not there any more goes.

use super::{
    BackupError, Run,
    source::{Found, FoundKind, Source},
};
use crate::state::{Known, State, StateError};
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
        found: Found,
    ) -> Result<(), BackupError> {
        let key = found.path.key();
        self.gaps.reached(key.as_bytes());
        while let Some(gone) = known.next_below(&self.state, key.as_bytes())? {
            self.remove(&gone.key)?;
        }
        let before = known.next_at(&self.state, key.as_bytes())?;
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
#[derive(Default)]
pub(super) struct KnownCursor {
    batch: VecDeque<Known>,
    last: Vec<u8>,
    ended: bool,
}

impl KnownCursor {
    const BATCH: usize = 1000;

    fn peek(&mut self, state: &State) -> Result<Option<&Known>, StateError> {
        if self.batch.is_empty() && !self.ended {
            self.batch = state.known_after(&self.last, Self::BATCH)?.into();
            self.ended = self.batch.len() < Self::BATCH;
            if let Some(last) = self.batch.back() {
                self.last.clone_from(&last.key);
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
