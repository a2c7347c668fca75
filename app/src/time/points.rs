//! The commits of a machine, a thousand at a time.

use iota_core::api::json::SnapshotInfo;
use iota_core::commit::{CommitKind, Flags, SignedHeader};
use iota_core::id::SetId;
use iota_core::vault::{Problem, ProblemKind};
use leptos::prelude::*;

use crate::client;

/// As many as the server gives at once.
const PAGE: usize = 1000;
/// Longest list; a commit every ten minutes makes as many in nine years.
const MAX_POINTS: usize = 500_000;
/// Pages of the past that come without anybody asking.
const MAX_FILL: usize = 40;

/// A commit, as far as anybody may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Point {
    /// Its number.
    pub seq: u64,
    /// When the server received it, milliseconds since 1970.
    pub received_ms: u64,
    /// The machine's own clock, milliseconds since 1970.
    pub device_ms: u64,
    /// Whether it holds the whole state.
    pub base: bool,
    /// The first full backup had not finished.
    pub partial: bool,
    /// Something that the rules include is missing.
    pub gaps: bool,
    /// Sealed bytes that the state uses.
    pub live_bytes: u64,
    /// Bytes of the sealed body: of a delta, as many as there are changes to tell.
    pub body_bytes: u32,
}

/// The least that a sealed body takes.
const LEAST_BODY_BYTES: u64 = 512;

impl Point {
    /// How much changed, as far as anybody may see it: the length of the sealed body, in the least that there is, 1 at least.
    ///
    /// A base tells the whole state, however little of it changed: it counts as the least.
    pub fn amount(&self) -> u64 {
        if self.base { 1 } else { (u64::from(self.body_bytes) / LEAST_BODY_BYTES).max(1) }
    }

    /// None if the header is not one: the vault raises the alarm, a list leaves it out.
    fn of(info: &SnapshotInfo) -> Option<Self> {
        let header = SignedHeader::decode(&info.header.0).ok()?.header;
        if header.seq != info.seq {
            return None;
        }
        Some(Self {
            seq: info.seq,
            received_ms: info.received_ms,
            device_ms: header.device_time_ms,
            base: header.kind == CommitKind::Base,
            partial: header.flags.contains(Flags::PARTIAL),
            gaps: header.flags.contains(Flags::GAPS),
            live_bytes: info.live_bytes,
            body_bytes: header.body_len,
        })
    }
}

/// The points of one machine: first the newest, then the rest by itself, as far as that goes. A copy is the same list.
#[derive(Clone, Copy)]
pub struct Points {
    set: SetId,
    list: RwSignal<Vec<Point>>,
    stage: RwSignal<Stage>,
    problem: RwSignal<Option<Problem>>,
    /// Whether the past is being read page by page.
    filling: RwSignal<bool>,
    /// Pages that came that way.
    filled: StoredValue<usize>,
    /// The oldest commit that somebody wants to see.
    wanted: StoredValue<Option<u64>>,
}

/// How much of the list is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Nothing,
    Asking,
    Some,
    All,
}

impl Points {
    /// None yet.
    pub fn new(set: SetId) -> Self {
        Self {
            set,
            list: RwSignal::new(Vec::new()),
            stage: RwSignal::new(Stage::Nothing),
            problem: RwSignal::new(None),
            filling: RwSignal::new(false),
            filled: StoredValue::new(0),
            wanted: StoredValue::new(None),
        }
    }

    /// The machine.
    pub fn set(&self) -> SetId {
        self.set
    }

    /// Oldest first.
    pub fn list(&self) -> ReadSignal<Vec<Point>> {
        self.list.read_only()
    }

    /// Whether the newest are there.
    pub fn is_ready(&self) -> bool {
        !matches!(self.stage.get(), Stage::Nothing | Stage::Asking) || self.list.with(|list| !list.is_empty())
    }

    /// Whether an answer is awaited.
    pub fn is_asking(&self) -> bool {
        self.stage.get() == Stage::Asking
    }

    /// Whether the rest of the past comes without anybody asking.
    pub fn is_filling(&self) -> bool {
        self.filling.get()
    }

    /// Whether there are none before.
    pub fn is_complete(&self) -> bool {
        self.stage.get() == Stage::All
    }

    /// Why the last question had no answer.
    pub fn problem(&self) -> Signal<Option<Problem>> {
        self.problem.into()
    }

    /// Asks for what is newer than what is there; then the past goes on.
    pub async fn refresh(&self) {
        let known = self.list.with_untracked(|list| list.last().map(|point| point.seq));
        match known {
            Some(known) => self.newer(known).await,
            None => {
                // That there was none does not mean that there is none.
                if self.stage.get_untracked() == Stage::All {
                    self.stage.set(Stage::Nothing);
                }
                self.page_before().await;
            }
        }
        self.fill().await;
    }

    /// Asks for the newest anew: some may have gone.
    pub async fn reload(&self) {
        if let Some((page, full)) = self.page(None, 0).await {
            self.list.set(page);
            self.stage.set(if full { Stage::Some } else { Stage::All });
            self.filled.try_update_value(|filled| *filled = 0);
            self.fill().await;
        }
    }

    /// Asks for a thousand more of the past.
    pub async fn older(&self) {
        self.page_before().await;
        self.fill().await;
    }

    /// Asks for more of the past until a commit is among them.
    pub async fn reach(&self, seq: u64) {
        self.wanted.try_update_value(|wanted| *wanted = Some(wanted.map_or(seq, |wanted| wanted.min(seq))));
        self.fill().await;
    }

    /// Asks for what is newer than a commit.
    async fn newer(&self, known: u64) {
        let mut fresh = Vec::new();
        let mut before = None;
        // It ends: each page is older than the one before, and what is known begins somewhere.
        loop {
            let Some((page, full)) = self.page(before, fresh.len()).await else { return };
            let oldest = page.first().map(|point| point.seq);
            fresh.splice(0..0, page.into_iter().filter(|point| point.seq > known));
            before = oldest;
            if !full || oldest.is_none_or(|oldest| oldest <= known) {
                break;
            }
        }
        if fresh.is_empty() {
            return;
        }
        self.list.update(|list| {
            // The same may have been told to another question meanwhile.
            let last = list.last().map(|point| point.seq);
            list.extend(fresh.into_iter().filter(|point| last.is_none_or(|last| point.seq > last)));
        });
    }

    /// Reads the past page by page, as far as it comes by itself or somebody wants to see; once at a time.
    async fn fill(&self) {
        if self.filling.try_get_untracked() != Some(false) {
            return;
        }
        self.filling.set(true);
        while self.wants_more() {
            self.page_before().await;
            self.filled.try_update_value(|filled| *filled += 1);
        }
        // Who looked may have gone.
        self.filling.try_set(false);
    }

    /// Whether another page is to come by itself. Who looked may have gone: then none is.
    fn wants_more(&self) -> bool {
        let may_ask = self.stage.try_get_untracked() == Some(Stage::Some);
        let well = self.problem.try_with_untracked(Option::is_none) == Some(true);
        let first = self.list.try_with_untracked(|list| list.first().map(|point| point.seq)).flatten();
        let wanted = self.wanted.try_get_value().flatten();
        let filled = self.filled.try_get_value().unwrap_or(MAX_FILL);
        may_ask && well && is_short(filled, first, wanted)
    }

    /// Asks for the page before what is there.
    async fn page_before(&self) {
        let stage = self.stage.get_untracked();
        if matches!(stage, Stage::Asking | Stage::All) {
            return;
        }
        self.stage.set(Stage::Asking);
        let (before, known) = self.list.with_untracked(|list| (list.first().map(|point| point.seq), list.len()));
        let answer = self.page(before, known).await;
        let first = self.list.try_with_untracked(|list| list.first().map(|point| point.seq));
        match answer {
            // The list began anew meanwhile, or has gone: the page does not fit to it.
            _ if first != Some(before) => {}
            Some((page, full)) => {
                self.list.update(|list| drop(list.splice(0..0, page)));
                self.stage.set(if full { Stage::Some } else { Stage::All });
            }
            None => self.stage.set(stage),
        }
    }

    /// A page of the list beside those that are `known`, oldest first, and whether it is a full one.
    async fn page(&self, before: Option<u64>, known: usize) -> Option<(Vec<Point>, bool)> {
        match read_page(self.set, before, known).await {
            Ok(page) => {
                self.problem.set(None);
                Some(page)
            }
            Err(problem) => {
                self.problem.set(Some(problem));
                None
            }
        }
    }
}

/// All points of a set, oldest first.
///
/// # Errors
/// What the server refuses, and when it does not answer or its list has no end.
pub async fn read_all(set: SetId) -> Result<Vec<Point>, Problem> {
    let mut all = Vec::new();
    loop {
        let (page, full) = read_page(set, all.first().map(|point: &Point| point.seq), all.len()).await?;
        all.splice(0..0, page);
        if !full {
            return Ok(all);
        }
    }
}

/// As [`Points::page`].
async fn read_page(set: SetId, before: Option<u64>, known: usize) -> Result<(Vec<Point>, bool), Problem> {
    let limit = before.unwrap_or(u64::MAX);
    let path = format!("/sets/{set}/snapshots?limit={PAGE}&before={limit}");
    let answer = if known < MAX_POINTS { client::get::<Vec<SnapshotInfo>>(&path).await } else { Err(endless()) };
    let page = in_order(answer?, limit)?;
    let points: Vec<Point> = page.iter().rev().filter_map(Point::of).collect();
    // Below a page without any there is nothing to ask for.
    let full = page.len() == PAGE && !points.is_empty();
    Ok((points, full))
}

/// Whether a list whose first commit is `first` lacks what comes by itself, or what somebody wants to see.
fn is_short(filled: usize, first: Option<u64>, wanted: Option<u64>) -> bool {
    filled < MAX_FILL || wanted.is_some_and(|wanted| first.is_none_or(|first| first > wanted))
}

/// Newest first, and all before `limit`: so each page ends below the one above.
fn in_order(page: Vec<SnapshotInfo>, limit: u64) -> Result<Vec<SnapshotInfo>, Problem> {
    let seqs = || page.iter().map(|info| info.seq);
    let falling = std::iter::once(limit).chain(seqs()).zip(seqs()).all(|(above, seq)| above > seq);
    if falling && page.len() <= PAGE { Ok(page) } else { Err(endless()) }
}

fn endless() -> Problem {
    Problem::new(
        ProblemKind::Failed,
        "the server’s list of points in time is out of order or has no end; `iota snapshots` shows those that your machine signed",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::api::json::Bytes;

    fn listed(seqs: impl IntoIterator<Item = u64>) -> Vec<SnapshotInfo> {
        let info = |seq| SnapshotInfo { seq, received_ms: 0, header: Bytes(vec![]), live_bytes: 0 };
        seqs.into_iter().map(info).collect()
    }

    #[test]
    fn the_past_comes_by_itself_up_to_a_limit_and_beyond_it_when_it_is_wanted() {
        assert!(is_short(0, Some(9), None) && is_short(MAX_FILL - 1, Some(9), Some(9)));
        assert!(!is_short(MAX_FILL, Some(9), None) && !is_short(MAX_FILL, Some(9), Some(9)));
        assert!(is_short(MAX_FILL, Some(9), Some(8)) && is_short(MAX_FILL, None, Some(8)));
    }

    #[test]
    fn a_list_falls_below_the_page_above() {
        assert!(in_order(listed([8, 7, 3]), 9).is_ok());
        assert!(in_order(listed([]), 1).is_ok());
        for (seqs, limit) in [([9, 7, 3], 9), ([8, 8, 3], 9), ([8, 3, 7], u64::MAX)] {
            assert!(in_order(listed(seqs), limit).is_err(), "{seqs:?}");
        }
        assert!(in_order(listed((0..=1000).rev()), u64::MAX).is_err());
    }
}
