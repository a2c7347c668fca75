//! How a pack ends that was ended properly: the index of its records, and the trailer that says where it begins.

use super::{FIRST_RECORD, MAX_PAYLOAD_BYTES, RecordHead, RecordKind, Salt, record_bytes};
use crate::{
    id::{AccountId, Domain},
    wire::{Reader, Result, WireError, Writer},
};

const TYPE: &[u8] = b"iotabackup/pack-index/v1\0";
const MAGIC: &[u8; 4] = b"IEND";
const ENTRY_BYTES: usize = 1 + 1 + 4 + 16 + 32;

/// A record and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// Position of its head in the pack.
    pub position: u64,
    /// Its head.
    pub head: RecordHead,
}

impl IndexEntry {
    /// Where the next record begins.
    pub fn end(&self) -> u64 {
        self.position + record_bytes(self.head.payload_bytes)
    }
}

/// Collects the records of a pack while it is written.
#[derive(Debug, Default)]
pub struct IndexWriter {
    count: u32,
    entries: Writer,
}

impl IndexWriter {
    /// The next record.
    pub fn push(&mut self, head: &RecordHead) {
        self.count += 1;
        self.entries.u8(head.kind.code()).u8(head.domain.0).u32(head.payload_bytes).raw(&head.owner.0).raw(&head.id);
    }

    /// Index and trailer, to be written at `position`, where the last record ends.
    pub fn finish(self, position: u64, salt: &Salt) -> Vec<u8> {
        let mut writer = Writer::typed(TYPE);
        writer.u32(self.count).raw(&self.entries.finish());
        let mut bytes = writer.finish();
        let check = check(&bytes, position, salt);
        bytes.extend_from_slice(&check);
        bytes.extend_from_slice(&Trailer { position }.encode());
        bytes
    }
}

/// The last bytes of a pack that was ended properly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    /// Where the index begins.
    pub position: u64,
}

impl Trailer {
    /// Size in bytes.
    pub const BYTES: usize = 16;

    /// The trailer's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::typed(MAGIC);
        writer.u64(self.position);
        let mut bytes = writer.finish();
        let sum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Parses [`Trailer::encode`].
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::typed(bytes, MAGIC)?;
        let trailer = Self { position: reader.u64()? };
        let sum = reader.u32()?;
        reader.finish()?;
        if crc32c::crc32c(&bytes[..Self::BYTES - 4]) != sum || trailer.position < FIRST_RECORD {
            return Err(WireError::Invalid("trailer of a pack"));
        }
        Ok(trailer)
    }
}

/// Whether `bytes` begin as an index does, so that a record was not expected there.
pub fn begins_index(bytes: &[u8]) -> bool {
    bytes.starts_with(TYPE)
}

/// Parses the index that was read at `position` (without the trailer).
///
/// # Errors
/// [`WireError`] when it is damaged, or does not describe the records from the header up to `position` without a gap.
pub fn decode_index(bytes: &[u8], position: u64, salt: &Salt) -> Result<Vec<IndexEntry>> {
    let (checked, sum) = bytes.split_last_chunk::<32>().ok_or(WireError::Truncated)?;
    let mut reader = Reader::typed(checked, TYPE)?;
    if check(checked, position, salt) != *sum {
        return Err(WireError::Invalid("check of a pack's index"));
    }
    let count = reader.u32()? as usize;
    if reader.remaining() != count.saturating_mul(ENTRY_BYTES) {
        return Err(WireError::Truncated);
    }
    let mut entries = Vec::with_capacity(count);
    let mut end = FIRST_RECORD;
    for _ in 0..count {
        let entry = IndexEntry { position: end, head: read_head(&mut reader)? };
        end = entry.end();
        entries.push(entry);
    }
    if end == position { Ok(entries) } else { Err(WireError::Invalid("end of a pack's records")) }
}

fn read_head(reader: &mut Reader<'_>) -> Result<RecordHead> {
    let (kind, domain) = (RecordKind::parse(reader.u8()?)?, Domain::parse(reader.u8()?)?);
    let payload_bytes = reader.u32()?;
    if payload_bytes as usize > MAX_PAYLOAD_BYTES {
        return Err(WireError::TooLarge("record"));
    }
    Ok(RecordHead { kind, domain, payload_bytes, owner: AccountId(reader.array()?), id: reader.array()? })
}

fn check(index: &[u8], position: u64, salt: &Salt) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(salt);
    hasher.update(&position.to_le_bytes()).update(index);
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: Salt = [5; 32];

    fn sample() -> (Vec<u8>, u64) {
        let mut index = IndexWriter::default();
        let mut position = FIRST_RECORD;
        for payload_bytes in [7, 0, 200_000] {
            let owner = AccountId([9; 16]);
            index.push(&RecordHead {
                kind: RecordKind::Object,
                domain: Domain::PRIVATE,
                payload_bytes,
                owner,
                id: [3; 32],
            });
            position += record_bytes(payload_bytes);
        }
        (index.finish(position, &SALT), position)
    }

    #[test]
    fn positions_follow_from_lengths() {
        let (bytes, position) = sample();
        let (index, trailer) = bytes.split_at(bytes.len() - Trailer::BYTES);
        assert_eq!(Trailer::decode(trailer), Ok(Trailer { position }));
        let entries = decode_index(index, position, &SALT).unwrap();
        assert_eq!(entries.iter().map(|entry| entry.position).collect::<Vec<_>>(), [1024, 1103, 1175]);
        assert!(decode_index(index, position + 1, &SALT).is_err());
        assert!(decode_index(index, position, &[0; 32]).is_err());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let (bytes, position) = sample();
        let end = bytes.len() - Trailer::BYTES;
        let verify = |bytes: &[u8]| {
            let (index, trailer) = bytes.split_at(end);
            Trailer::decode(trailer).and_then(|trailer| decode_index(index, trailer.position, &SALT))
        };
        assert!(verify(&bytes).is_ok());
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(verify(&damaged).is_err(), "bit {bit}");
        }
        for length in 0..end {
            assert!(decode_index(&bytes[..length], position, &SALT).is_err());
        }
    }
}
