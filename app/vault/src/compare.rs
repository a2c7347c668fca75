//! What lies between two points, read at the cost of what changed: pages that both share are not opened. A small file that was
//! stored again elsewhere is compared by its bytes.

use std::cmp::Ordering;
use std::collections::VecDeque;

use iota_core::difference::{Aspect, Difference, shared_pages};
use iota_core::entry::Entry;
use iota_core::id::Digest;
use iota_core::path::{Key, TreePath};
use iota_core::state::StateCheck;
use iota_core::vault::{Change, Compare, Comparison, DifferenceRow, ReadDifferences, Side};

use crate::contents::Contents;
use crate::keys::OpenVault;
use crate::platform::Platform;
use crate::point::{self, KeyRange, Point, Walk};
use crate::problem::{Result, Tell, missing};
use crate::show;

/// Most rows of one answer.
const MAX_ROWS: u32 = 1000;
/// Differences whose contents are looked at together; entries can be large.
const WINDOW: usize = 512;

/// What was found between two points.
pub struct Compared {
    /// Names it.
    pub comparison: u32,
    /// Of the paths, so many bytes are not shown.
    skip: usize,
    rows: Vec<Kept>,
}

struct Kept {
    path: TreePath,
    change: Change,
    kind: iota_core::vault::EntryKind,
    before: Option<Side>,
    after: Option<Side>,
}

/// Answers [`Compare`], and returns what is to be kept for [`rows`].
///
/// # Errors
/// When one of the points cannot be opened, or what was read does not add up to what lies between their states.
pub async fn compare(
    platform: &impl Platform,
    open: &OpenVault,
    comparison: u32,
    question: &Compare,
) -> Result<(Comparison, Compared)> {
    let folder = question.folder.as_ref().map(|token| open.path(token)).transpose()?;
    let before = point::open_at(platform, open, question.set, question.from).await?;
    let after = point::open_at(platform, open, question.set, question.to).await?;
    let mut between = Between::begin(platform, open, (&before, &after), folder.as_ref()).await?;
    let mut shown = Comparison {
        comparison,
        from_ms: before.header.device_time_ms,
        to_ms: after.header.device_time_ms,
        crumbs: folder.as_ref().map(|folder| show::crumbs(open, folder)).transpose()?.unwrap_or_default(),
        ..Comparison::default()
    };
    let mut contents = Contents::new(platform, open);
    let mut rows = Vec::new();
    loop {
        let window = between.window().await?;
        if window.is_empty() {
            break;
        }
        for difference in contents.settle(window).await?.into_iter().flatten() {
            let kept = Kept::from(difference);
            shown.count(kept.change, kept.before, kept.after);
            rows.push(kept);
        }
    }
    shown.lost = between.lost();
    let skip = folder.map_or(0, |folder| folder.as_bytes().len() + 1);
    Ok((shown, Compared { comparison, skip, rows }))
}

/// What lies between two points, path by path.
pub struct Between<'p, P> {
    old: Entries<'p, P>,
    new: Entries<'p, P>,
    check: StateCheck,
    /// What the differences add up to, if all of them are read.
    root: Option<Digest>,
}

impl<'p, P: Platform> Between<'p, P> {
    /// Begins to compare two points, the earlier one first, below `folder` (`None`: everything).
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn begin(
        platform: &'p P,
        open: &'p OpenVault,
        (before, after): (&'p Point, &'p Point),
        folder: Option<&TreePath>,
    ) -> Result<Self> {
        let mut between =
            Self::within(platform, open, (before, after), (Key::subtree_start(folder), folder.map(Key::subtree_end)))
                .await?;
        between.root = folder.is_none().then(|| {
            let mut root = after.state.state_root;
            root.toggle(&before.state.state_root.0);
            root
        });
        Ok(between)
    }

    /// Likewise, of keys within a range alone.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn within(
        platform: &'p P,
        open: &'p OpenVault,
        (before, after): (&'p Point, &'p Point),
        (start, end): KeyRange,
    ) -> Result<Self> {
        let mut old = Entries::begin(before.walk(platform, open, start.clone(), end.clone()).await?);
        let mut new = Entries::begin(after.walk(platform, open, start, end).await?);
        let told_apart = before.state.overlay.told_apart(&after.state.overlay);
        let shared = shared_pages(old.walk.pages(), new.walk.pages(), &told_apart);
        for side in [&mut old, &mut new] {
            side.walk.retain(|page, _| !shared.contains(&page.chunk.cid));
        }
        Ok(Self { old, new, check: StateCheck::default(), root: None })
    }

    /// The next path that differs, in key order. What one of the points may have in a page that is lost is neither new nor gone,
    /// and passed over.
    ///
    /// # Errors
    /// When the server does not answer, or, at the end, when what was read does not add up to what lies between the states.
    pub async fn next(&mut self) -> Result<Option<Difference>> {
        while let Some(difference) = next(&mut self.old, &mut self.new).await? {
            let (one, other) = difference.entries();
            one.into_iter().chain(other).for_each(|entry| self.check.add(entry));
            let key = difference.path().key();
            let is_lost = match &difference {
                Difference::Added(_) => self.old.walk.may_have_lost(key.as_bytes()),
                Difference::Removed(_) => self.new.walk.may_have_lost(key.as_bytes()),
                Difference::Changed { .. } => false,
            };
            if !is_lost {
                return Ok(Some(difference));
            }
        }
        if let Some(root) = self.root.take()
            && self.lost() == 0
        {
            std::mem::take(&mut self.check).finish(&root).tell()?;
        }
        Ok(None)
    }

    /// The next paths that differ, so many that their contents are worth a request; none at the end.
    ///
    /// # Errors
    /// As [`Between::next`].
    pub async fn window(&mut self) -> Result<Vec<Option<Difference>>> {
        let mut window = Vec::new();
        while window.len() < WINDOW
            && let Some(difference) = self.next().await?
        {
            window.push(Some(difference));
        }
        Ok(window)
    }

    /// How many entries could not be compared because their page is lost, at most, so far.
    pub fn lost(&self) -> u64 {
        self.old.walk.lost().max(self.new.walk.lost())
    }
}

/// The entries of one state, as they are needed.
struct Entries<'p, P> {
    walk: Walk<'p, P>,
    window: VecDeque<Entry>,
}

impl<'p, P: Platform> Entries<'p, P> {
    fn begin(walk: Walk<'p, P>) -> Self {
        Self { walk, window: VecDeque::new() }
    }

    async fn peek(&mut self) -> Result<Option<&Entry>> {
        while self.window.is_empty() {
            match self.walk.next().await? {
                Some(entries) => self.window = entries.into(),
                None => return Ok(None),
            }
        }
        Ok(self.window.front())
    }
}

/// The next path that is not the same in both.
async fn next<P: Platform>(old: &mut Entries<'_, P>, new: &mut Entries<'_, P>) -> Result<Option<Difference>> {
    loop {
        let order = match (old.peek().await?, new.peek().await?) {
            (Some(before), Some(after)) => before.path.cmp(&after.path),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Ok(None),
        };
        let before = if order.is_le() { old.window.pop_front() } else { None };
        let after = if order.is_ge() { new.window.pop_front() } else { None };
        if let Some(difference) = Difference::between(before, after) {
            return Ok(Some(difference));
        }
    }
}

impl From<Difference> for Kept {
    fn from(difference: Difference) -> Self {
        let change = match (&difference, difference.aspect()) {
            (Difference::Added(_), _) => Change::Added,
            (Difference::Removed(_), _) => Change::Removed,
            (_, Aspect::SilentContent) => Change::Silent,
            (_, Aspect::Metadata) => Change::Metadata,
            (_, Aspect::Content | Aspect::Kind | Aspect::Existence) => Change::Content,
        };
        let (before, after) = difference.entries();
        let side = |entry: &Entry| Side { bytes: entry.size(), mtime_s: entry.metadata.mtime.seconds };
        let kind = after.or(before).map_or(iota_core::vault::EntryKind::Special, show::kind);
        Self { path: difference.path().clone(), change, kind, before: before.map(side), after: after.map(side) }
    }
}

/// Answers [`ReadDifferences`].
///
/// # Errors
/// A problem when the comparison is no longer there.
pub fn rows(open: &OpenVault, compared: Option<&Compared>, question: &ReadDifferences) -> Result<Vec<DifferenceRow>> {
    let compared = compared.filter(|compared| compared.comparison == question.comparison);
    let compared = compared.ok_or_else(|| missing("comparison"))?;
    let is_wanted = |row: &&Kept| question.only.is_none_or(|only| row.change == only);
    let rows = compared.rows.iter().filter(is_wanted);
    rows.skip(question.from as usize)
        .take(question.count.min(MAX_ROWS) as usize)
        .map(|row| {
            Ok(DifferenceRow {
                path: show::text(&row.path.as_bytes()[compared.skip..]),
                token: open.token(&row.path)?,
                change: row.change,
                kind: row.kind,
                before: row.before,
                after: row.after,
            })
        })
        .collect()
}
