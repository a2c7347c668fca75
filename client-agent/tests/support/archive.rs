//! What the server in memory shows to an owner.

use super::{ACCOUNT, DEVICE, server::MemoryServer};
use iota_agent::remote::{Archive, ObjectSource, RemoteError};
use iota_core::{
    api::{
        frames::{Segment, StoredCommit},
        json::{Bytes, HeadInfo, SetInfo, SnapshotInfo},
        retention::Retention,
    },
    certificate::{Certificate, SignedCertificate},
    chain,
    commit::{CommitKind, SignedHeader},
    id::SetId,
    refs::Reference,
};
use iota_crypto::{
    keys::{AgreementSecret, MasterKey, SigningKey},
    label,
    secret::system_random,
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Most objects of one answer: less than is asked, so that readers ask again.
const ANSWER_OBJECTS: usize = 17;

pub struct MemoryArchive {
    server: Arc<MemoryServer>,
    certificate: SignedCertificate,
    label: Vec<u8>,
    /// What the account decided.
    pub decisions: Vec<Bytes>,
    /// Objects that were read.
    pub reads: Arc<AtomicUsize>,
}

/// Of the secret that orders are sealed to.
pub const AGREEMENT: [u8; 32] = [7; 32];

impl MemoryArchive {
    pub fn new(set: SetId, server: &Arc<MemoryServer>, master: &MasterKey, signing: &SigningKey) -> Self {
        let certificate = Certificate {
            account: ACCOUNT,
            set,
            device: DEVICE,
            key_epoch: 1,
            signing_key: signing.verifying_key(),
            agreement_key: AgreementSecret::from_bytes(AGREEMENT).public(),
            issued_ms: 1,
            first_seq: 1,
            skip_chain: vec![],
        };
        let signature = master.identity(ACCOUNT).sign(&certificate.encode());
        Self {
            server: Arc::clone(server),
            certificate: SignedCertificate { certificate, signature },
            label: label::seal(&master.label_key(ACCOUNT), set, "attic", &mut system_random()),
            decisions: Vec::new(),
            reads: Arc::default(),
        }
    }

    fn headers(&self) -> Vec<SignedHeader> {
        let inner = self.server.inner.lock().unwrap();
        inner.commits.iter().map(|stored| stored.frame.header.clone()).collect()
    }
}

/// What the server stops doing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It does not answer any more.
    Falls,
    /// It has no object any more.
    Forgets,
}

/// A server that answers some reads of objects well, and then no more.
pub struct Failing {
    pub inner: MemoryArchive,
    /// Reads until then.
    pub after: Arc<AtomicUsize>,
    pub then: Then,
}

impl Archive for Failing {
    fn sets(&self) -> Result<Vec<SetInfo>, RemoteError> {
        self.inner.sets()
    }

    fn snapshots(&self, set: SetId, before: Option<u64>, limit: usize) -> Result<Vec<SnapshotInfo>, RemoteError> {
        self.inner.snapshots(set, before, limit)
    }

    fn retention(&self) -> Result<Retention, RemoteError> {
        self.inner.retention()
    }

    fn freed(&self, set: SetId, gone: &[u64]) -> Result<u64, RemoteError> {
        self.inner.freed(set, gone)
    }

    fn segment(&self, set: SetId, at: u64) -> Result<Segment, RemoteError> {
        self.inner.segment(set, at)
    }

    fn path(&self, set: SetId, from: u64, to: u64) -> Result<Vec<SignedHeader>, RemoteError> {
        self.inner.path(set, from, to)
    }
}

impl ObjectSource for Failing {
    fn read_objects(&self, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError> {
        let left = self.after.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        match (left, self.then) {
            (Ok(_), _) => self.inner.read_objects(references),
            (Err(_), Then::Forgets) => Ok(vec![None; references.len()]),
            (Err(_), Then::Falls) => {
                Err(RemoteError::Unreachable { server: "memory".into(), reason: "injected".into() })
            }
        }
    }
}

impl Archive for MemoryArchive {
    fn sets(&self) -> Result<Vec<SetInfo>, RemoteError> {
        let inner = self.server.inner.lock().unwrap();
        let head = inner.commits.last().map(|stored| HeadInfo {
            seq: stored.frame.header.header.seq,
            hash: stored.frame.header.header.hash(),
            received_ms: stored.received_ms,
            header: Bytes(stored.frame.header.encode()),
            skip_chain: vec![],
        });
        Ok(vec![SetInfo {
            set: self.certificate.certificate.set,
            device: DEVICE,
            label: Bytes(self.label.clone()),
            created_ms: 1,
            certificates: vec![Bytes(self.certificate.encode())],
            head,
            contact_ms: None,
            live_bytes: 0,
            upload: None,
            days: vec![],
            watch: None,
        }])
    }

    fn snapshots(&self, _set: SetId, before: Option<u64>, limit: usize) -> Result<Vec<SnapshotInfo>, RemoteError> {
        let inner = self.server.inner.lock().unwrap();
        let end = before.map_or(inner.commits.len(), |before| (before as usize - 1).min(inner.commits.len()));
        let listed = inner.commits[..end].iter().rev().take(limit.min(3));
        Ok(listed
            .map(|stored| SnapshotInfo {
                seq: stored.frame.header.header.seq,
                received_ms: stored.received_ms,
                header: Bytes(stored.frame.header.encode()),
                live_bytes: 0,
            })
            .collect())
    }

    fn retention(&self) -> Result<Retention, RemoteError> {
        Ok(Retention { decisions: self.decisions.clone(), ..Retention::default() })
    }

    /// It frees nothing.
    fn freed(&self, _set: SetId, _gone: &[u64]) -> Result<u64, RemoteError> {
        Ok(0)
    }

    fn segment(&self, set: SetId, at: u64) -> Result<Segment, RemoteError> {
        let path = self.path(set, self.headers().len() as u64, at)?;
        let inner = self.server.inner.lock().unwrap();
        let commits = &inner.commits[..at as usize];
        let base = commits.iter().rposition(|stored| stored.frame.header.header.kind == CommitKind::Base).unwrap();
        let stored = |stored: &super::server::Stored| StoredCommit {
            header: stored.frame.header.clone(),
            body: stored.frame.body.clone(),
        };
        Ok(Segment { path, commits: commits[base..].iter().map(stored).collect() })
    }

    fn path(&self, _set: SetId, from: u64, to: u64) -> Result<Vec<SignedHeader>, RemoteError> {
        let headers = self.headers();
        let from = from.min(headers.len() as u64);
        let seqs = chain::path(from, to.min(from));
        Ok(seqs.into_iter().map(|seq| headers[seq as usize - 1].clone()).collect())
    }
}

impl ObjectSource for MemoryArchive {
    fn read_objects(&self, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError> {
        let inner = self.server.inner.lock().unwrap();
        let asked = &references[..references.len().min(ANSWER_OBJECTS)];
        self.reads.fetch_add(asked.len(), Ordering::SeqCst);
        Ok(asked.iter().map(|one| inner.objects.get(&one.cid).map(|object| object.clone().into())).collect())
    }
}
