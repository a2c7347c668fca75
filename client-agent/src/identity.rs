//! The agent's identity: which machine this is, of which account, and the keys that it works with.
//!
//! One file in the config directory, `identity`, written by temporary file, fsync and rename; beside it the ratchet
//! ([`crate::ratchet`]), the rules and the witness. Invariant: nobody but its user may read it; the agent refuses to run
//! otherwise. Invariant: it holds nothing that opens the account's history.
//!
//! ```text
//! identity = "iotabackup/agent-identity/v1␀" ‖ account16 ‖ IK public32 ‖ server_id16 ‖ pinned u8 ‖ pin32 ‖ server address bytes
//!          ‖ set16 ‖ device16 ‖ key epoch u32 ‖ name bytes ‖ signing seed32 ‖ agreement secret32
//!          ‖ dedup epoch u32 ‖ K_dedup32 ‖ chunker profile u8 ‖ K_chunker32 ‖ K_live32
//! ```

use crate::{
    backup::Machine,
    durable::{self, Exposure},
    ratchet::{Ratchet, RatchetError},
    remote::http::{Server, ServerPin, Speaker},
};
use iota_core::{
    id::{AccountId, DeviceId, ServerId, SetId, VerifyingKey},
    wire::{Reader, WireError, Writer},
};
use iota_crypto::{
    chunker::Profile,
    domain::Domains,
    keys::{AgreementSecret, ChunkerSecret, DedupKey, LiveKey, SigningKey},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;
use zeroize::Zeroizing;

const TYPE: &[u8] = b"iotabackup/agent-identity/v1\0";
const FILE_NAME: &str = "identity";
const MAX_TEXT_BYTES: usize = 1024;

/// The identity cannot be used.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// There is none.
    #[error("this machine is not enrolled ({0} has no identity); run `iota enroll` first")]
    NotEnrolled(PathBuf),
    /// The file system failed.
    #[error("{path} cannot be used: {source}; check that it belongs to you")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("{path} holds secret keys, but {fault}; run `{remedy}` and make sure that nobody has copied it")]
    Exposed {
        /// Which file or directory.
        path: PathBuf,
        /// What is wrong.
        fault: &'static str,
        /// A command that sets it right.
        remedy: String,
    },
    /// The file is damaged.
    #[error("{path} is damaged ({source}); enrol this machine again, its history is kept")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: WireError,
    },
    /// Identity and ratchet are not of one enrolment.
    #[error("an enrolment of this machine was interrupted in {0}; run `iota enroll` again, the history is kept")]
    Interrupted(PathBuf),
    /// The ratchet.
    #[error(transparent)]
    Ratchet(#[from] RatchetError),
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, IdentityError>;

/// See the module.
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// Its identity key, pinned.
    pub account_key: VerifyingKey,
    /// The server's id, pinned.
    pub server_id: ServerId,
    /// Where the server is.
    pub server: Server,
    /// The set that the machine writes.
    pub set: SetId,
    /// The machine.
    pub device: DeviceId,
    /// The key epoch of its certificate.
    pub key_epoch: u32,
    /// What the machine is called.
    pub name: String,
    /// Signs headers and sessions.
    pub signing: SigningKey,
    /// Opens grants.
    pub agreement: AgreementSecret,
    /// Dedup epoch of the next two keys.
    pub dedup_epoch: u32,
    /// Key of chunk keys.
    pub dedup: DedupKey,
    /// Which chunker cuts.
    pub chunker_profile: u8,
    /// Key of all cuts.
    pub chunker: ChunkerSecret,
    /// Root of the sealed channel with the browser.
    pub live: LiveKey,
}

impl Identity {
    /// Reads the identity in `config_dir`.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(config_dir: &Path) -> Result<Self> {
        Self::find(config_dir)?.ok_or_else(|| IdentityError::NotEnrolled(config_dir.to_owned()))
    }

    /// Likewise, `None` when there is none.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn find(config_dir: &Path) -> Result<Option<Self>> {
        let path = config_dir.join(FILE_NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(IdentityError::File { path, source }),
        };
        check_private(config_dir)?;
        check_private(&path)?;
        Self::decode(&bytes).map(Some).map_err(|source| IdentityError::Damaged { path, source })
    }

    /// The ratchet beside it, when both are of one enrolment.
    ///
    /// # Errors
    /// [`IdentityError::Interrupted`] and [`IdentityError::Ratchet`].
    pub fn ratchet(&self, config_dir: &Path) -> Result<Ratchet> {
        let ratchet = Ratchet::load(config_dir)?;
        let one = (ratchet.set, ratchet.key_epoch) == (self.set, self.key_epoch);
        if one { Ok(ratchet) } else { Err(IdentityError::Interrupted(config_dir.to_owned())) }
    }

    /// Replaces identity and ratchet; durable when this returns. Cut off between the two, it is told as interrupted.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn save(&self, config_dir: &Path, ratchet: &Ratchet) -> Result<()> {
        let path = config_dir.join(FILE_NAME);
        let failed = |source| IdentityError::File { path: path.clone(), source };
        durable::create_private_dir(config_dir).map_err(failed)?;
        check_private(config_dir)?;
        ratchet.save(config_dir)?;
        durable::write(&path, &self.encode()).map_err(failed)
    }

    /// Who speaks to the server.
    pub fn speaker(&self) -> Speaker {
        Speaker::Machine {
            server_id: self.server_id,
            device: self.device,
            key: SigningKey::from_seed(&Zeroizing::new(self.signing.seed())),
        }
    }

    /// The keys of chunks and cuts, made ready.
    pub fn domains(&self) -> Domains {
        Domains::new(DedupKey::from_bytes(*self.dedup.expose()), &self.chunker, &self.live)
    }

    /// What a backup works with; `domains` are [`Identity::domains`].
    pub fn machine<'a>(&'a self, domains: &'a Domains, config_dir: &'a Path, state_dir: &'a Path) -> Machine<'a> {
        Machine {
            account: self.account,
            set: self.set,
            device: self.device,
            signing: &self.signing,
            domains,
            config_dir,
            state_dir,
        }
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::typed(TYPE);
        writer.raw(&self.account.0).raw(&self.account_key.0).raw(&self.server_id.0);
        writer.u8(self.server.pin.is_some().into()).raw(&self.server.pin.map_or([0; 32], |pin| pin.0));
        writer.bytes(self.server.address.to_string().as_bytes());
        writer.raw(&self.set.0).raw(&self.device.0).u32(self.key_epoch).bytes(self.name.as_bytes());
        writer.raw(&Zeroizing::new(self.signing.seed())[..]).raw(&Zeroizing::new(self.agreement.expose())[..]);
        writer.u32(self.dedup_epoch).raw(self.dedup.expose());
        writer.u8(self.chunker_profile).raw(self.chunker.expose()).raw(self.live.expose());
        Zeroizing::new(writer.finish())
    }

    fn decode(bytes: &[u8]) -> std::result::Result<Self, WireError> {
        let mut reader = Reader::typed(bytes, TYPE)?;
        let (account, account_key) = (AccountId(reader.array()?), VerifyingKey(reader.array()?));
        let server_id = ServerId(reader.array()?);
        let (pinned, pin) = (reader.u8()? == 1, ServerPin(reader.array()?));
        let address = text(&mut reader, "server address")?.parse().map_err(|_| WireError::Invalid("server address"))?;
        let identity = Self {
            account,
            account_key,
            server_id,
            server: Server { address, pin: pinned.then_some(pin) },
            set: SetId(reader.array()?),
            device: DeviceId(reader.array()?),
            key_epoch: reader.u32()?,
            name: text(&mut reader, "machine name")?,
            signing: SigningKey::from_seed(&Zeroizing::new(reader.array()?)),
            agreement: AgreementSecret::from_bytes(reader.array()?),
            dedup_epoch: reader.u32()?,
            dedup: DedupKey::from_bytes(reader.array()?),
            chunker_profile: reader.u8()?,
            chunker: ChunkerSecret::from_bytes(reader.array()?),
            live: LiveKey::from_bytes(reader.array()?),
        };
        reader.finish()?;
        Profile::parse(identity.chunker_profile)?;
        Ok(identity)
    }
}

fn text(reader: &mut Reader<'_>, what: &'static str) -> std::result::Result<String, WireError> {
    String::from_utf8(reader.bytes(MAX_TEXT_BYTES, what)?.to_vec()).map_err(|_| WireError::Invalid(what))
}

/// Refuses what others may read or what is not the user's own.
///
/// # Errors
/// [`IdentityError::Exposed`].
pub fn check_private(path: &Path) -> Result<()> {
    match durable::exposure(path).map_err(|source| IdentityError::File { path: path.to_owned(), source })? {
        Some(Exposure { fault, remedy }) => Err(IdentityError::Exposed { path: path.to_owned(), fault, remedy }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::chain::SkipChain;
    use iota_crypto::{keys::MasterKey, secret::system_random};
    use std::os::unix::fs::PermissionsExt;

    fn identity() -> (Identity, Ratchet) {
        let mut random = system_random();
        let master = MasterKey::generate(&mut random);
        let (account, set) = (AccountId([1; 16]), SetId([2; 16]));
        let identity = Identity {
            account,
            account_key: master.identity(account).verifying_key(),
            server_id: ServerId([3; 16]),
            server: Server { address: "https://a.example:1".parse().unwrap(), pin: Some(ServerPin([4; 32])) },
            set,
            device: DeviceId([5; 16]),
            key_epoch: 1,
            name: "attic".into(),
            signing: SigningKey::generate(&mut random),
            agreement: AgreementSecret::generate(&mut random),
            dedup_epoch: 1,
            dedup: master.dedup_key(account, 1),
            chunker_profile: 1,
            chunker: master.chunker_secret(account, 1),
            live: master.live_key(account, set, 1),
        };
        let ratchet = Ratchet::create(set, 1, master.log_root(account, set, 1), SkipChain::default(), 0);
        (identity, ratchet)
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let config_dir = directory.path().join("config");
        assert!(matches!(Identity::load(&config_dir), Err(IdentityError::NotEnrolled(_))));
        let (identity, ratchet) = identity();
        identity.save(&config_dir, &ratchet).unwrap();
        let read = Identity::load(&config_dir).unwrap();
        assert_eq!(*read.encode(), *identity.encode());
        assert_eq!(read.server, identity.server);
        assert_eq!(read.ratchet(&config_dir).unwrap().set, identity.set);
    }

    #[test]
    fn what_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let config_dir = directory.path().join("config");
        let (identity, ratchet) = identity();
        identity.save(&config_dir, &ratchet).unwrap();
        let set_mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for (path, open, closed) in [(config_dir.clone(), 0o750, 0o700), (config_dir.join(FILE_NAME), 0o604, 0o600)] {
            set_mode(&path, open);
            assert!(matches!(Identity::load(&config_dir), Err(IdentityError::Exposed { .. })), "{path:?}");
            set_mode(&path, closed);
            assert!(Identity::load(&config_dir).is_ok());
        }
    }

    #[test]
    fn damage_and_interrupted_enrolments_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let config_dir = directory.path().join("config");
        let (mut identity, ratchet) = identity();
        identity.key_epoch = 2;
        identity.save(&config_dir, &ratchet).unwrap();
        let read = Identity::load(&config_dir).unwrap();
        assert!(matches!(read.ratchet(&config_dir), Err(IdentityError::Interrupted(_))));
        let bytes = identity.encode();
        for length in 0..bytes.len() {
            durable::write(&config_dir.join(FILE_NAME), &bytes[..length]).unwrap();
            assert!(matches!(Identity::load(&config_dir), Err(IdentityError::Damaged { .. })), "{length}");
        }
    }
}
