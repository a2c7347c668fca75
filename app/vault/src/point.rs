//! The state at a commit: fetch, verify, open, replay. Its pages are read as they are needed.

use std::rc::Rc;

use iota_core::commit::{Flags, Header};
use iota_core::entry::Entry;
use iota_core::id::{Cid, SetId};
use iota_core::page::{PageRef, decode_index, decode_page, pages_in};
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

async fn at(platform: &impl Platform, open: &OpenVault, history: &History, seq: u64) -> Result<Point> {
    let segment = history.segment(platform, seq).await?;
    let opened = opened(&segment, open)?;
    let header = opened.last().map(|(header, _)| header.clone()).ok_or_else(|| missing("point in time"))?;
    let state = State::replay(opened.into_iter().map(|(_, body)| body)).tell()?;
    Ok(Point { header, state })
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

impl Point {
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
        let mut pages = Pages { open, opener: ChunkOpener::default(), lost: 0 };
        let indexes = within(&self.state.top, None, &start, &end);
        let sealed = read(platform, &indexes).await?;
        let mut wanted = Vec::new();
        for index in &indexes {
            wanted.extend(pages.index(index, &sealed, &start, &end));
        }
        let mut windows = wanted.chunks(WINDOW).peekable();
        // Changes are laid over once, so all entries of the range come by one iterator; a window of pages is sealed in memory.
        let mut sealed = Sealed::new();
        for window in windows.by_ref() {
            sealed.extend(read(platform, window).await?);
            open.require_open()?;
        }
        let entries = wanted.iter().flat_map(|bounded| pages.page(bounded, &sealed)).map(Ok::<_, ()>);
        for entry in self.state.overlay.merge(entries, start, Some(end)).flatten() {
            each(entry);
        }
        Ok(pages.lost)
    }
}

async fn read(platform: &impl Platform, pages: &[Bounded]) -> Result<Sealed> {
    let cids: Vec<Cid> = pages.iter().map(|bounded| bounded.page.chunk.cid).collect();
    objects::read_kept(platform, &cids).await
}

/// A reference and where its keys end.
struct Bounded {
    page: PageRef,
    end: Option<Vec<u8>>,
}

/// Those of `refs` that may hold keys of the range; `last` is where those of the last end.
fn within(refs: &[PageRef], last: Option<&[u8]>, start: &[u8], end: &[u8]) -> Vec<Bounded> {
    let key = |page: &PageRef| page.first.key().as_bytes().to_vec();
    let bounded = |index: usize| Bounded {
        page: refs[index].clone(),
        end: refs.get(index + 1).map(key).or_else(|| last.map(<[u8]>::to_vec)),
    };
    pages_in(refs, start, Some(end)).map(bounded).collect()
}

/// Opens pages, and counts what is lost.
struct Pages<'a> {
    open: &'a OpenVault,
    opener: ChunkOpener,
    lost: u64,
}

impl Pages<'_> {
    fn index(&mut self, bounded: &Bounded, sealed: &Sealed, start: &[u8], end: &[u8]) -> Vec<Bounded> {
        let pages = objects::open(self.open, &mut self.opener, sealed, &bounded.page.chunk);
        let pages = pages.and_then(|plaintext| decode_index(&plaintext).ok()).filter(|pages| fits(bounded, pages));
        match pages {
            Some(pages) => within(&pages, bounded.end.as_deref(), start, end),
            None => self.lose(bounded),
        }
    }

    fn page(&mut self, bounded: &Bounded, sealed: &Sealed) -> Vec<Entry> {
        let entries = objects::open(self.open, &mut self.opener, sealed, &bounded.page.chunk);
        let entries = entries.and_then(|plaintext| decode_page(&plaintext).ok());
        entries.filter(|entries| holds(bounded, entries)).unwrap_or_else(|| self.lose(bounded))
    }

    fn lose<T>(&mut self, bounded: &Bounded) -> Vec<T> {
        self.lost += bounded.page.entries;
        Vec::new()
    }
}

fn before_end(bounded: &Bounded, path: &TreePath) -> bool {
    bounded.end.as_ref().is_none_or(|end| path.key().as_bytes() < &end[..])
}

fn fits(bounded: &Bounded, pages: &[PageRef]) -> bool {
    pages.first().is_some_and(|first| first.first == bounded.page.first)
        && pages.iter().all(|page| before_end(bounded, &page.first))
        && pages.iter().map(|page| page.entries).sum::<u64>() == bounded.page.entries
}

fn holds(bounded: &Bounded, entries: &[Entry]) -> bool {
    entries.first().is_some_and(|first| first.path == bounded.page.first)
        && entries.last().is_some_and(|last| before_end(bounded, &last.path))
        && entries.len() as u64 == bounded.page.entries
}
