//! Where pages, index pages, bundles and extent pages end. Keyed, so that the cuts tell nothing about content or names.
//!
//! ```text
//! K_cut = derive("… cut key", K_chunker)
//! a page ends after an entry with        u64(keyed(K_cut, "page"   ‖ path)[..8])  < 2^64 / 256
//! an index page ends after a page with   u64(keyed(K_cut, "index"  ‖ path of its first entry)[..8]) < 2^64 / 128
//! a bundle ends after a file with        u64(keyed(K_cut, "bundle" ‖ keyed(K_dedup, content))[..8]) < 2^64 · len / 131,072
//! an extent page ends after a slice with u64(cid[..8]) < 2^64 / 512
//! ```

use crate::{
    derive::{context, derive, keyed},
    keys::ChunkerSecret,
    secret::secrets,
};
use iota_core::{
    extent::{ChunkKey, Extent},
    path::TreePath,
};

/// A bundle of small files has at most this many bytes.
pub const MAX_BUNDLE_BYTES: usize = 256 << 10;
/// Files below this size are bundled.
pub const SMALL_FILE_BYTES: u64 = 64 << 10;
/// Mean bytes of content between two cuts of bundles.
const BUNDLE_MEAN_BYTES: u64 = 128 << 10;

secrets! {
    /// Key of all cuts but the chunker's.
    CutKey;
}

impl CutKey {
    /// Derives the key.
    pub fn new(chunker: &ChunkerSecret) -> Self {
        Self(derive(context!("cut key"), &[chunker.expose()]))
    }

    fn value(&self, kind: &[u8], message: &[u8]) -> u64 {
        let digest = keyed(&self.0, &[kind, message].concat());
        u64::from_le_bytes(*digest.first_chunk().expect("a digest has eight bytes"))
    }

    /// Whether a page ends after the entry of `path`.
    pub fn ends_page(&self, path: &TreePath) -> bool {
        self.value(b"page", path.as_bytes()) < u64::MAX / 256
    }

    /// Whether an index page ends after the page whose first entry is `path`.
    pub fn ends_index_page(&self, path: &TreePath) -> bool {
        self.value(b"index", path.as_bytes()) < u64::MAX / 128
    }

    /// Whether a bundle ends after a small file of `length` bytes with this content key.
    pub fn ends_bundle(&self, content: &ChunkKey, length: u64) -> bool {
        self.value(b"bundle", &content.0) < (u64::MAX / BUNDLE_MEAN_BYTES).saturating_mul(length)
    }
}

/// Whether an extent page ends after `extent`.
pub fn ends_extent_page(extent: &Extent) -> bool {
    match extent {
        Extent::Slice { chunk, .. } => {
            u64::from_le_bytes(*chunk.cid.0.first_chunk().expect("a cid has eight bytes")) < u64::MAX / 512
        }
        Extent::Hole { .. } => false,
    }
}
