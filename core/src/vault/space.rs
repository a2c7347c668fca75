//! What uses the space of a machine, and what makes it more.

use super::PathToken;
use crate::id::SetId;
use serde::{Deserialize, Serialize};

/// Adds up the sizes of the files below each folder at a point in time. It reads the whole index of the state below `folder`;
/// with `since`, what differs between both points besides.
///
/// Sizes are those of the files as they are, not of what is stored of them. A file with several names (hard links) counts once,
/// in the folder of the first of them in the order of paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeighFolders {
    /// The set.
    pub set: SetId,
    /// The commit.
    pub at: u64,
    /// An earlier commit, for what has grown since.
    pub since: Option<u64>,
    /// The folder below which it looks; none for everything.
    pub folder: Option<PathToken>,
}

/// The folders that weigh most.
///
/// A folder stands beside the folders in it only if it says something else: one that has nine tenths or more from a single
/// folder in it is passed over, and that one is looked at instead. So `/home/ada` may be listed without `/home`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FolderWeights {
    /// When the point was written, by the machine's clock.
    pub at_ms: u64,
    /// Files in all.
    pub files: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Entries that could not be counted because their page is missing or damaged, at most.
    pub lost: u64,
    /// The largest folders, the largest first; none is empty.
    pub largest: Vec<FolderWeight>,
    /// What has grown, if that was asked for.
    pub growth: Option<FolderGrowth>,
}

/// A folder with everything below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderWeight {
    /// Its path from the top, safe to show.
    pub path: String,
    /// Leads there.
    pub token: PathToken,
    /// Files in it.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The folders that have grown most between two points.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FolderGrowth {
    /// When the earlier point was written, by the machine's clock.
    pub since_ms: u64,
    /// Files in all at that time.
    pub files_then: u64,
    /// Bytes of all files at that time.
    pub bytes_then: u64,
    /// Entries that could not be compared because their page is missing or damaged, at most.
    pub lost: u64,
    /// Those that have grown most, by bytes; none has shrunk. They are chosen as the largest are, by what they have grown.
    pub folders: Vec<GrownFolder>,
}

/// A folder that has grown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrownFolder {
    /// Its path from the top, safe to show.
    pub path: String,
    /// Leads there, at the later point.
    pub token: PathToken,
    /// Bytes of its files at the earlier point.
    pub bytes_then: u64,
    /// Likewise at the later one, which is more.
    pub bytes: u64,
}
