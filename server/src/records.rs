//! What a decision about an account looks like in the packs; see `docs/format/packs.md`.
//!
//! ```text
//! account = seal(aad = "iotabackup/account-record/v1␀" ‖ account16,
//!                version u32 ‖ created_ms u64 ‖ administrator u8 ‖ identity32 ‖ verifier32 ‖ login bytes)
//! slots   = seal(aad = "iotabackup/slots-record/v1␀" ‖ account16, signed slot list)
//! ```
//! `seal` is that of the host key ([`crate::host_key`]).

use iota_core::id::{AccountId, VerifyingKey};
use iota_core::slot::SignedSlotList;
use iota_core::wire::{Reader, WireError, Writer};
use thiserror::Error;

use crate::host_key::{HostKey, HostKeyError};

const ACCOUNT_TYPE: &[u8] = b"iotabackup/account-record/v1\0";
const SLOTS_TYPE: &[u8] = b"iotabackup/slots-record/v1\0";
const VERIFIER_TYPE: &[u8] = b"iotabackup/verifier-row/v1\0";
/// Longest login, bytes.
pub const MAX_LOGIN_BYTES: usize = 254;

/// A record cannot be used.
#[derive(Debug, Error)]
pub enum RecordError {
    /// It does not open.
    #[error(transparent)]
    Sealed(#[from] HostKeyError),
    /// What stands in it is not what should.
    #[error("a record of an account is damaged: {0}")]
    Damaged(#[from] WireError),
}

/// An account and what its login is checked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// The account.
    pub account: AccountId,
    /// Grows by one with every change, from 1; the highest counts.
    pub version: u32,
    /// When it was made, milliseconds since 1970.
    pub created_ms: u64,
    /// May manage accounts.
    pub administrator: bool,
    /// Identity key.
    pub identity: VerifyingKey,
    /// [`HostKey::verifier`] of its login secret.
    pub verifier: [u8; 32],
    /// Normalised.
    pub login: String,
}

impl AccountRecord {
    /// The record's payload.
    ///
    /// # Errors
    /// [`HostKeyError::Random`].
    pub fn seal(&self, key: &HostKey) -> Result<Vec<u8>, HostKeyError> {
        let mut writer = Writer::new();
        writer.u32(self.version).u64(self.created_ms).u8(self.administrator.into());
        writer.raw(&self.identity.0).raw(&self.verifier).bytes(self.login.as_bytes());
        key.seal(&aad(ACCOUNT_TYPE, self.account), &writer.finish())
    }

    /// Opens the payload of a record that `account` owns.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn open(key: &HostKey, account: AccountId, payload: &[u8]) -> Result<Self, RecordError> {
        let plain = key.open(&aad(ACCOUNT_TYPE, account), payload)?;
        let mut reader = Reader::new(&plain);
        let record = Self {
            account,
            version: reader.u32()?,
            created_ms: reader.u64()?,
            administrator: flag(reader.u8()?)?,
            identity: VerifyingKey(reader.array()?),
            verifier: reader.array()?,
            login: text(reader.bytes(MAX_LOGIN_BYTES, "login")?)?,
        };
        reader.finish()?;
        Ok(record)
    }
}

/// Payload of the record of a slot list; in the database it lies in the same form.
///
/// # Errors
/// [`HostKeyError::Random`].
pub fn seal_slots(key: &HostKey, account: AccountId, signed_list: &[u8]) -> Result<Vec<u8>, HostKeyError> {
    key.seal(&aad(SLOTS_TYPE, account), signed_list)
}

/// Opens [`seal_slots`].
///
/// # Errors
/// [`RecordError`].
pub fn open_slots(key: &HostKey, account: AccountId, payload: &[u8]) -> Result<SignedSlotList, RecordError> {
    Ok(SignedSlotList::decode(&key.open(&aad(SLOTS_TYPE, account), payload)?)?)
}

/// A verifier as it lies in the database, so that the table alone gives nothing to guess against.
///
/// # Errors
/// [`HostKeyError::Random`].
pub fn seal_verifier(key: &HostKey, account: AccountId, verifier: &[u8; 32]) -> Result<Vec<u8>, HostKeyError> {
    key.seal(&aad(VERIFIER_TYPE, account), verifier)
}

/// Opens [`seal_verifier`].
///
/// # Errors
/// [`RecordError`].
pub fn open_verifier(key: &HostKey, account: AccountId, sealed: &[u8]) -> Result<[u8; 32], RecordError> {
    let plain = key.open(&aad(VERIFIER_TYPE, account), sealed)?;
    plain.try_into().map_err(|_| RecordError::Damaged(WireError::Invalid("verifier")))
}

fn aad(kind: &[u8], account: AccountId) -> Vec<u8> {
    [kind, &account.0].concat()
}

fn flag(byte: u8) -> Result<bool, WireError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(WireError::Invalid("administrator")),
    }
}

fn text(bytes: &[u8]) -> Result<String, WireError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| WireError::Invalid("login"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> AccountRecord {
        AccountRecord {
            account: AccountId([1; 16]),
            version: 1,
            created_ms: 1_700_000_000_000,
            administrator: true,
            identity: VerifyingKey([2; 32]),
            verifier: [3; 32],
            login: "ada@example.org".into(),
        }
    }

    #[test]
    fn an_account_comes_back_for_its_owner_only() {
        let key = HostKey::generate().unwrap();
        let payload = record().seal(&key).unwrap();
        assert_eq!(AccountRecord::open(&key, AccountId([1; 16]), &payload).unwrap(), record());
        assert!(AccountRecord::open(&key, AccountId([2; 16]), &payload).is_err());
        assert!(open_slots(&key, AccountId([1; 16]), &payload).is_err());
    }

    #[test]
    fn damage_inside_the_seal_is_refused() {
        let key = HostKey::generate().unwrap();
        let plain = key.open(&aad(ACCOUNT_TYPE, AccountId([1; 16])), &record().seal(&key).unwrap()).unwrap();
        let reseal = |plain: &[u8]| key.seal(&aad(ACCOUNT_TYPE, AccountId([1; 16])), plain).unwrap();
        let open = |plain: &[u8]| AccountRecord::open(&key, AccountId([1; 16]), &reseal(plain));
        assert!((0..plain.len()).all(|end| open(&plain[..end]).is_err()));
        assert!(open(&[&plain[..], &[0]].concat()).is_err());
        let mut flagged = plain.clone();
        flagged[12] = 2;
        assert!(open(&flagged).is_err());
    }
}
