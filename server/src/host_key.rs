//! The host key: 32 random bytes in a file outside the database, so that a copy of the database alone gives nothing to
//! guess against.
//!
//! ```text
//! verifier = keyed(derive("iotabackup 2026-11 v1 host verifier", key), "iotabackup/verifier/v1␀" ‖ account16 ‖ auth_secret32)
//! sealed   = 0x01 ‖ nonce24 ‖ XChaCha20Poly1305(derive("iotabackup 2026-11 v1 host seal", key), nonce, plaintext, aad)
//! cookies  = derive("iotabackup 2026-11 v1 host cookie", key), 64 bytes
//! recovery = keyed(derive("iotabackup 2026-11 v1 host recovery code", key), "iotabackup/recovery-code/v1␀" ‖ account16 ‖ code10)
//! invented = XOF of keyed(derive("iotabackup 2026-11 v1 host invented slot", key), "iotabackup/invented-slot/v1␀" ‖ login bytes)
//! ```
//! `nonce` is random; `aad` begins with a type string of its own for each kind of thing that is sealed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use iota_core::id::{AccountId, Digest};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const FILE_NAME: &str = "host.key";

/// The host key cannot be used.
#[derive(Debug, Error)]
pub enum HostKeyError {
    /// The file system failed.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can read it.
    #[error("{} can be read by others (mode {mode:o}): run `chmod 600` on it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is not 32 bytes.
    #[error("{} is damaged (it must have 32 bytes): put back the copy that you keep of it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// What was sealed does not open with this key.
    #[error("a record does not open with this host key: put back the host.key that belongs to this data")]
    Sealed,
}

/// See the module.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct HostKey([u8; 32]);

impl HostKey {
    /// Where the key of a data folder lies.
    pub fn path(data: &Path) -> PathBuf {
        data.join(FILE_NAME)
    }

    /// A new random key, kept nowhere.
    ///
    /// # Errors
    /// [`HostKeyError::Random`].
    pub fn generate() -> Result<Self, HostKeyError> {
        let mut key = Self([0; 32]);
        getrandom::fill(&mut key.0)?;
        Ok(key)
    }

    /// Reads the key of a data folder; makes it if there is none.
    ///
    /// # Errors
    /// [`HostKeyError`].
    pub fn load_or_create(data: &Path) -> Result<Self, HostKeyError> {
        let path = Self::path(data);
        match Self::load(data) {
            Err(HostKeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let key = Self::generate()?;
                key.write(data, &path).map_err(|source| HostKeyError::File { path, source })?;
                Ok(key)
            }
            loaded => loaded,
        }
    }

    /// Reads the key of a data folder.
    ///
    /// # Errors
    /// [`HostKeyError`].
    pub fn load(data: &Path) -> Result<Self, HostKeyError> {
        let path = Self::path(data);
        let failed = |source| HostKeyError::File { path: path.clone(), source };
        let mut file = File::open(&path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(HostKeyError::Open { path, mode });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(64));
        (&mut file).take(64).read_to_end(&mut bytes).map_err(failed)?;
        let key = bytes.as_slice().try_into().map_err(|_| HostKeyError::Damaged { path: path.clone() })?;
        Ok(Self(key))
    }

    /// Whole or not at all: a temporary file, then its name. An existing key is never replaced.
    fn write(&self, data: &Path, path: &Path) -> io::Result<()> {
        let temporary = data.join(format!("{FILE_NAME}.new"));
        let _ = fs::remove_file(&temporary);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(&self.0)?;
        file.sync_all()?;
        fs::hard_link(&temporary, path)?;
        fs::remove_file(&temporary)?;
        File::open(data)?.sync_all()
    }

    /// What is kept of an account's login secret.
    pub fn verifier(&self, account: AccountId, auth_secret: &Digest) -> [u8; 32] {
        let key = Zeroizing::new(blake3::derive_key("iotabackup 2026-11 v1 host verifier", &self.0));
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(b"iotabackup/verifier/v1\0").update(&account.0).update(&auth_secret.0);
        *hasher.finalize().as_bytes()
    }

    /// Seals what may not lie open in the database or the packs.
    ///
    /// # Errors
    /// [`HostKeyError::Random`].
    pub fn seal(&self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, HostKeyError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: plaintext, aad });
        let sealed = sealed.expect("a plaintext in memory is shorter than the cipher's limit");
        Ok([&[VERSION][..], &nonce, &sealed].concat())
    }

    /// Opens [`HostKey::seal`].
    ///
    /// # Errors
    /// [`HostKeyError::Sealed`].
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, HostKeyError> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(HostKeyError::Sealed)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(HostKeyError::Sealed)?;
        let opened = self.cipher().decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad });
        opened.map_err(|_| HostKeyError::Sealed)
    }

    /// What is kept of a recovery code of the second factor.
    pub fn recovery_code(&self, account: AccountId, code: &[u8; 10]) -> Digest {
        let key = Zeroizing::new(blake3::derive_key("iotabackup 2026-11 v1 host recovery code", &self.0));
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(b"iotabackup/recovery-code/v1\0").update(&account.0).update(code);
        Digest(*hasher.finalize().as_bytes())
    }

    /// Bytes for the invented slot of a login: always the same, and nobody else can tell that they were not drawn at random.
    pub fn invent(&self, login: &str) -> blake3::OutputReader {
        let key = Zeroizing::new(blake3::derive_key("iotabackup 2026-11 v1 host invented slot", &self.0));
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(b"iotabackup/invented-slot/v1\0").update(login.as_bytes());
        hasher.finalize_xof()
    }

    /// Key of the cookies' seal: 64 bytes.
    pub fn cookie_key(&self) -> Zeroizing<[u8; 64]> {
        let mut key = Zeroizing::new([0; 64]);
        let mut hasher = blake3::Hasher::new_derive_key("iotabackup 2026-11 v1 host cookie");
        hasher.update(&self.0).finalize_xof().fill(&mut key[..]);
        key
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        let key = Zeroizing::new(blake3::derive_key("iotabackup 2026-11 v1 host seal", &self.0));
        XChaCha20Poly1305::new((&*key).into())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_stays_the_same_and_is_the_owners_alone() {
        let data = tempfile::tempdir().unwrap();
        let made = HostKey::load_or_create(data.path()).unwrap();
        let again = HostKey::load_or_create(data.path()).unwrap();
        assert_eq!(made.0, again.0);
        let mode = fs::metadata(HostKey::path(data.path())).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let data = tempfile::tempdir().unwrap();
        HostKey::load_or_create(data.path()).unwrap();
        fs::set_permissions(HostKey::path(data.path()), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(HostKey::load_or_create(data.path()), Err(HostKeyError::Open { mode: 0o640, .. })));
    }

    #[test]
    fn a_damaged_key_is_refused_and_never_replaced() {
        let data = tempfile::tempdir().unwrap();
        for content in [&[][..], &[1; 31], &[1; 33]] {
            let path = HostKey::path(data.path());
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(HostKey::load_or_create(data.path()), Err(HostKeyError::Damaged { .. })));
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place() {
        let key = HostKey::generate().unwrap();
        let sealed = key.seal(b"here", b"secret").unwrap();
        assert_eq!(key.open(b"here", &sealed).unwrap(), b"secret");
        assert!(key.open(b"there", &sealed).is_err());
        assert!(HostKey::generate().unwrap().open(b"here", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(key.open(b"here", &damaged).is_err(), "byte {at}");
            assert!(key.open(b"here", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn verifiers_differ_by_account_secret_and_host() {
        let key = HostKey::generate().unwrap();
        let verifier = key.verifier(AccountId([1; 16]), &Digest([2; 32]));
        assert_eq!(verifier, key.verifier(AccountId([1; 16]), &Digest([2; 32])));
        assert_ne!(verifier, key.verifier(AccountId([2; 16]), &Digest([2; 32])));
        assert_ne!(verifier, key.verifier(AccountId([1; 16]), &Digest([3; 32])));
        assert_ne!(verifier, HostKey::generate().unwrap().verifier(AccountId([1; 16]), &Digest([2; 32])));
    }
}
