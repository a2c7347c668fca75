//! A server that takes what the agent sends: objects in a temporary file, commits in memory.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use iota_agent::remote::{Remote, RemoteError};
use iota_core::api::MAX_UPLOAD_OBJECTS;
use iota_core::api::frames::{CommitFrame, Segment, StoredCommit, decode_objects};
use iota_core::api::json::{Bytes, CommitAnswer, HeadInfo, UploadAnswer, UploadInfo};
use iota_core::chain;
use iota_core::commit::CommitKind;
use iota_core::id::{Cid, UploadId};
use iota_core::refs::Reference;

/// See the module.
pub struct Server(Mutex<Inner>);

struct Inner {
    file: File,
    bytes: u64,
    objects: HashMap<Cid, Range<u64>>,
    commits: Vec<StoredCommit>,
}

fn unreachable(error: impl ToString) -> RemoteError {
    RemoteError::Unreachable { server: "the fixture's".into(), reason: error.to_string() }
}

impl Server {
    /// An empty one.
    pub fn new() -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        Ok(Self(Mutex::new(Inner { file, bytes: 0, objects: HashMap::new(), commits: Vec::new() })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest commit.
    pub fn newest(&self) -> Option<HeadInfo> {
        self.inner().commits.last().map(|commit| HeadInfo {
            seq: commit.header.header.seq,
            hash: commit.header.header.hash(),
            received_ms: received_ms(commit),
            header: Bytes(commit.header.encode()),
            skip_chain: vec![],
        })
    }

    /// All commits.
    pub fn commits(&self) -> Vec<StoredCommit> {
        self.inner().commits.clone()
    }

    /// The numbers of the bases, ascending.
    pub fn bases(&self) -> Vec<u64> {
        let inner = self.inner();
        let headers = inner.commits.iter().map(|commit| &commit.header.header);
        headers.filter(|header| header.kind == CommitKind::Base).map(|header| header.seq).collect()
    }

    /// A base alone, under the newest commit.
    pub fn base(&self, seq: u64) -> Segment {
        let inner = self.inner();
        let commit = |seq: u64| &inner.commits[seq as usize - 1];
        let path = chain::path(inner.commits.len() as u64, seq).into_iter().map(|seq| commit(seq).header.clone());
        Segment { path: path.collect(), commits: vec![commit(seq).clone()] }
    }

    /// Bytes of the objects that were sent so far.
    pub fn sent_bytes(&self) -> u64 {
        self.inner().bytes
    }

    /// The objects that were sent after the first `bytes`.
    pub fn objects_since(&self, bytes: u64) -> io::Result<Vec<Vec<u8>>> {
        let cids: Vec<Cid> = {
            let inner = self.inner();
            let later = inner.objects.iter().filter(|(_, place)| place.start >= bytes);
            later.map(|(&cid, _)| cid).collect()
        };
        cids.iter().map(|cid| self.object(cid)).collect()
    }

    /// An object that was sent.
    pub fn object(&self, cid: &Cid) -> io::Result<Vec<u8>> {
        let inner = self.inner();
        let place = inner.objects.get(cid).ok_or(io::ErrorKind::NotFound)?;
        let mut object = vec![0; (place.end - place.start) as usize];
        inner.file.read_exact_at(&mut object, place.start)?;
        Ok(object)
    }
}

fn received_ms(commit: &StoredCommit) -> u64 {
    commit.header.header.device_time_ms + 17
}

impl Remote for Server {
    fn head(&self) -> Result<Option<HeadInfo>, RemoteError> {
        Ok(self.newest())
    }

    fn begin_upload(&self) -> Result<UploadInfo, RemoteError> {
        let mut upload = UploadId::ZERO;
        getrandom::fill(&mut upload.0).map_err(unreachable)?;
        self.renew_upload(upload)
    }

    fn renew_upload(&self, upload: UploadId) -> Result<UploadInfo, RemoteError> {
        Ok(UploadInfo { upload, lease_s: 3600, life_s: 86_400, damaged: vec![] })
    }

    fn end_upload(&self, _upload: UploadId) -> Result<(), RemoteError> {
        Ok(())
    }

    fn have(&self, _upload: UploadId, references: &[Reference]) -> Result<Vec<bool>, RemoteError> {
        let inner = self.inner();
        Ok(references.iter().map(|reference| inner.objects.contains_key(&reference.cid)).collect())
    }

    fn put_objects(&self, _upload: UploadId, frames: bytes::Bytes) -> Result<UploadAnswer, RemoteError> {
        let frames = decode_objects(&frames, MAX_UPLOAD_OBJECTS).map_err(unreachable)?;
        let mut inner = self.inner();
        for frame in &frames {
            let start = inner.bytes;
            inner.file.write_all_at(frame.object, start).map_err(unreachable)?;
            inner.bytes += frame.object.len() as u64;
            let end = inner.bytes;
            inner.objects.insert(frame.reference.cid, start..end);
        }
        Ok(UploadAnswer { stored: frames.len() as u32, known: 0 })
    }

    fn put_references(&self, _upload: UploadId, _part: u32, _references: Vec<u8>) -> Result<(), RemoteError> {
        Ok(())
    }

    fn commit(&self, _upload: UploadId, frame: Vec<u8>) -> Result<CommitAnswer, RemoteError> {
        let frame = CommitFrame::decode(&frame).map_err(unreachable)?;
        let commit = StoredCommit { header: frame.header, body: frame.body };
        let answer = CommitAnswer { received_ms: received_ms(&commit), seen: vec![] };
        self.inner().commits.push(commit);
        Ok(answer)
    }
}
