//! A commit: a signed header, which the server checks, and a sealed body, which it cannot read.

use crate::{
    id::{AccountId, BadSignature, Cid, DeviceId, Digest, HeaderHash, SetId, Signature, VerifyingKey},
    operation::{Operation, PathReader, PathWriter},
    page::{PageRef, read_refs, write_refs},
    wire::{Reader, Result, WireError, Writer},
};

const HEADER_TYPE: &[u8] = b"iotabackup/header/v1\0";
const BODY_TYPE: &[u8] = b"iotabackup/body/v1\0";

/// Longest sealed body, bytes.
pub const MAX_BODY_BYTES: usize = 8 << 20;
/// Longest decompressed body, bytes.
pub const MAX_BODY_PLAIN_BYTES: usize = 64 << 20;
/// Most operations in a delta; more are a base.
pub const MAX_OPERATIONS: usize = 1 << 20;
/// Most gaps that a body lists by path; `gap_count` counts them all.
pub const MAX_LISTED_GAPS: usize = 1000;
/// Most heads of other sets that a body names.
pub const MAX_SEEN: usize = 1000;

/// Whether a body holds a whole state or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitKind {
    /// The whole state, as pages.
    Base,
    /// Operations since the commit before.
    Delta,
}

impl CommitKind {
    /// The byte in header and body.
    pub fn code(self) -> u8 {
        match self {
            Self::Base => 1,
            Self::Delta => 2,
        }
    }

    /// Parses the byte.
    pub fn parse(code: u8) -> Result<Self> {
        match code {
            1 => Ok(Self::Base),
            2 => Ok(Self::Delta),
            _ => Err(WireError::Invalid("commit kind")),
        }
    }
}

/// Facts about a commit that the server may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u32);

impl Flags {
    /// The reference list is the complete live set; such a commit is always a base.
    pub const FULL_REFERENCES: Self = Self(1);
    /// The first scan had not finished.
    pub const PARTIAL: Self = Self(2);
    /// Something that the rules include could not be read.
    pub const GAPS: Self = Self(4);

    /// Parses the field; refuses unknown bits.
    pub fn parse(bits: u32) -> Result<Self> {
        if bits & !7 == 0 { Ok(Self(bits)) } else { Err(WireError::Invalid("commit flags")) }
    }

    /// The field.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Whether every flag of `other` is set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// `self` with `other` set when `condition` holds.
    #[must_use]
    pub fn with(self, other: Self, condition: bool) -> Self {
        if condition { Self(self.0 | other.0) } else { self }
    }
}

/// The unsigned part of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Owner of the set.
    pub account: AccountId,
    /// The set.
    pub set: SetId,
    /// The machine that signs.
    pub device: DeviceId,
    /// Position in the log, from 1.
    pub seq: u64,
    /// Base or delta.
    pub kind: CommitKind,
    /// Hash of the header of `seq − 1`; zeros at the start.
    pub prev: HeaderHash,
    /// Hash of the header of `seq & (seq − 1)`; zeros when that is 0.
    pub skip: HeaderHash,
    /// Hash of the sealed body.
    pub body_cid: Cid,
    /// Bytes of the sealed body.
    pub body_len: u32,
    /// Hash of the reference lists ([`crate::refs::refs_root`]).
    pub refs_root: Digest,
    /// References of the state after this commit.
    pub live_count: u64,
    /// XOR of their cids.
    pub live_xor: Digest,
    /// The machine's clock, milliseconds since 1970.
    pub device_time_ms: u64,
    /// When the server received the commit before, milliseconds since 1970; 0 at the start.
    pub prev_received_ms: u64,
    /// Key epoch of the set, from 1.
    pub key_epoch: u32,
    /// See [`Flags`].
    pub flags: Flags,
}

impl Header {
    /// Size of the unsigned bytes.
    pub const BYTES: usize = HEADER_TYPE.len() + 3 * 16 + 8 + 1 + 3 * 32 + 4 + 32 + 8 + 32 + 8 + 8 + 4 + 4;

    /// The bytes that are hashed and signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::typed(HEADER_TYPE);
        writer.raw(&self.account.0).raw(&self.set.0).raw(&self.device.0).u64(self.seq).u8(self.kind.code());
        writer.raw(&self.prev.0).raw(&self.skip.0).raw(&self.body_cid.0).u32(self.body_len);
        writer.raw(&self.refs_root.0).u64(self.live_count).raw(&self.live_xor.0);
        writer.u64(self.device_time_ms).u64(self.prev_received_ms).u32(self.key_epoch).u32(self.flags.bits());
        writer.finish()
    }

    /// Parses [`Header::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::typed(bytes, HEADER_TYPE)?;
        let header = Self {
            account: AccountId(reader.array()?),
            set: SetId(reader.array()?),
            device: DeviceId(reader.array()?),
            seq: reader.u64()?,
            kind: CommitKind::parse(reader.u8()?)?,
            prev: HeaderHash(reader.array()?),
            skip: HeaderHash(reader.array()?),
            body_cid: Cid(reader.array()?),
            body_len: reader.u32()?,
            refs_root: Digest(reader.array()?),
            live_count: reader.u64()?,
            live_xor: Digest(reader.array()?),
            device_time_ms: reader.u64()?,
            prev_received_ms: reader.u64()?,
            key_epoch: reader.u32()?,
            flags: Flags::parse(reader.u32()?)?,
        };
        reader.finish()?;
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<()> {
        if self.seq == 0 || self.seq > i64::MAX as u64 || self.key_epoch == 0 {
            return Err(WireError::Invalid("commit number"));
        }
        if [self.live_count, self.device_time_ms, self.prev_received_ms].iter().any(|&number| number > i64::MAX as u64)
        {
            return Err(WireError::Invalid("commit times or counts"));
        }
        if self.body_len as usize > MAX_BODY_BYTES {
            return Err(WireError::TooLarge("commit body"));
        }
        if (self.seq == 1) != (self.prev == HeaderHash::ZERO) {
            return Err(WireError::Invalid("previous commit"));
        }
        if (crate::chain::skip_of(self.seq) == 0) != (self.skip == HeaderHash::ZERO) {
            return Err(WireError::Invalid("skip link"));
        }
        let base = self.kind == CommitKind::Base;
        if !base && (self.seq == 1 || self.flags.contains(Flags::FULL_REFERENCES)) {
            return Err(WireError::Invalid("commit kind"));
        }
        Ok(())
    }

    /// Hash of the unsigned bytes: the commit's identity.
    pub fn hash(&self) -> HeaderHash {
        HeaderHash(*blake3::hash(&self.encode()).as_bytes())
    }
}

/// A header with its machine's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeader {
    /// What is signed.
    pub header: Header,
    /// Signature of [`Header::encode`].
    pub signature: Signature,
}

impl SignedHeader {
    /// Size in bytes.
    pub const BYTES: usize = Header::BYTES + Signature::BYTES;

    /// Header, then signature.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.header.encode();
        bytes.extend_from_slice(&self.signature.0);
        bytes
    }

    /// Parses [`SignedHeader::encode`]; does not check the signature.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (header, signature) = bytes.split_at_checked(Header::BYTES).ok_or(WireError::Truncated)?;
        let header = Header::decode(header)?;
        let signature = signature.try_into().map_err(|_| WireError::Trailing)?;
        Ok(Self { header, signature: Signature(signature) })
    }

    /// Checks the signature against the machine's key.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, device_key: &VerifyingKey) -> ::core::result::Result<(), BadSignature> {
        device_key.verify(&self.header.encode(), &self.signature)
    }
}

/// What the state contains, for lists of snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Regular files.
    pub files: u64,
    /// Directories.
    pub dirs: u64,
    /// Everything else.
    pub others: u64,
    /// Sizes of all files.
    pub bytes: u64,
}

impl Totals {
    /// Counts `entry` in. The sums are modulo 2^64, so that adding and removing always cancel out.
    pub fn add(&mut self, entry: &crate::entry::Entry) {
        self.update(entry, u64::wrapping_add);
    }

    /// Counts `entry` out.
    pub fn remove(&mut self, entry: &crate::entry::Entry) {
        self.update(entry, u64::wrapping_sub);
    }

    fn update(&mut self, entry: &crate::entry::Entry, change: fn(u64, u64) -> u64) {
        use crate::entry::Kind;
        let counter = match entry.kind {
            Kind::File { .. } => &mut self.files,
            Kind::Dir => &mut self.dirs,
            _ => &mut self.others,
        };
        *counter = change(*counter, 1);
        self.bytes = change(self.bytes, entry.size());
    }
}

/// Why something that the rules include is not in the state, or only in an older version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GapReason {
    /// Reading was not permitted.
    Permission,
    /// The device or file system reported an error.
    Io,
    /// It vanished while it was read.
    Vanished,
    /// The file never stayed the same while it was read.
    Torn,
    /// Name, path, attribute or target beyond the limits of the format.
    Unsupported,
    /// A file system used to be mounted there, and now the directory is empty.
    Unmounted,
}

impl GapReason {
    /// All reasons with their codes.
    pub const ALL: [(u8, Self); 6] = [
        (1, Self::Permission),
        (2, Self::Io),
        (3, Self::Vanished),
        (4, Self::Torn),
        (5, Self::Unsupported),
        (6, Self::Unmounted),
    ];

    /// The code in a body.
    pub fn code(self) -> u8 {
        Self::ALL.iter().find(|(_, reason)| *reason == self).expect("every reason has a code").0
    }

    /// The reason with a code.
    ///
    /// # Errors
    /// [`WireError::Invalid`] for a code that is none.
    pub fn parse(code: u8) -> Result<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == code)
            .map(|&(_, reason)| reason)
            .ok_or(WireError::Invalid("gap reason"))
    }

    /// A word for lists and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permission => "permission",
            Self::Io => "io",
            Self::Vanished => "vanished",
            Self::Torn => "torn",
            Self::Unsupported => "unsupported",
            Self::Unmounted => "unmounted",
        }
    }
}

/// One gap. The path is kept as found, since it may be what is beyond the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Raw path, cut at 4096 bytes.
    pub path: Box<[u8]>,
    /// Why.
    pub reason: GapReason,
}

/// The last commit of another set of the account, as its server told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The other set.
    pub set: SetId,
    /// Its head.
    pub seq: u64,
    /// Hash of that header.
    pub hash: HeaderHash,
}

/// What a body says of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The whole state: references to index pages.
    Base(Vec<PageRef>),
    /// Operations since the commit before, in key order.
    Delta(Vec<Operation>),
}

/// The plaintext of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The state or the changes.
    pub change: Change,
    /// Heads of other sets that changed since the last commit.
    pub seen: Vec<Seen>,
    /// Gaps, at most [`MAX_LISTED_GAPS`] of them.
    pub gaps: Vec<Gap>,
    /// How many gaps there are.
    pub gap_count: u64,
    /// What the state contains.
    pub totals: Totals,
    /// XOR of the hashes of all entries of the state.
    pub state_root: Digest,
}

impl Body {
    /// Base or delta.
    pub fn kind(&self) -> CommitKind {
        match self.change {
            Change::Base(_) => CommitKind::Base,
            Change::Delta(_) => CommitKind::Delta,
        }
    }

    /// The bytes that are compressed and sealed.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::typed(BODY_TYPE);
        writer.u8(self.kind().code());
        match &self.change {
            Change::Base(top) => write_refs(top, &mut writer),
            Change::Delta(operations) => {
                writer.varint(operations.len() as u64);
                let mut paths = PathWriter::default();
                operations.iter().for_each(|operation| operation.write(&mut paths, &mut writer));
            }
        }
        writer.varint(self.seen.len() as u64);
        for seen in &self.seen {
            writer.raw(&seen.set.0).u64(seen.seq).raw(&seen.hash.0);
        }
        writer.varint(self.gap_count).varint(self.gaps.len() as u64);
        for gap in &self.gaps {
            writer.bytes(&gap.path).u8(gap.reason.code());
        }
        let Totals { files, dirs, others, bytes } = self.totals;
        writer.varint(files).varint(dirs).varint(others).varint(bytes).raw(&self.state_root.0);
        writer.finish()
    }

    /// Parses [`Body::encode`].
    pub fn decode(plaintext: &[u8]) -> Result<Self> {
        let mut reader = Reader::typed(plaintext, BODY_TYPE)?;
        let change = match CommitKind::parse(reader.u8()?)? {
            CommitKind::Base => Change::Base(read_refs(&mut reader)?),
            CommitKind::Delta => Change::Delta(read_operations(&mut reader)?),
        };
        let count = reader.count(MAX_SEEN, "seen heads")?;
        let seen = (0..count)
            .map(|_| Ok(Seen { set: SetId(reader.array()?), seq: reader.u64()?, hash: HeaderHash(reader.array()?) }))
            .collect::<Result<Vec<_>>>()?;
        let numbered = seen.iter().all(|seen| (1..=i64::MAX as u64).contains(&seen.seq));
        if !numbered || !seen.is_sorted_by(|a, b| a.set < b.set) {
            return Err(WireError::Invalid("seen heads"));
        }
        let gap_count = reader.varint()?;
        let gaps = read_gaps(&mut reader)?;
        if gap_count < gaps.len() as u64 {
            return Err(WireError::Invalid("gap count"));
        }
        let mut number = || reader.varint();
        let totals = Totals { files: number()?, dirs: number()?, others: number()?, bytes: number()? };
        let state_root = Digest(reader.array()?);
        reader.finish()?;
        Ok(Self { change, seen, gaps, gap_count, totals, state_root })
    }
}

fn read_operations(reader: &mut Reader<'_>) -> Result<Vec<Operation>> {
    let count = reader.count(MAX_OPERATIONS, "operations")?;
    let mut paths = PathReader::default();
    let mut operations = Vec::new();
    for _ in 0..count {
        operations.push(Operation::read(&mut paths, reader)?);
    }
    Ok(operations)
}

fn read_gaps(reader: &mut Reader<'_>) -> Result<Vec<Gap>> {
    let count = reader.count(MAX_LISTED_GAPS, "gaps")?;
    (0..count)
        .map(|_| {
            let path = reader.bytes(crate::path::MAX_PATH_BYTES, "gap path")?.into();
            Ok(Gap { path, reason: GapReason::parse(reader.u8()?)? })
        })
        .collect()
}
