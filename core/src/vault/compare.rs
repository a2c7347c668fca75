//! What lies between two points in time.

use super::{Crumb, EntryKind, PathToken};
use crate::id::SetId;
use serde::{Deserialize, Serialize};

/// Compares two points in time. The vault keeps what it found until the next comparison of the same tab, and hands out rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// The set.
    pub set: SetId,
    /// The earlier commit.
    pub from: u64,
    /// The later one.
    pub to: u64,
    /// The folder below which it looks; none for everything.
    pub folder: Option<PathToken>,
}

/// What was found between two points.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Comparison {
    /// Names it.
    pub comparison: u32,
    /// When the earlier point was written, by the machine's clock.
    pub from_ms: u64,
    /// Likewise the later one.
    pub to_ms: u64,
    /// The way to the folder, the folder last; empty for everything.
    pub crumbs: Vec<Crumb>,
    /// How many paths changed in which way.
    pub counts: ChangeCounts,
    /// Bytes of files that are in the later point only, and what files have grown by.
    pub more_bytes: u64,
    /// Bytes of files that are in the earlier point only, and what files have shrunk by.
    pub fewer_bytes: u64,
    /// Entries that could not be compared because their page is missing or damaged, at most.
    pub lost: u64,
}

/// How many paths changed in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangeCounts {
    /// [`Change::Added`].
    pub added: u32,
    /// [`Change::Content`].
    pub content: u32,
    /// [`Change::Silent`].
    pub silent: u32,
    /// [`Change::Metadata`].
    pub metadata: u32,
    /// [`Change::Removed`].
    pub removed: u32,
}

impl ChangeCounts {
    /// All of them.
    pub fn all(&self) -> u32 {
        self.added + self.content + self.silent + self.metadata + self.removed
    }

    /// Those of one way.
    pub fn of(&self, change: Change) -> u32 {
        match change {
            Change::Added => self.added,
            Change::Content => self.content,
            Change::Silent => self.silent,
            Change::Metadata => self.metadata,
            Change::Removed => self.removed,
        }
    }
}

impl Comparison {
    /// Counts a path in.
    pub fn count(&mut self, change: Change, before: Option<Side>, after: Option<Side>) {
        let counts = &mut self.counts;
        *match change {
            Change::Added => &mut counts.added,
            Change::Content => &mut counts.content,
            Change::Silent => &mut counts.silent,
            Change::Metadata => &mut counts.metadata,
            Change::Removed => &mut counts.removed,
        } += 1;
        let bytes = |side: Option<Side>| side.map_or(0, |side| side.bytes);
        let (before, after) = (bytes(before), bytes(after));
        self.more_bytes = self.more_bytes.saturating_add(after.saturating_sub(before));
        self.fewer_bytes = self.fewer_bytes.saturating_add(before.saturating_sub(after));
    }
}

/// How a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is in the later point only.
    Added,
    /// Its bytes, the target of a link, or what it is.
    Content,
    /// Its bytes, though the time of the last change says otherwise.
    Silent,
    /// Mode, owner, times, attributes.
    Metadata,
    /// It is in the earlier point only.
    Removed,
}

/// Hands out what was found, in the order of the paths.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadDifferences {
    /// Which comparison.
    pub comparison: u32,
    /// Only those that differ in this way.
    pub only: Option<Change>,
    /// First row, from 0.
    pub from: u32,
    /// How many at most.
    pub count: u32,
}

/// A path that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceRow {
    /// Path below the folder, safe to show.
    pub path: String,
    /// Leads there.
    pub token: PathToken,
    /// How it differs.
    pub change: Change,
    /// What it is in the later point, or was.
    pub kind: EntryKind,
    /// In the earlier point.
    pub before: Option<Side>,
    /// In the later point.
    pub after: Option<Side>,
}

/// A path in one of two points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Size, of files.
    pub bytes: u64,
    /// Time of the last change, seconds since 1970.
    pub mtime_s: i64,
}
