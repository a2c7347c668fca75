//! A backup. Read this first.
//!
//! ```text
//! walk ─► compare with the cache ─► read ─► bundle or chunk ─► seal ─► have? ─► put ─► entry ─► commit
//! ```
//! One thread walks, reads and cuts; others seal and upload ([`crate::upload`]). An entry is put into the state once all
//! its chunks have their ids; a commit is made once all of them are durable on the server.

mod base;
mod commit;
mod compare;
mod gaps;
mod log;
mod pending;
mod read;
mod small;
pub mod source;

pub use commit::CommitError;
pub use log::LogError;

use crate::{
    monitor::{Clock, Monitor, Stage},
    remote::{Remote, RemoteError},
    state::{State, StateError},
    upload::{UploadError, Uploads},
};
use commit::Outcome;
use compare::KnownCursor;
use gaps::Gaps;
use iota_core::{
    commit::{Gap, Seen},
    id::{AccountId, Cid, DeviceId, HeaderHash, SetId},
    operation::Operation,
    path::{Key, TreePath},
    wire::WireError,
};
use iota_crypto::{chunk::ChunkSealer, domain::Domains, error::CryptoError, keys::SigningKey};
use log::Log;
use pending::Pending;
use source::{Event, KeyRange, Source};
use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    time::Duration,
};
use thiserror::Error;

pub(crate) use pending::FileId;

/// How often missing objects are read and sent again before a run gives up.
const MAX_ATTEMPTS: usize = 4;
/// Plain bytes of operations up to which a delta is considered.
const MAX_DELTA_BYTES: usize = 3 << 20;

/// Who backs up: what the identity of the machine says.
pub struct Machine<'a> {
    /// The account.
    pub account: AccountId,
    /// The set.
    pub set: SetId,
    /// This machine.
    pub device: DeviceId,
    /// Signs headers.
    pub signing: &'a SigningKey,
    /// Keys of chunks and cuts.
    pub domains: &'a Domains,
    /// Where identity and ratchet lie.
    pub config_dir: &'a Path,
    /// Where the cache lies.
    pub state_dir: &'a Path,
}

/// How to run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Read everything, whatever the stamps say.
    pub full: bool,
    /// Commit what there is after this long, so that it can be restored.
    pub commit_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { full: false, commit_every: Duration::from_secs(15 * 60) }
    }
}

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Number of the commit.
    pub seq: u64,
    /// Its hash.
    pub head: Option<HeaderHash>,
    /// Regular files in the state.
    pub files: u64,
    /// Directories in the state.
    pub dirs: u64,
    /// Bytes of all files in the state.
    pub state_bytes: u64,
    /// Bytes that were read.
    pub read_bytes: u64,
    /// Bytes of content that the cache did not know.
    pub new_bytes: u64,
    /// Sealed bytes that were sent.
    pub sent_bytes: u64,
    /// Entries that were added, changed or removed.
    pub changes: u64,
    /// What is missing, at most [`iota_core::commit::MAX_LISTED_GAPS`] of them.
    pub gaps: Vec<Gap>,
    /// How many gaps there are.
    pub gap_count: u64,
    /// A part was walked, and what was found cannot be told for certain without a walk of everything: files with several links.
    pub wants_whole: bool,
    /// Files that are new or have changed, and that their schedule does not let be read now.
    pub postponed: Vec<TreePath>,
}

/// Why a backup ended without its commit. What was committed before stays; running again goes on from there.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The cache.
    #[error(transparent)]
    State(#[from] StateError),
    /// Sealing and sending.
    #[error(transparent)]
    Upload(#[from] UploadError),
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Keys.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The format.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The ratchet.
    #[error(transparent)]
    Ratchet(#[from] crate::ratchet::RatchetError),
    /// The commit.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Another run is under way.
    #[error(transparent)]
    Busy(#[from] crate::config::ConfigError),
    /// A command before it.
    #[error(transparent)]
    Command(#[from] crate::commands::CommandError),
    /// The walk itself failed, not a single path.
    #[error("the file system cannot be walked: {0}")]
    Walk(#[from] std::io::Error),
}

/// Runs one backup of what `open_source` walks. The first walk may be of a part; then there is no commit when nothing changed. Another one, which a
/// part needs when the state is not complete or the server lost something, must be of everything.
///
/// # Errors
/// [`BackupError`]. Problems with single paths are gaps in the report instead.
pub fn run<S: Source>(
    machine: &Machine<'_>,
    remote: &dyn Remote,
    mut open_source: impl FnMut() -> std::io::Result<S>,
    options: Options,
    clock: &dyn Clock,
    monitor: &dyn Monitor,
) -> Result<Report, BackupError> {
    let mut log = Log::open(machine, remote)?;
    let state = State::open(machine.state_dir, machine.set, log.head())?;
    log.compare_cache(state.position.head);
    std::thread::scope(|scope| {
        let uploads = Uploads::start(scope, remote);
        let mut source = open_source()?;
        if is_part(&source) && !(state.position.complete && state.position.head == log.head()) {
            source = open_source()?;
        }
        let mut run = Run::new(machine, remote, log, state, uploads, options, clock, monitor)?;
        for attempt in 0..MAX_ATTEMPTS {
            monitor.stage(Stage::Scan);
            run.scan(&mut source)?;
            if is_part(&source) {
                if !run.has_news()? {
                    return Ok(run.report());
                }
            } else {
                run.drop_lost()?;
            }
            // What is damaged there and still here is sent again, once.
            let damaged = attempt == 0 && run.lose(&run.uploads.damaged()?)?;
            if !damaged {
                match run.commit(false)? {
                    Outcome::Done => return Ok(run.report()),
                    Outcome::Missing(cids) => drop(run.lose(&cids)?),
                }
            }
            source = open_source()?;
        }
        Err(CommitError::KeepsLosing.into())
    })
}

fn is_part(source: &impl Source) -> bool {
    source.ranges() != [KeyRange::everything()]
}

/// A run under way.
struct Run<'a, 'scope> {
    machine: &'a Machine<'a>,
    remote: &'a dyn Remote,
    log: Log,
    state: State,
    uploads: Uploads<'scope>,
    options: Options,
    clock: &'a dyn Clock,
    monitor: &'a dyn Monitor,
    sealer: ChunkSealer,
    pending: Pending,
    sparse: HashSet<Cid>,
    /// Operations since the last commit; `None` when there are too many for a delta.
    delta: Option<BTreeMap<Key, Operation>>,
    delta_bytes: usize,
    last_commit_ms: u64,
    /// No more commits before the scan has ended: objects were lost since it began.
    hold_commits: bool,
    gaps: Gaps,
    /// The walk under way is of a part.
    part: bool,
    /// Heads of other sets that the commit under way names.
    seen: Vec<Seen>,
    small_buffer: Vec<u8>,
    large_buffer: Vec<u8>,
    report: Report,
}

impl<'a, 'scope> Run<'a, 'scope> {
    #[expect(clippy::too_many_arguments, reason = "the one place where a run gets everything it works with")]
    fn new(
        machine: &'a Machine<'a>,
        remote: &'a dyn Remote,
        log: Log,
        mut state: State,
        uploads: Uploads<'scope>,
        options: Options,
        clock: &'a dyn Clock,
        monitor: &'a dyn Monitor,
    ) -> Result<Self, BackupError> {
        state.begin()?;
        let sparse = state.sparse_bundles()?;
        Ok(Self {
            machine,
            remote,
            log,
            state,
            uploads,
            options,
            clock,
            monitor,
            sealer: ChunkSealer::default(),
            pending: Pending::default(),
            sparse,
            delta: Some(BTreeMap::new()),
            delta_bytes: 0,
            last_commit_ms: clock.now_ms(),
            hold_commits: false,
            gaps: Gaps::default(),
            part: false,
            seen: Vec::new(),
            small_buffer: Vec::new(),
            large_buffer: Vec::new(),
            report: Report::default(),
        })
    }

    /// Walks once, and brings the state to what was found.
    fn scan(&mut self, source: &mut impl Source) -> Result<(), BackupError> {
        let (listed, count) = self.state.gaps()?;
        let ranges = source.ranges();
        self.part = is_part(source);
        self.gaps = Gaps::begin(listed, count, ranges.clone());
        self.hold_commits = false;
        let mut known = KnownCursor::new(ranges);
        while let Some(event) = source.next()? {
            match event {
                Event::Found(found) => self.found(source, &mut known, found)?,
                Event::Gap { path, reason, below } => {
                    self.keep_known(&mut known, &path, below)?;
                    self.gap(Gap { path, reason });
                }
            }
            self.take_sealed(false)?;
            self.commit_when_due()?;
        }
        while let Some(gone) = known.next(&self.state)? {
            self.remove(&gone.key)?;
        }
        self.flush_bundles()?;
        self.gaps.end();
        self.take_sealed(true)
    }

    /// Whether there is anything to tell since the last commit.
    fn has_news(&self) -> Result<bool, BackupError> {
        let changed = self.delta.as_ref().is_none_or(|delta| !delta.is_empty());
        Ok(changed || self.gaps.of_state() != self.state.gaps()?)
    }

    fn note_change(&mut self, operation: Operation) {
        self.report.changes += 1;
        let bytes = operation.path().as_bytes().len()
            + if let Operation::Put(entry) = &operation { entry.encode_tail().len() } else { 0 };
        self.delta_bytes += bytes;
        if self.delta_bytes > MAX_DELTA_BYTES {
            self.delta = None;
        }
        if let Some(delta) = &mut self.delta {
            delta.insert(operation.path().key(), operation);
        }
    }

    fn gap(&mut self, gap: Gap) {
        self.monitor.gap(&gap);
        self.gaps.add(gap);
    }

    fn commit_when_due(&mut self) -> Result<(), BackupError> {
        let waited_ms = self.clock.now_ms().saturating_sub(self.last_commit_ms);
        if self.hold_commits || Duration::from_millis(waited_ms) < self.options.commit_every {
            return Ok(());
        }
        self.flush_bundles()?;
        self.take_sealed(true)?;
        match self.commit(true)? {
            Outcome::Done => Ok(()),
            Outcome::Missing(cids) => {
                // What is missing may lie behind, where only the next scan comes.
                self.hold_commits = true;
                self.lose(&cids).map(drop)
            }
        }
    }

    /// The server lost objects: what needs them is read again, and the next commit lists all references. Says whether there
    /// are any.
    fn lose(&mut self, cids: &[Cid]) -> Result<bool, BackupError> {
        if !cids.is_empty() {
            self.state.begin()?;
            self.state.lose(cids)?;
            self.log.full_references = true;
        }
        Ok(!cids.is_empty())
    }

    /// What the server lost and could not be read again, which is told as a gap, is nowhere: the state can claim it no more.
    fn drop_lost(&mut self) -> Result<(), BackupError> {
        if self.hold_commits {
            return Ok(());
        }
        self.state.using_lost()?.iter().try_for_each(|key| self.remove(key.as_bytes()))
    }

    fn report(self) -> Report {
        let traffic = &self.uploads.traffic;
        let totals = self.state.position.totals;
        let (gaps, gap_count) = self.gaps.of_state();
        Report {
            seq: self.log.seq(),
            head: Some(self.log.head()),
            files: totals.files,
            dirs: totals.dirs,
            state_bytes: totals.bytes,
            sent_bytes: traffic.sent_bytes.load(std::sync::atomic::Ordering::Relaxed),
            gaps,
            gap_count,
            ..self.report
        }
    }
}
