//! Objects of the account, in batches; each is checked before it is used.

use super::{ReadError, Result};
use crate::remote::{ObjectSource, RemoteError};
use bytes::Bytes;
use iota_core::{api::MAX_READ_OBJECTS, extent::ChunkRef, id::Cid, refs::Reference};
use iota_crypto::{chunk::ChunkOpener, keys::DedupKey};
use std::fmt;

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The server does not have it.
    Missing,
    /// Its bytes are not those that were written, or they are not what the reference says.
    Damaged,
}

impl Fault {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
        }
    }
}

/// An object that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostObject {
    /// Which.
    pub cid: Cid,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for LostObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "object {} is {} at the server", self.cid, self.fault.word())
    }
}

/// Reads objects of the account's private domain.
pub struct Objects<'a> {
    archive: &'a dyn ObjectSource,
    dedup: DedupKey,
}

impl<'a> Objects<'a> {
    /// Reads from `archive` what was sealed under `dedup`.
    pub fn new(archive: &'a dyn ObjectSource, dedup: DedupKey) -> Self {
        Self { archive, dedup }
    }

    /// The key that names contents.
    pub fn dedup(&self) -> &DedupKey {
        &self.dedup
    }

    /// Reads objects, any number, and hands each on with its place in `cids`: sealed and unchecked, `None` when it is
    /// missing. At most one answer of the server is held at a time.
    ///
    /// # Errors
    /// [`ReadError::Remote`].
    pub fn fetch<E: From<ReadError>>(
        &self,
        cids: &[Cid],
        mut each: impl FnMut(usize, Option<Bytes>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let mut done = 0;
        while done < cids.len() {
            let batch = &cids[done..cids.len().min(done + MAX_READ_OBJECTS)];
            let references: Vec<Reference> = batch.iter().map(|&cid| Reference::private(cid)).collect();
            let answer = self.archive.read_objects(&references).map_err(ReadError::from)?;
            if answer.is_empty() || answer.len() > batch.len() {
                let reason = format!("{} objects for {} asked", answer.len(), batch.len());
                return Err(ReadError::from(RemoteError::Malformed { request: "objects/read", reason }).into());
            }
            let count = answer.len();
            for (index, object) in answer.into_iter().enumerate() {
                each(done + index, object)?;
            }
            done += count;
        }
        Ok(())
    }

    /// Opens an object that was read, and replaces `out` by its plaintext.
    ///
    /// # Errors
    /// [`LostObject`].
    pub fn open(
        &self,
        opener: &mut ChunkOpener,
        chunk: &ChunkRef,
        object: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> std::result::Result<(), LostObject> {
        let lost = |fault| LostObject { cid: chunk.cid, fault };
        let object = object.ok_or(lost(Fault::Missing))?;
        opener.open_checked(&self.dedup, chunk, object, out).map_err(|_| lost(Fault::Damaged))
    }

    /// Reads and opens one object.
    ///
    /// # Errors
    /// [`ReadError::Remote`].
    pub fn read(&self, chunk: &ChunkRef) -> Result<std::result::Result<Vec<u8>, LostObject>> {
        let mut out = Vec::new();
        let mut opened = Err(LostObject { cid: chunk.cid, fault: Fault::Missing });
        self.fetch(&[chunk.cid], |_, object| {
            opened = self.open(&mut ChunkOpener::default(), chunk, object.as_deref(), &mut out);
            Ok::<_, ReadError>(())
        })?;
        Ok(opened.map(|()| out))
    }
}
