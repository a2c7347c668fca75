//! References: which chunk objects a state uses, and the check sums over such lists.

use crate::{
    id::{Cid, Digest, Domain},
    wire::{Reader, Result, WireError, Writer},
};

const ROOT_TYPE: &[u8] = b"iotabackup/refs/v1\0";

/// A chunk object in a domain. Lists are sorted by cid, without repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The object.
    pub cid: Cid,
    /// Its domain.
    pub domain: Domain,
}

impl Reference {
    /// Size in bytes.
    pub const BYTES: usize = 33;

    /// In the account's private domain.
    pub fn private(cid: Cid) -> Self {
        Self { cid, domain: Domain::PRIVATE }
    }

    /// Appends domain, then cid.
    pub fn write(&self, writer: &mut Writer) {
        writer.u8(self.domain.0).raw(&self.cid.0);
    }

    /// Reads domain, then cid.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let domain = Domain::parse(reader.u8()?)?;
        Ok(Self { domain, cid: Cid(reader.array()?) })
    }
}

/// References one after another, without a count.
pub fn encode_references(references: &[Reference]) -> Vec<u8> {
    let mut writer = Writer::new();
    references.iter().for_each(|reference| reference.write(&mut writer));
    writer.finish()
}

/// Parses [`encode_references`]: at most `limit`, in any order.
pub fn decode_references(bytes: &[u8], limit: usize) -> Result<Vec<Reference>> {
    if !bytes.len().is_multiple_of(Reference::BYTES) {
        return Err(WireError::Truncated);
    }
    if bytes.len() / Reference::BYTES > limit {
        return Err(WireError::TooLarge("references"));
    }
    let mut reader = Reader::new(bytes);
    (0..bytes.len() / Reference::BYTES).map(|_| Reference::read(&mut reader)).collect()
}

/// Hashes two lists as they stream by: all of `added`, then all of `dropped`.
pub struct RefsRoot {
    hasher: blake3::Hasher,
    last: Option<Reference>,
    left: u64,
}

impl RefsRoot {
    /// Begins with the number of added references.
    pub fn new(added: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(ROOT_TYPE).update(&added.to_le_bytes());
        Self { hasher, last: None, left: added }
    }

    /// The next reference of the current list.
    ///
    /// # Errors
    /// [`WireError::Invalid`] when the list is not strictly ascending or has more than was announced.
    pub fn push(&mut self, reference: Reference) -> Result<()> {
        if self.left == 0 || self.last.is_some_and(|last| last >= reference) {
            return Err(WireError::Invalid("reference list"));
        }
        self.hasher.update(&reference.cid.0).update(&[reference.domain.0]);
        self.last = Some(reference);
        self.left -= 1;
        Ok(())
    }

    /// Goes on with the number of dropped references.
    ///
    /// # Errors
    /// [`WireError::Invalid`] when the first list had fewer than announced.
    pub fn dropped(&mut self, count: u64) -> Result<()> {
        self.end()?;
        self.hasher.update(&count.to_le_bytes());
        (self.last, self.left) = (None, count);
        Ok(())
    }

    /// The root.
    ///
    /// # Errors
    /// [`WireError::Invalid`] when the second list had fewer than announced.
    pub fn finish(self) -> Result<Digest> {
        self.end()?;
        Ok(Digest(*self.hasher.finalize().as_bytes()))
    }

    fn end(&self) -> Result<()> {
        if self.left == 0 { Ok(()) } else { Err(WireError::Invalid("reference list")) }
    }
}

/// `H(type ‖ count u64 ‖ (cid ‖ domain)… ‖ count u64 ‖ (cid ‖ domain)…)` over both lists.
///
/// # Errors
/// [`WireError::Invalid`] when a list is not strictly ascending.
pub fn refs_root(added: &[Reference], dropped: &[Reference]) -> Result<Digest> {
    let mut root = RefsRoot::new(added.len() as u64);
    added.iter().try_for_each(|&reference| root.push(reference))?;
    root.dropped(dropped.len() as u64)?;
    dropped.iter().try_for_each(|&reference| root.push(reference))?;
    root.finish()
}
