//! What lies between two states: which paths, and in what they differ.
//!
//! Nothing here fetches. A reader asks which pages both states share ([`shared_pages`]), opens the others, and joins the entries
//! of both ([`differences`]): what it reads is as large as what changed, and the check at the end is as good as that of the
//! whole state.

use crate::{
    entry::{Entry, Kind},
    extent::{Content, Extent},
    id::{Cid, Digest},
    page::PageRef,
    path::TreePath,
    state::{ReplayError, StateCheck},
};
use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap, HashSet},
    iter::Peekable,
    ops::Bound,
};

/// A path that is not the same in two states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It is in the later state only.
    Added(Entry),
    /// It is in the earlier state only.
    Removed(Entry),
    /// It is in both, and not the same.
    Changed {
        /// In the earlier state.
        before: Box<Entry>,
        /// In the later state.
        after: Box<Entry>,
    },
}

impl Difference {
    /// What the change from `before` to `after`, two entries of one path, is; `None` when they are the same.
    pub fn between(before: Option<Entry>, after: Option<Entry>) -> Option<Self> {
        match (before, after) {
            (None, None) => None,
            (None, Some(after)) => Some(Self::Added(after)),
            (Some(before), None) => Some(Self::Removed(before)),
            (Some(before), Some(after)) if before == after => None,
            (Some(before), Some(after)) => Some(Self::Changed { before: Box::new(before), after: Box::new(after) }),
        }
    }

    /// The path.
    pub fn path(&self) -> &TreePath {
        match self {
            Self::Added(entry) | Self::Removed(entry) => &entry.path,
            Self::Changed { after, .. } => &after.path,
        }
    }

    /// The entries before and after.
    pub fn entries(&self) -> (Option<&Entry>, Option<&Entry>) {
        match self {
            Self::Added(after) => (None, Some(after)),
            Self::Removed(before) => (Some(before), None),
            Self::Changed { before, after } => (Some(before), Some(after)),
        }
    }

    /// The extents before and after of a file smaller than `small_bytes` that is as long as it was and stored elsewhere: it may
    /// have the same bytes all the same, because bundles are written again.
    pub fn moved(&self, small_bytes: u64) -> Option<(&[Extent], &[Extent])> {
        let Self::Changed { before, after } = self else { return None };
        match (&before.kind, &after.kind) {
            (
                Kind::File { size: old_size, content: Content::Inline(old), .. },
                Kind::File { size, content: Content::Inline(extents), .. },
            ) if old_size == size && *size < small_bytes && old != extents => Some((old, extents)),
            _ => None,
        }
    }

    /// What is left when the bytes of both files are the same; `None` when nothing is.
    pub fn with_same_bytes(self) -> Option<Self> {
        let Self::Changed { mut before, after } = self else { return Some(self) };
        if let (Kind::File { content: old, .. }, Kind::File { content, .. }) = (&mut before.kind, &after.kind) {
            old.clone_from(content);
        }
        Self::between(Some(*before), Some(*after))
    }

    /// In what the entries differ.
    pub fn aspect(&self) -> Aspect {
        let Self::Changed { before, after } = self else { return Aspect::Existence };
        let content = match (&before.kind, &after.kind) {
            (Kind::File { size: old_size, content: old, .. }, Kind::File { size, content, .. }) => {
                old_size != size || old != content
            }
            (old, kind) if std::mem::discriminant(old) != std::mem::discriminant(kind) => return Aspect::Kind,
            (old, kind) => old != kind,
        };
        match (content, before.metadata.mtime == after.metadata.mtime) {
            (false, _) => Aspect::Metadata,
            (true, false) => Aspect::Content,
            (true, true) => Aspect::SilentContent,
        }
    }
}

/// In what two entries of a path differ: the first of these that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// One of them is not there.
    Existence,
    /// One is a file, say, and the other a directory.
    Kind,
    /// Bytes of a file, target of a link, number of a device.
    Content,
    /// Likewise, and the time of the last change is the same all the same.
    SilentContent,
    /// Mode, owner, times, attributes, hard links.
    Metadata,
}

/// The ids of pages that two bases share and that say nothing of the difference: no key of `told_apart`
/// ([`Overlay::told_apart`](crate::state::Overlay::told_apart)) lies in them. Each page comes with where its keys end.
pub fn shared_pages<'p>(
    before: impl IntoIterator<Item = (&'p PageRef, Option<&'p [u8]>)>,
    after: impl IntoIterator<Item = (&'p PageRef, Option<&'p [u8]>)>,
    told_apart: &BTreeSet<&[u8]>,
) -> HashSet<Cid> {
    let holds_none = |page: &PageRef, end: Option<&[u8]>| {
        let first = page.first.key();
        let range = (Bound::Included(first.as_bytes()), end.map_or(Bound::Unbounded, Bound::Excluded));
        // Of a malformed index; such a page is read, and then refused.
        let is_empty = end.is_some_and(|end| end <= first.as_bytes());
        !is_empty && told_apart.range::<[u8], _>(range).next().is_none()
    };
    let before: HashMap<Cid, _> = before.into_iter().map(|(page, end)| (page.chunk.cid, (page, end))).collect();
    let is_shared = |page: &PageRef, end| {
        let other = before.get(&page.chunk.cid);
        other.is_some_and(|&(other, other_end)| holds_none(other, other_end) && holds_none(page, end))
    };
    after.into_iter().filter(|&(page, end)| is_shared(page, end)).map(|(page, _)| page.chunk.cid).collect()
}

/// The differences between the entries of two states, both in key order; entries of pages that both share may be left out of
/// both.
///
/// `roots` are the state roots of both, when all that differs is among the entries: what is read must add up to what lies between
/// them, or the last item is [`ReplayError::StateRoot`]. An error on the way ends that check, not the iteration.
pub fn differences<E: From<ReplayError>>(
    before: impl Iterator<Item = Result<Entry, E>>,
    after: impl Iterator<Item = Result<Entry, E>>,
    roots: Option<(Digest, Digest)>,
) -> impl Iterator<Item = Result<Difference, E>> {
    let check = roots.map(|(before, mut after)| {
        after.toggle(&before.0);
        (StateCheck::default(), after)
    });
    Differences { before: before.peekable(), after: after.peekable(), check }
}

struct Differences<B: Iterator, A: Iterator> {
    before: Peekable<B>,
    after: Peekable<A>,
    check: Option<(StateCheck, Digest)>,
}

impl<E, B, A> Iterator for Differences<B, A>
where
    E: From<ReplayError>,
    B: Iterator<Item = Result<Entry, E>>,
    A: Iterator<Item = Result<Entry, E>>,
{
    type Item = Result<Difference, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.before.peek(), self.after.peek()) {
                (Some(Ok(before)), Some(Ok(after))) => before.path.cmp(&after.path),
                (Some(Err(_)), _) | (Some(Ok(_)), None) => Ordering::Less,
                (_, Some(_)) => Ordering::Greater,
                (None, None) => {
                    let (check, between) = self.check.take()?;
                    return check.finish(&between).err().map(|error| Err(error.into()));
                }
            };
            let before = if order.is_le() { self.before.next() } else { None };
            let after = if order.is_ge() { self.after.next() } else { None };
            match (before.transpose(), after.transpose()) {
                (Ok(before), Ok(after)) => {
                    if let Some(difference) = Difference::between(before, after) {
                        if let Some((check, _)) = &mut self.check {
                            let (before, after) = difference.entries();
                            before.into_iter().chain(after).for_each(|entry| check.add(entry));
                        }
                        return Some(Ok(difference));
                    }
                }
                (Err(error), _) | (_, Err(error)) => {
                    self.check = None;
                    return Some(Err(error));
                }
            }
        }
    }
}
