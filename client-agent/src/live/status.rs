//! What the service is doing: a small file in the state directory, written at most once a second, which `iota status` reads.

use super::{Live, queue::Waiting, watch::SystemWatch};
use crate::{
    backup::Report,
    monitor::{Monitor, Stage as RunStage},
    rules::Priority,
};
use iota_core::{
    live::{MAX_ROOTS, MAX_ROOTS_BYTES, Resting, RestoreProgress, RuleView, Stage, Status, Trouble, WaitingPath},
    path::TreePath,
    rules::RuleRoot,
};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

const FILE_NAME: &str = "status.json";
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Waiting paths that are named.
const MAX_NAMED: usize = 20;
/// Reasons of failures that are told.
const MAX_TROUBLES: usize = 5;
/// Longest reason, characters.
const MAX_REASON: usize = 500;
/// The same failure sooner than this after the last one is still that one.
const SAME_MS: u64 = 3_000;
/// A service that has not written for this long is not running.
const SILENT_MS: u64 = 90_000;
/// How long the rules are told after somebody asked.
const SHOW_RULES_MS: u64 = 120_000;
/// How often a status that does not change is written all the same.
const SIGN_OF_LIFE_MS: u64 = 30_000;

/// What the service that works with `state_dir` wrote last; `None` when none is running.
///
/// # Errors
/// When the file cannot be read, or is none of ours.
pub fn read(state_dir: &Path, now_ms: u64) -> io::Result<Option<Status>> {
    let path = state_dir.join(FILE_NAME);
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if metadata.len() > MAX_FILE_BYTES => return Err(io::Error::other("the file is too large")),
        result => result?,
    };
    let status: Status = serde_json::from_slice(&fs::read(&path)?).map_err(io::Error::other)?;
    let recent = now_ms.saturating_sub(status.written_ms) < SILENT_MS;
    Ok((recent && Path::new(&format!("/proc/{}", status.process)).exists()).then_some(status))
}

/// A path that waits, as it is told.
pub fn waiting_path(path: &[u8], waiting: &Waiting) -> WaitingPath {
    WaitingPath {
        path: String::from_utf8_lossy(path).into_owned(),
        first_ms: waiting.first_ms,
        last_ms: waiting.last_ms,
        settle_ms: waiting.urgency.settle.as_millis() as u64,
        longest_wait_ms: waiting.urgency.longest_wait.as_millis() as u64,
        opens_ms: waiting.urgency.opens_ms,
        goes_along: waiting.urgency.priority == Priority::Low,
    }
}

/// A pause, asked for or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Why, when nobody asked for it.
    pub resting: Option<Resting>,
    /// When it ends, milliseconds since 1970.
    pub until_ms: u64,
}

/// Where the service notes what it does while it does it.
pub struct Board {
    path: PathBuf,
    /// What keeps it from going on with what it is at, and since when.
    pause: Mutex<Option<(Pause, u64)>>,
    status: Mutex<Status>,
    written: Mutex<Status>,
    current: Mutex<Option<TreePath>>,
    /// Who watches, also while a backup is under way.
    watch: Mutex<Option<Arc<SystemWatch>>>,
    files: AtomicU64,
    bytes: AtomicU64,
    /// What is told of the rules, and until when.
    rules: Mutex<(RuleView, u64)>,
    /// The restore under way that the owner ordered.
    restore: Mutex<Option<RestoreProgress>>,
}

impl Board {
    /// Of the service of this process.
    pub fn new(state_dir: &Path) -> Self {
        Self {
            path: state_dir.join(FILE_NAME),
            pause: Mutex::default(),
            status: Mutex::new(Status { process: std::process::id(), ..Status::default() }),
            written: Mutex::default(),
            current: Mutex::default(),
            watch: Mutex::default(),
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            rules: Mutex::default(),
            restore: Mutex::default(),
        }
    }

    /// Somebody asks for the rules, and is told them for a while.
    pub fn show_rules(&self, now_ms: u64, change: impl FnOnce(&mut RuleView)) {
        let mut rules = lock(&self.rules);
        change(&mut rules.0);
        rules.1 = now_ms + SHOW_RULES_MS;
    }

    /// How things stand, with what was asked of the rules.
    pub fn word(&self, now_ms: u64) -> Status {
        let rules = lock(&self.rules);
        let shown = (now_ms < rules.1).then(|| Box::new(rules.0.clone()));
        Status { rules: shown, ..self.status() }
    }

    /// How far a restore is that the owner ordered; nothing when there is none.
    pub fn restore(&self, change: impl FnOnce(&mut Option<RestoreProgress>)) {
        change(&mut lock(&self.restore));
    }

    /// Something else begins.
    pub fn enter(&self, stage: Stage, until_ms: Option<u64>, now_ms: u64) {
        let mut status = lock(&self.status);
        if status.stage != stage {
            (status.stage, status.since_ms, status.expected_bytes) = (stage, now_ms, 0);
            self.files.store(0, Ordering::Relaxed);
            self.bytes.store(0, Ordering::Relaxed);
            *lock(&self.current) = None;
        }
        status.until_ms = until_ms;
        match stage {
            Stage::Offline => drop(status.failing_since_ms.get_or_insert(now_ms)),
            Stage::Idle => status.failing_since_ms = None,
            // The next attempt is under way.
            _ => {}
        }
    }

    /// Whatever it is at rests until then, or goes on.
    pub fn hold(&self, pause: Option<Pause>, now_ms: u64) {
        let mut held = lock(&self.pause);
        let since_ms = held.map_or(now_ms, |(_, since_ms)| since_ms);
        *held = pause.map(|pause| (pause, since_ms));
    }

    /// The run under way will have looked at so many bytes; 0: not known.
    pub fn expect(&self, bytes: u64) {
        lock(&self.status).expected_bytes = bytes;
    }

    /// Who watches from now on.
    pub fn watch_by(&self, watch: &Arc<SystemWatch>) {
        *lock(&self.watch) = Some(Arc::clone(watch));
    }

    /// What the rules in force include.
    pub fn include(&self, roots: &[RuleRoot]) {
        let mut bytes = 0;
        // Rules in force have a path in each root.
        let names = roots.iter().filter_map(|root| Some(String::from_utf8_lossy(&root.path().ok()?).into_owned()));
        let told = names.take(MAX_ROOTS).take_while(|name| {
            bytes += name.len();
            bytes <= MAX_ROOTS_BYTES
        });
        let mut status = lock(&self.status);
        status.roots = told.collect();
        status.more_roots = (roots.len() - status.roots.len()) as u64;
    }

    /// What waits.
    pub fn note(&self, live: &Live) {
        let named = live.queue().in_order().take(MAX_NAMED).map(|(path, waiting)| waiting_path(path, waiting));
        let mut status = lock(&self.status);
        status.waiting = live.queue().len() as u64;
        status.first = named.collect();
        (status.next_scan_ms, status.last_scan_ms) = (live.whole_due_ms(), live.walked_ms());
        status.lost_ms = live.lost_ms();
    }

    /// A backup has ended well.
    pub fn done(&self, report: &Report, now_ms: u64) {
        let mut status = lock(&self.status);
        if status.last_commit.is_none_or(|(seq, _)| seq < report.seq) {
            status.last_commit = Some((report.seq, now_ms));
        }
        status.gap_count = report.gap_count;
    }

    /// A backup has failed.
    pub fn failed(&self, error: &dyn std::fmt::Display, now_ms: u64) {
        let reason: String = error.to_string().chars().take(MAX_REASON).collect();
        let mut status = lock(&self.status);
        let place = status.troubles.iter().position(|known| known.reason == reason);
        let known = place.map(|place| status.troubles.remove(place));
        let mut trouble = known.unwrap_or(Trouble { reason, count: 0, last_ms: 0 });
        // What is looked at every second and found wrong is one failure for as long as it is.
        if trouble.count == 0 || now_ms.saturating_sub(trouble.last_ms) >= SAME_MS {
            trouble.count += 1;
        }
        trouble.last_ms = now_ms;
        status.troubles.insert(0, trouble);
        status.troubles.truncate(MAX_TROUBLES);
    }

    /// How things stand.
    pub fn status(&self) -> Status {
        let mut status = lock(&self.status).clone();
        if let Some((pause, since_ms)) = *lock(&self.pause) {
            (status.stage, status.since_ms) = (Stage::Paused, since_ms);
            (status.resting, status.until_ms) = (pause.resting, Some(pause.until_ms));
        }
        if let Some(watch) = &*lock(&self.watch) {
            let coverage = watch.coverage();
            (status.watched, status.remote) = (coverage.watched, coverage.remote);
            (status.refused, status.at_limit) = (coverage.refused, coverage.at_limit);
            // What changes during a run is sorted in when it has ended.
            if matches!(status.stage, Stage::FullBackup | Stage::FullScan | Stage::Incremental) {
                status.waiting += watch.unheard();
            }
        }
        status.files = self.files.load(Ordering::Relaxed);
        status.bytes = self.bytes.load(Ordering::Relaxed);
        let name = |path: &TreePath| format!("/{}", String::from_utf8_lossy(path.as_bytes()));
        status.current = lock(&self.current).as_ref().map(name);
        status.restore.clone_from(&lock(&self.restore));
        status
    }

    /// Writes the file, if there is anything new.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, now_ms: u64) -> io::Result<()> {
        let mut status = self.status();
        let mut written = lock(&self.written);
        status.written_ms = written.written_ms;
        if status == *written && now_ms.saturating_sub(written.written_ms) < SIGN_OF_LIFE_MS {
            return Ok(());
        }
        status.written_ms = now_ms;
        let draft = self.path.with_extension("new");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&serde_json::to_vec(&status)?)?;
        drop(file);
        fs::rename(&draft, &self.path)?;
        *written = status;
        Ok(())
    }

    /// The service ends.
    pub fn remove(&self) {
        // If it stays, its process is gone.
        let _ = fs::remove_file(&self.path);
    }
}

impl Monitor for Board {
    fn stage(&self, _stage: RunStage) {
        *lock(&self.current) = None;
    }

    fn file(&self, path: &TreePath, _bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        *lock(&self.current) = Some(path.clone());
    }

    fn unchanged(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn progress(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    #[test]
    fn what_the_rules_include_is_told_as_far_as_it_fits() {
        let directory = tempfile::tempdir().unwrap();
        let board = Board::new(directory.path());
        let told = |roots: &[&[u8]]| {
            let roots: Vec<_> = roots.iter().map(|path| RuleRoot::new(Path::new(OsStr::from_bytes(path)))).collect();
            board.include(&roots);
            let status = board.status();
            (status.roots, status.more_roots)
        };
        assert_eq!(told(&[b"/home/ada", b"/srv/\xff"]), (vec!["/home/ada".to_owned(), "/srv/\u{fffd}".to_owned()], 0));
        let (roots, more) = told(&[&b"/a"[..]; MAX_ROOTS + 3]);
        assert_eq!((roots.len(), more), (MAX_ROOTS, 3));
        let long = [&b"/"[..], &[b'a'; MAX_ROOTS_BYTES / 2]].concat();
        let (roots, more) = told(&[b"/b", &long, &long, b"/c"]);
        assert_eq!((roots.len(), more), (2, 2), "they stay in their order");
        assert_eq!(told(&[]), (vec![], 0));
    }

    #[test]
    fn since_when_it_rests_and_since_when_runs_fail_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let board = Board::new(directory.path());
        let pause = |resting, until_ms| Some(Pause { resting, until_ms });
        board.enter(Stage::Idle, None, 1);
        board.hold(pause(None, 90), 5);
        board.hold(pause(Some(Resting::OnBattery), 100), 8);
        let status = board.status();
        assert_eq!((status.stage, status.since_ms, status.until_ms), (Stage::Paused, 5, Some(100)));
        board.hold(None, 9);
        assert_eq!((board.status().stage, board.status().since_ms), (Stage::Idle, 1));
        board.hold(pause(None, 90), 20);
        assert_eq!(board.status().since_ms, 20, "another pause");
        board.hold(None, 21);
        for (stage, at_ms, failing) in [
            (Stage::Incremental, 30, None),
            (Stage::Offline, 31, Some(31)),
            (Stage::Incremental, 40, Some(31)),
            (Stage::Offline, 41, Some(31)),
            (Stage::FullScan, 50, Some(31)),
            (Stage::Idle, 51, None),
            (Stage::Offline, 60, Some(60)),
        ] {
            board.enter(stage, None, at_ms);
            assert_eq!(board.status().failing_since_ms, failing, "at {at_ms}");
        }
    }

    #[test]
    fn a_status_is_read_as_it_was_written_while_its_process_lives() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read(directory.path(), 0).unwrap(), None);
        let board = Board::new(directory.path());
        board.enter(Stage::Incremental, None, 5);
        board.file(&TreePath::parse(b"home/ada/\xff").unwrap(), 7);
        board.progress(7);
        board.write(9).unwrap();
        let status = read(directory.path(), 10).unwrap().unwrap();
        assert_eq!((status.stage, status.since_ms, status.files, status.bytes), (Stage::Incremental, 5, 1, 7));
        assert_eq!(status.current.as_deref(), Some("/home/ada/\u{fffd}"));
        // Of failures each reason is told once, what came last first.
        for (number, reason) in ["a", "b", "a", "c", "d", "e", "f"].iter().enumerate() {
            board.failed(reason, number as u64 * SAME_MS);
            board.failed(reason, number as u64 * SAME_MS + 1);
        }
        let troubles = board.status().troubles;
        let told: Vec<_> = troubles.iter().map(|trouble| (&*trouble.reason, trouble.count, trouble.last_ms)).collect();
        assert_eq!(told, [("f", 1, 18_001), ("e", 1, 15_001), ("d", 1, 12_001), ("c", 1, 9_001), ("a", 2, 6_001)]);
        board.write(10).unwrap();
        // Nothing new is not written; a sign of life is.
        let file = directory.path().join(FILE_NAME);
        fs::remove_file(&file).unwrap();
        board.write(11).unwrap();
        assert!(!file.exists());
        board.write(10 + SIGN_OF_LIFE_MS).unwrap();
        assert_eq!(read(directory.path(), 10 + SIGN_OF_LIFE_MS + SILENT_MS).unwrap(), None);
        fs::write(&file, "{").unwrap();
        assert!(read(directory.path(), 0).is_err());
    }
}
