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
}

impl Point {
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
        })
    }
}

/// The points of one machine, as far as they were asked for. A copy is the same list.
#[derive(Clone, Copy)]
pub struct Points {
    set: SetId,
    list: RwSignal<Vec<Point>>,
    stage: RwSignal<Stage>,
    problem: RwSignal<Option<Problem>>,
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
        }
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

    /// Whether there are none before.
    pub fn is_complete(&self) -> bool {
        self.stage.get() == Stage::All
    }

    /// Why the last question had no answer.
    pub fn problem(&self) -> Signal<Option<Problem>> {
        self.problem.into()
    }

    /// Asks for what is newer than what is there.
    pub async fn refresh(&self) {
        let known = self.list.with_untracked(|list| list.last().map(|point| point.seq));
        let Some(known) = known else {
            // That there was none does not mean that there is none.
            if self.stage.get_untracked() == Stage::All {
                self.stage.set(Stage::Nothing);
            }
            return self.older().await;
        };
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
        if !fresh.is_empty() {
            self.list.update(|list| list.extend(fresh));
        }
    }

    /// Asks for the newest anew: some may have gone.
    pub async fn reload(&self) {
        if let Some((page, full)) = self.page(None, 0).await {
            self.list.set(page);
            self.stage.set(if full { Stage::Some } else { Stage::All });
        }
    }

    /// Asks for a thousand more of the past.
    pub async fn older(&self) {
        let stage = self.stage.get_untracked();
        if matches!(stage, Stage::Asking | Stage::All) {
            return;
        }
        self.stage.set(Stage::Asking);
        let (before, known) = self.list.with_untracked(|list| (list.first().map(|point| point.seq), list.len()));
        match self.page(before, known).await {
            Some((page, full)) => {
                self.list.update(|list| drop(list.splice(0..0, page)));
                self.stage.set(if full { Stage::Some } else { Stage::All });
            }
            None => self.stage.set(stage),
        }
    }

    /// Asks for more of the past until a commit is among them.
    pub async fn reach(&self, seq: u64) {
        while self.list.with_untracked(|list| list.first().is_none_or(|point| point.seq > seq)) {
            self.older().await;
            let stuck = self.problem.with_untracked(Option::is_some);
            if stuck || self.stage.get_untracked() != Stage::Some {
                return;
            }
        }
    }

    /// A page of the list beside those that are `known`, oldest first, and whether it is a full one.
    async fn page(&self, before: Option<u64>, known: usize) -> Option<(Vec<Point>, bool)> {
        let limit = before.unwrap_or(u64::MAX);
        let path = format!("/sets/{}/snapshots?limit={PAGE}&before={limit}", self.set);
        let answer = if known < MAX_POINTS { client::get::<Vec<SnapshotInfo>>(&path).await } else { Err(endless()) };
        match answer.and_then(|page| in_order(page, limit)) {
            Ok(page) => {
                self.problem.set(None);
                let points: Vec<Point> = page.iter().rev().filter_map(Point::of).collect();
                // Below a page without any there is nothing to ask for.
                let full = page.len() == PAGE && !points.is_empty();
                Some((points, full))
            }
            Err(problem) => {
                self.problem.set(Some(problem));
                None
            }
        }
    }
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
    fn a_list_falls_below_the_page_above() {
        assert!(in_order(listed([8, 7, 3]), 9).is_ok());
        assert!(in_order(listed([]), 1).is_ok());
        for (seqs, limit) in [([9, 7, 3], 9), ([8, 8, 3], 9), ([8, 3, 7], u64::MAX)] {
            assert!(in_order(listed(seqs), limit).is_err(), "{seqs:?}");
        }
        assert!(in_order(listed((0..=1000).rev()), u64::MAX).is_err());
    }
}
