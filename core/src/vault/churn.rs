//! How much changes from day to day.

use crate::id::SetId;
use serde::{Deserialize, Serialize};

/// Adds up what changed each day, at the cost of the history of these days, and of what bases differ in. The answer has an item
/// for each day: none where no commit was made that has one before it.
///
/// What changed counts on the day of the commit, by the machine's clock. Deltas are counted one by one, whether they are still
/// snapshots or not. A base does not say what changed: it is compared with the newest snapshot before it, and has what changed
/// since then. The oldest snapshot has nothing before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadChurn {
    /// The set.
    pub set: SetId,
    /// The last commit, a snapshot.
    pub to: u64,
    /// When each day begins, milliseconds since 1970, ascending. The last one ends with the last commit.
    pub days_ms: Vec<u64>,
}

/// What changed on a day.
///
/// A file counts each time that it changed, with all of its bytes. It also counts when nothing but its times or permissions did,
/// or when the machine stored it again elsewhere. A file with several names (hard links) counts as the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DayChurn {
    /// Files that are new or changed.
    pub files: u64,
    /// Bytes of these files, each as large as it was then.
    pub bytes: u64,
    /// Paths of any kind that were there no more.
    pub removed: u64,
    /// Entries that could not be compared because their page is missing or damaged, at most.
    pub lost: u64,
}
