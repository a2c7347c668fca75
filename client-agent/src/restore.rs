//! Restoring a state, or parts of it, into a directory that is never left.
//!
//! ```text
//! walk ─► plan: directories, batches of files by their chunks ─► workers: fetch ─► open ─► write ─► metadata ─► name
//! ```
//! One thread plans: it makes directories and gathers files until a batch is full. Workers fetch the chunks of a batch,
//! open each once and write it to every file that it belongs to. A file gets its name when it is complete, with its metadata;
//! until then it has none, and a restore that is stopped leaves no half files. A directory gets its links, then its metadata,
//! when everything below it is done.
//!
//! Invariant: every open, make and rename is relative to a descriptor of a directory below the target, and follows no link.
//! Invariant: nothing that is there is overwritten unless [`Overwrite`] says so, and then by one rename of what is complete; a
//! directory is never replaced. A file that is there already with the same size, time and content counts as done, so the same command goes on where it was stopped; a file that was under way begins again. Other metadata of such a
//! file is compared and told, not changed. A directory that is there takes part: it gets the metadata of the snapshot, because
//! one that an earlier run made has none yet, and so do the same links, pipes, sockets and devices.
//! Everything is made durable once, at the end, by one `syncfs` of the target's file system.

mod batch;
mod collision;
mod dirs;
mod file;
mod forecast;
mod links;
mod losses;
mod metadata;
mod plan;
mod special;
mod work;

pub use forecast::{Forecast, forecast};
pub use iota_core::restore::Overwrite;
pub use losses::{Loss, LossReason, MAX_LISTED_LOSSES};

use crate::{
    history::{Point, ReadError},
    monitor::{Monitor, Stage},
    platform::{Attribute, attributes_at, attributes_of, open_given_directory, own_user, sync_file_system},
};
use batch::Batch;
use crossbeam_channel::bounded;
use iota_core::path::TreePath;
use losses::Losses;
use plan::Planner;
use std::{
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::DirBuilderExt,
    },
    path::{Path, PathBuf},
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use thiserror::Error;

/// Threads that fetch, open and write. More than there are cores, so that some wait for the network while others write.
const WORKERS: usize = 4;

/// How to restore.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Make devices, too; only root can.
    pub devices: bool,
    /// Give setuid and setgid bits and capabilities back; only root gets them.
    pub trust: bool,
    /// Write files of which parts are lost, with zeros in their place.
    pub keep_damaged: bool,
    /// What becomes of files and symbolic links that are there.
    pub overwrite: Overwrite,
    /// Directories above what was selected stay as they are, if they are there.
    pub in_place: bool,
}

/// What a restore did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Regular files that were written, links to others included.
    pub files: u64,
    /// Directories that were made or found.
    pub dirs: u64,
    /// Symbolic links, pipes, sockets, devices.
    pub others: u64,
    /// Bytes that were written, holes not counted.
    pub bytes: u64,
    /// Files that were there already, the same, or newer when only older ones are replaced.
    pub kept: u64,
    /// Files and symbolic links that took the place of others.
    pub replaced: u64,
    /// What is not as it was, at most [`MAX_LISTED_LOSSES`] of them.
    pub losses: Vec<Loss>,
    /// How many losses there are.
    pub loss_count: u64,
    /// Paths whose owner or group only root could give back; no losses, for everybody else has what can be had.
    pub owners_left: u64,
}

/// Why a restore ended early. What is complete stays; the same command goes on from there.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// Reading history.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The target cannot be used.
    #[error("{path:?} cannot be used as target: {source}; name a directory that you may write to")]
    Target {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk is full or read-only.
    #[error("{path:?} takes no more: {source}; make room, then run the same command again: it goes on from here")]
    Full {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The registry of hard links.
    #[error("a temporary file failed: {0}; check the free space in /tmp")]
    Temporary(#[from] rusqlite::Error),
    /// A thread ended in the middle.
    #[error("a thread of the restore ended early; run the same command again: it goes on from here")]
    Stopped,
}

/// What all threads of a restore share.
struct Shared<'a> {
    point: &'a Point<'a>,
    root: OwnedFd,
    target: &'a Path,
    options: Options,
    monitor: &'a dyn Monitor,
    is_root: bool,
    /// What is made may get an ACL from its directory.
    inherits: AtomicBool,
    losses: Losses,
    counts: Counts,
    links: Mutex<links::Links>,
    /// The file system has no files without names.
    named_drafts: AtomicBool,
    drafts: AtomicU64,
    /// Files that are planned and not done.
    under_way: Mutex<usize>,
    idle: Condvar,
    failed: Mutex<Option<RestoreError>>,
    stopped: AtomicBool,
}

#[derive(Default)]
struct Counts {
    files: AtomicU64,
    dirs: AtomicU64,
    others: AtomicU64,
    bytes: AtomicU64,
    kept: AtomicU64,
    replaced: AtomicU64,
    owners_left: AtomicU64,
}

fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

impl Shared<'_> {
    /// Ends the restore; the first error counts.
    fn stop(&self, error: RestoreError) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        let _under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        self.stopped.store(true, Ordering::SeqCst);
        self.idle.notify_all();
    }

    fn inherits(&self) -> bool {
        self.inherits.load(Ordering::Relaxed)
    }

    /// A name that nothing in a directory has, for what is not complete yet.
    fn draft_name(&self) -> Vec<u8> {
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        format!(".iota-restore-{}-{number}", std::process::id()).into_bytes()
    }

    /// A directory that was there before: what is made in it may get an ACL from it.
    fn enter_existing(&self, parent: BorrowedFd<'_>, name: &[u8]) {
        if has_default_acl(attributes_at(parent, name)) {
            self.inherits.store(true, Ordering::Relaxed);
        }
    }

    fn begin_file(&self) {
        *self.under_way.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    fn end_file(&self) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        *under_way -= 1;
        if *under_way == 0 {
            self.idle.notify_all();
        }
    }

    /// Waits until every planned file is done, or the restore is stopped.
    fn wait_idle(&self) {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let _idle = self.idle.wait_while(under_way, |count| *count > 0 && !self.is_stopped());
    }

    /// Ends the restore when nothing more can be written.
    fn stop_if_full(&self, source: &io::Error) {
        if crate::platform::is_full(source) {
            let source = io::Error::new(source.kind(), source.to_string());
            self.stop(RestoreError::Full { path: self.target.to_owned(), source });
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn report(self) -> Result<Report, RestoreError> {
        if let Some(error) = self.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let (losses, loss_count) = self.losses.finish();
        let Counts { files, dirs, others, bytes, kept, replaced, owners_left } = self.counts;
        Ok(Report {
            files: files.into_inner(),
            dirs: dirs.into_inner(),
            others: others.into_inner(),
            bytes: bytes.into_inner(),
            kept: kept.into_inner(),
            replaced: replaced.into_inner(),
            losses,
            loss_count,
            owners_left: owners_left.into_inner(),
        })
    }
}

/// Restores `selection` (nothing: everything) of `point` below `target`, each at its full path.
///
/// # Errors
/// [`RestoreError`]. Problems with single paths are losses in the report instead.
pub fn restore(
    point: &Point<'_>,
    selection: &[TreePath],
    target: &Path,
    options: Options,
    monitor: &dyn Monitor,
) -> Result<Report, RestoreError> {
    selection.iter().try_for_each(|path| point.require(path))?;
    monitor.stage(Stage::Restore);
    let root = open_target(target)?;
    let shared = Shared {
        point,
        inherits: AtomicBool::new(has_default_acl(attributes_of(root.as_fd()))),
        root,
        target,
        options,
        monitor,
        is_root: own_user() == 0,
        losses: Losses::default(),
        counts: Counts::default(),
        links: Mutex::new(links::Links::open()?),
        named_drafts: AtomicBool::new(!Path::new("/proc/self/fd").exists()),
        drafts: AtomicU64::new(0),
        under_way: Mutex::new(0),
        idle: Condvar::new(),
        failed: Mutex::new(None),
        stopped: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        let (batches, queue) = bounded::<Batch>(WORKERS);
        let start = |_| {
            let (queue, shared) = (queue.clone(), &shared);
            scope.spawn(move || work::run(shared, &queue))
        };
        let workers: Vec<_> = (0..WORKERS).map(start).collect();
        drop(queue);
        Planner::new(&shared, batches).run(selection);
        // One that panicked has stopped the restore, with an error.
        workers.into_iter().for_each(|worker| drop(worker.join()));
    });
    let synced = sync_file_system(shared.root.as_fd());
    let report = shared.report()?;
    synced.map_err(|source| RestoreError::Full { path: target.to_owned(), source })?;
    Ok(report)
}

/// Makes the target when it is not there, for its owner alone. A link to it is followed: the user named it.
fn open_target(target: &Path) -> Result<OwnedFd, RestoreError> {
    let failed = |source| RestoreError::Target { path: target.to_owned(), source };
    match std::fs::DirBuilder::new().mode(0o700).create(target) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    open_given_directory(target).map_err(failed)
}

/// Whether what is made in a directory with these attributes gets an ACL; when that cannot be told, it is looked for.
fn has_default_acl(attributes: io::Result<Vec<Attribute>>) -> bool {
    attributes.map_or(true, |all| all.iter().any(|(name, _)| &**name == b"system.posix_acl_default"))
}
