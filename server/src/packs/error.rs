//! Why a pack could not be written or read.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::Place;

/// Why a pack could not be written or read.
#[derive(Debug, Error)]
pub enum PackError {
    /// Less space is free than must stay free.
    #[error("the disk of the packs is nearly full: free space on it or move the data to a larger one, then try again")]
    NoSpace,
    /// The bytes at a place are not the record that was written there.
    #[error(
        "record {place} is damaged ({reason}): machines that still have its content send it again when they are asked"
    )]
    Damaged {
        /// Where.
        place: Place,
        /// What does not hold.
        reason: String,
    },
    /// The file of a place is not there, or its disk does not read. That may pass.
    #[error("record {place} cannot be read from {path}: {source}; check the disk of the packs", path = .path.display())]
    Away {
        /// Where.
        place: Place,
        /// The pack.
        path: PathBuf,
        /// How.
        source: io::Error,
    },
    /// A payload is longer than records may be.
    #[error("a record of {payload_bytes} bytes is longer than packs take")]
    TooLarge {
        /// Its length.
        payload_bytes: usize,
    },
    /// The file system failed.
    #[error("cannot use {path}: {source}; check the disk and the permissions of its folder", path = .path.display())]
    File {
        /// What.
        path: PathBuf,
        /// How.
        source: io::Error,
    },
    /// Two packs, or a pack and this server, do not belong together.
    #[error("the pack {path} belongs to another server: move it out of this data directory", path = .path.display())]
    Foreign {
        /// The pack.
        path: PathBuf,
    },
    /// The server is stopping.
    #[error("the packs are closed because the server stops; try again when it runs")]
    Closed,
}

impl PackError {
    /// For `map_err` on what was done with `path`.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
