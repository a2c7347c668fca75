//! What is backed up: roots, what is left out below them, and traits.
//!
//! [`iota_core::rules`] decides. Here are the file `rules.toml` ([`store`]), changes to it with checks ([`edit`]), and a walk that says why a path is, or
//! is not, in the backup ([`explain`](mod@explain)).

pub mod edit;
pub mod explain;
pub mod preview;
pub mod store;

pub use edit::{Edit, Notice};
pub use explain::{Decision, Explained, explain};
pub use iota_core::rules::{
    Attachment, Choice, Chunking, Facts, LocalTime, PathKind, Priority, RootNode, RuleError, RuleFile, RuleRoot, Rules,
    Schedule, Settings, Sharing, Size, Span, Trait, Verdict,
};
pub use store::{load, parse, save, to_text};

use crate::platform::{FileKind, Status};
use iota_core::entry::Timestamp;
use std::{ffi::OsString, io, os::unix::ffi::OsStringExt, path::PathBuf, time::Duration};
use thiserror::Error;

/// The rules cannot be used.
#[derive(Debug, Error)]
pub enum RulesError {
    /// The file cannot be read or written.
    #[error("{path}: {error}; check that the directory exists and belongs to you")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The file is not what it should be.
    #[error(
        "{path} is not valid: {message}; correct it or write the rules again with `iota include` and `iota exclude`"
    )]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with its line.
        message: String,
    },
    /// What it says cannot be.
    #[error(transparent)]
    Invalid(#[from] RuleError),
    /// There is no such path.
    #[error("{path:?} cannot be included: {error}; check the spelling")]
    Absent {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

/// Where a root is.
///
/// # Errors
/// [`RuleError::Root`].
pub fn root_path(root: &RuleRoot) -> Result<PathBuf, RuleError> {
    root.path().map(|bytes| OsString::from_vec(bytes).into())
}

/// What traits look at, as a file system says it at a time.
pub fn facts(status: &Status, now_ms: u64) -> Facts {
    let kind = match status.kind {
        FileKind::File => PathKind::File,
        FileKind::Directory => PathKind::Directory,
        FileKind::Symlink => PathKind::Link,
        _ => PathKind::Other,
    };
    Facts { kind, size: status.size, age: age(status.mtime, now_ms) }
}

/// How long ago something was modified.
fn age(modified: Timestamp, now_ms: u64) -> Duration {
    let modified_ms = modified.seconds.saturating_mul(1000);
    Duration::from_millis(u64::try_from((now_ms as i64).saturating_sub(modified_ms)).unwrap_or(0))
}
