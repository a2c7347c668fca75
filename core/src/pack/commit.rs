//! What a server keeps of a commit, besides its body.

use crate::{
    commit::SignedHeader,
    id::Digest,
    wire::{Reader, Result, WireError, Writer},
};

const TYPE: &[u8] = b"iotabackup/commit-record/v1\0";

/// Payload of a record of kind [`super::RecordKind::Commit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRecord {
    /// When the server received it, milliseconds since 1970.
    pub received_ms: u64,
    /// What was signed.
    pub header: SignedHeader,
    /// Whether the references are the complete live set, rather than what came and what went.
    pub full: bool,
    /// The records that hold the references, in order.
    pub references: Vec<Digest>,
}

impl CommitRecord {
    /// Most records of references; more would not fit a commit either.
    pub const MAX_PARTS: usize = 65_536;

    /// The payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::typed(TYPE);
        writer.u64(self.received_ms).raw(&self.header.encode()).u8(u8::from(self.full));
        writer.u32(self.references.len() as u32);
        self.references.iter().for_each(|id| {
            writer.raw(&id.0);
        });
        writer.finish()
    }

    /// Parses [`CommitRecord::encode`]; checks no signature.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::typed(bytes, TYPE)?;
        let received_ms = reader.u64()?;
        let header = SignedHeader::decode(reader.raw(SignedHeader::BYTES)?)?;
        let full = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return Err(WireError::Invalid("full references")),
        };
        let count = reader.u32()? as usize;
        if count > Self::MAX_PARTS {
            return Err(WireError::TooLarge("records of references"));
        }
        let mut ids = reader.clone();
        let references =
            reader.raw(count * 32)?.chunks_exact(32).map(|_| ids.array().map(Digest)).collect::<Result<_>>()?;
        reader.finish()?;
        if received_ms > i64::MAX as u64 {
            return Err(WireError::Invalid("time of receipt"));
        }
        Ok(Self { received_ms, header, full, references })
    }
}
