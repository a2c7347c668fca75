//! Chunks to fetch together, and the files that wait for them.

use super::file::FileJob;
use iota_core::{extent::ChunkRef, id::Cid};
use std::{collections::HashMap, sync::Arc};

/// A batch is handed on at this many chunks …
const MAX_CHUNKS: usize = 64;
/// … or bytes of files, small ones counted as [`MIN_BYTES`] …
const MAX_BYTES: u64 = 4 << 20;
/// … or uses …
const MAX_USES: usize = 8192;
/// … or files that stay open for more than one chunk.
const MAX_OPEN_FILES: usize = 64;
/// What fetching a chunk costs at least.
const MIN_BYTES: u64 = 64 << 10;

/// A run of a chunk's bytes, and where in a file it belongs.
pub(super) struct Use {
    pub file: Arc<FileJob>,
    /// First byte in the file.
    pub position: u64,
    /// First byte in the chunk.
    pub offset: u32,
    pub length: u32,
}

/// A chunk and everything that it is needed for.
pub(super) struct Wanted {
    pub chunk: ChunkRef,
    pub uses: Vec<Use>,
}

#[derive(Default)]
pub(super) struct Batch {
    pub wanted: Vec<Wanted>,
    /// Files that wait for no chunk any more.
    pub complete: Vec<Arc<FileJob>>,
    index: HashMap<(Cid, [u8; 32]), usize>,
    bytes: u64,
    uses: usize,
    open_files: usize,
}

impl Batch {
    /// Adds a use; each chunk stands once in a batch.
    pub fn add(&mut self, chunk: ChunkRef, one: Use) {
        let place = *self.index.entry((chunk.cid, chunk.ckey.0)).or_insert_with(|| {
            self.wanted.push(Wanted { chunk, uses: Vec::new() });
            self.bytes += u64::from(one.length).max(MIN_BYTES);
            self.wanted.len() - 1
        });
        self.wanted[place].uses.push(one);
        self.uses += 1;
    }

    /// Counts a file that needs more than one chunk.
    pub fn count_open_file(&mut self) {
        self.open_files += 1;
    }

    pub fn is_full(&self) -> bool {
        self.wanted.len() >= MAX_CHUNKS
            || self.bytes >= MAX_BYTES
            || self.uses + self.complete.len() >= MAX_USES
            || self.open_files >= MAX_OPEN_FILES
    }

    /// Whether a use of `chunk` costs nothing more: it is fetched with this batch anyway.
    pub fn has(&self, chunk: &ChunkRef) -> bool {
        self.uses < MAX_USES && self.index.contains_key(&(chunk.cid, chunk.ckey.0))
    }

    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.complete.is_empty()
    }
}
