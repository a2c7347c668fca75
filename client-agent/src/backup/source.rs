//! What a backup needs of a file system. [`crate::scan`] gives it for a real one.

use crate::{rules::Chunking, state::Stamp};
use iota_core::{
    commit::GapReason,
    entry::{Metadata, Timestamp},
    id::Domain,
    path::{Key, TreePath},
};
use std::io;

/// What was found at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundKind {
    /// A regular file, with its first path when it has several links.
    File {
        /// First path of the link group in key order; `None` for a single link.
        link: Option<TreePath>,
    },
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink {
        /// Where it points.
        target: Box<[u8]>,
    },
    /// A named pipe.
    Fifo,
    /// A character device.
    Char {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    Block {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A socket.
    Socket,
}

/// How a file is to be treated that is new or has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Treatment {
    /// Not now: what is known of it stays, and it is told in the report.
    pub postponed: bool,
    /// Whether its chunks are compressed.
    pub compression: bool,
    /// How it is cut.
    pub chunking: Chunking,
    /// Under whose keys its chunks are sealed.
    pub domain: Domain,
}

impl Default for Treatment {
    fn default() -> Self {
        Self { postponed: false, compression: true, chunking: Chunking::Auto, domain: Domain::PRIVATE }
    }
}

/// A path that the rules include.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub path: TreePath,
    /// What.
    pub kind: FoundKind,
    /// What the listing said of it.
    pub stamp: Stamp,
}

/// What a walk meets, in key order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A path to keep.
    Found(Found),
    /// A path that cannot be kept as it is now. What was kept of it before stays.
    Gap {
        /// Raw path.
        path: Box<[u8]>,
        /// Why.
        reason: GapReason,
        /// The path itself could be read, but not what is below it.
        below: bool,
    },
}

/// What a path is like apart from its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Mode, owner, times and attributes.
    pub metadata: Metadata,
    /// Why some of it is missing.
    pub lacks: Option<GapReason>,
}

impl From<Metadata> for Described {
    fn from(metadata: Metadata) -> Self {
        Self { metadata, lacks: None }
    }
}

/// A stretch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// This many bytes follow, to be read.
    Data(u64),
    /// This many zeros that take no space.
    Hole(u64),
}

/// A file that is open for reading.
pub trait OpenFile {
    /// The next stretch; `None` at the end. The one before must have been read.
    fn segment(&mut self) -> io::Result<Option<Segment>>;
    /// Reads into `buffer`, within the current stretch; 0 at its end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;
    /// What the file system says of the open file now.
    fn stamp(&mut self) -> io::Result<Stamp>;
}

/// Neighbouring paths, by their sort keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// The first.
    pub start: Vec<u8>,
    /// Just past the last; `None` for no end.
    pub end: Option<Vec<u8>>,
}

impl KeyRange {
    /// All paths.
    pub fn everything() -> Self {
        Self { start: Vec::new(), end: None }
    }

    /// Everything below a directory.
    pub fn below(directory: &TreePath) -> Self {
        Self { start: Key::subtree_start(Some(directory)), end: Some(Key::subtree_end(directory)) }
    }

    /// Whether a path with this key is one of them.
    pub fn holds(&self, key: &[u8]) -> bool {
        *self.start <= *key && self.end.as_ref().is_none_or(|end| *key < **end)
    }

    /// Whether everything below `path` is among them.
    pub fn covers(&self, path: &TreePath) -> bool {
        let Self { start, end } = Self::below(path);
        self.start <= start && self.end.as_ref().is_none_or(|limit| end.is_some_and(|end| end <= *limit))
    }
}

/// A walk over everything that the rules include, or a part of it.
///
/// [`Source::metadata`] and [`Source::open`] are asked about the path of the last event only.
pub trait Source {
    /// The paths that this walk meets if they are there, in order and without overlap. What is known of others stays as it is.
    fn ranges(&self) -> Vec<KeyRange> {
        vec![KeyRange::everything()]
    }
    /// The next path in key order.
    fn next(&mut self) -> io::Result<Option<Event>>;
    /// Holds the directory of the last event back when it is empty: in its turn it is told as a gap
    /// ([`GapReason::Unmounted`]) that keeps what was known below it. Says whether it was empty.
    fn hold_if_empty(&mut self) -> bool {
        false
    }
    /// How the file of the last event is treated when it is new or has changed.
    fn treatment(&self, _found: &Found) -> Treatment {
        Treatment::default()
    }
    /// Mode, owner, times and attributes. [`GapReason::Vanished`]: there is nothing any more at the path.
    fn metadata(&mut self, found: &Found) -> Result<Described, GapReason>;
    /// Opens the regular file that the metadata was last read of; `None` when it is gone.
    fn open(&mut self, found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason>;
}

/// The reason behind an error of the file system.
pub fn gap_reason(error: &io::Error) -> GapReason {
    match error.kind() {
        io::ErrorKind::PermissionDenied => GapReason::Permission,
        io::ErrorKind::NotFound => GapReason::Vanished,
        _ => GapReason::Io,
    }
}

/// Whether a file that was read at `now` could change without its stamp changing: its last change is too recent for the
/// granularity of the file system's clock.
pub fn is_racy(stamp: &Stamp, now_ms: u64) -> bool {
    let coarse = stamp.ctime.nanoseconds == 0;
    let Timestamp { seconds, nanoseconds } = stamp.ctime.max(stamp.mtime);
    let changed_ms = seconds.saturating_mul(1000).saturating_add(i64::from(nanoseconds / 1_000_000));
    let margin_ms = if coarse { 2000 } else { 50 };
    changed_ms.saturating_add(margin_ms) >= now_ms as i64
}
