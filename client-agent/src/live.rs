//! The service: watching, waiting, backing up. Read this first.
//!
//! ```text
//! walk enters a directory ─► watch it, then list it ─► events ─► queue ─► quiet long enough? ─► backup of these paths
//!                                                        └─ lost or too many ─► walk of everything
//! ```
//! Each directory is watched before it is listed, so what changes while the first walk is under way is seen by the walk or by the watcher. The
//! watcher is a hint only: the walk of everything at the start, and once a day, is the truth.

pub mod channel;
pub mod pause;
pub mod queue;
pub mod rest;
pub mod status;
mod store;
pub mod urgency;
pub mod watch;

pub use store::{Store, StoreError};

use crate::{
    backup::{BackupError, LogError, Report},
    rules::Priority,
    scan::Scope,
};
use iota_core::path::TreePath;
use queue::Queue;
use std::{sync::Arc, time::Duration};
use urgency::Urgency;
use watch::Hint;

/// How often everything is walked.
pub const SCAN_EVERY: Duration = Duration::from_secs(24 * 3600);
/// How far apart commits are while changes go on.
pub const COMMIT_APART: Duration = Duration::from_secs(60);
/// How far apart they are while paths of high priority change.
const PRESSING_APART: Duration = Duration::from_secs(10);
/// How far apart walks of everything are that nobody planned: for events that were lost.
const SCANS_APART: Duration = Duration::from_secs(5 * 60);
/// How long the walk after lost events waits: they are seldom lost alone.
const SCAN_AFTER_LOSS: Duration = Duration::from_secs(30);
/// How long a walk waits that makes certain what a part left open.
const SCAN_FOR_CERTAINTY: Duration = Duration::from_secs(10 * 60);
/// After a failure, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(5 * 60));

/// What the service works with. Tests give their own.
pub trait Work {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> u64;
    /// How long a change of a path waits, as the path is now.
    fn urgency(&self, path: &[u8]) -> Urgency;
    /// Backs up what `scope` says, or everything, watching each directory before it is listed.
    ///
    /// # Errors
    /// [`BackupError`].
    fn back_up(&mut self, scope: Option<Arc<Scope>>) -> Result<Report, BackupError>;
}

/// What a turn came to.
#[derive(Debug)]
pub enum Turn {
    /// There is nothing to do before this time, unless something changes.
    Wait {
        /// Milliseconds since 1970.
        until_ms: u64,
    },
    /// Paths that had changed were backed up.
    Part(Report),
    /// Everything was walked and backed up.
    Whole(Report),
    /// It did not work, and will be tried again.
    Failed(BackupError),
}

/// The service ends: trying again changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The queue cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Backing up.
    #[error(transparent)]
    Backup(BackupError),
}

/// See the module.
pub struct Live {
    queue: Queue,
    store: Store,
    /// When everything is walked next.
    whole_due_ms: u64,
    whole_ended_ms: Option<u64>,
    last_commit_ms: Option<u64>,
    retry_at_ms: u64,
    failures: u32,
    last_now_ms: u64,
    /// When events were lost that no walk has made good.
    lost_ms: Option<u64>,
    /// A walk that is due has let paths go first, which it does once.
    walk_gave_way: bool,
}

impl Live {
    /// Begins with a walk of everything.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn start(store: Store, work: &dyn Work) -> Result<Self, StoreError> {
        let now_ms = work.now_ms();
        Ok(Self {
            queue: Queue::of_saved(store.load()?, now_ms, |path| work.urgency(path)),
            store,
            whole_due_ms: now_ms,
            whole_ended_ms: None,
            lost_ms: None,
            walk_gave_way: false,
            last_commit_ms: None,
            retry_at_ms: 0,
            failures: 0,
            last_now_ms: now_ms,
        })
    }

    /// What waits.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// When everything is walked next, milliseconds since 1970.
    pub fn whole_due_ms(&self) -> u64 {
        self.whole_due_ms
    }

    /// Whether everything was walked since the start.
    pub fn has_walked(&self) -> bool {
        self.whole_ended_ms.is_some()
    }

    /// When everything was walked last, since the start.
    pub fn walked_ms(&self) -> Option<u64> {
        self.whole_ended_ms
    }

    /// When events were lost, if everything was not walked since.
    pub fn lost_ms(&self) -> Option<u64> {
        self.lost_ms
    }

    /// Whether the last attempt failed.
    pub fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Everything is to be walked as soon as possible.
    pub fn walk_now(&mut self, now_ms: u64) {
        self.walk_by(now_ms);
    }

    /// Takes in what the watcher said, and does nothing else.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep(&mut self, hints: impl IntoIterator<Item = Hint>, work: &dyn Work) -> Result<(), StoreError> {
        let now_ms = work.now_ms();
        self.follow_clock(now_ms);
        for hint in hints {
            self.take_in(hint, now_ms, work);
        }
        self.store.save(&self.queue.take_unsaved())
    }

    /// Takes in what the watcher said, and does at most one backup.
    ///
    /// # Errors
    /// [`LiveError`]: the service cannot go on.
    pub fn turn(&mut self, hints: impl IntoIterator<Item = Hint>, work: &mut dyn Work) -> Result<Turn, LiveError> {
        let now_ms = work.now_ms();
        self.keep(hints, work)?;
        let turn = self.act(now_ms, work)?;
        self.store.save(&self.queue.take_unsaved())?;
        Ok(turn)
    }

    fn take_in(&mut self, hint: Hint, now_ms: u64, work: &dyn Work) {
        let kept = match hint {
            Hint::Changed { path, below } => self.queue.touch(&path, below, now_ms, |path| work.urgency(path)),
            Hint::Lost => false,
        };
        if !kept {
            self.lost_ms = Some(now_ms);
            let earliest_ms = self.whole_ended_ms.map_or(0, |ended_ms| ended_ms + ms(SCANS_APART));
            self.walk_by(earliest_ms.max(now_ms + ms(SCAN_AFTER_LOSS)));
        }
    }

    fn walk_by(&mut self, due_ms: u64) {
        self.whole_due_ms = self.whole_due_ms.min(due_ms);
    }

    /// A clock that was set back must keep nothing waiting until it is where it was.
    fn follow_clock(&mut self, now_ms: u64) {
        if now_ms < self.last_now_ms {
            self.queue.clock_was_set(now_ms);
            self.walk_by(now_ms + ms(SCAN_EVERY));
            self.retry_at_ms = self.retry_at_ms.min(now_ms + ms(RETRY.1));
            for past in [&mut self.last_commit_ms, &mut self.whole_ended_ms, &mut self.lost_ms].into_iter().flatten() {
                *past = (*past).min(now_ms);
            }
        }
        self.last_now_ms = now_ms;
    }

    fn act(&mut self, now_ms: u64, work: &mut dyn Work) -> Result<Turn, LiveError> {
        let commit_ms = self.last_commit_ms.map_or(0, |last_ms| last_ms + ms(COMMIT_APART));
        if now_ms < self.retry_at_ms {
            return Ok(Turn::Wait { until_ms: self.retry_at_ms });
        }
        let walk_is_due = self.whole_due_ms <= now_ms;
        // What changed goes before a walk that may take long; but the first one is what makes the watcher see.
        if walk_is_due && (self.walk_gave_way || !self.has_walked()) {
            return self.walk(now_ms, work);
        }
        self.walk_gave_way = walk_is_due;
        let pressing_ms = self.last_commit_ms.map_or(0, |last_ms| last_ms + ms(PRESSING_APART));
        match self.queue.due(now_ms, |path| work.urgency(path)) {
            Some(Priority::High) if pressing_ms <= now_ms => {
                return self.back_up_due(now_ms, Some(Priority::High), work);
            }
            Some(_) if commit_ms <= now_ms => return self.back_up_due(now_ms, None, work),
            Some(Priority::High) if !walk_is_due => return Ok(Turn::Wait { until_ms: pressing_ms.min(commit_ms) }),
            _ => {}
        }
        if walk_is_due {
            return self.walk(now_ms, work);
        }
        let next_ms = self.queue.next_due_ms().map(|due_ms| due_ms.max(commit_ms));
        Ok(Turn::Wait { until_ms: next_ms.unwrap_or(u64::MAX).min(self.whole_due_ms) })
    }

    fn walk(&mut self, began_ms: u64, work: &mut dyn Work) -> Result<Turn, LiveError> {
        self.walk_gave_way = false;
        let result = work.back_up(None);
        let now_ms = work.now_ms();
        match result {
            Ok(report) => {
                self.queue.forget_before(began_ms);
                // What is lost from now on is told when it is heard.
                self.lost_ms = None;
                self.postpone(&report, now_ms, work);
                self.whole_ended_ms = Some(now_ms);
                self.whole_due_ms = now_ms + ms(SCAN_EVERY);
                self.worked(Some(now_ms));
                Ok(Turn::Whole(report))
            }
            Err(error) => self.failed(error, now_ms),
        }
    }

    fn back_up_due(&mut self, now_ms: u64, only: Option<Priority>, work: &mut dyn Work) -> Result<Turn, LiveError> {
        let mut scope = Scope::default();
        for (path, waiting) in self.queue.take(now_ms, only) {
            // What is no path of a tree is in no backup.
            if let Some(Ok(path)) = path.strip_prefix(b"/").map(TreePath::parse) {
                scope.add(&path, waiting.below);
            }
        }
        let result = work.back_up(Some(Arc::new(scope)));
        let now_ms = work.now_ms();
        match result {
            Ok(report) => {
                self.queue.done();
                self.postpone(&report, now_ms, work);
                if report.wants_whole {
                    self.walk_by(now_ms + ms(SCAN_FOR_CERTAINTY));
                }
                self.worked((report.changes > 0).then_some(now_ms));
                Ok(Turn::Part(report))
            }
            Err(error) => {
                self.queue.put_back();
                self.failed(error, now_ms)
            }
        }
    }

    /// What was met outside of its schedule waits for it.
    fn postpone(&mut self, report: &Report, now_ms: u64, work: &dyn Work) {
        for path in &report.postponed {
            let path = [b"/", path.as_bytes()].concat();
            if !self.queue.touch(&path, false, now_ms, |path| work.urgency(path)) {
                // The next walk of everything meets it again.
                break;
            }
        }
    }

    fn worked(&mut self, committed_ms: Option<u64>) {
        self.failures = 0;
        self.last_commit_ms = committed_ms.or(self.last_commit_ms);
    }

    fn failed(&mut self, error: BackupError, now_ms: u64) -> Result<Turn, LiveError> {
        if is_final(&error) {
            return Err(LiveError::Backup(error));
        }
        let pause = RETRY.0.saturating_mul(1 << self.failures.min(10)).min(RETRY.1);
        self.failures += 1;
        self.retry_at_ms = now_ms + ms(pause);
        Ok(Turn::Failed(error))
    }
}

/// Whether trying again is of no use: the machine may not write to its log any more.
fn is_final(error: &BackupError) -> bool {
    match error {
        BackupError::Log(LogError::ForeignHead { .. } | LogError::WrongSet) => true,
        BackupError::Remote(error) | BackupError::Log(LogError::Remote(error)) => error.is_replaced(),
        _ => false,
    }
}

fn ms(duration: Duration) -> u64 {
    duration.as_millis() as u64
}
