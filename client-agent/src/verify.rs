//! Verifying a state: that everything is there, belongs to it, and opens.
//!
//! Without data, the whole tree is read: chain, bodies, every page and every page of extents, the parents of every path,
//! `state_root`, totals, and that the references are just those that the signed header counts. With data, every object is
//! read and opened, too, and is long enough for every file that uses it.

mod data;
mod parents;
mod registry;

use crate::{
    history::{Doubt, Fault, LostObject, Point, ReadError, WalkError},
    monitor::{Monitor, Stage},
};
use data::Checks;
use iota_core::{commit::Totals, entry::Entry, extent::Extent, id::Cid, page::decode_index, path::Key};
use parents::Parents;
use registry::Registry;
use std::collections::BTreeMap;

/// Paths that are listed for a lost object; more are counted.
pub const MAX_LISTED_PATHS: usize = 20;
/// Problems that are listed; more are counted.
pub const MAX_LISTED_PROBLEMS: usize = 1000;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// An object is lost, and so are these files or parts of them.
    Content {
        /// Which.
        object: LostObject,
        /// Raw paths, at most [`MAX_LISTED_PATHS`] of them.
        paths: Vec<Box<[u8]>>,
        /// How many files use it.
        files: u64,
    },
    /// A page is lost, and so are the entries in it.
    Page {
        /// Which.
        object: LostObject,
        /// Raw path of the first entry.
        first: Box<[u8]>,
        /// How many there were.
        entries: u64,
    },
    /// A path whose directory is not in the state.
    Parent(Box<[u8]>),
    /// The entries do not add up to the signed state.
    StateRoot,
    /// The state has other totals than its commit says.
    Totals,
    /// The state uses other objects than the signed header counts; what the server keeps for it may not suffice.
    References,
    /// What the account's machines say of each other is not what the server shows ([`History::doubts`]).
    ///
    /// [`History::doubts`]: crate::history::History::doubts
    Doubt(Doubt),
}

/// What a verification found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What the state contains.
    pub totals: Totals,
    /// Objects that the state uses.
    pub objects: u64,
    /// Plain bytes of content that were read and opened.
    pub read_bytes: u64,
    /// What is wrong, at most [`MAX_LISTED_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// How many problems there are.
    pub problem_count: u64,
}

impl Report {
    /// Adds a problem.
    pub fn add(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < MAX_LISTED_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// Verifies the state at `point`; with `data` all content, too.
///
/// # Errors
/// [`ReadError`] when the server cannot be asked. What is lost is in the report.
pub fn verify(point: &Point<'_>, data: bool, monitor: &dyn Monitor) -> Result<Report, ReadError> {
    monitor.stage(Stage::Verify);
    let mut run = Run {
        point,
        registry: Registry::open()?,
        parents: Parents::default(),
        report: Report::default(),
        lost: BTreeMap::new(),
        complete: true,
    };
    run.index_pages()?;
    if data {
        data::with_workers(point, monitor, |checks| run.walk(Some(checks), monitor))
            .and_then(|(lost, read_bytes)| run.take_lost(lost, read_bytes))?;
    } else {
        run.walk(None, monitor)?;
    }
    run.finish()
}

struct Run<'p> {
    point: &'p Point<'p>,
    registry: Registry,
    parents: Parents,
    report: Report,
    /// Lost objects of contents, with what is known of their files.
    lost: BTreeMap<Cid, Content>,
    /// Every page was read.
    complete: bool,
}

struct Content {
    fault: Fault,
    paths: Vec<Box<[u8]>>,
    files: u64,
}

impl Run<'_> {
    /// Notes which pages the state consists of. A lost index page is told by the walk.
    fn index_pages(&mut self) -> Result<(), ReadError> {
        for index in self.point.top() {
            self.registry.note(index.chunk.cid)?;
            let pages = self.point.objects().read(&index.chunk)?.ok().and_then(|plain| decode_index(&plain).ok());
            for page in pages.into_iter().flatten() {
                self.registry.note(page.chunk.cid)?;
            }
        }
        Ok(())
    }

    fn walk(&mut self, mut checks: Option<&mut Checks>, monitor: &dyn Monitor) -> Result<(), ReadError> {
        for next in self.point.walk(None) {
            match next {
                Ok(entry) => {
                    monitor.file(&entry.path, 0);
                    self.entry(&entry, checks.as_deref_mut())?;
                }
                Err(WalkError::Fatal(error)) => return Err(error),
                Err(WalkError::StateRoot(_)) => self.report.add(Problem::StateRoot),
                Err(WalkError::Lost(range)) => {
                    self.complete = false;
                    let first = Key::parse(&range.start).map_or_else(|_| Box::default(), |path| path.as_bytes().into());
                    self.report.add(Problem::Page { object: range.object, first, entries: range.entries });
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, mut checks: Option<&mut Checks>) -> Result<(), ReadError> {
        self.report.totals.add(entry);
        if !self.parents.has(entry) && self.complete {
            self.report.add(Problem::Parent(entry.path.as_bytes().into()));
        }
        let mut extents = self.point.extents(entry);
        while let Some(extent) = extents.next_extent()? {
            match extent {
                Ok(Extent::Hole { .. }) => {}
                Ok(Extent::Slice { chunk, offset, length, .. }) => {
                    let is_new = self.registry.need(chunk.cid, u64::from(offset) + u64::from(length))?;
                    if let Some(checks) = &mut checks
                        && is_new
                    {
                        checks.push(chunk, offset + length);
                    }
                }
                Err(stretch) => {
                    self.complete = false;
                    lose(&mut self.lost, stretch.object, entry);
                }
            }
        }
        extents.take_pages().into_iter().try_for_each(|page| self.registry.note(page))
    }

    /// Finds the files that use lost objects, by another walk.
    fn take_lost(&mut self, lost: Vec<LostObject>, read_bytes: u64) -> Result<(), ReadError> {
        self.report.read_bytes = read_bytes;
        if lost.is_empty() {
            return Ok(());
        }
        let lost: BTreeMap<Cid, Fault> = lost.into_iter().map(|object| (object.cid, object.fault)).collect();
        // Each counts, whatever the second walk finds of the files.
        for (&cid, &fault) in &lost {
            self.lost.entry(cid).or_insert(Content { fault, paths: Vec::new(), files: 0 });
        }
        for entry in self.point.walk(None) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(WalkError::Fatal(error)) => return Err(error),
                // The first walk has told.
                Err(WalkError::Lost(_) | WalkError::StateRoot(_)) => continue,
            };
            let mut hit = BTreeMap::new();
            let mut extents = self.point.extents(&entry);
            while let Some(extent) = extents.next_extent()? {
                if let Ok(Extent::Slice { chunk, .. }) = extent
                    && let Some(&fault) = lost.get(&chunk.cid)
                {
                    hit.insert(chunk.cid, fault);
                }
            }
            hit.into_iter().for_each(|(cid, fault)| lose(&mut self.lost, LostObject { cid, fault }, &entry));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Report, ReadError> {
        for (cid, Content { fault, paths, files }) in std::mem::take(&mut self.lost) {
            self.report.add(Problem::Content { object: LostObject { cid, fault }, paths, files });
        }
        let (count, xor) = self.registry.sum()?;
        self.report.objects = count;
        let header = self.point.header();
        if self.complete && (count, xor) != (header.live_count, header.live_xor) {
            self.report.add(Problem::References);
        }
        if self.complete && self.report.totals != self.point.totals() {
            self.report.add(Problem::Totals);
        }
        Ok(self.report)
    }
}

fn lose(lost: &mut BTreeMap<Cid, Content>, object: LostObject, entry: &Entry) {
    let content = lost.entry(object.cid).or_insert(Content { fault: object.fault, paths: Vec::new(), files: 0 });
    content.files += 1;
    if content.paths.len() < MAX_LISTED_PATHS {
        content.paths.push(entry.path.as_bytes().into());
    }
}
