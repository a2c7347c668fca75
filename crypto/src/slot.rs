//! Slots: the ways to open a vault.
//!
//! ```text
//! KEK  = Argon2id(NFKC(passphrase), salt, m, t, p) | derive("… recovery words", entropy16) | derive("… key file", secret32)
//!      | derive("… passkey", prf32) | derive("… shares", secret32)
//! okm  = derive("… slot wrap", KEK ‖ hdr) → 64 bytes = commit32 ‖ k32
//! blob = hdr ‖ commit ‖ XChaCha20Poly1305(k, nonce, AMK, aad = hdr)
//! ```
//! The commitment is there because ChaCha20-Poly1305 does not commit to its key (partitioning oracles, Len, Grubbs and
//! Ristenpart 2021). Parameters of the KDF are bounded by constants: a server must never be able to weaken them.

use crate::{
    derive::context,
    error::{CryptoError, Result},
    keys::{MasterKey, SigningKey},
    seal::{open_in_place, seal_in_place},
    secret::{random_bytes, secrets},
};
use iota_core::{
    id::{AccountId, SlotId, VerifyingKey},
    slot::{SignedSlotList, Slot, SlotHeader, SlotKind, SlotList},
};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Memory of a passphrase slot, KiB.
pub const PASSPHRASE_M_KIB: u32 = 128 << 10;
/// Passes of a passphrase slot.
pub const PASSPHRASE_T: u32 = 3;
const FLOOR_M_KIB: u32 = 64 << 10;
const FLOOR_T: u32 = 3;
const CEILING_M_KIB: u32 = 1 << 20;
const CEILING_T: u32 = 10;

secrets! {
    /// What the secret of a slot becomes: wraps the master key.
    Kek;
    /// The secret of a key file.
    KeyFileSecret;
    /// What a passkey computes (WebAuthn PRF extension, first output).
    PasskeySecret;
    /// What enough shares add up to.
    SharedSecret;
}

/// What a person gives to open a slot.
pub enum SlotSecret<'a> {
    /// A password or passphrase.
    Passphrase(&'a str),
    /// Recovery words, as entropy.
    RecoveryWords(&'a crate::words::RecoveryWords),
    /// A key file.
    KeyFile(&'a KeyFileSecret),
    /// A passkey.
    Passkey(&'a PasskeySecret),
    /// Enough shares, put together.
    Shares(&'a SharedSecret),
}

impl SlotSecret<'_> {
    /// The kind of slot that it opens.
    pub fn kind(&self) -> SlotKind {
        match self {
            Self::Passphrase(_) => SlotKind::Passphrase,
            Self::RecoveryWords(_) => SlotKind::RecoveryWords,
            Self::KeyFile(_) => SlotKind::KeyFile,
            Self::Passkey(_) => SlotKind::Passkey,
            Self::Shares(_) => SlotKind::Shares,
        }
    }

    pub(crate) fn kek(&self, header: &SlotHeader) -> Result<Kek> {
        check_bounds(header)?;
        match self {
            Self::Passphrase(passphrase) => {
                argon2id(passphrase, &header.salt, header.m_kib, header.t, header.p).map(Kek)
            }
            Self::RecoveryWords(words) => Ok(words.kek()),
            Self::KeyFile(secret) => Ok(Kek(crate::derive::derive(context!("key file"), &[&secret.0]))),
            Self::Passkey(secret) => Ok(Kek(crate::derive::derive(context!("passkey"), &[&secret.0]))),
            Self::Shares(secret) => Ok(Kek(crate::derive::derive(context!("shares"), &[&secret.0]))),
        }
    }
}

fn check_bounds(header: &SlotHeader) -> Result<()> {
    let within = match header.kind {
        SlotKind::Passphrase => {
            (FLOOR_M_KIB..=CEILING_M_KIB).contains(&header.m_kib)
                && (FLOOR_T..=CEILING_T).contains(&header.t)
                && header.p == 1
        }
        SlotKind::RecoveryWords | SlotKind::KeyFile | SlotKind::Passkey | SlotKind::Shares => {
            (header.m_kib, header.t, header.p) == (0, 0, 0)
        }
    };
    if within { Ok(()) } else { Err(CryptoError::SlotBounds) }
}

/// Argon2id (RFC 9106, version 0x13) of the NFKC form of `password`, 32 bytes.
pub(crate) fn argon2id(password: &str, salt: &[u8], m_kib: u32, t: u32, p: u32) -> Result<[u8; 32]> {
    let normal: Zeroizing<String> = Zeroizing::new(password.nfkc().collect());
    let params = argon2::Params::new(m_kib, t, p, Some(32)).map_err(|_| CryptoError::SlotBounds)?;
    let mut key = [0; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(normal.as_bytes(), salt, &mut key)
        .map_err(|_| CryptoError::System("no memory for the password; close other programs and try again"))?;
    Ok(key)
}

/// `commit32 ‖ k32`.
fn expand(kek: &Kek, header: &[u8]) -> ([u8; 32], Zeroizing<[u8; 32]>) {
    let mut okm = Zeroizing::new([0; 64]);
    blake3::Hasher::new_derive_key(context!("slot wrap"))
        .update(&kek.0)
        .update(header)
        .finalize_xof()
        .fill(&mut okm[..]);
    let (commitment, key) = okm.split_at(32);
    (commitment.try_into().expect("half of 64 bytes"), Zeroizing::new(key.try_into().expect("half of 64 bytes")))
}

/// Makes a slot that `secret` opens.
///
/// # Errors
/// [`CryptoError::System`] when the machine has no memory for Argon2id.
pub fn create(
    account: AccountId,
    master: &MasterKey,
    secret: &SlotSecret<'_>,
    random: &mut impl CryptoRng,
) -> Result<Slot> {
    let (m_kib, t, p) = match secret.kind() {
        SlotKind::Passphrase => (PASSPHRASE_M_KIB, PASSPHRASE_T, 1),
        SlotKind::RecoveryWords | SlotKind::KeyFile | SlotKind::Passkey | SlotKind::Shares => (0, 0, 0),
    };
    let header = SlotHeader {
        account,
        slot: SlotId(random_bytes(random)),
        generation: crate::keys::FIRST_EPOCH,
        kind: secret.kind(),
        m_kib,
        t,
        p,
        salt: random_bytes(random),
        nonce: random_bytes(random),
    };
    Ok(wrap(master, &secret.kek(&header)?, header))
}

pub(crate) fn wrap(master: &MasterKey, kek: &Kek, header: SlotHeader) -> Slot {
    let aad = header.encode();
    let (commitment, key) = expand(kek, &aad);
    let mut sealed = master.0.to_vec();
    seal_in_place(&key, &header.nonce, &aad, &mut sealed, 0);
    Slot { header, commitment, sealed: sealed.try_into().expect("32 bytes and a tag") }
}

/// Opens a slot, and checks that what opens is the vault of `identity` when that is known.
///
/// # Errors
/// [`CryptoError::SlotBounds`], [`CryptoError::Slot`] or [`CryptoError::WrongIdentity`].
pub fn open(slot: &Slot, secret: &SlotSecret<'_>, identity: Option<&VerifyingKey>) -> Result<MasterKey> {
    if slot.header.kind != secret.kind() {
        return Err(CryptoError::Slot);
    }
    let aad = slot.header.encode();
    let (commitment, key) = expand(&secret.kek(&slot.header)?, &aad);
    if !bool::from(commitment.ct_eq(&slot.commitment)) {
        return Err(CryptoError::Slot);
    }
    let mut plaintext = Zeroizing::new(slot.sealed.to_vec());
    open_in_place(&key, &slot.header.nonce, &aad, &mut plaintext).map_err(|_| CryptoError::Slot)?;
    let master = MasterKey::from_bytes(plaintext[..].try_into().map_err(|_| CryptoError::Slot)?);
    match identity {
        Some(identity) if master.identity(slot.header.account).verifying_key() != *identity => {
            Err(CryptoError::WrongIdentity)
        }
        _ => Ok(master),
    }
}

/// Opens whichever slot of `list` the secret fits, after checking the list's signature.
///
/// # Errors
/// [`CryptoError::WrongIdentity`] when the signature does not hold; otherwise as [`open`].
pub fn open_any(list: &SignedSlotList, secret: &SlotSecret<'_>, identity: &VerifyingKey) -> Result<MasterKey> {
    list.verify(identity).map_err(|_| CryptoError::WrongIdentity)?;
    let fitting = list.list.slots.iter().filter(|slot| slot.header.kind == secret.kind());
    let mut last = Err(CryptoError::Slot);
    for slot in fitting {
        last = open(slot, secret, Some(identity));
        if last.is_ok() {
            break;
        }
    }
    last
}

/// Signs version `version` of the account's slots.
pub fn sign_list(account: AccountId, version: u32, mut slots: Vec<Slot>, identity: &SigningKey) -> SignedSlotList {
    slots.sort_by_key(|slot| slot.header.slot);
    let list = SlotList { account, version, slots };
    let signature = identity.sign(&list.encode());
    SignedSlotList { list, signature }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answer() {
        let header = SlotHeader {
            account: AccountId([1; 16]),
            slot: SlotId([2; 16]),
            generation: 1,
            kind: SlotKind::Passphrase,
            m_kib: 65536,
            t: 3,
            p: 1,
            salt: [3; 16],
            nonce: [4; 24],
        };
        let secret = SlotSecret::Passphrase("correct horse battery staple");
        let slot = wrap(&MasterKey::from_bytes([0x42; 32]), &secret.kek(&header).unwrap(), header);
        assert_eq!(
            data_encoding::HEXLOWER.encode(&slot.commitment),
            "db397158218a81e13cd4857f439f54105ee821624e175cc96e663e25585769be"
        );
        assert_eq!(open(&slot, &secret, None).unwrap().expose(), &[0x42; 32]);
        let wrong = open(&slot, &SlotSecret::Passphrase("Correct horse battery staple"), None);
        assert_eq!(wrong.err(), Some(CryptoError::Slot));
    }

    #[test]
    fn weakened_parameters_are_refused() {
        let mut random = crate::secret::system_random();
        let account = AccountId([1; 16]);
        let master = MasterKey::generate(&mut random);
        let file = KeyFileSecret::from_bytes([5; 32]);
        let mut slot = create(account, &master, &SlotSecret::KeyFile(&file), &mut random).unwrap();
        slot.header.t = 1;
        assert_eq!(open(&slot, &SlotSecret::KeyFile(&file), None).err(), Some(CryptoError::SlotBounds));
        slot.header.kind = SlotKind::Passphrase;
        for (m_kib, t, p) in [(1024, 3, 1), (65536, 2, 1), (65536, 3, 4), (2 << 20, 3, 1), (65536, 11, 1)] {
            (slot.header.m_kib, slot.header.t, slot.header.p) = (m_kib, t, p);
            assert_eq!(open(&slot, &SlotSecret::Passphrase("x"), None).err(), Some(CryptoError::SlotBounds));
        }
    }

    #[test]
    fn equal_bytes_of_another_kind_open_nothing() {
        let mut random = crate::secret::system_random();
        let (account, master) = (AccountId([1; 16]), MasterKey::from_bytes([0x42; 32]));
        let (file, passkey, shared) =
            (KeyFileSecret([5; 32]), PasskeySecret::from_bytes([5; 32]), SharedSecret::from_bytes([5; 32]));
        let secrets = [SlotSecret::KeyFile(&file), SlotSecret::Passkey(&passkey), SlotSecret::Shares(&shared)];
        for made in &secrets {
            let slot = create(account, &master, made, &mut random).unwrap();
            for given in &secrets {
                let mut moved = slot.clone();
                moved.header.kind = given.kind();
                let opened = open(&moved, given, None);
                if made.kind() == given.kind() {
                    assert_eq!(opened.unwrap().expose(), master.expose());
                } else {
                    assert_eq!(opened.err(), Some(CryptoError::Slot));
                    assert_eq!(open(&slot, given, None).err(), Some(CryptoError::Slot));
                }
            }
        }
    }

    #[test]
    fn another_vault_is_refused() {
        let mut random = crate::secret::system_random();
        let account = AccountId([1; 16]);
        let file = KeyFileSecret::from_bytes([5; 32]);
        let theirs =
            create(account, &MasterKey::generate(&mut random), &SlotSecret::KeyFile(&file), &mut random).unwrap();
        let mine = MasterKey::generate(&mut random).identity(account).verifying_key();
        let opened = open(&theirs, &SlotSecret::KeyFile(&file), Some(&mine));
        assert_eq!(opened.err(), Some(CryptoError::WrongIdentity));
    }
}
