//! Names across all points in time of a machine, those that are gone too.

use super::{EntryKind, PathToken};
use crate::id::SetId;
use serde::{Deserialize, Serialize};

/// Reads the names of a set, the newest point first, then further and further back; answered when all are read. The vault tells
/// [`VaultEvent::Names`](super::VaultEvent::Names) meanwhile, and can be asked for what is read so far. It keeps the names of one
/// set at a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoadNames {
    /// The set.
    pub set: SetId,
}

/// How far names are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NamesView {
    /// How many, each path once.
    pub names: u64,
    /// Back to when, by the machine's clock.
    pub from_ms: u64,
    /// Nothing older is kept.
    pub complete: bool,
    /// Entries whose page is missing or damaged, at most.
    pub lost: u64,
}

/// Looks for names among those that are read. The vault keeps the list until the next one of the same tab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchNames {
    /// The set.
    pub set: SetId,
    /// A part of a name, or a pattern ([`crate::rules::Search`]); empty for any.
    pub text: String,
    /// What else is asked for.
    #[serde(default)]
    pub filter: NameFilter,
}

/// What is asked for beside a name. Nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NameFilter {
    /// Of this kind.
    pub kind: Option<EntryKind>,
    /// At least so many bytes.
    pub min_bytes: Option<u64>,
    /// At most so many bytes.
    pub max_bytes: Option<u64>,
    /// Changed then or later, seconds since 1970.
    pub since_s: Option<i64>,
    /// Changed before then, seconds since 1970.
    pub until_s: Option<i64>,
    /// Only those that are there no more.
    pub gone: bool,
}

/// Names that were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundNames {
    /// Names the list.
    pub found: u32,
    /// How many of the newest point; they come first.
    pub there: u32,
    /// How many that are gone; they follow.
    pub gone: u32,
    /// Among what was looked for.
    pub read: NamesView,
}

/// Hands out what was found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadFound {
    /// Which list.
    pub found: u32,
    /// First row, from 0.
    pub from: u32,
    /// How many at most.
    pub count: u32,
}

/// A path that was found, as it was at last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundRow {
    /// Its name, safe to show.
    pub name: String,
    /// The folder that it is in, safe to show; empty at the top.
    pub folder: String,
    /// Leads there.
    pub token: PathToken,
    /// What it is.
    pub kind: EntryKind,
    /// Size, of files.
    pub bytes: u64,
    /// Time of the last change, seconds since 1970.
    pub mtime_s: i64,
    /// A commit that has it.
    pub at: u64,
    /// When it was first seen to be gone, by the machine's clock; none for what is there, and for what is [`FoundRow::unread`].
    pub gone_ms: Option<u64>,
    /// Whether it is there cannot be told: it may stand in a part of the newest state that is damaged in the store.
    pub unread: bool,
}
