//! The state at a commit: fetch, verify, open, replay. Its pages are read as they are needed.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use iota_core::commit::{Body as CommitBody, Flags, Header};
use iota_core::entry::Entry;
use iota_core::id::{Cid, SetId};
use iota_core::page::{MAX_PAGE_ENTRIES, PageRef, decode_index, decode_page, pages_in};
use iota_core::path::{Key, TreePath};
use iota_core::state::State;
use iota_core::vault::{GapView, OpenPoint, PointView};
use iota_crypto::chunk::ChunkOpener;

use crate::history::{History, opened};
use crate::keys::OpenVault;
use crate::machines;
use crate::objects::{self, Sealed};
use crate::platform::Platform;
use crate::problem::{Result, Tell, missing};
use crate::show;

/// Pages fetched at a time; about 8 MB sealed.
const WINDOW: usize = 256;

/// Keys from the first on and before the second (`None`: to the last).
pub type KeyRange = (Vec<u8>, Option<Vec<u8>>);

/// A state that can be read.
pub struct Point {
    /// Its commit.
    pub header: Header,
    /// What the bodies say.
    pub state: State,
}

/// A range of keys, read.
pub struct Read {
    /// The entries, in key order.
    pub entries: Vec<Entry>,
    /// Entries of pages that are missing or damaged, at most.
    pub lost: u64,
}

/// Opens a point, or takes it when it is open already.
///
/// # Errors
/// As [`History::segment`].
pub async fn open_at(platform: &impl Platform, open: &OpenVault, set: SetId, seq: u64) -> Result<Rc<Point>> {
    if let Some(point) = open.point(set, seq) {
        return Ok(point);
    }
    let history = match open.history(set).filter(|history| history.place().0 >= seq) {
        Some(history) => history,
        None => machines::history(platform, open, set).await?,
    };
    let point = at(platform, open, &history, seq).await?;
    open.require_open()?;
    Ok(open.keep_point(point))
}

/// Walks there through what is open; fetches what is not: the commits that follow, or another stretch of the history.
async fn at(platform: &impl Platform, open: &OpenVault, history: &History, seq: u64) -> Result<Point> {
    if let Some(point) = open.walk_to(history.set, seq) {
        return Ok(point);
    }
    // What the answer would continue may have made room for another while it was awaited.
    for known in [open.end_before(history.set, seq), None] {
        let segment = history.segment_after(platform, seq, known.as_ref()).await?;
        open.require_open()?;
        open.keep_stretch(opened(&segment, open)?)?;
        if let Some(point) = open.walk_to(history.set, seq) {
            return Ok(point);
        }
    }
    Err(missing("point in time"))
}

/// The base that leads to a commit, and the deltas after it, up to that commit; nothing of it is kept.
///
/// # Errors
/// As [`History::segment`].
pub async fn part(
    platform: &impl Platform,
    open: &OpenVault,
    history: &History,
    at: u64,
) -> Result<(Point, Vec<(Header, CommitBody)>)> {
    let mut bodies = opened(&history.segment(platform, at).await?, open)?.into_iter();
    let (header, base) = bodies.next().ok_or_else(|| missing("part of the history"))?;
    Ok((Point { header, state: State::begin(base).tell()? }, bodies.collect()))
}

/// Answers [`OpenPoint`].
///
/// # Errors
/// As [`open_at`].
pub async fn show(platform: &impl Platform, open: &OpenVault, question: &OpenPoint) -> Result<PointView> {
    let history = match (question.at, open.history(question.set)) {
        (Some(at), Some(history)) if history.place().0 >= at => history,
        _ => machines::history(platform, open, question.set).await?,
    };
    let seq = match question.at {
        Some(seq) => seq,
        None => history.newest_complete(platform).await?,
    };
    let point = open_at(platform, open, question.set, seq).await?;
    let State { totals, gap_count, gaps, .. } = &point.state;
    Ok(PointView {
        seq,
        newest_seq: history.place().0,
        device_time_ms: point.header.device_time_ms,
        partial: point.header.flags.contains(Flags::PARTIAL),
        files: totals.files,
        dirs: totals.dirs,
        others: totals.others,
        bytes: totals.bytes,
        gap_count: *gap_count,
        gaps: gaps
            .iter()
            .map(|gap| GapView { path: show::text(&gap.path), reason: gap.reason.as_str().into() })
            .collect(),
        first_visit: history.first_visit,
    })
}

/// What many states whose pages tell everything, bases, say of a path, in order; `None` where the page that would say it is lost. What
/// they share is read once.
///
/// # Errors
/// When the server does not answer.
pub async fn entries_in_bases(
    platform: &impl Platform,
    open: &OpenVault,
    bases: &[Point],
    path: &TreePath,
) -> Result<Vec<Option<Option<Entry>>>> {
    let start = path.key().as_bytes().to_vec();
    let end = [&start[..], &[0]].concat();
    let ranges = [(start, Some(end))];
    let mut pages = Pages { open, opener: ChunkOpener::default(), lost: Vec::new() };
    let indexes: Vec<_> = bases.iter().map(|base| within(&base.state.top, None, &ranges)).collect();
    let sealed = read(platform, &indexes.concat()).await?;
    open.require_open()?;
    let mut is_lost = vec![false; bases.len()];
    let mut wanted = Vec::with_capacity(bases.len());
    for (indexes, is_lost) in indexes.iter().zip(&mut is_lost) {
        let of_base: Vec<_> = indexes.iter().flat_map(|index| pages.index(index, &sealed, &ranges)).collect();
        *is_lost = !std::mem::take(&mut pages.lost).is_empty();
        wanted.push(of_base);
    }
    let sealed = read(platform, &wanted.concat()).await?;
    open.require_open()?;
    let mut found = Vec::with_capacity(bases.len());
    for (wanted, is_lost) in wanted.iter().zip(is_lost) {
        let entry = wanted.iter().flat_map(|page| pages.page(page, &sealed)).find(|entry| entry.path == *path);
        let is_lost = is_lost || !std::mem::take(&mut pages.lost).is_empty();
        found.push((entry.is_some() || !is_lost).then_some(entry));
    }
    Ok(found)
}

impl Point {
    /// Goes on through deltas that follow it.
    pub fn advance(&mut self, deltas: impl IntoIterator<Item = (Header, CommitBody)>) {
        for (header, body) in deltas {
            self.header = header;
            self.state.advance(body);
        }
    }

    /// The children of a directory (`None`: the top), handed on one by one in order of their names; returns how many more stood
    /// in pages that are lost, at most.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn children(
        &self,
        platform: &impl Platform,
        open: &OpenVault,
        directory: Option<&TreePath>,
        each: impl FnMut(Entry),
    ) -> Result<u64> {
        self.range(platform, open, Key::children_start(directory), Key::children_end(directory), each).await
    }

    /// The entry at `path`.
    ///
    /// # Errors
    /// When the server does not answer, or the page that holds it is lost.
    pub async fn entry(&self, platform: &impl Platform, open: &OpenVault, path: &TreePath) -> Result<Option<Entry>> {
        let start = path.key().as_bytes().to_vec();
        let mut end = start.clone();
        end.push(0);
        let mut found = None;
        let lost = self.range(platform, open, start, end, |entry| found = Some(entry)).await?;
        if found.is_none() && lost > 0 {
            return Err(iota_core::vault::Problem::new(
                iota_core::vault::ProblemKind::Damaged,
                "the page that holds this entry is missing or damaged in the store; another point in time may have it",
            ));
        }
        Ok(found)
    }

    async fn range(
        &self,
        platform: &impl Platform,
        open: &OpenVault,
        start: Vec<u8>,
        end: Vec<u8>,
        mut each: impl FnMut(Entry),
    ) -> Result<u64> {
        let mut walk = self.walk(platform, open, start, Some(end)).await?;
        while let Some(entries) = walk.next().await? {
            entries.into_iter().for_each(&mut each);
        }
        Ok(walk.lost())
    }

    /// The index pages that lead to keys of `ranges`, and how many pages these hold at least: told without reading anything.
    pub fn indexes(&self, ranges: &[KeyRange]) -> (Vec<Cid>, u64) {
        let indexes = within(&self.state.top, None, ranges);
        let filled = indexes.iter().filter(|index| index.lies_in(ranges));
        let least =
            filled.map(|index| index.page.entries.div_ceil(MAX_PAGE_ENTRIES as u64)).fold(0, u64::saturating_add);
        (indexes.iter().map(|index| index.page.chunk.cid).collect(), least)
    }

    /// Begins to read the entries with keys from `start` on and before `end` (`None`: to the last).
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn walk<'p, P: Platform>(
        &'p self,
        platform: &'p P,
        open: &'p OpenVault,
        start: Vec<u8>,
        end: Option<Vec<u8>>,
    ) -> Result<Walk<'p, P>> {
        self.walk_in(platform, open, &[(start, end)]).await
    }

    /// Begins to read the pages that hold keys of `ranges`, which rise and do not overlap. Entries that lie between them may come along.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn walk_in<'p, P: Platform>(
        &'p self,
        platform: &'p P,
        open: &'p OpenVault,
        ranges: &[KeyRange],
    ) -> Result<Walk<'p, P>> {
        let mut pages = Pages { open, opener: ChunkOpener::default(), lost: Vec::new() };
        let indexes = within(&self.state.top, None, ranges);
        let sealed = read(platform, &indexes).await?;
        let mut wanted = Vec::new();
        for index in &indexes {
            wanted.extend(pages.index(index, &sealed, ranges));
        }
        let start = ranges.first().map(|(start, _)| start.clone());
        let end = ranges.last().and_then(|(_, end)| end.clone());
        Ok(Walk { platform, point: self, pages, wanted: wanted.into(), start, end })
    }
}

/// Entries of a range in key order, as many at a time as a window of pages holds.
pub struct Walk<'p, P> {
    platform: &'p P,
    point: &'p Point,
    pages: Pages<'p>,
    wanted: VecDeque<Bounded>,
    /// Where the next window begins; none at the end.
    start: Option<Vec<u8>>,
    end: Option<Vec<u8>>,
}

impl<P: Platform> Walk<'_, P> {
    /// The next entries, which may be none; `None` at the end.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn next(&mut self) -> Result<Option<Vec<Entry>>> {
        let Some(start) = self.start.take() else { return Ok(None) };
        let window: Vec<Bounded> = self.wanted.drain(..self.wanted.len().min(WINDOW)).collect();
        let next = self.wanted.front().map(|bounded| bounded.page.first.key().as_bytes().to_vec());
        self.start.clone_from(&next);
        let end = next.or_else(|| self.end.clone());
        let sealed = read(self.platform, &window).await?;
        self.pages.open.require_open()?;
        let pages = &mut self.pages;
        let entries = window.iter().flat_map(|bounded| pages.page(bounded, &sealed)).map(Ok::<_, ()>);
        Ok(Some(self.point.state.overlay.merge(entries, start, end).flatten().collect()))
    }

    /// How many entries stood in pages that are lost, at most, so far.
    pub fn lost(&self) -> u64 {
        self.pages.lost.iter().map(|lost| lost.page.entries).sum()
    }

    /// Whether an entry with `key` may have stood in a page that is lost.
    pub fn may_have_lost(&self, key: &[u8]) -> bool {
        self.pages.lost.iter().any(|lost| lost.page.first.key().as_bytes() <= key && lost.is_before_end(key))
    }

    /// Keys that may have stood in pages that are lost, so far: from the first on, and before the second.
    pub fn lost_keys(&self) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
        self.pages.lost.iter().map(|lost| (lost.page.first.key().as_bytes().to_vec(), lost.end.clone()))
    }

    /// The pages that are still to be read, each with where its keys end.
    pub fn pages(&self) -> impl Iterator<Item = (&PageRef, Option<&[u8]>)> {
        self.wanted.iter().map(|bounded| (&bounded.page, bounded.end.as_deref()))
    }

    /// Leaves out the pages that `keep` does not want; what the changes since the base say of their keys is still told.
    pub fn retain(&mut self, mut keep: impl FnMut(&PageRef, Option<&[u8]>) -> bool) {
        self.wanted.retain(|bounded| keep(&bounded.page, bounded.end.as_deref()));
    }
}

async fn read(platform: &impl Platform, pages: &[Bounded]) -> Result<Sealed> {
    let cids: BTreeSet<Cid> = pages.iter().map(|bounded| bounded.page.chunk.cid).collect();
    objects::read_kept(platform, &Vec::from_iter(cids)).await
}

/// A reference and where its keys end.
#[derive(Clone)]
struct Bounded {
    page: PageRef,
    end: Option<Vec<u8>>,
}

impl Bounded {
    fn is_before_end(&self, key: &[u8]) -> bool {
        self.end.as_ref().is_none_or(|end| key < &end[..])
    }

    /// Whether it may hold keys of `ranges`.
    fn meets(&self, ranges: &[KeyRange]) -> bool {
        range_at(ranges, self.page.first.key().as_bytes()).is_some_and(|(start, _)| self.is_before_end(start))
    }

    /// Whether one of `ranges` has all keys that it may hold.
    fn lies_in(&self, ranges: &[KeyRange]) -> bool {
        let first = self.page.first.key();
        range_at(ranges, first.as_bytes()).is_some_and(|(start, end)| {
            let ends = end.as_ref().is_none_or(|end| self.end.as_ref().is_some_and(|own| own <= end));
            &start[..] <= first.as_bytes() && ends
        })
    }
}

/// Those of `refs` that may hold keys of `ranges`; `last` is where those of the last end.
fn within(refs: &[PageRef], last: Option<&[u8]>, ranges: &[KeyRange]) -> Vec<Bounded> {
    let (Some((start, _)), Some((_, end))) = (ranges.first(), ranges.last()) else { return Vec::new() };
    let key = |page: &PageRef| page.first.key().as_bytes().to_vec();
    let bounded = |index: usize| Bounded {
        page: refs[index].clone(),
        end: refs.get(index + 1).map(key).or_else(|| last.map(<[u8]>::to_vec)),
    };
    pages_in(refs, start, end.as_deref()).map(bounded).filter(|page| page.meets(ranges)).collect()
}

/// The first of `ranges` that does not end before `key`.
pub fn range_at<'r>(ranges: &'r [KeyRange], key: &[u8]) -> Option<&'r KeyRange> {
    ranges.get(ranges.partition_point(|(_, end)| end.as_deref().is_some_and(|end| end <= key)))
}

/// Opens pages, and counts what is lost.
struct Pages<'a> {
    open: &'a OpenVault,
    opener: ChunkOpener,
    lost: Vec<Bounded>,
}

impl Pages<'_> {
    fn index(&mut self, bounded: &Bounded, sealed: &Sealed, ranges: &[KeyRange]) -> Vec<Bounded> {
        let pages = objects::open(self.open, &mut self.opener, sealed, &bounded.page.chunk);
        let pages = pages.and_then(|plaintext| decode_index(&plaintext).ok()).filter(|pages| fits(bounded, pages));
        match pages {
            Some(pages) => within(&pages, bounded.end.as_deref(), ranges),
            None => self.lose(bounded),
        }
    }

    fn page(&mut self, bounded: &Bounded, sealed: &Sealed) -> Vec<Entry> {
        let entries = objects::open(self.open, &mut self.opener, sealed, &bounded.page.chunk);
        let entries = entries.and_then(|plaintext| decode_page(&plaintext).ok());
        entries.filter(|entries| holds(bounded, entries)).unwrap_or_else(|| self.lose(bounded))
    }

    fn lose<T>(&mut self, bounded: &Bounded) -> Vec<T> {
        self.lost.push(bounded.clone());
        Vec::new()
    }
}

fn fits(bounded: &Bounded, pages: &[PageRef]) -> bool {
    pages.first().is_some_and(|first| first.first == bounded.page.first)
        && pages.iter().all(|page| bounded.is_before_end(page.first.key().as_bytes()))
        && pages.iter().map(|page| page.entries).sum::<u64>() == bounded.page.entries
}

fn holds(bounded: &Bounded, entries: &[Entry]) -> bool {
    entries.first().is_some_and(|first| first.path == bounded.page.first)
        && entries.last().is_some_and(|last| bounded.is_before_end(last.path.key().as_bytes()))
        && entries.len() as u64 == bounded.page.entries
}
