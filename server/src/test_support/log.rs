//! What a machine of a test uploads and commits. The server cannot look inside, so objects and bodies are any bytes.

use std::collections::BTreeSet;

use axum::http::Method;
use iota_core::api::frames::{CommitFrame, ObjectFrame, References, decode_bitmap};
use iota_core::api::json::{CommitAnswer, UploadInfo};
use iota_core::chain::SkipChain;
use iota_core::commit::{CommitKind, Flags, Header, SignedHeader};
use iota_core::id::{AccountId, Cid, Digest, Signature, UploadId};
use iota_core::refs::{Reference, encode_references, refs_root};
use iota_core::wire::Writer;

use super::browser::Answer;
use super::machine::TestMachine;

const OCTETS: Option<&str> = Some("application/octet-stream");

/// A machine and its log, as it remembers it.
pub struct TestLog {
    /// The machine.
    pub machine: TestMachine,
    /// Its account.
    pub account: AccountId,
    /// Hashes on the way from its newest commit.
    pub chain: SkipChain,
    /// When that was received.
    pub received_ms: u64,
    /// What its state uses.
    pub live: BTreeSet<Cid>,
    /// What the machine's clock says, milliseconds since 1970.
    pub device_ms: u64,
}

/// Object number `number`: `bytes` bytes that differ from those of any other number.
pub fn object(number: u64, bytes: usize) -> Vec<u8> {
    let mut object = vec![0; bytes];
    blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut object);
    object
}

impl TestLog {
    /// A log that the machine continues; what it uses is known by `live`.
    pub fn new(machine: TestMachine, account: AccountId, received_ms: u64, live: BTreeSet<Cid>) -> Self {
        Self { chain: machine.chain.clone(), machine, account, received_ms, live, device_ms: 5 }
    }

    /// Begins an upload session.
    pub async fn begin(&self) -> UploadId {
        self.machine.browser.send(Method::POST, "/agent/uploads", None, vec![]).await.json::<UploadInfo>().upload
    }

    /// Any request in a session, with bytes.
    pub async fn ask(&self, method: Method, upload: UploadId, what: &str, body: Vec<u8>) -> Answer {
        self.machine.browser.send(method, &format!("/agent/uploads/{upload}/{what}"), OCTETS, body).await
    }

    /// Asks which objects are there.
    pub async fn have(&self, upload: UploadId, cids: &[Cid]) -> Vec<bool> {
        let asked: Vec<Reference> = cids.iter().map(|&cid| Reference::private(cid)).collect();
        let answer = self.ask(Method::POST, upload, "have", encode_references(&asked)).await.ok();
        decode_bitmap(&answer.body, cids.len()).unwrap()
    }

    /// Sends objects.
    pub async fn put(&self, upload: UploadId, objects: &[Vec<u8>]) -> Answer {
        let mut writer = Writer::new();
        for object in objects {
            ObjectFrame { reference: Reference::private(Cid::of(object)), object }.write(&mut writer);
        }
        self.ask(Method::POST, upload, "objects", writer.finish()).await
    }

    /// The next commit: a base if nothing was committed yet, else a delta; signed.
    pub fn changes(&self, added: &[Cid], dropped: &[Cid]) -> CommitFrame {
        let live = self.live_after(added, dropped);
        let (added, dropped) = (references(added), references(dropped));
        let mut header = self.header(&live);
        header.refs_root = refs_root(&added, &dropped).unwrap();
        self.signed(header, References::Inline { added, dropped })
    }

    /// The next commit as a base with the complete live set, and that set's only part.
    pub fn complete(&self, live: &BTreeSet<Cid>) -> (CommitFrame, Vec<u8>) {
        let all = references(&live.iter().copied().collect::<Vec<_>>());
        let mut header = self.header(live);
        header.kind = CommitKind::Base;
        header.flags = Flags::FULL_REFERENCES;
        header.refs_root = refs_root(&all, &[]).unwrap();
        let frame = self.signed(header, References::Staged { parts: 1, count: all.len() as u64 });
        (frame, encode_references(&all))
    }

    /// What the state uses after changes.
    pub fn live_after(&self, added: &[Cid], dropped: &[Cid]) -> BTreeSet<Cid> {
        let mut live = self.live.clone();
        live.extend(added);
        live.retain(|cid| !dropped.contains(cid));
        live
    }

    fn header(&self, live: &BTreeSet<Cid>) -> Header {
        let seq = self.chain.head().0 + 1;
        let (prev, skip) = self.chain.next_links();
        let mut live_xor = Digest::ZERO;
        live.iter().for_each(|cid| live_xor.toggle(&cid.0));
        Header {
            account: self.account,
            set: self.machine.set,
            device: self.machine.device,
            seq,
            kind: if seq == 1 { CommitKind::Base } else { CommitKind::Delta },
            prev,
            skip,
            body_cid: Cid::ZERO,
            body_len: 0,
            refs_root: Digest::ZERO,
            live_count: live.len() as u64,
            live_xor,
            device_time_ms: self.device_ms,
            prev_received_ms: self.received_ms,
            key_epoch: self.machine.key_epoch,
            flags: Flags::default(),
        }
    }

    fn signed(&self, mut header: Header, references: References) -> CommitFrame {
        let body = self.body(header.seq);
        (header.body_cid, header.body_len) = (Cid::of(&body), body.len() as u32);
        let mut frame =
            CommitFrame { header: SignedHeader { header, signature: Signature([0; 64]) }, body, references };
        self.sign(&mut frame);
        frame
    }

    /// What it says in a commit.
    pub fn body(&self, seq: u64) -> Vec<u8> {
        let first = u64::from_le_bytes(*self.machine.set.0.first_chunk().unwrap());
        object(first.wrapping_add(seq), 600)
    }

    /// Signs a frame again after a change.
    pub fn sign(&self, frame: &mut CommitFrame) {
        frame.header.signature = self.machine.sign(&frame.header.header.encode());
    }

    /// Sends a commit.
    pub async fn commit(&self, upload: UploadId, frame: &CommitFrame) -> Answer {
        self.ask(Method::POST, upload, "commit", frame.encode()).await
    }

    /// Remembers a commit that was taken.
    pub fn remember(&mut self, frame: &CommitFrame, answer: &Answer, live: BTreeSet<Cid>) {
        self.chain.push(frame.header.header.hash());
        self.received_ms = answer.json::<CommitAnswer>().received_ms;
        self.live = live;
    }

    /// Uploads objects and commits them as the complete live set, in a session of their own.
    pub async fn base(&mut self, objects: &[Vec<u8>]) -> Answer {
        let upload = self.begin().await;
        for batch in objects.chunks(32) {
            self.put(upload, batch).await.ok();
        }
        let live: BTreeSet<Cid> = objects.iter().map(|object| Cid::of(object)).collect();
        let (frame, part) = self.complete(&live);
        self.ask(Method::PUT, upload, "references/0", part).await.ok();
        let answer = self.commit(upload, &frame).await.ok();
        self.remember(&frame, &answer, live);
        answer
    }

    /// Uploads objects and commits them as additions, and `dropped` as no longer used, in a session of their own.
    pub async fn delta(&mut self, objects: &[Vec<u8>], dropped: &[Cid]) -> Answer {
        let upload = self.begin().await;
        for batch in objects.chunks(32) {
            self.put(upload, batch).await.ok();
        }
        let added: Vec<Cid> = objects.iter().map(|object| Cid::of(object)).collect();
        let frame = self.changes(&added, dropped);
        let answer = self.commit(upload, &frame).await.ok();
        self.remember(&frame, &answer, self.live_after(&added, dropped));
        answer
    }
}

/// References in the private domain, in the order of lists.
pub fn references(cids: &[Cid]) -> Vec<Reference> {
    cids.iter().copied().collect::<BTreeSet<_>>().into_iter().map(Reference::private).collect()
}
