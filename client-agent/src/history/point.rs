//! The state at one commit: directories, entries, walks.

use super::{Extents, Objects, ReadError, Result, WalkError, pages::Pages};
use iota_core::{
    api::frames::StoredCommit,
    commit::{Flags, Gap, Header, Totals},
    entry::{Entry, Kind},
    extent::Content,
    history::{HistoryError, verify_leading_to},
    page::PageRef,
    path::{Key, TreePath},
    state::{State, StateCheck, subtree_bounds},
};
use iota_crypto::{history::open_bodies_with, restore::Wish};

/// A state that can be read; its pages are fetched as they are needed.
pub struct Point<'a> {
    header: Header,
    state: State,
    objects: Objects<'a>,
}

impl<'a> Point<'a> {
    pub(super) fn new(header: Header, state: State, objects: Objects<'a>) -> Self {
        Self { header, state, objects }
    }

    /// The state that an order names, out of what a server shows: nothing of it is believed but what leads to the header of the order.
    ///
    /// # Errors
    /// [`ReadError::History`] when it does not lead there; [`ReadError::Crypto`] when a body does not open.
    pub fn ordered(commits: &[StoredCommit], wish: &Wish, objects: Objects<'a>) -> Result<Self> {
        verify_leading_to(commits, wish.header)?;
        if commits.len() != wish.body_keys.len() {
            return Err(HistoryError::OtherCommits.into());
        }
        let header = commits.last().map(|commit| commit.header.header.clone()).ok_or(HistoryError::OtherCommits)?;
        let state = State::replay(open_bodies_with(&wish.body_keys, commits)?)?;
        Ok(Self::new(header, state, objects))
    }

    /// The gaps that concern what is above or below `selection` (nothing: everything), and how many there are at most: those that are
    /// not listed may be anywhere.
    pub fn gaps_in(&self, selection: &[TreePath]) -> (Vec<&Gap>, u64) {
        let (count, listed) = self.gaps();
        let unlisted = count.saturating_sub(listed.len() as u64);
        let gaps: Vec<&Gap> = listed.iter().filter(|gap| concerns(gap, selection)).collect();
        // The signed flag counts, whatever the body says.
        let at_least = u64::from(selection.is_empty() && self.header.flags.contains(Flags::GAPS));
        let gap_count = (gaps.len() as u64 + unlisted).max(at_least);
        (gaps, gap_count)
    }

    /// The commit.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What the commit says that the state contains.
    pub fn totals(&self) -> Totals {
        self.state.totals
    }

    /// How many gaps the backup had, and the first of them.
    pub fn gaps(&self) -> (u64, &[Gap]) {
        (self.state.gap_count, &self.state.gaps)
    }

    /// The index pages of its base.
    pub fn top(&self) -> &[PageRef] {
        &self.state.top
    }

    /// Reads objects of the account.
    pub fn objects(&self) -> &Objects<'a> {
        &self.objects
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    fn range(
        &self,
        start: Vec<u8>,
        end: Option<Vec<u8>>,
    ) -> impl Iterator<Item = std::result::Result<Entry, WalkError>> {
        let pages = Pages::new(&self.objects, &self.state.top, start.clone(), end.clone());
        self.state.overlay.merge(pages, start, end)
    }

    /// The children of a directory (`None`: the top), in order of their names.
    pub fn list(&self, directory: Option<&TreePath>) -> Walk<'_> {
        let (start, end) = (Key::children_start(directory), Key::children_end(directory));
        Walk { entries: Box::new(self.range(start, Some(end))), check: None, ended: false }
    }

    /// The entry at `path`.
    ///
    /// # Errors
    /// [`WalkError::Lost`] when the page that would hold it is lost.
    pub fn entry(&self, path: &TreePath) -> std::result::Result<Option<Entry>, WalkError> {
        let start = path.key().as_bytes().to_vec();
        let mut end = start.clone();
        end.push(0);
        self.range(start, Some(end)).next().transpose()
    }

    /// Everything below `subtree`, in key order, without the directory itself. `None` is the whole state, whose root is
    /// checked at the end.
    pub fn walk(&self, subtree: Option<&TreePath>) -> Walk<'_> {
        let (start, end, check) = match subtree {
            None => (Vec::new(), None, Some((StateCheck::default(), &self.state))),
            Some(path) => {
                let (start, end) = subtree_bounds(path);
                (start, Some(end), None)
            }
        };
        Walk { entries: Box::new(self.range(start, end)), check, ended: false }
    }

    /// Where the bytes of a file lie, in file order; nothing for anything else.
    pub fn extents<'e>(&'e self, entry: &'e Entry) -> Extents<'e> {
        match &entry.kind {
            Kind::File { content, .. } => Extents::new(&self.objects, content),
            _ => Extents::new(&self.objects, const { &Content::Inline(Vec::new()) }),
        }
    }

    /// Fails when there is nothing at `path`.
    ///
    /// # Errors
    /// [`ReadError::NoPath`]; never when it may stand in a lost page.
    pub fn require(&self, path: &TreePath) -> Result<()> {
        match self.entry(path) {
            Ok(None) => Err(ReadError::NoPath(path.as_bytes().escape_ascii().to_string())),
            Err(WalkError::Fatal(error)) => Err(error),
            Ok(Some(_)) | Err(_) => Ok(()),
        }
    }
}

/// Entries in key order. After [`WalkError::Fatal`] there is nothing more; after the others it goes on.
pub struct Walk<'p> {
    entries: Box<dyn Iterator<Item = std::result::Result<Entry, WalkError>> + 'p>,
    check: Option<(StateCheck, &'p State)>,
    ended: bool,
}

impl Iterator for Walk<'_> {
    type Item = std::result::Result<Entry, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.entries.next();
        match &next {
            Some(Ok(entry)) => {
                if let Some((check, _)) = &mut self.check {
                    check.add(entry);
                }
            }
            // What is not complete cannot add up.
            Some(Err(error)) => {
                self.check = None;
                self.ended = matches!(error, WalkError::Fatal(_));
            }
            None => {
                self.ended = true;
                let (check, state) = self.check.take()?;
                return check.finish(&state.state_root).err().map(|error| Err(WalkError::StateRoot(error)));
            }
        }
        next
    }
}

/// A gap above or below a selected path concerns it.
fn concerns(gap: &Gap, selection: &[TreePath]) -> bool {
    let is_below = |path: &[u8], above: &[u8]| {
        path.strip_prefix(above).is_some_and(|rest| above.is_empty() || rest.is_empty() || rest[0] == b'/')
    };
    selection.is_empty()
        || selection.iter().any(|path| is_below(&gap.path, path.as_bytes()) || is_below(path.as_bytes(), &gap.path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::commit::GapReason;

    #[test]
    fn gaps_concern_what_is_above_and_below_them() {
        let gap = |path: &[u8]| Gap { path: path.into(), reason: GapReason::Permission };
        let selection = [TreePath::parse(b"home/ada").unwrap()];
        for (path, expected) in [
            (&b"home/ada"[..], true),
            (b"home/ada/x/y", true),
            (b"home", true),
            (b"", true),
            (b"home/adam", false),
            (b"home/bob", false),
            (b"hom", false),
        ] {
            assert_eq!(concerns(&gap(path), &selection), expected, "{}", path.escape_ascii());
            assert!(concerns(&gap(path), &[]));
        }
    }
}
