//! The entries of a base's pages, in key order, fetched in windows ahead of the reader.

use super::{Fault, LostObject, Objects, ReadError};
use bytes::Bytes;
use iota_core::{
    difference::shared_pages,
    entry::Entry,
    id::Cid,
    page::{PageRef, decode_index, decode_page, pages_in},
    state::{ReplayError, State},
    wire::WireError,
};
use iota_crypto::chunk::ChunkOpener;
use std::collections::{BTreeSet, VecDeque};

/// Pages asked for at a time while a state is walked; about 2 MB sealed.
const WINDOW: usize = 32;

/// A page that cannot be used, and the keys of the entries that stood in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRange {
    /// The page.
    pub object: LostObject,
    /// First key that is lost.
    pub start: Vec<u8>,
    /// Where entries go on; `None` when the rest is lost.
    pub end: Option<Vec<u8>>,
    /// Entries that the page held before later changes.
    pub entries: u64,
}

/// What a walk meets instead of an entry.
#[derive(Debug)]
pub enum WalkError {
    /// A page; the walk goes on behind it.
    Lost(LostRange),
    /// The whole state was read, and its entries do not add up.
    StateRoot(ReplayError),
    /// The walk ends here.
    Fatal(ReadError),
}

impl From<ReplayError> for WalkError {
    fn from(error: ReplayError) -> Self {
        Self::StateRoot(error)
    }
}

/// A reference and where its keys end.
#[derive(Clone)]
struct Bounded {
    page: PageRef,
    end: Option<Vec<u8>>,
}

impl Bounded {
    fn parts(&self) -> (&PageRef, Option<&[u8]>) {
        (&self.page, self.end.as_deref())
    }
}

/// Entries of the pages that may hold keys from `start` to `end`; those at the borders may lie outside.
pub(super) struct Pages<'p> {
    objects: &'p Objects<'p>,
    opener: ChunkOpener,
    start: Vec<u8>,
    end: Option<Vec<u8>>,
    indexes: VecDeque<Bounded>,
    pages: VecDeque<Bounded>,
    window: VecDeque<(Bounded, Option<Bytes>)>,
    entries: std::vec::IntoIter<Entry>,
    ended: bool,
}

impl<'p> Pages<'p> {
    pub fn new(objects: &'p Objects<'p>, top: &[PageRef], start: Vec<u8>, end: Option<Vec<u8>>) -> Self {
        let indexes = within(top.to_vec(), None, &start, end.as_deref());
        Self {
            objects,
            opener: ChunkOpener::default(),
            start,
            end,
            indexes,
            pages: VecDeque::new(),
            window: VecDeque::new(),
            entries: Vec::new().into_iter(),
            ended: false,
        }
    }

    /// The pages of two states that tell what lies between them; those that both share are in neither. The index pages that may
    /// differ are read at once, and lost ones are returned.
    pub fn telling(
        objects: &'p Objects<'p>,
        states: [&State; 2],
        start: &[u8],
        end: Option<&[u8]>,
    ) -> Result<([Self; 2], Vec<LostRange>), ReadError> {
        let told_apart = states[0].overlay.told_apart(&states[1].overlay);
        let mut both = states.map(|state| Self::new(objects, &state.top, start.to_vec(), end.map(<[u8]>::to_vec)));
        let [before, after] = both.each_mut().map(|pages| &mut pages.indexes);
        leave_out_shared(before, after, &told_apart);
        let mut losses = Vec::new();
        for pages in &mut both {
            let mut all = VecDeque::new();
            while let Some(index) = pages.indexes.pop_front() {
                match pages.open_index(&index) {
                    Ok(()) => all.append(&mut pages.pages),
                    Err(WalkError::Lost(range)) => losses.push(range),
                    Err(WalkError::Fatal(error)) => return Err(error),
                    Err(WalkError::StateRoot(error)) => return Err(error.into()),
                }
            }
            pages.pages = all;
        }
        let [before, after] = both.each_mut().map(|pages| &mut pages.pages);
        leave_out_shared(before, after, &told_apart);
        Ok((both, losses))
    }

    /// Opens the next page that is at hand, or fetches more; `None` at the end.
    fn advance(&mut self) -> Option<Result<(), WalkError>> {
        if let Some((bounded, object)) = self.window.pop_front() {
            return Some(self.open_page(&bounded, object.as_deref()));
        }
        if !self.pages.is_empty() {
            let count = self.pages.len().min(WINDOW);
            let wanted: Vec<Bounded> = self.pages.drain(..count).collect();
            return Some(self.fetch(wanted));
        }
        let index = self.indexes.pop_front()?;
        Some(self.open_index(&index))
    }

    fn fetch(&mut self, wanted: Vec<Bounded>) -> Result<(), WalkError> {
        let cids: Vec<Cid> = wanted.iter().map(|bounded| bounded.page.chunk.cid).collect();
        let mut objects = Vec::with_capacity(cids.len());
        let fetched = self.objects.fetch(&cids, |_, object| {
            objects.push(object);
            Ok::<_, ReadError>(())
        });
        fetched.map_err(WalkError::Fatal)?;
        self.window.extend(wanted.into_iter().zip(objects));
        Ok(())
    }

    fn open_page(&mut self, bounded: &Bounded, object: Option<&[u8]>) -> Result<(), WalkError> {
        let mut plaintext = Vec::new();
        let opened = self.objects.open(&mut self.opener, &bounded.page.chunk, object, &mut plaintext);
        opened.map_err(|object| lost(object, bounded))?;
        let entries = decode_page(&plaintext).ok().filter(|entries| holds(bounded, entries));
        self.entries = entries.ok_or_else(|| damaged(bounded))?.into_iter();
        Ok(())
    }

    fn open_index(&mut self, bounded: &Bounded) -> Result<(), WalkError> {
        let read = self.objects.read(&bounded.page.chunk).map_err(WalkError::Fatal)?;
        let plaintext = read.map_err(|object| lost(object, bounded))?;
        let pages = children(bounded, &plaintext).map_err(|_| damaged(bounded))?;
        self.pages = within(pages, bounded.end.clone(), &self.start, self.end.as_deref());
        Ok(())
    }
}

impl Iterator for Pages<'_> {
    type Item = Result<Entry, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.entries.next() {
                return Some(Ok(entry));
            }
            if self.ended {
                return None;
            }
            match self.advance() {
                None => return None,
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    self.ended = matches!(error, WalkError::Fatal(_));
                    return Some(Err(error));
                }
            }
        }
    }
}

fn leave_out_shared(before: &mut VecDeque<Bounded>, after: &mut VecDeque<Bounded>, told_apart: &BTreeSet<&[u8]>) {
    let shared = shared_pages(before.iter().map(Bounded::parts), after.iter().map(Bounded::parts), told_apart);
    for pages in [before, after] {
        pages.retain(|bounded| !shared.contains(&bounded.page.chunk.cid));
    }
}

/// Those of `refs` that may hold keys of the range, each with where its keys end; `last` is where those of the last end.
fn within(refs: Vec<PageRef>, last: Option<Vec<u8>>, start: &[u8], end: Option<&[u8]>) -> VecDeque<Bounded> {
    let range = pages_in(&refs, start, end);
    let key = |page: &PageRef| page.first.key().as_bytes().to_vec();
    let bounded = |index: usize| Bounded {
        page: refs[index].clone(),
        end: refs.get(index + 1).map(key).or_else(|| last.clone()),
    };
    range.map(bounded).collect()
}

fn children(bounded: &Bounded, plaintext: &[u8]) -> Result<Vec<PageRef>, WireError> {
    let pages = decode_index(plaintext)?;
    let entries: u64 = pages.iter().map(|page| page.entries).sum();
    let inside = |page: &PageRef| bounded.end.as_ref().is_none_or(|end| page.first.key().as_bytes() < &end[..]);
    let fits = pages[0].first == bounded.page.first && pages.iter().all(inside) && entries == bounded.page.entries;
    if fits { Ok(pages) } else { Err(WireError::Invalid("index page")) }
}

fn holds(bounded: &Bounded, entries: &[Entry]) -> bool {
    let before_end = |entry: &Entry| bounded.end.as_ref().is_none_or(|end| entry.path.key().as_bytes() < &end[..]);
    entries.first().is_some_and(|first| first.path == bounded.page.first)
        && entries.last().is_some_and(before_end)
        && entries.len() as u64 == bounded.page.entries
}

fn damaged(bounded: &Bounded) -> WalkError {
    lost(LostObject { cid: bounded.page.chunk.cid, fault: Fault::Damaged }, bounded)
}

fn lost(object: LostObject, bounded: &Bounded) -> WalkError {
    WalkError::Lost(LostRange {
        object,
        start: bounded.page.first.key().as_bytes().to_vec(),
        end: bounded.end.clone(),
        entries: bounded.page.entries,
    })
}
