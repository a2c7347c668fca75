//! Whether small files that are stored elsewhere now still have the same bytes: bundles are written again when little of them is
//! used, and after the machine's cache was lost.

use iota_core::difference::Difference;
use iota_core::extent::{ChunkRef, Extent};
use iota_core::id::Cid;
use iota_crypto::chunk::ChunkOpener;
use iota_crypto::cut::SMALL_FILE_BYTES;

use crate::api;
use crate::keys::OpenVault;
use crate::platform::Platform;
use crate::problem::Result;

/// Bundles that are fetched and held at a time, or a few more; one has at most 256 KiB.
const BATCH_BUNDLES: usize = 64;

/// Reads small files to compare them, many at a time.
pub struct Contents<'a, P> {
    platform: &'a P,
    open: &'a OpenVault,
    opener: ChunkOpener,
    /// What is not there was asked for, and is missing or damaged.
    held: Vec<(ChunkRef, Option<Vec<u8>>)>,
}

impl<'a, P: Platform> Contents<'a, P> {
    /// Reads from the server.
    pub fn new(platform: &'a P, open: &'a OpenVault) -> Self {
        Self { platform, open, opener: ChunkOpener::default(), held: Vec::new() }
    }

    /// What is left of differences, in order, when small files are compared by their bytes; `None` where nothing is, or was.
    /// What cannot be read counts as different.
    ///
    /// # Errors
    /// When the server does not answer, or the vault is locked.
    pub async fn settle(&mut self, differences: Vec<Option<Difference>>) -> Result<Vec<Option<Difference>>> {
        let mut settled = Vec::with_capacity(differences.len());
        let mut rest = differences.into_iter();
        loop {
            let (mut batch, mut wanted) = (Vec::new(), Vec::new());
            while wanted.len() < BATCH_BUNDLES
                && let Some(difference) = rest.next()
            {
                difference.iter().for_each(|difference| want(difference, &mut wanted));
                batch.push(difference);
            }
            if batch.is_empty() {
                return Ok(settled);
            }
            self.hold(&wanted).await?;
            settled.extend(batch.into_iter().map(|difference| self.settled(difference?)));
        }
    }

    /// Holds these chunks, and no others.
    async fn hold(&mut self, wanted: &[ChunkRef]) -> Result<()> {
        self.held.retain(|(held, _)| wanted.contains(held));
        let fetched: Vec<ChunkRef> = wanted.iter().copied().filter(|chunk| !self.holds(chunk)).collect();
        let cids: Vec<Cid> = fetched.iter().map(|chunk| chunk.cid).collect();
        let objects = api::objects(self.platform, &cids).await?;
        let keys = self.open.keys()?;
        for (chunk, object) in fetched.into_iter().zip(objects) {
            let mut plaintext = Vec::new();
            let opened =
                object.map(|object| self.opener.open_checked(&keys.dedup, &chunk, &object, &mut plaintext).is_ok());
            self.held.push((chunk, opened.unwrap_or_default().then_some(plaintext)));
        }
        Ok(())
    }

    fn settled(&self, difference: Difference) -> Option<Difference> {
        let is_same = difference.moved(SMALL_FILE_BYTES).is_some_and(|(before, after)| {
            let before = self.bytes(before);
            before.is_some() && before == self.bytes(after)
        });
        if is_same { difference.with_same_bytes() } else { Some(difference) }
    }

    fn bytes(&self, extents: &[Extent]) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for extent in extents {
            match extent {
                Extent::Hole { length } => bytes.resize(bytes.len() + *length as usize, 0),
                Extent::Slice { chunk, offset, length, .. } => {
                    let range = *offset as usize..*offset as usize + *length as usize;
                    bytes.extend_from_slice(self.plaintext(chunk)?.get(range)?);
                }
            }
        }
        Some(bytes)
    }

    fn holds(&self, chunk: &ChunkRef) -> bool {
        self.held.iter().any(|(held, _)| held == chunk)
    }

    fn plaintext(&self, chunk: &ChunkRef) -> Option<&[u8]> {
        self.held.iter().find(|(held, _)| held == chunk)?.1.as_deref()
    }
}

/// Adds the chunks that a difference needs.
fn want(difference: &Difference, wanted: &mut Vec<ChunkRef>) {
    let Some((before, after)) = difference.moved(SMALL_FILE_BYTES) else { return };
    for extent in before.iter().chain(after) {
        if let Extent::Slice { chunk, .. } = extent
            && !wanted.contains(chunk)
        {
            wanted.push(*chunk);
        }
    }
}
