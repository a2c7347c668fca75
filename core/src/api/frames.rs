//! Binary messages.
//!
//! * have: `(domain u8 ‖ cid32)…` → bitmap, bit `i % 8` of byte `i / 8` set when id `i` is known.
//! * objects (upload and read): `(domain u8 ‖ cid32 ‖ len u32 ‖ bytes)…`; in a read answer a length of 0 stands for an
//!   object that is not there, in the order asked.
//! * commit: signed header ‖ body_len u32 ‖ body ‖ references (see [`CommitFrame`]).
//! * segment: see [`Segment`].

use crate::{
    commit::SignedHeader,
    refs::{Reference, decode_references, encode_references},
    wire::{Reader, Result, WireError, Writer},
};

/// Most references that travel inside a commit; more are staged first.
pub const MAX_INLINE_REFERENCES: usize = 400_000;

/// A stored object on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFrame<'a> {
    /// What it is.
    pub reference: Reference,
    /// Its stored bytes; empty in an answer when it is not there.
    pub object: &'a [u8],
}

impl ObjectFrame<'_> {
    /// Size of the part before the object's bytes.
    pub const HEADER_BYTES: usize = Reference::BYTES + 4;

    /// Appends the frame.
    pub fn write(&self, writer: &mut Writer) {
        self.reference.write(writer);
        writer.u32(self.object.len() as u32).raw(self.object);
    }
}

/// Parses object frames: at most `limit`.
pub fn decode_objects(bytes: &[u8], limit: usize) -> Result<Vec<ObjectFrame<'_>>> {
    let mut reader = Reader::new(bytes);
    let mut frames = Vec::new();
    while reader.remaining() > 0 {
        if frames.len() == limit {
            return Err(WireError::TooLarge("objects of a batch"));
        }
        let reference = Reference::read(&mut reader)?;
        let length = reader.u32()? as usize;
        if length > super::MAX_OBJECT_BYTES {
            return Err(WireError::TooLarge("object"));
        }
        frames.push(ObjectFrame { reference, object: reader.raw(length)? });
    }
    Ok(frames)
}

/// Packs answers to "have" into bits.
pub fn encode_bitmap(known: &[bool]) -> Vec<u8> {
    known
        .chunks(8)
        .map(|bits| bits.iter().enumerate().fold(0, |byte, (bit, &known)| byte | u8::from(known) << bit))
        .collect()
}

/// Unpacks `count` answers; refuses another length or set bits beyond the end.
pub fn decode_bitmap(bytes: &[u8], count: usize) -> Result<Vec<bool>> {
    if bytes.len() != count.div_ceil(8) {
        return Err(WireError::Invalid("bitmap"));
    }
    let bits: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1)).collect();
    if bits[count..].contains(&true) {
        return Err(WireError::Invalid("bitmap"));
    }
    Ok(bits[..count].to_vec())
}

/// How a commit brings its references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum References {
    /// What the state uses now and did not before, and the other way round; each sorted by cid.
    Inline {
        /// New references.
        added: Vec<Reference>,
        /// References no longer used.
        dropped: Vec<Reference>,
    },
    /// The complete live set was staged in this many parts of the upload session, numbered from 0.
    Staged {
        /// Parts.
        parts: u32,
        /// References in all parts together.
        count: u64,
    },
}

/// A commit on its way to the server.
///
/// `signed header ‖ body_len u32 ‖ body ‖ mode u8 ‖ (0: added u32 ‖ added… ‖ dropped u32 ‖ dropped… | 1: parts u32 ‖ count u64)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitFrame {
    /// Header and signature.
    pub header: SignedHeader,
    /// The sealed body.
    pub body: Vec<u8>,
    /// The references.
    pub references: References,
}

impl CommitFrame {
    /// Longest frame, bytes.
    pub const MAX_BYTES: usize =
        SignedHeader::BYTES + crate::commit::MAX_BODY_BYTES + 2 * MAX_INLINE_REFERENCES * Reference::BYTES + 64;

    /// The frame's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::onto(self.header.encode());
        writer.u32(self.body.len() as u32).raw(&self.body);
        match &self.references {
            References::Inline { added, dropped } => {
                writer.u8(0);
                for list in [added, dropped] {
                    writer.u32(list.len() as u32).raw(&encode_references(list));
                }
            }
            References::Staged { parts, count } => {
                writer.u8(1).u32(*parts).u64(*count);
            }
        }
        writer.finish()
    }

    /// Parses [`CommitFrame::encode`]; checks no signature and no hash.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let header = SignedHeader::decode(reader.raw(SignedHeader::BYTES)?)?;
        let body_len = reader.u32()?;
        if body_len != header.header.body_len {
            return Err(WireError::Invalid("body length"));
        }
        let body = reader.raw(body_len as usize)?.to_vec();
        let references = match reader.u8()? {
            0 => References::Inline { added: read_list(&mut reader)?, dropped: read_list(&mut reader)? },
            1 => References::Staged { parts: reader.u32()?, count: reader.u64()? },
            _ => return Err(WireError::Invalid("references")),
        };
        reader.finish()?;
        Ok(Self { header, body, references })
    }
}

fn read_list(reader: &mut Reader<'_>) -> Result<Vec<Reference>> {
    let count = reader.u32()? as usize;
    if count > MAX_INLINE_REFERENCES {
        return Err(WireError::TooLarge("references"));
    }
    decode_references(reader.raw(count * Reference::BYTES)?, MAX_INLINE_REFERENCES)
}

/// A commit as the server keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCommit {
    /// Header and signature.
    pub header: SignedHeader,
    /// The sealed body.
    pub body: Vec<u8>,
}

/// What a reader needs to open the state at a commit.
///
/// `path count u32 ‖ signed headers… ‖ commit count u32 ‖ (signed header ‖ body_len u32 ‖ body)…`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Headers from the head of the log down to the commit, along prev and skip links; both ends included.
    pub path: Vec<SignedHeader>,
    /// The commits from the base to the commit, ascending.
    pub commits: Vec<StoredCommit>,
}

impl Segment {
    /// Most headers on the path.
    pub const MAX_PATH: usize = 4096;
    /// Most commits: a base and its deltas.
    pub const MAX_COMMITS: usize = 1024;

    /// The segment's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u32(self.path.len() as u32);
        for header in &self.path {
            writer.raw(&header.encode());
        }
        writer.u32(self.commits.len() as u32);
        for commit in &self.commits {
            writer.raw(&commit.header.encode()).u32(commit.body.len() as u32).raw(&commit.body);
        }
        writer.finish()
    }

    /// Parses [`Segment::encode`]; checks no signature, link or hash.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let count = bounded(reader.u32()?, Self::MAX_PATH)?;
        let path = (0..count).map(|_| SignedHeader::decode(reader.raw(SignedHeader::BYTES)?)).collect::<Result<_>>()?;
        let count = bounded(reader.u32()?, Self::MAX_COMMITS)?;
        let mut commits = Vec::new();
        for _ in 0..count {
            let header = SignedHeader::decode(reader.raw(SignedHeader::BYTES)?)?;
            let length = bounded(reader.u32()?, crate::commit::MAX_BODY_BYTES)?;
            commits.push(StoredCommit { header, body: reader.raw(length)?.to_vec() });
        }
        reader.finish()?;
        Ok(Self { path, commits })
    }
}

fn bounded(count: u32, limit: usize) -> Result<usize> {
    if count as usize > limit { Err(WireError::TooLarge("segment")) } else { Ok(count as usize) }
}
