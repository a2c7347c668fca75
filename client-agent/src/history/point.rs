//! The state at one commit: directories, entries, walks.

use super::{Extents, Objects, ReadError, Result, WalkError, pages::Pages};
use iota_core::{
    commit::{Gap, Header, Totals},
    entry::{Entry, Kind},
    extent::Content,
    page::PageRef,
    path::{Key, TreePath},
    state::{State, StateCheck, subtree_bounds},
};

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
