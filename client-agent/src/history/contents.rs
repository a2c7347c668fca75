//! Whether a small file that is stored elsewhere now still has the same bytes: bundles are written again when little of them is
//! used, and after the cache was lost.

use super::{Objects, Result};
use iota_core::{
    difference::Difference,
    entry::{Entry, Kind},
    extent::{ChunkRef, Content, Extent},
};
use iota_crypto::cut::SMALL_FILE_BYTES;
use std::collections::VecDeque;

/// Chunks that are held: neighbours lie in the same bundles, one before and one after.
const HELD_CHUNKS: usize = 2;

/// Reads small files to compare them.
pub struct Contents<'a> {
    objects: &'a Objects<'a>,
    held: VecDeque<(ChunkRef, Option<Vec<u8>>)>,
}

impl<'a> Contents<'a> {
    /// Reads from `objects`.
    pub fn new(objects: &'a Objects<'a>) -> Self {
        Self { objects, held: VecDeque::new() }
    }

    /// What is left of a difference when small files are compared by their bytes; `None` when nothing is. What cannot be read
    /// counts as different.
    ///
    /// # Errors
    /// [`ReadError::Remote`](super::ReadError::Remote).
    pub fn settle(&mut self, difference: Difference) -> Result<Option<Difference>> {
        let Difference::Changed { mut before, after } = difference else { return Ok(Some(difference)) };
        if let (Some(old), Some(new)) = (small(&before), small(&after))
            && old != new
            && before.size() == after.size()
            && let (Some(old), Some(new)) = (self.bytes(old)?, self.bytes(new)?)
            && old == new
            && let (Kind::File { content: old, .. }, Kind::File { content, .. }) = (&mut before.kind, &after.kind)
        {
            old.clone_from(content);
        }
        Ok(Difference::between(Some(*before), Some(*after)))
    }

    fn bytes(&mut self, extents: &[Extent]) -> Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        for extent in extents {
            match *extent {
                Extent::Hole { length } => bytes.resize(bytes.len() + length as usize, 0),
                Extent::Slice { chunk, offset, length, .. } => {
                    let range = offset as usize..offset as usize + length as usize;
                    let Some(slice) = self.chunk(&chunk)?.and_then(|plaintext| plaintext.get(range)) else {
                        return Ok(None);
                    };
                    bytes.extend_from_slice(slice);
                }
            }
        }
        Ok(Some(bytes))
    }

    fn chunk(&mut self, chunk: &ChunkRef) -> Result<Option<&Vec<u8>>> {
        if let Some(at) = self.held.iter().position(|(held, _)| held == chunk) {
            return Ok(self.held[at].1.as_ref());
        }
        let read = self.objects.read(chunk)?.ok();
        self.held.truncate(HELD_CHUNKS - 1);
        self.held.push_front((*chunk, read));
        Ok(self.held[0].1.as_ref())
    }
}

/// The extents of a file that is small enough to lie in bundles.
fn small(entry: &Entry) -> Option<&[Extent]> {
    match &entry.kind {
        Kind::File { size, content: Content::Inline(extents), .. } if *size < SMALL_FILE_BYTES => Some(extents),
        _ => None,
    }
}
