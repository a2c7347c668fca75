//! What becomes of what is there already.

use crate::platform::{FileKind, Status};
use iota_core::{
    entry::{Entry, Timestamp},
    restore::Overwrite,
};

/// What is at the path of a file or symbolic link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    Nothing,
    /// A file of the same size and time.
    Alike,
    /// It is replaced.
    Old,
    /// It stays because it is newer.
    Newer,
    /// It stays, and is in the way.
    Other,
}

/// What is done where `status` is what is there. Links are not followed, so it is never that of what one points to.
pub(super) fn decide(overwrite: Overwrite, entry: &Entry, status: &Status) -> There {
    let is_alike = status.kind == FileKind::File && status.size == entry.size() && status.mtime == entry.metadata.mtime;
    match overwrite {
        _ if status.kind == FileKind::Directory => There::Other,
        Overwrite::Always => There::Old,
        _ if is_alike => There::Alike,
        Overwrite::Never => There::Other,
        Overwrite::IfChanged => There::Old,
        Overwrite::IfNewer => newer(entry.metadata.mtime, status.mtime),
    }
}

fn newer(kept: Timestamp, there: Timestamp) -> There {
    if there < kept { There::Old } else { There::Newer }
}
