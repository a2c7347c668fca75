//! What a decision about an account looks like in the packs; see `docs/format/packs.md`.
//!
//! ```text
//! account = seal(aad = "iotabackup/account-record/v1␀" ‖ account16,
//!                version u32 ‖ created_ms u64 ‖ administrator u8 ‖ identity32 ‖ verifier32 ‖ login bytes
//!                [‖ recovered_ms u64])
//! slots   = seal(aad = "iotabackup/slots-record/v1␀" ‖ account16, signed slot list)
//! second  = seal(aad = "iotabackup/second-factor-record/v1␀" ‖ account16,
//!                version u32 ‖ on u8 ‖ (secret20 ‖ count u8 ‖ recovery code hash32…, ascending)   if on)
//! alerts  = seal(aad = "iotabackup/alerts-record/v1␀" ‖ account16, mails u8 ‖ limit_hours u32 ‖ address bytes)
//! watch   = seal(aad = "iotabackup/watch-record/v1␀" ‖ account16,
//!                set16 ‖ own u8 ‖ limit_hours u32 (0 unless own) ‖ public name bytes)
//! ```
//! `seal` is that of the host key ([`crate::host_key`]).

mod alerts;
mod decision;

use iota_core::id::{AccountId, Digest, VerifyingKey};
use iota_core::slot::SignedSlotList;
use iota_core::wire::{Reader, WireError, Writer};
use thiserror::Error;
use zeroize::Zeroizing;

pub use self::alerts::{open_alerts, open_watch, seal_alerts, seal_watch};
pub use self::decision::{decode_closed, decode_decision, encode_closed, encode_decision};
use crate::host_key::{HostKey, HostKeyError};

const ACCOUNT_TYPE: &[u8] = b"iotabackup/account-record/v1\0";
const SLOTS_TYPE: &[u8] = b"iotabackup/slots-record/v1\0";
const SECOND_FACTOR_TYPE: &[u8] = b"iotabackup/second-factor-record/v1\0";
const SECRET_TYPE: &[u8] = b"iotabackup/second-factor-row/v1\0";
const VERIFIER_TYPE: &[u8] = b"iotabackup/verifier-row/v1\0";
/// Longest login, bytes.
pub const MAX_LOGIN_BYTES: usize = 254;
/// Most recovery codes of one account.
pub const MAX_RECOVERY_CODES: u32 = 10;

/// Secret of an authenticator app.
pub type Secret = Zeroizing<[u8; 20]>;

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
    /// When its login was last set by proof of the vault, milliseconds since 1970.
    pub recovered_ms: Option<u64>,
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
        if let Some(recovered_ms) = self.recovered_ms {
            writer.u64(recovered_ms);
        }
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
            administrator: flag(reader.u8()?, "administrator")?,
            identity: VerifyingKey(reader.array()?),
            verifier: reader.array()?,
            login: text(reader.bytes(MAX_LOGIN_BYTES, "login")?)?,
            recovered_ms: if reader.remaining() > 0 { Some(reader.u64()?) } else { None },
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

/// The second factor of an account: a secret of an authenticator app, and what is kept of recovery codes; or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactorRecord {
    /// The account.
    pub account: AccountId,
    /// Grows by one with every change, from 1; the highest counts.
    pub version: u32,
    /// `None` when it is off.
    pub factor: Option<(Secret, Vec<Digest>)>,
}

impl SecondFactorRecord {
    /// The record's payload.
    ///
    /// # Errors
    /// [`HostKeyError::Random`].
    pub fn seal(&self, key: &HostKey) -> Result<Vec<u8>, HostKeyError> {
        let mut writer = Writer::new();
        writer.u32(self.version).u8(self.factor.is_some().into());
        if let Some((secret, codes)) = &self.factor {
            writer.raw(&secret[..]).u8(codes.len() as u8);
            codes.iter().for_each(|code| {
                writer.raw(&code.0);
            });
        }
        key.seal(&aad(SECOND_FACTOR_TYPE, self.account), &Zeroizing::new(writer.finish()))
    }

    /// Opens the payload of a record that `account` owns.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn open(key: &HostKey, account: AccountId, payload: &[u8]) -> Result<Self, RecordError> {
        let plain = Zeroizing::new(key.open(&aad(SECOND_FACTOR_TYPE, account), payload)?);
        let mut reader = Reader::new(&plain);
        let (version, on) = (reader.u32()?, flag(reader.u8()?, "second factor")?);
        let factor = if on { Some(read_factor(&mut reader)?) } else { None };
        reader.finish()?;
        Ok(Self { account, version, factor })
    }
}

fn read_factor(reader: &mut Reader<'_>) -> Result<(Secret, Vec<Digest>), WireError> {
    let secret = Zeroizing::new(reader.array()?);
    let count = reader.u8()?;
    if u32::from(count) > MAX_RECOVERY_CODES {
        return Err(WireError::TooLarge("recovery codes"));
    }
    let codes = (0..count).map(|_| Ok(Digest(reader.array()?))).collect::<Result<Vec<_>, WireError>>()?;
    if !codes.is_sorted_by(|a, b| a < b) {
        return Err(WireError::Invalid("recovery codes"));
    }
    Ok((secret, codes))
}

/// The secret of an authenticator app as it lies in the database.
///
/// # Errors
/// [`HostKeyError::Random`].
pub fn seal_secret(key: &HostKey, account: AccountId, secret: &Secret) -> Result<Vec<u8>, HostKeyError> {
    key.seal(&aad(SECRET_TYPE, account), &secret[..])
}

/// Opens [`seal_secret`].
///
/// # Errors
/// [`RecordError`].
pub fn open_secret(key: &HostKey, account: AccountId, sealed: &[u8]) -> Result<Secret, RecordError> {
    let plain = Zeroizing::new(key.open(&aad(SECRET_TYPE, account), sealed)?);
    let secret = plain.as_slice().try_into().map_err(|_| RecordError::Damaged(WireError::Invalid("secret")))?;
    Ok(Zeroizing::new(secret))
}

fn aad(kind: &[u8], account: AccountId) -> Vec<u8> {
    [kind, &account.0].concat()
}

fn flag(byte: u8, what: &'static str) -> Result<bool, WireError> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(WireError::Invalid(what)),
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
            recovered_ms: None,
        }
    }

    #[test]
    fn an_account_comes_back_for_its_owner_only() {
        let key = HostKey::generate().unwrap();
        for record in [record(), AccountRecord { recovered_ms: Some(1_800_000_000_000), ..record() }] {
            let payload = record.seal(&key).unwrap();
            assert_eq!(AccountRecord::open(&key, AccountId([1; 16]), &payload).unwrap(), record);
            assert!(AccountRecord::open(&key, AccountId([2; 16]), &payload).is_err());
            assert!(open_slots(&key, AccountId([1; 16]), &payload).is_err());
        }
    }

    #[test]
    fn a_second_factor_comes_back_and_damage_is_refused() {
        let (key, account) = (HostKey::generate().unwrap(), AccountId([1; 16]));
        let codes = vec![Digest([1; 32]), Digest([2; 32])];
        let on = SecondFactorRecord { account, version: 3, factor: Some((Zeroizing::new([7; 20]), codes)) };
        for record in [on.clone(), SecondFactorRecord { factor: None, ..on.clone() }] {
            let payload = record.seal(&key).unwrap();
            assert_eq!(SecondFactorRecord::open(&key, account, &payload).unwrap(), record);
            assert!(SecondFactorRecord::open(&key, AccountId([2; 16]), &payload).is_err());
            let plain = key.open(&aad(SECOND_FACTOR_TYPE, account), &payload).unwrap();
            let reseal = |plain: &[u8]| key.seal(&aad(SECOND_FACTOR_TYPE, account), plain).unwrap();
            let open = |plain: &[u8]| SecondFactorRecord::open(&key, account, &reseal(plain));
            assert!((0..plain.len()).all(|end| open(&plain[..end]).is_err()));
            assert!(open(&[&plain[..], &[0]].concat()).is_err());
        }
        let twice = SecondFactorRecord { factor: Some((Zeroizing::new([7; 20]), vec![Digest([1; 32]); 2])), ..on };
        assert!(SecondFactorRecord::open(&key, account, &twice.seal(&key).unwrap()).is_err());
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
