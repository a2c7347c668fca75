//! The state at a commit, from the nearest base and the deltas after it. How it moves on and back: [`crate::replay`].
//!
//! Nothing here fetches. A reader asks which pages may hold a range of keys ([`crate::page::pages_in`]), opens them,
//! and lays the changes over their entries ([`Overlay::merge`]).

use crate::{
    commit::{Body, CommitKind, Totals},
    entry::Entry,
    id::Digest,
    operation::Operation,
    page::PageRef,
    path::Key,
    replay::Step,
};
use rpds::RedBlackTreeMapSync;
use std::ops::Bound;
use std::{collections::BTreeSet, sync::Arc};
use thiserror::Error;

/// Bodies were applied in an impossible order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// The first body is a delta.
    #[error("a state begins with a base, and this commit is a delta")]
    NoBase,
    /// The entries do not add up to the state that the commit states.
    #[error("the entries do not add up to the state root of the commit")]
    StateRoot,
}

/// The changes since a base: the last word on each path. A copy shares what both have in common, so that it costs nothing to keep the
/// state before a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay(RedBlackTreeMapSync<Arc<[u8]>, Word>);

/// The last word on a path.
pub(crate) type Word = Arc<Operation>;

impl Overlay {
    /// Whether nothing changed since the base.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Replaces the last word on the path with `key` by `word`, and `word` by it.
    pub(crate) fn exchange(&mut self, key: &Arc<[u8]>, word: &mut Option<Word>) {
        let before = self.0.get(key).cloned();
        match std::mem::replace(word, before) {
            Some(operation) => self.0.insert_mut(Arc::clone(key), operation),
            None => drop(self.0.remove_mut(key)),
        }
    }

    /// The keys on which one of both has a word and the other has none, which leaves it to pages.
    pub fn told_apart<'o>(&'o self, other: &'o Self) -> BTreeSet<&'o [u8]> {
        let only = |one: &'o Self, other: &'o Self| one.0.keys().filter(|&key| !other.0.contains_key(key));
        only(self, other).chain(only(other, self)).map(|key| &key[..]).collect()
    }

    /// The entries with keys in `start..end`: those of `pages`, in key order, with the changes laid over.
    ///
    /// `pages` may hold entries outside of the range; they are passed over.
    pub fn merge<'a, E>(
        &'a self,
        pages: impl Iterator<Item = Result<Entry, E>> + 'a,
        start: Vec<u8>,
        end: Option<Vec<u8>>,
    ) -> impl Iterator<Item = Result<Entry, E>> + 'a {
        let is_empty = end.as_ref().is_some_and(|end| *end <= start);
        let range = (
            Bound::Included(Arc::from(&start[..])),
            end.as_deref().map_or(Bound::Unbounded, |end| Bound::Excluded(Arc::from(end))),
        );
        let changes = (!is_empty).then(|| self.0.range::<Arc<[u8]>, _>(range));
        Merge { pages: pages.peekable(), changes: changes.into_iter().flatten().peekable(), start, end }
    }
}

struct Merge<P: Iterator, C: Iterator> {
    pages: std::iter::Peekable<P>,
    changes: std::iter::Peekable<C>,
    start: Vec<u8>,
    end: Option<Vec<u8>>,
}

impl<'a, E, P, C> Iterator for Merge<P, C>
where
    P: Iterator<Item = Result<Entry, E>>,
    C: Iterator<Item = (&'a Arc<[u8]>, &'a Word)>,
{
    type Item = Result<Entry, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let key = match self.pages.peek() {
                Some(Err(_)) => return self.pages.next(),
                Some(Ok(entry)) => Some(entry.path.key()),
                None => None,
            };
            if let Some(key) = &key {
                if key.as_bytes() < &self.start[..] {
                    self.pages.next();
                    continue;
                }
                if self.end.as_ref().is_some_and(|end| key.as_bytes() >= &end[..]) {
                    // Later pages hold nothing of the range, but changes may still do.
                    self.changes.peek()?;
                }
            }
            let in_range = key.filter(|key| self.end.as_ref().is_none_or(|end| key.as_bytes() < &end[..]));
            let change_first = match (self.changes.peek(), &in_range) {
                (Some((changed, _)), Some(key)) => changed[..] <= *key.as_bytes(),
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => return None,
            };
            if !change_first {
                return self.pages.next();
            }
            let (changed, operation) = self.changes.next()?;
            if in_range.is_some_and(|key| *key.as_bytes() == changed[..]) {
                self.pages.next();
            }
            if let Operation::Put(entry) = &**operation {
                return Some(Ok(entry.clone()));
            }
        }
    }
}

/// The state at a commit, ready to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// References to the index pages of the base.
    pub top: Vec<PageRef>,
    /// Changes since the base.
    pub overlay: Overlay,
    /// What the last body said the state contains.
    pub totals: Totals,
    /// What the last body said the entries add up to.
    pub state_root: Digest,
    /// How many gaps the last body counted.
    pub gap_count: u64,
    /// The gaps that the last body listed.
    pub gaps: Vec<crate::commit::Gap>,
}

impl State {
    /// Applies `bodies`, a base and the deltas after it, in order.
    ///
    /// # Errors
    /// [`ReplayError::NoBase`] when there is no body or the first is a delta.
    pub fn replay(bodies: impl IntoIterator<Item = Body>) -> Result<Self, ReplayError> {
        let mut bodies = bodies.into_iter();
        let mut state = Self::begin(bodies.next().ok_or(ReplayError::NoBase)?)?;
        bodies.for_each(|body| state.advance(body));
        Ok(state)
    }

    /// The state of a base.
    ///
    /// # Errors
    /// [`ReplayError::NoBase`] for a delta.
    pub fn begin(base: Body) -> Result<Self, ReplayError> {
        if base.kind() == CommitKind::Delta {
            return Err(ReplayError::NoBase);
        }
        let mut state = Self::empty();
        state.advance(base);
        Ok(state)
    }

    /// The state before the first commit: no entries.
    pub fn empty() -> Self {
        Self {
            top: Vec::new(),
            overlay: Overlay::default(),
            totals: Totals::default(),
            state_root: Digest::ZERO,
            gap_count: 0,
            gaps: Vec::new(),
        }
    }

    /// Goes to the commit after, whose body this is; [`Replay`](crate::replay::Replay) also comes back.
    pub fn advance(&mut self, body: Body) {
        Step::to(body).take(self);
    }
}

/// Adds up entries as a full reader sees them.
#[derive(Debug, Clone, Copy, Default)]
pub struct StateCheck {
    root: [u8; 32],
}

impl StateCheck {
    /// Counts an entry in.
    pub fn add(&mut self, entry: &Entry) {
        self.root.iter_mut().zip(entry.hash().0).for_each(|(mine, theirs)| *mine ^= theirs);
    }

    /// Compares with what the commit stated.
    ///
    /// # Errors
    /// [`ReplayError::StateRoot`].
    pub fn finish(self, state_root: &Digest) -> Result<(), ReplayError> {
        if self.root == state_root.0 { Ok(()) } else { Err(ReplayError::StateRoot) }
    }
}

/// Key bounds of everything at or below `path`: the entry itself is read apart, since it sorts with its siblings.
pub fn subtree_bounds(path: &crate::path::TreePath) -> (Vec<u8>, Vec<u8>) {
    (Key::subtree_start(Some(path)), Key::subtree_end(path))
}
