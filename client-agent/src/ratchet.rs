//! The ratchet: the one secret of the agent that changes, and what it needs to continue its log.
//!
//! One file beside the identity, written by temporary file, fsync and rename. It is the authority on which commit comes
//! next; the cache is not.
//!
//! Invariant: LK_n is overwritten once commit n is acknowledged. Invariant: a header is sent only after its hash stands
//! in `pending`, so that a lost answer can be recognised.

use iota_core::{
    chain::SkipChain,
    id::{HeaderHash, SetId},
    wire::{Reader, WireError, Writer},
};
use iota_crypto::ratchet::LogKey;
use std::{
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;
use zeroize::Zeroizing;

const TYPE: &[u8] = b"iotabackup/agent-ratchet/v1\0";
const FILE_NAME: &str = "ratchet";
const PENDING_NAME: &str = "pending.commit";
const MAX_PENDING: usize = 1000;

/// The ratchet cannot be read or written.
#[derive(Debug, Error)]
pub enum RatchetError {
    /// The file system failed.
    #[error("{path} cannot be used: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is damaged.
    #[error("{path} is damaged ({source}); enrol this machine again, its history is kept")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: WireError,
    },
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, RatchetError>;

/// See the module.
pub struct Ratchet {
    /// The set that it writes.
    pub set: SetId,
    /// Its key epoch.
    pub key_epoch: u32,
    /// Commits of this epoch so far.
    pub n: u64,
    /// LK_n.
    pub log_key: LogKey,
    /// The log's head and its skip path.
    pub chain: SkipChain,
    /// When the server received the head, milliseconds since 1970; 0 before the first commit.
    pub head_received_ms: u64,
    /// Hashes of every header that was signed for the next seq, oldest first.
    pub pending: Vec<HeaderHash>,
}

impl Ratchet {
    /// The start of a key epoch.
    pub fn create(set: SetId, key_epoch: u32, log_root: LogKey, chain: SkipChain, head_received_ms: u64) -> Self {
        Self { set, key_epoch, n: 0, log_key: log_root, chain, head_received_ms, pending: Vec::new() }
    }

    /// Reads the ratchet of the identity in `config_dir`.
    ///
    /// # Errors
    /// [`RatchetError`], like all functions of this file.
    pub fn load(config_dir: &Path) -> Result<Self> {
        let path = config_dir.join(FILE_NAME);
        let bytes = std::fs::read(&path).map_err(|source| RatchetError::File { path: path.clone(), source })?;
        Self::decode(&Zeroizing::new(bytes)).map_err(|source| RatchetError::Damaged { path, source })
    }

    /// Replaces the file; durable when this returns.
    pub fn save(&self, config_dir: &Path) -> Result<()> {
        write_durably(&config_dir.join(FILE_NAME), &self.encode())
    }

    /// Notes a signed header and keeps its frame, before it is sent.
    pub fn sign(&mut self, config_dir: &Path, hash: HeaderHash, frame: &[u8]) -> Result<()> {
        if self.pending.len() >= MAX_PENDING {
            self.pending.remove(0);
        }
        self.pending.push(hash);
        write_durably(&config_dir.join(PENDING_NAME), frame)?;
        self.save(config_dir)
    }

    /// The frame of the newest pending header, when it is still there.
    pub fn pending_frame(config_dir: &Path) -> Option<Vec<u8>> {
        std::fs::read(config_dir.join(PENDING_NAME)).ok()
    }

    /// Steps on: the commit `hash` was received at `received_ms`.
    pub fn acknowledge(&mut self, config_dir: &Path, hash: HeaderHash, received_ms: u64) -> Result<()> {
        self.chain.push(hash);
        self.log_key = self.log_key.next();
        self.n += 1;
        self.head_received_ms = received_ms;
        self.pending.clear();
        self.save(config_dir)?;
        match std::fs::remove_file(config_dir.join(PENDING_NAME)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(RatchetError::File { path: config_dir.join(PENDING_NAME), source })
            }
            _ => Ok(()),
        }
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::typed(TYPE);
        writer.raw(&self.set.0).u32(self.key_epoch).u64(self.n).raw(self.log_key.expose());
        writer.u64(self.chain.head().0).u64(self.head_received_ms);
        for hashes in [self.chain.hashes(), self.pending.clone()] {
            writer.varint(hashes.len() as u64);
            hashes.iter().for_each(|hash| {
                writer.raw(&hash.0);
            });
        }
        Zeroizing::new(writer.finish())
    }

    fn decode(bytes: &[u8]) -> std::result::Result<Self, WireError> {
        let mut reader = Reader::typed(bytes, TYPE)?;
        let (set, key_epoch, n) = (SetId(reader.array()?), reader.u32()?, reader.u64()?);
        let log_key = LogKey::from_bytes(reader.array()?);
        let (head, head_received_ms) = (reader.u64()?, reader.u64()?);
        let mut hashes = || -> std::result::Result<Vec<HeaderHash>, WireError> {
            let count = reader.count(MAX_PENDING, "hashes")?;
            (0..count).map(|_| Ok(HeaderHash(reader.array()?))).collect()
        };
        let (links, pending) = (hashes()?, hashes()?);
        reader.finish()?;
        let chain = SkipChain::from_hashes(head, &links).ok_or(WireError::Invalid("skip chain"))?;
        Ok(Self { set, key_epoch, n, log_key, chain, head_received_ms, pending })
    }
}

fn write_durably(path: &Path, contents: &[u8]) -> Result<()> {
    crate::durable::write(path, contents).map_err(|source| RatchetError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratchet_survives_its_file_and_steps() {
        let directory = tempfile::tempdir().unwrap();
        let mut ratchet = Ratchet::create(SetId([1; 16]), 2, LogKey::from_bytes([7; 32]), SkipChain::default(), 0);
        let hash = HeaderHash([9; 32]);
        ratchet.sign(directory.path(), hash, b"frame").unwrap();
        let mut loaded = Ratchet::load(directory.path()).unwrap();
        assert_eq!(loaded.pending, [hash]);
        assert_eq!(Ratchet::pending_frame(directory.path()).as_deref(), Some(&b"frame"[..]));
        loaded.acknowledge(directory.path(), hash, 5).unwrap();
        let loaded = Ratchet::load(directory.path()).unwrap();
        assert_eq!((loaded.n, loaded.chain.head(), loaded.head_received_ms), (1, (1, hash), 5));
        assert_eq!(loaded.log_key.expose(), LogKey::from_bytes([7; 32]).next().expose());
        assert_eq!(Ratchet::pending_frame(directory.path()), None);
        for length in 0..loaded.encode().len() {
            assert!(Ratchet::decode(&loaded.encode()[..length]).is_err());
        }
    }
}
