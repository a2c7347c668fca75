//! How far a restore is, for whoever looks.

use crate::{live::status::Board, monitor::Monitor};
use iota_core::{id::RestoreId, live::RestoreProgress, path::TreePath};

/// Told as long as it lives.
pub struct Progress<'a>(&'a Board);

impl<'a> Progress<'a> {
    pub fn begin(board: &'a Board, order: RestoreId, dry_run: bool, since_ms: u64) -> Self {
        board.restore(|restore| {
            *restore = Some(RestoreProgress {
                order,
                since_ms,
                dry_run,
                files: 0,
                bytes: 0,
                expected_bytes: 0,
                current: None,
            });
        });
        Self(board)
    }

    /// So many bytes will have been written at the end.
    pub fn expect(&self, bytes: u64) {
        self.change(|progress| progress.expected_bytes = bytes);
    }

    fn change(&self, change: impl FnOnce(&mut RestoreProgress)) {
        self.0.restore(|restore| {
            if let Some(progress) = restore {
                change(progress);
            }
        });
    }
}

impl Monitor for Progress<'_> {
    fn file(&self, path: &TreePath, _bytes: u64) {
        self.change(|progress| {
            progress.files += 1;
            progress.current = Some(format!("/{}", String::from_utf8_lossy(path.as_bytes())));
        });
    }

    fn progress(&self, bytes: u64) {
        self.change(|progress| progress.bytes += bytes);
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.0.restore(|restore| *restore = None);
    }
}
