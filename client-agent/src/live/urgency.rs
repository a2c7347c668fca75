//! How long a change waits before it is backed up.

use std::time::Duration;

/// Files from this size on wait longer: they are written for longer, and cost more each time.
pub const LARGE_BYTES: u64 = 20_000_000;

/// Two limits: a path is quiet for `settle`, or its first change is `longest_wait` ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Urgency {
    /// How long there must be no change.
    pub settle: Duration,
    /// How long a path that never rests waits.
    pub longest_wait: Duration,
}

impl Urgency {
    /// Of a file of `size` bytes, and of what is no file: five seconds of quiet, two minutes for large files, never longer than an hour.
    pub fn of_size(size: u64) -> Self {
        let settle = if size < LARGE_BYTES { Duration::from_secs(5) } else { Duration::from_secs(120) };
        Self { settle, longest_wait: Duration::from_secs(3600) }
    }
}
