//! From plain chunks to durable objects: seal, ask what is missing, send the rest.
//!
//! ```text
//! push ─► sealing threads ─► windows of sealed chunks ─► uploading threads: have? ─► put ─► durable
//!              └─► Sealed (ckey, cid) ─► the caller, who completes entries with it
//! ```
//! A window is sorted by id before it is sent, so that the order of uploads tells nothing about files.

use crate::remote::{Remote, RemoteError};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use iota_core::{
    api::{MAX_HAVE_IDS, MAX_UPLOAD_BYTES, MAX_UPLOAD_OBJECTS, frames::ObjectFrame, json::code},
    extent::ChunkKey,
    id::{Cid, UploadId},
    refs::Reference,
    wire::Writer,
};
use iota_crypto::{
    chunk::{ChunkSealer, SealedChunk},
    error::CryptoError,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread::Scope,
};
use thiserror::Error;

/// A window is handed on at this many sealed bytes.
const WINDOW_BYTES: usize = 8 << 20;
/// Plain chunks that wait for sealing.
const QUEUED_CHUNKS: usize = 12;
/// Threads that talk to the server. More than one, so that its disk and the network are busy at the same time.
const UPLOADERS: usize = 3;

/// Uploading failed; what is durable stays durable.
#[derive(Debug, Error)]
pub enum UploadError {
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Sealing, or opening again for comparison.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// A thread ended early.
    #[error(
        "an upload thread failed, which is a fault of this program; run the backup again, and report it if it stays"
    )]
    Stopped,
}

/// What a push leads to.
#[derive(Debug)]
enum Event {
    Sealed { ckey: ChunkKey, cid: Cid },
    Durable { objects: u64 },
    Failed(UploadError),
}

/// A chunk to seal and send.
#[derive(Debug)]
pub struct Job {
    /// Its key.
    pub ckey: ChunkKey,
    /// Its content.
    pub plaintext: Vec<u8>,
    /// Whether compressing it is worth the try.
    pub compression: bool,
}

/// A chunk that has its id now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedRef {
    /// Under which key.
    pub ckey: ChunkKey,
    /// The object.
    pub cid: Cid,
}

/// Bytes that left this machine, and bytes that the server had.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Sealed bytes that were sent.
    pub sent_bytes: AtomicU64,
    /// Sealed bytes that the server had already.
    pub known_bytes: AtomicU64,
}

/// The upload session, begun when it is first needed and again when it has ended.
struct Session<'r> {
    remote: &'r dyn Remote,
    upload: Mutex<Option<UploadId>>,
    /// What the server said is damaged when the session began.
    damaged: Mutex<Vec<Cid>>,
}

impl Session<'_> {
    fn id(&self) -> Result<UploadId, RemoteError> {
        let mut upload = self.upload.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match *upload {
            Some(id) => Ok(id),
            None => {
                let begun = self.remote.begin_upload()?;
                let damaged = begun.damaged.iter().map(|object| object.cid).collect();
                *self.damaged.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = damaged;
                Ok(*upload.insert(begun.upload))
            }
        }
    }

    fn forget(&self, ended: UploadId) {
        let mut upload = self.upload.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        upload.take_if(|id| *id == ended);
    }

    /// Runs `call` in the session; once more in a new one when it has ended.
    fn within<T>(&self, call: impl Fn(UploadId) -> Result<T, RemoteError>) -> Result<T, RemoteError> {
        let id = self.id()?;
        match call(id) {
            Err(error) if error.code() == Some(code::UPLOAD_ENDED) => {
                self.forget(id);
                call(self.id()?)
            }
            answer => answer,
        }
    }
}

/// A running pipeline. Its threads end when it is dropped.
pub struct Uploads<'scope> {
    jobs: Option<Sender<Job>>,
    window: Arc<Window>,
    events: Receiver<Event>,
    session: Arc<Session<'scope>>,
    spare: Receiver<Vec<u8>>,
    /// See [`Traffic`].
    pub traffic: Arc<Traffic>,
    pushed: u64,
    sealed: u64,
    durable: u64,
}

/// Sealed chunks on their way to a window.
struct Window {
    chunks: Mutex<Vec<SealedChunk>>,
    full: Mutex<Option<Sender<Vec<SealedChunk>>>>,
}

impl Window {
    fn push(&self, sealed: SealedChunk) {
        let mut chunks = self.chunks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        chunks.push(sealed);
        let bytes: usize = chunks.iter().map(|chunk| chunk.object.len()).sum();
        if bytes >= WINDOW_BYTES || chunks.len() >= MAX_HAVE_IDS {
            let window = std::mem::take(&mut *chunks);
            drop(chunks);
            self.send(window);
        }
    }

    fn flush(&self) {
        let window = std::mem::take(&mut *self.chunks.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        if !window.is_empty() {
            self.send(window);
        }
    }

    fn send(&self, window: Vec<SealedChunk>) {
        let full = self.full.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some(full) = full {
            // The other end is gone only after a failure, which the caller hears of by its own event.
            let _ = full.send(window);
        }
    }
}

impl<'scope> Uploads<'scope> {
    /// Starts the threads in `scope`.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>, remote: &'scope dyn Remote) -> Self {
        let sealers = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 8);
        let (jobs, queue) = bounded::<Job>(QUEUED_CHUNKS);
        let (full, windows) = bounded::<Vec<SealedChunk>>(1);
        let (event, events) = unbounded();
        let (spares, spare) = bounded(2 * QUEUED_CHUNKS);
        let window = Arc::new(Window { chunks: Mutex::default(), full: Mutex::new(Some(full)) });
        let session = Arc::new(Session { remote, upload: Mutex::default(), damaged: Mutex::default() });
        let traffic = Arc::new(Traffic::default());
        for _ in 0..sealers {
            let (queue, window, event, spares) = (queue.clone(), window.clone(), event.clone(), spares.clone());
            scope.spawn(move || guarded(&event, || seal_all(&queue, &window, &event, &spares)));
        }
        for _ in 0..UPLOADERS {
            let (windows, session, event, traffic) = (windows.clone(), session.clone(), event.clone(), traffic.clone());
            scope.spawn(move || guarded(&event, || upload_all(&windows, &session, &event, &traffic)));
        }
        Self { jobs: Some(jobs), window, events, session, spare, traffic, pushed: 0, sealed: 0, durable: 0 }
    }

    /// An empty buffer, used before when there is one.
    pub fn buffer(&self) -> Vec<u8> {
        self.spare.try_recv().unwrap_or_default()
    }

    /// Hands a chunk on; waits while the queue is full.
    ///
    /// # Errors
    /// [`UploadError`] of any chunk before.
    pub fn push(&mut self, job: Job) -> Result<(), UploadError> {
        self.pushed += 1;
        let jobs = self.jobs.as_ref().ok_or(UploadError::Stopped)?;
        jobs.send(job).map_err(|_| UploadError::Stopped)
    }

    /// Hands on a chunk that is sealed already.
    pub fn push_sealed(&mut self, sealed: SealedChunk) {
        self.pushed += 1;
        self.sealed += 1;
        self.window.push(sealed);
    }

    /// Chunks that were pushed and have no id yet.
    pub fn unsealed(&self) -> u64 {
        self.pushed - self.sealed
    }

    /// The next chunk that has its id; waits for one when `wait` and any is under way.
    ///
    /// # Errors
    /// [`UploadError`] of any chunk.
    pub fn sealed(&mut self, wait: bool) -> Result<Option<SealedRef>, UploadError> {
        loop {
            let event = if wait && self.unsealed() > 0 {
                self.events.recv().map_err(|_| UploadError::Stopped)?
            } else {
                match self.events.try_recv() {
                    Ok(event) => event,
                    Err(_) => return Ok(None),
                }
            };
            if let Some(sealed) = self.note(event)? {
                return Ok(Some(sealed));
            }
        }
    }

    fn note(&mut self, event: Event) -> Result<Option<SealedRef>, UploadError> {
        match event {
            Event::Sealed { ckey, cid } => {
                self.sealed += 1;
                Ok(Some(SealedRef { ckey, cid }))
            }
            Event::Durable { objects } => {
                self.durable += objects;
                Ok(None)
            }
            Event::Failed(error) => Err(error),
        }
    }

    /// Waits until everything that was pushed is durable. All ids must have been taken by [`Uploads::sealed`].
    ///
    /// # Errors
    /// [`UploadError`] of any chunk.
    pub fn finish(&mut self) -> Result<(), UploadError> {
        debug_assert_eq!(self.unsealed(), 0, "ids are taken before");
        self.window.flush();
        while self.durable < self.pushed {
            let event = self.events.recv().map_err(|_| UploadError::Stopped)?;
            self.note(event)?;
        }
        Ok(())
    }

    /// Runs a call in the upload session.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub fn within_session<T>(&self, call: impl Fn(UploadId) -> Result<T, RemoteError>) -> Result<T, RemoteError> {
        self.session.within(call)
    }

    /// Objects of the newest state that the server cannot read any more, as it says when a session begins.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub fn damaged(&self) -> Result<Vec<Cid>, RemoteError> {
        self.session.id()?;
        Ok(std::mem::take(&mut *self.session.damaged.lock().unwrap_or_else(std::sync::PoisonError::into_inner)))
    }

    /// The session has ended; the next call begins another. Returns whether there was one.
    pub fn session_ended(&self) -> bool {
        self.session.upload.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take().is_some()
    }
}

impl Drop for Uploads<'_> {
    fn drop(&mut self) {
        self.jobs = None;
        if let Ok(mut full) = self.window.full.lock() {
            *full = None;
        }
    }
}

/// Does a thread's work. The caller, who waits for what it owes, hears of a panic as of any other failure.
fn guarded(event: &Sender<Event>, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        let _ = event.send(Event::Failed(UploadError::Stopped));
    }
}

fn seal_all(queue: &Receiver<Job>, window: &Window, event: &Sender<Event>, spares: &Sender<Vec<u8>>) {
    let mut sealer = ChunkSealer::default();
    for Job { ckey, mut plaintext, compression } in queue {
        let sealed = if compression { sealer.seal(&ckey, &plaintext) } else { sealer.seal_stored(&ckey, &plaintext) };
        let said = match sealed {
            Ok(sealed) => {
                // First into the window: who knows every id may flush, and must find every chunk there.
                let cid = sealed.cid;
                window.push(sealed);
                event.send(Event::Sealed { ckey, cid })
            }
            Err(error) => event.send(Event::Failed(error.into())),
        };
        plaintext.clear();
        let _ = spares.try_send(plaintext);
        if said.is_err() {
            return;
        }
    }
}

fn upload_all(windows: &Receiver<Vec<SealedChunk>>, session: &Session<'_>, event: &Sender<Event>, traffic: &Traffic) {
    let mut failed = false;
    for mut window in windows {
        if failed {
            continue;
        }
        window.sort_unstable_by_key(|chunk| chunk.cid);
        let said = match upload(&window, session, traffic) {
            Ok(()) => event.send(Event::Durable { objects: window.len() as u64 }),
            Err(error) => {
                failed = true;
                event.send(Event::Failed(error.into()))
            }
        };
        failed |= said.is_err();
    }
}

/// Makes a window durable: asks which objects are missing and sends those.
fn upload(window: &[SealedChunk], session: &Session<'_>, traffic: &Traffic) -> Result<(), RemoteError> {
    let references: Vec<Reference> = window.iter().map(|chunk| Reference::private(chunk.cid)).collect();
    let known = session.within(|id| session.remote.have(id, &references))?;
    let (present, missing): (Vec<_>, Vec<_>) = window.iter().zip(known).partition(|(_, known)| *known);
    let bytes =
        |chunks: &[(&SealedChunk, bool)]| chunks.iter().map(|(chunk, _)| chunk.object.len() as u64).sum::<u64>();
    traffic.known_bytes.fetch_add(bytes(&present), Ordering::Relaxed);
    let mut rest = &missing[..];
    while !rest.is_empty() {
        let mut writer = Writer::new();
        let mut count = 0;
        for (chunk, _) in rest.iter().take(MAX_UPLOAD_OBJECTS) {
            if writer.len() + ObjectFrame::HEADER_BYTES + chunk.object.len() > MAX_UPLOAD_BYTES {
                break;
            }
            ObjectFrame { reference: Reference::private(chunk.cid), object: &chunk.object }.write(&mut writer);
            count += 1;
        }
        let frames = bytes::Bytes::from(writer.finish());
        session.within(|id| session.remote.put_objects(id, frames.clone()))?;
        traffic.sent_bytes.fetch_add(bytes(&rest[..count]), Ordering::Relaxed);
        rest = &rest[count..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::api::json::{CommitAnswer, HeadInfo, UploadAnswer, UploadInfo};

    /// A server whose client has a bug.
    struct Panics;

    impl Remote for Panics {
        fn head(&self) -> Result<Option<HeadInfo>, RemoteError> {
            Ok(None)
        }
        fn begin_upload(&self) -> Result<UploadInfo, RemoteError> {
            self.renew_upload(UploadId([1; 16]))
        }
        fn renew_upload(&self, upload: UploadId) -> Result<UploadInfo, RemoteError> {
            Ok(UploadInfo { upload, lease_s: 1, life_s: 1, damaged: vec![] })
        }
        fn end_upload(&self, _: UploadId) -> Result<(), RemoteError> {
            Ok(())
        }
        fn have(&self, _: UploadId, _: &[Reference]) -> Result<Vec<bool>, RemoteError> {
            panic!("injected")
        }
        fn put_objects(&self, _: UploadId, _: bytes::Bytes) -> Result<UploadAnswer, RemoteError> {
            panic!("injected")
        }
        fn put_references(&self, _: UploadId, _: u32, _: Vec<u8>) -> Result<(), RemoteError> {
            Ok(())
        }
        fn commit(&self, _: UploadId, _: Vec<u8>) -> Result<CommitAnswer, RemoteError> {
            Ok(CommitAnswer { received_ms: 1, seen: vec![] })
        }
    }

    #[test]
    fn a_thread_that_panics_is_an_error_and_nobody_waits_for_it() {
        std::thread::scope(|scope| {
            let mut uploads = Uploads::start(scope, &Panics);
            // More windows than there are threads to take them.
            for number in 0..8 * MAX_HAVE_IDS as u64 {
                let ckey = ChunkKey(Cid::of(&number.to_le_bytes()).0);
                match uploads
                    .push(Job { ckey, plaintext: number.to_le_bytes().to_vec(), compression: true })
                    .and_then(|()| uploads.sealed(true))
                {
                    Ok(_) => {}
                    Err(error) => return assert!(matches!(error, UploadError::Stopped), "{error}"),
                }
            }
            assert!(matches!(uploads.finish(), Err(UploadError::Stopped)));
        });
    }
}
