//! What is opened: one file.
//!
//! ```text
//! json_len u32 ‖ json of Known ‖ commit count u32 ‖ (signed header ‖ body_len u32 ‖ body)… ‖ object frames
//! ```

use std::collections::HashMap;
use std::ops::Range;

use iota_core::api::frames::{ObjectFrame, StoredCommit, decode_objects};
use iota_core::api::json::{Bytes, SetInfo, SnapshotInfo, Vault};
use iota_core::chain;
use iota_core::commit::{CommitKind, SignedHeader};
use iota_core::extent::{ChunkKey, ChunkRef};
use iota_core::id::{AccountId, Cid};
use iota_core::refs::Reference;
use iota_core::vault::PathToken;
use iota_core::wire::{Reader, Writer};
use serde::{Deserialize, Serialize};

use crate::measure::{MeasureError, Result};

/// The account.
pub const ACCOUNT: AccountId = AccountId([1; 16]);
/// Its master key. There is nothing to hide.
pub const MASTER: [u8; 32] = [9; 32];

/// What a piece holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Source text, which compression makes small.
    Text,
    /// Noise, which is stored as it is.
    Noise,
}

/// A chunk object to open.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Piece {
    /// What it holds.
    pub content: Content,
    /// Its id.
    pub cid: Cid,
    /// Its key.
    pub ckey: Bytes,
    /// Bytes of its plaintext.
    pub bytes: u64,
}

impl Piece {
    /// As entries refer to it.
    ///
    /// # Errors
    /// [`MeasureError::Incomplete`] when the key has another length.
    pub fn chunk(&self) -> Result<ChunkRef> {
        let ckey = self.ckey.0.as_slice().try_into().map_err(|_| MeasureError::Incomplete("key of a piece"))?;
        Ok(ChunkRef::private(self.cid, ChunkKey(ckey)))
    }
}

/// Everything but the objects.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Known {
    /// Pieces of files.
    pub pieces: Vec<Piece>,
    /// Answer of `GET /vault`.
    pub vault: Vault,
    /// Opens it.
    pub key_file: String,
    /// Answer of `GET /sets`: one set.
    pub sets: Vec<SetInfo>,
    /// Files in the set.
    pub files: u64,
    /// Folders to look at, one after the other.
    pub walk: Vec<PathToken>,
    /// Entries in each of them.
    pub folder_entries: u32,
    /// The same set after many more commits.
    pub later: Later,
}

/// What became of the set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Later {
    /// Answer of `GET /sets`: one set.
    pub sets: Vec<SetInfo>,
    /// The commits since, ascending, without a gap.
    pub commits: Vec<Done>,
    /// Points to compare.
    pub spans: Vec<Span>,
    /// Paths that there ever were.
    pub names: u64,
    /// What to look for among them.
    pub searches: Vec<Sought>,
    /// What to take out of the newest state as a zip.
    pub zip: Zip,
}

/// What lies between a commit and the newest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Span {
    /// What is peculiar about it.
    pub what: String,
    /// The commit.
    pub from: u64,
    /// Paths that differ.
    pub changes: u32,
}

/// What a commit did: to one folder, and nothing elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    /// Its number.
    pub seq: u64,
    /// The folder.
    pub folder: PathToken,
    /// Entries in it then.
    pub entries: u32,
    /// Paths that were added, changed or removed.
    pub changes: u32,
    /// Files in the set then.
    pub files: u64,
}

/// Names to look for, and how many there are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sought {
    /// What kind of search it is.
    pub what: String,
    /// What is typed.
    pub text: String,
    /// How many are in the newest state.
    pub there: u32,
    /// How many are gone.
    pub gone: u32,
}

/// A folder whose files have their content in the fixture.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Zip {
    /// The folder.
    pub folder: PathToken,
    /// Files in it.
    pub files: u32,
    /// Their bytes.
    pub bytes: u64,
}

/// See the module.
pub struct Fixture {
    /// Everything but the objects.
    pub known: Known,
    bytes: Vec<u8>,
    commits: Vec<Commit>,
    objects: HashMap<Cid, Range<usize>>,
}

/// A commit among the bytes.
struct Commit {
    is_base: bool,
    received_ms: u64,
    place: Range<usize>,
}

impl Commit {
    fn header(&self) -> Range<usize> {
        self.place.start..self.place.start + SignedHeader::BYTES
    }
}

impl Fixture {
    /// The bytes of a fixture.
    ///
    /// # Errors
    /// [`MeasureError::Json`].
    pub fn encode(
        known: &Known,
        commits: &[StoredCommit],
        objects: impl IntoIterator<Item = (Cid, Vec<u8>)>,
    ) -> Result<Vec<u8>> {
        let known = serde_json::to_vec(known)?;
        let mut writer = Writer::new();
        writer.u32(known.len() as u32).raw(&known).u32(commits.len() as u32);
        for commit in commits {
            writer.raw(&commit.header.encode()).u32(commit.body.len() as u32).raw(&commit.body);
        }
        for (cid, object) in objects {
            ObjectFrame { reference: Reference::private(cid), object: &object }.write(&mut writer);
        }
        Ok(writer.finish())
    }

    /// Parses [`Fixture::encode`].
    ///
    /// # Errors
    /// [`MeasureError::Wire`], [`MeasureError::Json`].
    pub fn decode(bytes: Vec<u8>) -> Result<Self> {
        let mut reader = Reader::new(&bytes);
        let length = reader.u32()? as usize;
        let known = serde_json::from_slice(reader.raw(length)?)?;
        let mut commits = Vec::new();
        for _ in 0..reader.u32()? {
            let start = bytes.len() - reader.remaining();
            let header = SignedHeader::decode(reader.raw(SignedHeader::BYTES)?)?.header;
            let length = reader.u32()? as usize;
            reader.raw(length)?;
            let place = start..bytes.len() - reader.remaining();
            let is_base = header.kind == CommitKind::Base;
            commits.push(Commit { is_base, received_ms: header.device_time_ms, place });
        }
        let frames = reader.rest();
        let mut at = bytes.len() - frames.len();
        let mut objects = HashMap::new();
        for frame in decode_objects(frames, usize::MAX)? {
            let start = at + ObjectFrame::HEADER_BYTES;
            at = start + frame.object.len();
            objects.insert(frame.reference.cid, start..at);
        }
        Ok(Self { known, bytes, commits, objects })
    }

    /// The numbers of the bases up to commit `head`, ascending.
    pub fn bases(&self, head: u64) -> Vec<u64> {
        (1..=head).zip(&self.commits).filter(|(_, commit)| commit.is_base).map(|(seq, _)| seq).collect()
    }

    /// Answer of `GET /sets/{set}/path`, from commit `from` down to commit `to`.
    pub fn path(&self, from: u64, to: u64) -> Option<Vec<u8>> {
        let mut writer = Writer::new();
        self.write_path(from, to, &mut writer)?;
        writer.u32(0);
        Some(writer.finish())
    }

    /// Answer of `GET /sets/{set}/segment` while commit `head` is the newest, to who knows everything from the base to `after`.
    pub fn segment(&self, head: u64, at: u64, after: Option<u64>) -> Option<Vec<u8>> {
        let mut writer = Writer::new();
        self.write_path(head, at, &mut writer)?;
        let commits = self.commits.get(..at as usize)?;
        let base = commits.iter().rposition(|commit| commit.is_base)?;
        // Places count from 0, commits from 1.
        let first = after.map(|after| after as usize).filter(|&after| after > base);
        let run = commits.get(first.unwrap_or(base)..)?;
        let (first, last) = run.first().zip(run.last())?;
        writer.u32(run.len() as u32).raw(self.bytes.get(first.place.start..last.place.end)?);
        Some(writer.finish())
    }

    fn write_path(&self, head: u64, to: u64, writer: &mut Writer) -> Option<()> {
        let seqs = chain::path(head, to);
        writer.u32(seqs.len() as u32);
        for seq in seqs {
            writer.raw(self.bytes.get(self.commit(seq)?.header())?);
        }
        Some(())
    }

    fn commit(&self, seq: u64) -> Option<&Commit> {
        self.commits.get(seq.checked_sub(1)? as usize)
    }

    /// Answer of `GET /sets/{set}/snapshots`: the newest first.
    pub fn snapshots(&self, before: u64, limit: usize) -> Vec<SnapshotInfo> {
        let seqs = (1..before).rev().take(limit);
        seqs.filter_map(|seq| {
            let commit = self.commit(seq)?;
            let header = Bytes(self.bytes.get(commit.header())?.to_vec());
            Some(SnapshotInfo { seq, received_ms: commit.received_ms, header, live_bytes: 0 })
        })
        .collect()
    }

    /// The object of an id.
    pub fn object(&self, cid: &Cid) -> Option<&[u8]> {
        self.bytes.get(self.objects.get(cid)?.clone())
    }
}
