//! Records: the head, and the checks of a whole one.

use super::{MAX_PAYLOAD_BYTES, RECORD_MAGIC, Salt};
use crate::{
    id::{AccountId, Domain},
    wire::{Reader, Result, WireError, Writer, zero_padding},
};

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// A chunk object.
    Object,
    /// The sealed body of a commit.
    Body,
    /// A commit: [`super::CommitRecord`].
    Commit,
    /// A part of a commit's reference lists.
    References,
    /// An account with what its login is checked by, sealed with the host key.
    Account,
    /// A slot list, sealed with the host key.
    Slots,
    /// A signed certificate of a machine.
    Certificate,
    /// The sealed name of a set.
    Label,
    /// The second factor of an account, sealed with the host key.
    SecondFactor,
    /// How an account hears of missed backups, sealed with the host key.
    Alerts,
    /// When a backup of a set is missed, and what mails call its machine, sealed with the host key.
    Watch,
    /// A signed decision of an account about its snapshots: [`crate::retention::SignedDecision`].
    Decision,
    /// Commits that are snapshots no more: [`super::ThinningRecord`].
    Thinning,
    /// An account is no more, and nothing of it counts: the time, with a type of its own.
    Closed,
}

impl RecordKind {
    /// All kinds, in the order of their codes, which begin with 1.
    pub const ALL: [Self; 14] = [
        Self::Object,
        Self::Body,
        Self::Commit,
        Self::References,
        Self::Account,
        Self::Slots,
        Self::Certificate,
        Self::Label,
        Self::SecondFactor,
        Self::Alerts,
        Self::Watch,
        Self::Decision,
        Self::Thinning,
        Self::Closed,
    ];

    /// The byte in the head.
    pub fn code(self) -> u8 {
        self as u8 + 1
    }

    /// Parses the byte.
    ///
    /// # Errors
    /// [`WireError::Invalid`] for a kind that this version does not know.
    pub fn parse(code: u8) -> Result<Self> {
        let index = usize::from(code).wrapping_sub(1);
        Self::ALL.get(index).copied().ok_or(WireError::Invalid("kind of record"))
    }

    /// A word for logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Body => "body",
            Self::Commit => "commit",
            Self::References => "references",
            Self::Account => "account",
            Self::Slots => "slots",
            Self::Certificate => "certificate",
            Self::Label => "label",
            Self::SecondFactor => "second factor",
            Self::Alerts => "alerts",
            Self::Watch => "watch",
            Self::Decision => "decision",
            Self::Thinning => "thinning",
            Self::Closed => "closed",
        }
    }
}

/// The head of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHead {
    /// What it holds.
    pub kind: RecordKind,
    /// Domain of an object; else the private one.
    pub domain: Domain,
    /// Length of the payload.
    pub payload_bytes: u32,
    /// Whose it is.
    pub owner: AccountId,
    /// BLAKE3-256 of the payload.
    pub id: [u8; 32],
}

impl RecordHead {
    /// Size in bytes.
    pub const BYTES: usize = Self::CHECKED_BYTES + 8;
    const CHECKED_BYTES: usize = 4 + 1 + 1 + 2 + 4 + 16 + 32;

    /// The head of a record that stands at `position` of the pack of `salt`.
    pub fn encode(&self, position: u64, salt: &Salt) -> Vec<u8> {
        let mut writer = Writer::typed(RECORD_MAGIC);
        writer.u8(self.kind.code()).u8(self.domain.0).raw(&[0; 2]).u32(self.payload_bytes);
        writer.raw(&self.owner.0).raw(&self.id);
        let mut bytes = writer.finish();
        let check = check(&bytes, position, salt);
        bytes.extend_from_slice(&check);
        bytes
    }

    /// Parses a head that was read at `position`. Without `salt` its check is not looked at.
    ///
    /// # Errors
    /// [`WireError`] when there is no head, or it belongs to another place.
    pub fn decode(bytes: &[u8], position: u64, salt: Option<&Salt>) -> Result<Self> {
        let (checked, sum) = bytes.split_last_chunk::<8>().ok_or(WireError::Truncated)?;
        let mut reader = Reader::typed(checked, RECORD_MAGIC)?;
        let (kind, domain) = (RecordKind::parse(reader.u8()?)?, Domain::parse(reader.u8()?)?);
        zero_padding(reader.raw(2)?)?;
        let payload_bytes = reader.u32()?;
        let (owner, id) = (AccountId(reader.array()?), reader.array()?);
        reader.finish()?;
        if payload_bytes as usize > MAX_PAYLOAD_BYTES {
            return Err(WireError::TooLarge("record"));
        }
        if salt.is_some_and(|salt| check(checked, position, salt) != *sum) {
            return Err(WireError::Invalid("head of a record"));
        }
        Ok(Self { kind, domain, payload_bytes, owner, id })
    }
}

fn check(head: &[u8], position: u64, salt: &Salt) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new_keyed(salt);
    hasher.update(&position.to_le_bytes()).update(head);
    *hasher.finalize().as_bytes().first_chunk().expect("a hash is longer than eight bytes")
}

/// Length of a record with such a payload.
pub fn record_bytes(payload_bytes: u32) -> u64 {
    RecordHead::BYTES as u64 + u64::from(payload_bytes) + 4
}

/// Checks a whole record that was read at `position`: head, length, sum, id. Returns head and payload.
///
/// # Errors
/// [`WireError`], which says what does not hold.
pub fn verify_record<'a>(bytes: &'a [u8], position: u64, salt: Option<&Salt>) -> Result<(RecordHead, &'a [u8])> {
    let (head_bytes, rest) = bytes.split_at_checked(RecordHead::BYTES).ok_or(WireError::Truncated)?;
    let head = RecordHead::decode(head_bytes, position, salt)?;
    let (payload, sum) = rest.split_last_chunk().ok_or(WireError::Truncated)?;
    if payload.len() != head.payload_bytes as usize {
        return Err(WireError::Truncated);
    }
    if crc32c::crc32c(&bytes[..bytes.len() - 4]) != u32::from_le_bytes(*sum) {
        return Err(WireError::Invalid("sum of a record"));
    }
    if *blake3::hash(payload).as_bytes() != head.id {
        return Err(WireError::Invalid("id of a record"));
    }
    Ok((head, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: Salt = [5; 32];

    fn sample(position: u64, payload: &[u8]) -> Vec<u8> {
        let id = *blake3::hash(payload).as_bytes();
        let payload_bytes = payload.len() as u32;
        let owner = AccountId([9; 16]);
        let head = RecordHead { kind: RecordKind::Body, domain: Domain::PRIVATE, payload_bytes, owner, id };
        let mut bytes = head.encode(position, &SALT);
        bytes.extend_from_slice(payload);
        let sum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    #[test]
    fn a_record_verifies_at_its_place_only() {
        let bytes = sample(1024, b"payload");
        assert_eq!(bytes.len() as u64, record_bytes(7));
        assert_eq!(verify_record(&bytes, 1024, Some(&SALT)).unwrap().1, b"payload");
        assert_eq!(verify_record(&bytes, 1024, None).unwrap().1, b"payload");
        assert!(verify_record(&bytes, 1025, Some(&SALT)).is_err());
        assert!(verify_record(&bytes, 1024, Some(&[6; 32])).is_err());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = sample(1024, b"payload");
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(verify_record(&damaged, 1024, Some(&SALT)).is_err(), "bit {bit}");
            // Without the salt only the check itself goes unnoticed by the head, and then the sum does not hold.
            assert!(verify_record(&damaged, 1024, None).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(verify_record(&bytes[..length], 1024, Some(&SALT)).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_wrong_payload_with_a_right_sum_is_noticed() {
        let mut bytes = sample(1024, b"payload");
        let end = bytes.len() - 4;
        bytes[RecordHead::BYTES] ^= 1;
        let sum = crc32c::crc32c(&bytes[..end]);
        bytes[end..].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(verify_record(&bytes, 1024, Some(&SALT)), Err(WireError::Invalid("id of a record")));
    }

    #[test]
    fn kinds_have_one_code_each() {
        for kind in RecordKind::ALL {
            assert_eq!(RecordKind::parse(kind.code()), Ok(kind));
        }
        assert!(RecordKind::parse(0).is_err() && RecordKind::parse(15).is_err());
    }
}
