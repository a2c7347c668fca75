//! The names of a set across all its points: read once, newest first, then searched in memory.
//!
//! Of each path is kept what it was at last. A base shares most pages with the next one; those are not opened again.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound;
use std::rc::Rc;

use hashbrown::HashTable;
use iota_core::commit::{Body as CommitBody, Change, Header};
use iota_core::entry::Entry;
use iota_core::id::{Cid, SetId};
use iota_core::operation::Operation;
use iota_core::path::TreePath;
use iota_core::rules::Search;
use iota_core::state::State;
use iota_core::vault::{EntryKind, FoundNames, FoundRow, NameFilter, NamesView, ReadFound, SearchNames, VaultEvent};

use crate::history::{History, Kept, opened};
use crate::keys::OpenVault;
use crate::machines;
use crate::platform::Platform;
use crate::point::Point;
use crate::problem::{Result, Tell, failed, missing};
use crate::show;

/// Most rows of one answer.
const MAX_ROWS: u32 = 1000;

/// Names of a set, as far as they were read.
pub struct Names {
    /// The set.
    pub set: SetId,
    view: NamesView,
    /// All paths, one after another.
    paths: Vec<u8>,
    /// Those of the newest point first.
    records: Vec<Record>,
    /// Places of records by their path.
    places: HashTable<u32>,
    hasher: RandomState,
}

/// What is kept of a path.
struct Record {
    /// Where its path ends; it begins where that of the one before does.
    end: usize,
    bytes: u64,
    mtime_s: i64,
    at: u64,
    there: There,
    kind: EntryKind,
}

/// Whether a path is there in the newest state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum There {
    Yes,
    /// Since then it was seen to be gone.
    GoneSince(u64),
    /// It may stand in a page that cannot be read.
    Unread,
}

impl There {
    fn gone_ms(self) -> Option<u64> {
        if let Self::GoneSince(ms) = self { Some(ms) } else { None }
    }
}

impl Names {
    /// No names yet.
    pub fn of(set: SetId) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            set,
            view: NamesView::default(),
            paths: Vec::new(),
            records: Vec::new(),
            places: HashTable::new(),
            hasher: RandomState::new(),
        }))
    }

    fn path(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.records[before].end);
        &self.paths[start..self.records[place].end]
    }

    fn knows(&self, path: &TreePath) -> bool {
        let hash = self.hasher.hash_one(path.as_bytes());
        self.places.find(hash, |&place| self.path(place as usize) == path.as_bytes()).is_some()
    }

    /// Adds a path, unless it is known, in a later version than this.
    fn add(&mut self, entry: &Entry, at: u64, there: There) {
        let (path, Ok(place)) = (entry.path.as_bytes(), u32::try_from(self.records.len())) else { return };
        if self.knows(&entry.path) {
            return;
        }
        self.paths.extend_from_slice(path);
        self.records.push(Record {
            end: self.paths.len(),
            bytes: entry.size(),
            mtime_s: entry.metadata.mtime.seconds,
            at,
            there,
            kind: show::kind(entry),
        });
        let Self { places, hasher, records, paths, view, .. } = self;
        let rehash = |&place: &u32| {
            let start = (place as usize).checked_sub(1).map_or(0, |before| records[before].end);
            hasher.hash_one(&paths[start..records[place as usize].end])
        };
        places.insert_unique(hasher.hash_one(path), place, rehash);
        view.names += 1;
    }

    fn finds(&self, place: usize, search: Option<&Search>, filter: &NameFilter) -> bool {
        let record = &self.records[place];
        let is_sized = record.kind == EntryKind::File || (filter.min_bytes, filter.max_bytes) == (None, None);
        filter.kind.is_none_or(|kind| record.kind == kind)
            && is_sized
            && filter.min_bytes.is_none_or(|least| record.bytes >= least)
            && filter.max_bytes.is_none_or(|most| record.bytes <= most)
            && filter.since_s.is_none_or(|since| record.mtime_s >= since)
            && filter.until_s.is_none_or(|until| record.mtime_s < until)
            && (!filter.gone || record.there.gone_ms().is_some())
            && search.is_none_or(|search| search.finds(self.path(place), record.kind == EntryKind::Folder))
    }
}

/// Reads names into `names`, the newest point first, until all are read, or nobody holds `names` any more.
///
/// # Errors
/// When a part of the history cannot be opened.
pub async fn load(platform: &impl Platform, open: &OpenVault, names: &Rc<RefCell<Names>>) -> Result<NamesView> {
    let set = names.borrow().set;
    let history = machines::history(platform, open, set).await?;
    let mut next = Some(history.place().0).filter(|&head| head > 0);
    let mut reader = Reader { platform, open, names, read: HashSet::new(), lost: Vec::new(), later_ms: None };
    while let Some(at) = next
        && Rc::strong_count(names) > 1
    {
        next = reader.part(&history, at).await?;
        let view = {
            let view = &mut names.borrow_mut().view;
            view.complete = next.is_none();
            *view
        };
        platform.tell(&VaultEvent::Names { set, read: view });
    }
    Ok(names.borrow().view)
}

/// By path, the commit from which on a version is there no more, and when the path was first seen to be gone.
type Ends = HashMap<TreePath, (u64, There)>;

struct Reader<'a, P> {
    platform: &'a P,
    open: &'a OpenVault,
    names: &'a Rc<RefCell<Names>>,
    /// Pages of later bases.
    read: HashSet<Cid>,
    /// Keys that may have stood in pages of the newest state which cannot be read: from the first on, and before the second.
    lost: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// When the later part begins; none in the newest.
    later_ms: Option<u64>,
}

impl<P: Platform> Reader<'_, P> {
    /// Reads the part of the history that ends with snapshot `at`: a base and what follows it. Returns the snapshot before.
    async fn part(&mut self, history: &History, at: u64) -> Result<Option<u64>> {
        let bodies = opened(&history.segment(self.platform, at).await?, self.open)?;
        let mut deltas = bodies.into_iter();
        let (header, base) = deltas.next().ok_or_else(|| missing("part of the history"))?;
        let deltas: Vec<(Header, CommitBody)> = deltas.collect();
        let base = Point { header, state: State::begin(base).tell()? };
        let kept = history.kept(self.platform, base.header.seq, at).await?;
        if self.later_ms.is_none() {
            self.newest(&base, &deltas).await?;
        }
        let ends = self.deltas(&deltas, &kept, at);
        self.pages(&base, &ends, &kept, at).await?;
        let base_ms = base.header.device_time_ms;
        self.names.borrow_mut().view.from_ms = base_ms;
        self.later_ms = Some(base_ms);
        Ok(kept.below)
    }

    /// The whole newest state.
    async fn newest(&mut self, base: &Point, deltas: &[(Header, CommitBody)]) -> Result<()> {
        let mut state = base.state.clone();
        deltas.iter().for_each(|(_, body)| state.advance(body.clone()));
        let header = deltas.last().map_or(&base.header, |(header, _)| header).clone();
        let point = Point { header, state };
        let mut walk = point.walk(self.platform, self.open, Vec::new(), None).await?;
        self.read.extend(walk.pages().map(|(page, _)| page.chunk.cid));
        while let Some(entries) = walk.next().await? {
            let view = {
                let mut names = self.names.borrow_mut();
                entries.iter().for_each(|entry| names.add(entry, point.header.seq, There::Yes));
                names.view.from_ms = point.header.device_time_ms;
                names.view
            };
            self.platform.tell(&VaultEvent::Names { set: point.header.set, read: view });
        }
        self.names.borrow_mut().view.lost += walk.lost();
        self.lost = walk.lost_keys().collect();
        Ok(())
    }

    /// What is to be said of a path that a later part did not have.
    fn later(&self, path: &TreePath) -> There {
        let key = path.key();
        let is_in = |(start, end): &(Vec<u8>, Option<Vec<u8>>)| {
            &start[..] <= key.as_bytes() && end.as_ref().is_none_or(|end| key.as_bytes() < &end[..])
        };
        match self.later_ms {
            Some(ms) if !self.lost.iter().any(is_in) => There::GoneSince(ms),
            _ => There::Unread,
        }
    }

    /// What was put and is gone since; returns what ended, of which older deltas and the base may still tell.
    fn deltas(&self, deltas: &[(Header, CommitBody)], kept: &Kept, at: u64) -> Ends {
        let mut names = self.names.borrow_mut();
        let mut ends = Ends::new();
        for (header, body) in deltas.iter().rev() {
            let Change::Delta(operations) = &body.change else { continue };
            for operation in operations {
                let path = operation.path();
                if names.knows(path) {
                    continue;
                }
                match operation {
                    Operation::Put(entry) => {
                        let (end, there) = ends.get(path).copied().unwrap_or_else(|| (at + 1, self.later(path)));
                        match kept.newest_in(header.seq, end) {
                            Some(at) => names.add(entry, at, there),
                            // No snapshot has this version; one may have an older.
                            None => drop(ends.insert(path.clone(), (header.seq, there))),
                        }
                    }
                    Operation::Remove(path) => {
                        let gone = There::GoneSince(header.device_time_ms);
                        let there = ends.get(path).map_or(gone, |(_, there)| *there);
                        ends.insert(path.clone(), (header.seq, there));
                    }
                }
            }
        }
        ends
    }

    /// What stands in pages that no later base has, and in those that hold something of `ends`.
    async fn pages(&mut self, base: &Point, ends: &Ends, kept: &Kept, at: u64) -> Result<()> {
        let keys: BTreeSet<Vec<u8>> = ends.keys().map(|path| path.key().as_bytes().to_vec()).collect();
        let mut walk = base.walk(self.platform, self.open, Vec::new(), None).await?;
        walk.retain(|page, end| {
            let first = page.first.key();
            let range = (Bound::Included(first.as_bytes()), end.map_or(Bound::Unbounded, Bound::Excluded));
            // Of a malformed index; such a page is read, and then refused.
            let is_empty = end.is_some_and(|end| end <= first.as_bytes());
            self.read.insert(page.chunk.cid) || is_empty || keys.range::<[u8], _>(range).next().is_some()
        });
        while let Some(entries) = walk.next().await? {
            let mut names = self.names.borrow_mut();
            for entry in &entries {
                let later = || (at + 1, self.later(&entry.path));
                let (end, there) = ends.get(&entry.path).copied().unwrap_or_else(later);
                if let Some(at) = kept.newest_in(base.header.seq, end) {
                    names.add(entry, at, there);
                }
            }
        }
        if self.later_ms.is_some() {
            self.names.borrow_mut().view.lost += walk.lost();
        }
        Ok(())
    }
}

/// Names that were found.
pub struct Found {
    /// Names the list.
    pub found: u32,
    names: Rc<RefCell<Names>>,
    places: Vec<u32>,
}

/// Answers [`SearchNames`], and returns what is to be kept for [`rows`].
///
/// # Errors
/// When the text is no pattern.
pub fn search(names: &Rc<RefCell<Names>>, found: u32, question: &SearchNames) -> Result<(FoundNames, Found)> {
    let text = question.text.trim();
    let search =
        (!text.is_empty()).then(|| Search::parse(text)).transpose().map_err(|error| failed(error.to_string()))?;
    let kept = names.borrow();
    let all = 0..kept.records.len();
    let places = all.filter(|&place| kept.finds(place, search.as_ref(), &question.filter)).map(|place| place as u32);
    let places: Vec<u32> = places.collect();
    let there = places.iter().take_while(|&&place| kept.records[place as usize].there == There::Yes).count() as u32;
    let shown = FoundNames { found, there, gone: places.len() as u32 - there, read: kept.view };
    Ok((shown, Found { found, names: Rc::clone(names), places }))
}

/// Answers [`ReadFound`].
///
/// # Errors
/// A problem when the list is no longer there.
pub fn rows(open: &OpenVault, found: Option<&Found>, question: &ReadFound) -> Result<Vec<FoundRow>> {
    let found = found.filter(|found| found.found == question.found).ok_or_else(|| missing("list"))?;
    let names = found.names.borrow();
    let places = found.places.iter().skip(question.from as usize).take(question.count.min(MAX_ROWS) as usize);
    places
        .map(|&place| {
            let record = &names.records[place as usize];
            let path = TreePath::parse(names.path(place as usize)).tell()?;
            Ok(FoundRow {
                name: show::text(path.name()),
                folder: path.parent().map(|folder| show::text(folder.as_bytes())).unwrap_or_default(),
                token: open.token(&path)?,
                kind: record.kind,
                bytes: record.bytes,
                mtime_s: record.mtime_s,
                at: record.at,
                gone_ms: record.there.gone_ms(),
                unread: record.there == There::Unread,
            })
        })
        .collect()
}
