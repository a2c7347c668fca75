//! What becomes of what is there already.

use crate::platform::{FileKind, Status};
use iota_core::entry::{Entry, Timestamp};

/// Which files and symbolic links that are there are replaced. What is not in the snapshot always stays, and so does a
/// directory in the place of something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overwrite {
    /// None.
    #[default]
    Never,
    /// Those that were changed before the ones of the snapshot.
    IfNewer,
    /// Those of another size or time.
    IfChanged,
    /// All.
    Always,
}

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

impl Overwrite {
    /// What is done where `status` is what is there. Links are not followed, so it is never that of what one points to.
    pub(super) fn decide(self, entry: &Entry, status: &Status) -> There {
        let is_alike =
            status.kind == FileKind::File && status.size == entry.size() && status.mtime == entry.metadata.mtime;
        match self {
            _ if status.kind == FileKind::Directory => There::Other,
            Self::Always => There::Old,
            _ if is_alike => There::Alike,
            Self::Never => There::Other,
            Self::IfChanged => There::Old,
            Self::IfNewer => newer(entry.metadata.mtime, status.mtime),
        }
    }
}

fn newer(kept: Timestamp, there: Timestamp) -> There {
    if there < kept { There::Old } else { There::Newer }
}
