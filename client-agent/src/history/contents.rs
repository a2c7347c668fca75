//! Whether a small file that is stored elsewhere now still has the same bytes: bundles are written again when little of them is
//! used, and after the cache was lost.

use super::{Objects, Result};
use iota_core::{
    difference::Difference,
    extent::{ChunkRef, Extent},
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
        let are_same = match difference.moved(SMALL_FILE_BYTES) {
            Some((old, new)) => {
                let old = self.bytes(old)?;
                old.is_some() && old == self.bytes(new)?
            }
            None => false,
        };
        Ok(if are_same { difference.with_same_bytes() } else { Some(difference) })
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
