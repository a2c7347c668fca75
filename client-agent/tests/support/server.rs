use iota_agent::remote::{Remote, RemoteError};
use iota_core::{
    api::{
        frames::{CommitFrame, References, decode_objects},
        json::{Bytes, CommitAnswer, ErrorDetail, HeadInfo, SeenHead, UploadAnswer, UploadInfo, code},
    },
    commit::{CommitKind, Flags},
    id::{Cid, Digest, HeaderHash, UploadId, VerifyingKey},
    refs::{Reference, decode_references, refs_root},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

pub struct Stored {
    pub frame: CommitFrame,
    pub received_ms: u64,
    pub live: BTreeSet<Reference>,
}

#[derive(Default)]
pub struct Inner {
    pub objects: BTreeMap<Cid, Vec<u8>>,
    pub commits: Vec<Stored>,
    pub uploads: Vec<UploadId>,
    staged: BTreeMap<u32, Vec<u8>>,
    /// Ids of every object that was ever sent, in order.
    pub sent: Vec<Cid>,
    /// Heads of the account's other sets.
    pub others: Vec<SeenHead>,
    /// Objects that it cannot read any more.
    pub damaged: Vec<Cid>,
    /// How far its clock is ahead of the machine's.
    pub ahead_ms: i64,
}

/// A server that checks what a real one checks.
pub struct MemoryServer {
    pub inner: Mutex<Inner>,
    device_key: VerifyingKey,
    /// Calls left until one fails; below zero: none.
    pub fail_in: AtomicI64,
    /// The call that fails is carried out first: only its answer is lost.
    pub lose_answer: std::sync::atomic::AtomicBool,
    /// Upload sessions that end just when their commit or their list of references arrives.
    pub short_sessions: AtomicI64,
}

fn refuse<T>(code: &str) -> Result<T, RemoteError> {
    let message = format!("refused: {code}");
    Err(RemoteError::Refused(ErrorDetail { code: code.into(), message, missing: vec![], retry_after_s: None }))
}

impl MemoryServer {
    pub fn new(device_key: VerifyingKey) -> Self {
        let (fail_in, short_sessions) = (AtomicI64::new(-1), AtomicI64::new(0));
        Self { inner: Mutex::default(), device_key, fail_in, lose_answer: false.into(), short_sessions }
    }

    pub fn head_seq(&self) -> u64 {
        self.inner.lock().unwrap().commits.len() as u64
    }

    pub fn sent_count(&self) -> usize {
        self.inner.lock().unwrap().sent.len()
    }

    fn call<T>(&self, run: impl FnOnce(&mut Inner) -> Result<T, RemoteError>) -> Result<T, RemoteError> {
        let fails = self.fail_in.fetch_sub(1, Ordering::SeqCst) == 0;
        let lost = || RemoteError::Unreachable { server: "memory".into(), reason: "injected".into() };
        if fails && !self.lose_answer.load(Ordering::SeqCst) {
            return Err(lost());
        }
        let answer = run(&mut self.inner.lock().unwrap());
        if fails { Err(lost()) } else { answer }
    }

    fn end_early(&self, inner: &mut Inner) {
        if self.short_sessions.fetch_sub(1, Ordering::SeqCst) > 0 {
            inner.uploads.clear();
        }
    }

    fn open(inner: &Inner, upload: UploadId) -> Result<(), RemoteError> {
        if inner.uploads.contains(&upload) { Ok(()) } else { refuse(code::UPLOAD_ENDED) }
    }
}

impl Remote for MemoryServer {
    fn head(&self) -> Result<Option<HeadInfo>, RemoteError> {
        self.call(|inner| {
            Ok(inner.commits.last().map(|stored| HeadInfo {
                seq: stored.frame.header.header.seq,
                hash: stored.frame.header.header.hash(),
                received_ms: stored.received_ms,
                header: Bytes(stored.frame.header.encode()),
                skip_chain: vec![],
            }))
        })
    }

    fn begin_upload(&self) -> Result<UploadInfo, RemoteError> {
        self.call(|inner| {
            let mut upload = UploadId::ZERO;
            getrandom::fill(&mut upload.0).unwrap();
            inner.uploads.push(upload);
            inner.staged.clear();
            let damaged = inner.damaged.iter().map(|&cid| Reference::private(cid).into()).collect();
            Ok(UploadInfo { upload, lease_s: 1, life_s: 1, damaged })
        })
    }

    fn renew_upload(&self, upload: UploadId) -> Result<UploadInfo, RemoteError> {
        Ok(UploadInfo { upload, lease_s: 1, life_s: 1, damaged: vec![] })
    }

    fn end_upload(&self, upload: UploadId) -> Result<(), RemoteError> {
        self.inner.lock().unwrap().uploads.retain(|&open| open != upload);
        Ok(())
    }

    fn have(&self, upload: UploadId, references: &[Reference]) -> Result<Vec<bool>, RemoteError> {
        self.call(|inner| {
            Self::open(inner, upload)?;
            Ok(references.iter().map(|reference| inner.objects.contains_key(&reference.cid)).collect())
        })
    }

    fn put_objects(&self, upload: UploadId, frames: bytes::Bytes) -> Result<UploadAnswer, RemoteError> {
        self.call(|inner| {
            Self::open(inner, upload)?;
            let frames = decode_objects(&frames, iota_core::api::MAX_UPLOAD_OBJECTS).unwrap();
            for frame in &frames {
                assert_eq!(Cid::of(frame.object), frame.reference.cid);
                inner.sent.push(frame.reference.cid);
                inner.damaged.retain(|&cid| cid != frame.reference.cid);
                inner.objects.insert(frame.reference.cid, frame.object.to_vec());
            }
            Ok(UploadAnswer { stored: frames.len() as u32, known: 0 })
        })
    }

    fn put_references(&self, upload: UploadId, part: u32, references: Vec<u8>) -> Result<(), RemoteError> {
        self.call(|inner| {
            self.end_early(inner);
            Self::open(inner, upload)?;
            inner.staged.insert(part, references);
            Ok(())
        })
    }

    fn commit(&self, upload: UploadId, frame: Vec<u8>) -> Result<CommitAnswer, RemoteError> {
        self.call(|inner| {
            let frame = CommitFrame::decode(&frame).unwrap();
            let header = &frame.header.header;
            let others = inner.others.clone();
            let answer = |received_ms| Ok(CommitAnswer { received_ms, seen: others.clone() });
            if let Some(last) = inner.commits.last()
                && last.frame.header == frame.header
            {
                return answer(last.received_ms);
            }
            self.end_early(inner);
            Self::open(inner, upload)?;
            frame.header.verify(&self.device_key).unwrap();
            let (prev, before) = inner.commits.last().map_or((HeaderHash::ZERO, BTreeSet::new()), |stored| {
                (stored.frame.header.header.hash(), stored.live.clone())
            });
            if header.prev != prev || header.seq != inner.commits.len() as u64 + 1 {
                return refuse(code::HEAD_MOVED);
            }
            assert_eq!(header.prev_received_ms, inner.commits.last().map_or(0, |stored| stored.received_ms));
            assert_eq!(header.body_cid, Cid::of(&frame.body));
            let skip = iota_core::chain::skip_of(header.seq);
            let skipped =
                if skip == 0 { HeaderHash::ZERO } else { inner.commits[skip as usize - 1].frame.header.header.hash() };
            assert_eq!(header.skip, skipped);
            let live = match &frame.references {
                References::Inline { added, dropped } => {
                    assert_eq!(refs_root(added, dropped).unwrap(), header.refs_root);
                    assert!(added.iter().all(|reference| !before.contains(reference)), "added twice");
                    assert!(dropped.iter().all(|reference| before.contains(reference)), "dropped what was not there");
                    let kept = before.iter().filter(|reference| !dropped.contains(reference));
                    kept.chain(added).copied().collect::<BTreeSet<_>>()
                }
                References::Staged { parts, count } => {
                    assert_eq!(*parts as usize, inner.staged.len());
                    let all: Vec<Reference> =
                        inner.staged.values().flat_map(|part| decode_references(part, 1 << 20).unwrap()).collect();
                    assert_eq!((all.len() as u64, refs_root(&all, &[]).unwrap()), (*count, header.refs_root));
                    assert_eq!(header.kind, CommitKind::Base);
                    all.into_iter().collect()
                }
            };
            assert_eq!(
                header.flags.contains(Flags::FULL_REFERENCES),
                matches!(frame.references, References::Staged { .. })
            );
            let missing: Vec<_> = live.iter().filter(|reference| !inner.objects.contains_key(&reference.cid)).collect();
            if !missing.is_empty() {
                let missing = missing.into_iter().map(|&reference| reference.into()).collect();
                let code = code::MISSING_OBJECTS.into();
                let detail = ErrorDetail { code, message: "missing".into(), missing, retry_after_s: None };
                return Err(RemoteError::Refused(detail));
            }
            let mut xor = Digest::ZERO;
            live.iter().for_each(|reference| xor.toggle(&reference.cid.0));
            assert_eq!((header.live_count, header.live_xor), (live.len() as u64, xor));
            let received_ms = header.device_time_ms.checked_add_signed(inner.ahead_ms + 17).unwrap();
            inner.uploads.retain(|&open| open != upload);
            inner.staged.clear();
            inner.commits.push(Stored { frame, received_ms, live });
            answer(received_ms)
        })
    }
}
