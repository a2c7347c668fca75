//! What a run tells its user while it works. Problems with single files are told here and counted; they do not end a run.

use iota_core::{commit::Gap, path::TreePath};

/// What a run does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Walks the tree, reads what changed.
    Scan,
    /// Writes a base: the whole state.
    Base,
    /// Sends the commit.
    Commit,
    /// Restores files.
    Restore,
    /// Checks what the server has.
    Verify,
}

/// Listens to a run. All functions are called often and must be quick.
pub trait Monitor: Sync {
    /// Another stage begins.
    fn stage(&self, _stage: Stage) {}
    /// A file is read or written.
    fn file(&self, _path: &TreePath, _bytes: u64) {}
    /// A file of `bytes` is as it was: nothing of it is read.
    fn unchanged(&self, _bytes: u64) {}
    /// `bytes` of content were read or written.
    fn progress(&self, _bytes: u64) {}
    /// Something is missing from the backup.
    fn gap(&self, _gap: &Gap) {}
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Monitor for Silent {}

/// Tells the time. Injected, so that tests decide what time it is.
pub trait Clock: Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> u64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
    }
}
