//! A file that is being restored, or compared with what is there.

use super::{
    LossReason, Overwrite, Shared,
    collision::There,
    count,
    dirs::{Dir, release},
    links::Group,
    metadata::At,
};
use crate::platform::{
    FileKind, Stretch, begin_writeback, create_named, create_unnamed, name_file, next_stretch, open_file, remove_file,
    rename_new, rename_over, status_of,
};
use iota_core::{entry::Entry, path::TreePath};
use iota_crypto::{chunk::chunk_key, keys::DedupKey};
use std::{
    fs::File,
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::FileExt,
    },
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// How much of a stretch of zeros is compared at a time.
const ZEROS_BYTES: usize = 64 << 10;
/// After this many bytes of a file the system begins to write them, while more are fetched: else all of them wait for the
/// end of the restore, where everything is made durable.
const WRITEBACK_BYTES: u64 = 8 << 20;

/// A file, from its plan to its name. Every use of a chunk holds it, and so does the planner until all uses are known.
pub(super) struct FileJob {
    pub entry: Entry,
    /// There is something of the same size and time: it is compared and never written.
    compares: bool,
    /// There is something that it takes the place of.
    replaces: bool,
    dir: Mutex<Option<Arc<Dir>>>,
    left: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    output: Output,
    /// Where what was written ends.
    end: u64,
    /// What was written since the system was told to begin.
    unwritten_bytes: u64,
    holes: Vec<(u64, u64)>,
    differs: bool,
    losses: Vec<LossReason>,
}

impl State {
    /// Counts a run that was written; returns whether it is time to begin with the writeback.
    fn note_written(&mut self, position: u64, length: u64) -> bool {
        self.end = self.end.max(position + length);
        self.unwritten_bytes += length;
        let is_time = self.unwritten_bytes >= WRITEBACK_BYTES;
        if is_time {
            self.unwritten_bytes = 0;
        }
        is_time
    }
}

#[derive(Default)]
enum Output {
    #[default]
    None,
    Draft(Draft),
    Existing(Arc<File>),
}

/// A file that has no name yet, or not its own.
struct Draft {
    file: Arc<File>,
    directory: Arc<OwnedFd>,
    name: Option<Vec<u8>>,
}

/// The directory that was opened last; files come directory by directory.
#[derive(Default)]
pub(super) struct LastDirectory(Option<(Option<TreePath>, Arc<OwnedFd>)>);

impl LastDirectory {
    fn open(&mut self, shared: &Shared<'_>, dir: &Dir) -> io::Result<Arc<OwnedFd>> {
        if let Some((path, directory)) = &self.0
            && *path == dir.path
        {
            return Ok(Arc::clone(directory));
        }
        let directory = Arc::new(dir.open(shared)?);
        self.0 = Some((dir.path.clone(), Arc::clone(&directory)));
        Ok(directory)
    }
}

impl FileJob {
    pub fn new(entry: Entry, dir: Arc<Dir>, there: There) -> Self {
        let state = Mutex::default();
        let (compares, replaces) = (there == There::Alike, there == There::Old);
        Self { entry, compares, replaces, dir: Mutex::new(Some(dir)), left: AtomicUsize::new(1), state }
    }

    fn with<T>(&self, run: impl FnOnce(&mut State) -> T) -> T {
        run(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// One more use will come.
    pub fn expect_use(&self) {
        self.left.fetch_add(1, Ordering::SeqCst);
    }

    /// A stretch of zeros that takes no space.
    pub fn add_hole(&self, position: u64, length: u64) {
        if self.compares {
            self.with(|state| state.holes.push((position, length)));
        }
    }

    /// A part of the content is lost.
    pub fn lose(&self, reason: LossReason) {
        self.with(|state| {
            if !state.losses.contains(&reason) {
                state.losses.push(reason);
            }
        });
    }

    /// Whether parts are lost already.
    pub fn is_lost(&self) -> bool {
        self.with(|state| !state.losses.is_empty())
    }

    /// A use is done, or the plan is; returns whether that was the last.
    pub fn is_last(&self) -> bool {
        self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// Compares a run of what is there with the key of a chunk; `true` when the chunk is just these bytes.
    pub fn has(
        &self,
        shared: &Shared<'_>,
        last: &mut LastDirectory,
        at: (u64, u32),
        key: (&DedupKey, &[u8; 32]),
    ) -> bool {
        if !self.compares {
            return false;
        }
        let mut bytes = vec![0; at.1 as usize];
        let read = self.file(shared, last).and_then(|file| file.read_exact_at(&mut bytes, at.0));
        read.is_ok() && chunk_key(key.0, &bytes).0 == *key.1
    }

    /// Writes `bytes` at `position`, or compares them.
    pub fn put(&self, shared: &Shared<'_>, last: &mut LastDirectory, position: u64, bytes: &[u8]) {
        let done = self.file(shared, last).and_then(|file| {
            if self.compares {
                let mut found = vec![0; bytes.len()];
                let same = file.read_exact_at(&mut found, position).is_ok() && found == bytes;
                self.with(|state| state.differs |= !same);
                return Ok(());
            }
            file.write_all_at(bytes, position)?;
            if self.with(|state| state.note_written(position, bytes.len() as u64)) {
                begin_writeback(&file);
            }
            count(&shared.counts.bytes, bytes.len() as u64);
            Ok(())
        });
        shared.monitor.progress(bytes.len() as u64);
        if let Err(error) = done {
            self.fail(shared, &error);
        }
    }

    fn fail(&self, shared: &Shared<'_>, error: &io::Error) {
        shared.stop_if_full(error);
        self.lose(match error.kind() {
            io::ErrorKind::AlreadyExists => LossReason::Exists,
            _ => LossReason::Write(error.to_string()),
        });
    }

    /// The open file, opened when it is first needed.
    fn file(&self, shared: &Shared<'_>, last: &mut LastDirectory) -> io::Result<Arc<File>> {
        self.with(|state| {
            match &state.output {
                Output::Draft(draft) => return Ok(Arc::clone(&draft.file)),
                Output::Existing(file) => return Ok(Arc::clone(file)),
                Output::None => {}
            }
            let dir = self.dir.lock().unwrap_or_else(PoisonError::into_inner);
            let directory = dir.as_ref().ok_or(io::ErrorKind::NotFound)?;
            let directory = last.open(shared, directory)?;
            if self.compares {
                let file = Arc::new(self.open_existing(&directory)?);
                state.output = Output::Existing(Arc::clone(&file));
                return Ok(file);
            }
            let draft = create_draft(shared, directory)?;
            let file = Arc::clone(&draft.file);
            state.output = Output::Draft(draft);
            Ok(file)
        })
    }

    fn open_existing(&self, directory: &OwnedFd) -> io::Result<File> {
        let file = open_file(directory.as_fd(), self.entry.path.name())?;
        let status = status_of(&file)?;
        let same = status.kind == FileKind::File && status.size == self.entry.size();
        if same { Ok(file.into()) } else { Err(io::ErrorKind::AlreadyExists.into()) }
    }

    /// Gives the file metadata and name, or gives it up. Called once, by whoever did its last use.
    pub fn finish(&self, shared: &Shared<'_>, last: &mut LastDirectory) {
        if !shared.is_stopped() {
            let placed = self.complete(shared, last);
            self.note_link(shared, placed.as_deref());
        }
        if let Some(dir) = self.dir.lock().unwrap_or_else(PoisonError::into_inner).take() {
            release(shared, dir);
        }
        shared.end_file();
    }

    fn complete(&self, shared: &Shared<'_>, last: &mut LastDirectory) -> Option<Arc<File>> {
        // Empty files, and files of holes, were not opened yet.
        let file = match self.file(shared, last) {
            Ok(file) => Some(file),
            Err(error) => {
                self.fail(shared, &error);
                None
            }
        };
        let state = self.with(std::mem::take);
        let only_damaged = state.losses.iter().all(|reason| matches!(reason, LossReason::Object(_)));
        let keeps = state.losses.is_empty() || shared.options.keep_damaged && only_damaged && !self.compares;
        state.losses.into_iter().for_each(|reason| shared.losses.add(&self.entry.path, reason));
        let file = file.filter(|_| keeps);
        match (state.output, &file) {
            (Output::Draft(draft), Some(_)) => {
                let placed = draft.place(shared, &self.entry, state.end, self.replaces);
                if let Err(error) = &placed {
                    shared.not_made(&self.entry, error);
                    return None;
                }
                count(&shared.counts.files, 1);
                count(&shared.counts.replaced, self.replaces.into());
            }
            (Output::Draft(draft), None) => draft.discard(),
            (Output::Existing(existing), Some(_)) => {
                if state.differs || !state.holes.iter().all(|&hole| is_zero(&existing, hole)) {
                    shared.losses.add(&self.entry.path, LossReason::Exists);
                    return None;
                }
                let (file, metadata) = (existing.as_fd(), &self.entry.metadata);
                let reasons = match shared.options.overwrite {
                    Overwrite::Never => shared.differences(file, metadata),
                    _ => shared.apply(At::File(file), metadata, true),
                };
                reasons.into_iter().for_each(|reason| shared.losses.add(&self.entry.path, reason));
                count(&shared.counts.kept, 1);
            }
            _ => return None,
        }
        shared.monitor.file(&self.entry.path, self.entry.size());
        file
    }

    /// Tells the registry of hard links what became of the first file of a group.
    fn note_link(&self, shared: &Shared<'_>, placed: Option<&File>) {
        let Some(group) = Group::of(&self.entry) else { return };
        let key = placed.and_then(|file| status_of(file).ok()).map(|status| status.key);
        let noted = shared.links.lock().unwrap_or_else(PoisonError::into_inner).finish(group, key);
        if let Err(error) = noted {
            shared.stop(error.into());
        }
    }
}

fn create_draft(shared: &Shared<'_>, directory: Arc<OwnedFd>) -> io::Result<Draft> {
    if !shared.named_drafts.load(Ordering::Relaxed) {
        match create_unnamed(directory.as_fd()) {
            Ok(file) => return Ok(Draft { file: Arc::new(file), directory, name: None }),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                shared.named_drafts.store(true, Ordering::Relaxed);
            }
            Err(error) => return Err(error),
        }
    }
    loop {
        let name = shared.draft_name();
        match create_named(directory.as_fd(), &name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => return Ok(Draft { file: Arc::new(file), directory, name: Some(name) }),
        }
    }
}

impl Draft {
    fn place(mut self, shared: &Shared<'_>, entry: &Entry, end: u64, replaces: bool) -> io::Result<()> {
        let placed = self.describe_and_name(shared, entry, end, replaces);
        if placed.is_err() {
            self.discard();
        }
        placed
    }

    fn describe_and_name(&mut self, shared: &Shared<'_>, entry: &Entry, end: u64, replaces: bool) -> io::Result<()> {
        if end < entry.size() {
            self.file.set_len(entry.size())?;
        }
        for reason in shared.apply(At::File(self.file.as_fd()), &entry.metadata, shared.inherits()) {
            shared.losses.add(&entry.path, reason);
        }
        let (directory, name) = (self.directory.as_fd(), entry.path.name());
        if replaces && self.name.is_none() {
            // Only a file with a name can take the place of another at once.
            let draft = shared.draft_name();
            name_file(self.file.as_fd(), directory, &draft)?;
            self.name = Some(draft);
        }
        match &self.name {
            None => name_file(self.file.as_fd(), directory, name),
            Some(draft) if replaces => rename_over(directory, draft, name),
            Some(draft) => rename_new(directory, draft, name),
        }
    }

    fn discard(self) {
        if let Some(name) = &self.name {
            // It is of no use any more; one that cannot be removed does no harm either.
            let _ = remove_file(self.directory.as_fd(), name);
        }
    }
}

/// Whether a stretch of an open file reads as zeros.
fn is_zero(file: &File, (position, length): (u64, u64)) -> bool {
    let end = position + length;
    let mut at = position;
    let mut buffer = [0; ZEROS_BYTES];
    while at < end {
        match next_stretch(file.as_fd(), at, end) {
            Ok(Stretch::HoleUntil(next)) => at = next,
            Ok(Stretch::DataUntil(next)) => {
                let count = usize::try_from(next - at).unwrap_or(ZEROS_BYTES).min(ZEROS_BYTES);
                if file.read_exact_at(&mut buffer[..count], at).is_err()
                    || buffer[..count].iter().any(|&byte| byte != 0)
                {
                    return false;
                }
                at += count as u64;
            }
            Err(_) => return false,
        }
    }
    true
}
