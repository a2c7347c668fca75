//! What a machine says of a restore when it has ended.

use super::{Overwrite, Target};
use serde::{Deserialize, Serialize};

/// Losses that are told; the machine's log names them all.
pub const MAX_TOLD_LOSSES: usize = 50;

/// Paths of an order that are told; the others are counted.
pub const MAX_TOLD_PATHS: usize = 10;

/// What was ordered, for the owner: the order itself opens only on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    /// The first [`MAX_TOLD_PATHS`], with U+FFFD for what is no text; none: everything.
    pub paths: Vec<String>,
    /// How many there are.
    pub path_count: u64,
    /// Where to.
    pub target: Target,
    /// What is replaced.
    pub overwrite: Overwrite,
    /// Only to look, and to say what would be done.
    pub dry_run: bool,
}

/// What became of a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// When it began and ended, by the machine's clock, milliseconds since 1970.
    pub began_ms: u64,
    /// Likewise.
    pub ended_ms: u64,
    /// The first paths that were ordered, with U+FFFD for what is no text; none: everything.
    pub paths: Vec<String>,
    /// How many those were.
    pub path_count: u64,
    /// Where to.
    pub target: Target,
    /// What was replaced.
    pub overwrite: Overwrite,
    /// How it ended.
    pub ending: Ending,
}

/// How a restore ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "kebab-case")]
pub enum Ending {
    /// Everything that was ordered is there, but for the losses. Every byte was verified before it was written.
    Done {
        /// Regular files that were written.
        files: u64,
        /// Directories that were made or found.
        dirs: u64,
        /// Symbolic links, pipes, sockets, devices.
        others: u64,
        /// Bytes that were written.
        bytes: u64,
        /// Files that were there already, the same or newer.
        kept: u64,
        /// Files and links that took the place of others.
        replaced: u64,
        /// Paths whose owner only root could give back.
        owners_left: u64,
        /// The first losses.
        losses: Vec<ToldLoss>,
        /// How many there are.
        loss_count: u64,
        /// Files and folders that the backup itself did not have, or had in an older form, in what was ordered.
        gaps: u64,
    },
    /// Nothing was done: this is what would be.
    Foretold(Foretold),
    /// The owner cancelled it. What was complete stays.
    Cancelled,
    /// It could not go on. What was complete stays; the same order again goes on from there.
    Failed {
        /// What happened and what to do.
        message: String,
    },
    /// The machine does not do such things.
    Refused {
        /// Why, and what to do.
        message: String,
    },
}

/// What a restore would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foretold {
    /// Files and links that would be made.
    pub made: u64,
    /// Those that would take the place of others.
    pub replaced: u64,
    /// Those that are there with the same size and time.
    pub same: u64,
    /// Those that are there, newer, and would stay.
    pub newer: u64,
    /// Those that would be missing, because something else is there: the first of them.
    pub in_the_way: Vec<String>,
    /// How many there are.
    pub in_the_way_count: u64,
    /// Bytes that would be written.
    pub bytes: u64,
    /// Entries of the snapshot that cannot be read.
    pub lost: u64,
}

/// A path that is missing, or is not quite as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldLoss {
    /// Which, with U+FFFD for what is no text.
    pub path: String,
    /// Why.
    pub reason: String,
}
