//! Slots as everybody may see them: the public header of each, and the signed list.

use crate::{
    id::{AccountId, BadSignature, Signature, SlotId, VerifyingKey},
    wire::{Reader, Result, WireError, Writer},
};

const SLOT_TYPE: &[u8] = b"iotabackup/slot/v1\0";
const LIST_TYPE: &[u8] = b"iotabackup/slot-list/v1\0";
const PASSKEY_TYPE: &[u8] = b"iotabackup/passkey/v1\0";
/// Most slots of one vault.
pub const MAX_SLOTS: usize = 32;

/// How a slot is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// A password or passphrase, by Argon2id.
    Passphrase,
    /// Twelve recovery words: 16 bytes of entropy.
    RecoveryWords,
    /// A key file: 32 random bytes.
    KeyFile,
    /// A passkey: 32 bytes that an authenticator computes (WebAuthn PRF extension).
    Passkey,
    /// Shares that trusted people keep: 32 random bytes, split.
    Shares,
}

impl SlotKind {
    /// The byte in the slot header. 4 stays unknown, as readers of the first slots have it.
    pub fn code(self) -> u8 {
        match self {
            Self::Passphrase => 1,
            Self::RecoveryWords => 2,
            Self::KeyFile => 3,
            Self::Shares => 5,
            Self::Passkey => 6,
        }
    }

    /// Parses the byte.
    pub fn parse(code: u8) -> Result<Self> {
        match code {
            1 => Ok(Self::Passphrase),
            2 => Ok(Self::RecoveryWords),
            3 => Ok(Self::KeyFile),
            5 => Ok(Self::Shares),
            6 => Ok(Self::Passkey),
            _ => Err(WireError::Invalid("slot kind")),
        }
    }

    /// Whether it opens the vault without anybody's memory, a certain device or a server: a vault keeps one such way.
    pub fn works_offline(self) -> bool {
        matches!(self, Self::RecoveryWords | Self::KeyFile | Self::Shares)
    }
}

/// What the passkeys of an account compute their 32 bytes from: the first input of WebAuthn's PRF extension.
pub fn passkey_input(account: AccountId) -> Vec<u8> {
    let mut writer = Writer::typed(PASSKEY_TYPE);
    writer.raw(&account.0);
    writer.finish()
}

/// The public part of a slot; it is bound into the wrapping key and authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotHeader {
    /// The account whose vault it opens.
    pub account: AccountId,
    /// The slot.
    pub slot: SlotId,
    /// Generation of the account master key, from 1.
    pub generation: u32,
    /// How it is opened.
    pub kind: SlotKind,
    /// Argon2id memory in KiB; 0 for kinds without a password.
    pub m_kib: u32,
    /// Argon2id passes; 0 for kinds without a password.
    pub t: u32,
    /// Argon2id lanes; 0 for kinds without a password.
    pub p: u32,
    /// Salt of Argon2id; random for every kind.
    pub salt: [u8; 16],
    /// Nonce of the AEAD.
    pub nonce: [u8; 24],
}

impl SlotHeader {
    /// Size in bytes.
    pub const BYTES: usize = SLOT_TYPE.len() + 16 + 16 + 4 + 1 + 4 + 4 + 4 + 16 + 24;

    /// The bytes `hdr` of the format.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::typed(SLOT_TYPE);
        writer.raw(&self.account.0).raw(&self.slot.0).u32(self.generation).u8(self.kind.code());
        writer.u32(self.m_kib).u32(self.t).u32(self.p).raw(&self.salt).raw(&self.nonce);
        writer.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::typed(bytes, SLOT_TYPE)?;
        let header = Self {
            account: AccountId(reader.array()?),
            slot: SlotId(reader.array()?),
            generation: reader.u32()?,
            kind: SlotKind::parse(reader.u8()?)?,
            m_kib: reader.u32()?,
            t: reader.u32()?,
            p: reader.u32()?,
            salt: reader.array()?,
            nonce: reader.array()?,
        };
        reader.finish()?;
        if header.generation == 0 {
            return Err(WireError::Invalid("slot generation"));
        }
        Ok(header)
    }
}

/// A sealed slot: header, key commitment, sealed account master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The public part.
    pub header: SlotHeader,
    /// Commitment to the wrapping key.
    pub commitment: [u8; 32],
    /// The account master key, sealed: 32 bytes and a 16-byte tag.
    pub sealed: [u8; 48],
}

impl Slot {
    /// Size in bytes.
    pub const BYTES: usize = SlotHeader::BYTES + 32 + 48;

    /// The slot blob.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.header.encode();
        bytes.extend_from_slice(&self.commitment);
        bytes.extend_from_slice(&self.sealed);
        bytes
    }

    /// Parses a slot blob.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (header, rest) = bytes.split_at_checked(SlotHeader::BYTES).ok_or(WireError::Truncated)?;
        let header = SlotHeader::decode(header)?;
        let mut reader = Reader::new(rest);
        let slot = Self { header, commitment: reader.array()?, sealed: reader.array()? };
        reader.finish()?;
        Ok(slot)
    }
}

/// All slots of a vault at one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotList {
    /// The account.
    pub account: AccountId,
    /// Grows by one with every change, from 1.
    pub version: u32,
    /// The slots, in order of their ids.
    pub slots: Vec<Slot>,
}

impl SlotList {
    /// The bytes that are signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::typed(LIST_TYPE);
        writer.raw(&self.account.0).u32(self.version).u8(self.slots.len() as u8);
        self.slots.iter().for_each(|slot| {
            writer.raw(&slot.encode());
        });
        writer.finish()
    }

    /// Parses [`SlotList::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::typed(bytes, LIST_TYPE)?;
        let (account, version) = (AccountId(reader.array()?), reader.u32()?);
        let count = reader.u8()? as usize;
        if count == 0 || count > MAX_SLOTS || version == 0 {
            return Err(WireError::Invalid("slot list"));
        }
        let slots = (0..count).map(|_| Slot::decode(reader.raw(Slot::BYTES)?)).collect::<Result<Vec<_>>>()?;
        reader.finish()?;
        let ordered = slots.is_sorted_by(|a, b| a.header.slot < b.header.slot);
        if !ordered || slots.iter().any(|slot| slot.header.account != account) {
            return Err(WireError::Invalid("slot list"));
        }
        Ok(Self { account, version, slots })
    }
}

/// A slot list with the account's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedSlotList {
    /// What is signed.
    pub list: SlotList,
    /// Signature of [`SlotList::encode`] by the account's identity key.
    pub signature: Signature,
}

impl SignedSlotList {
    /// Signature, then list.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.signature.0.to_vec();
        bytes.extend_from_slice(&self.list.encode());
        bytes
    }

    /// Parses [`SignedSlotList::encode`]; does not check the signature.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (signature, list) = bytes.split_first_chunk().ok_or(WireError::Truncated)?;
        Ok(Self { list: SlotList::decode(list)?, signature: Signature(*signature) })
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, identity: &VerifyingKey) -> ::core::result::Result<(), BadSignature> {
        identity.verify(&self.list.encode(), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_one_kind_or_none() {
        let known: Vec<u8> = (0..=255).filter(|&code| SlotKind::parse(code).is_ok()).collect();
        assert_eq!(known, [1, 2, 3, 5, 6]);
        let kinds: Vec<SlotKind> = known.iter().map(|&code| SlotKind::parse(code).unwrap()).collect();
        assert!(known.iter().zip(&kinds).all(|(&code, kind)| kind.code() == code));
        kinds.iter().for_each(|kind| {
            assert_eq!(kind.works_offline(), !matches!(kind, SlotKind::Passphrase | SlotKind::Passkey));
        });
    }

    #[test]
    fn passkeys_of_two_accounts_compute_from_other_bytes() {
        assert_eq!(passkey_input(AccountId([7; 16])), [&b"iotabackup/passkey/v1\0"[..], &[7; 16]].concat());
        assert_ne!(passkey_input(AccountId([7; 16])), passkey_input(AccountId([8; 16])));
    }
}
