//! Where pages, index pages, bundles and extent pages end. Keyed, so that the cuts tell nothing about content or names.
//!
//! ```text
//! K_cut = derive("… cut key", K_chunker)
//! a page ends after an entry with        u64(keyed(K_cut, "page"   ‖ path)[..8])  < 2^64 / 256
//! an index page ends after a page with   u64(keyed(K_cut, "index"  ‖ path of its first entry)[..8]) < 2^64 / 128
//! a bundle ends after a file with        u64(keyed(K_cut, "bundle" ‖ keyed(K_dedup, content))[..8]) < 2^64 · len / 131,072
//! an extent page ends after a slice with u64(cid[..8]) < 2^64 / 512, a page of the second level after a reference likewise
//! ```
//! The quotients are rounded down from (2^64 − 1) / n.

use crate::{
    derive::{context, derive, keyed},
    keys::ChunkerSecret,
    secret::secrets,
};
use iota_core::{
    extent::{
        ChunkKey, ChunkRef, Content, Extent, ExtentPageRef, MAX_INDEX_REFERENCES, MAX_INLINE_EXTENTS, MAX_PAGE_EXTENTS,
        MAX_PAGE_REFERENCES, encode_extent_index, encode_extent_page,
    },
    id::Cid,
    path::TreePath,
    wire::WireError,
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
        Extent::Slice { chunk, .. } => is_extent_cut(&chunk.cid),
        Extent::Hole { .. } => false,
    }
}

fn is_extent_cut(cid: &Cid) -> bool {
    u64::from_le_bytes(*cid.0.first_chunk().expect("a cid has eight bytes")) < u64::MAX / 512
}

/// The content of a file with these `extents`: inline, or in pages that `seal` turns into chunk objects.
///
/// `seal` gets the plaintext of each page, in order, pages of the second level last. Equal runs of extents give equal
/// pages, so that a changed block of a large file costs one page and not the list.
///
/// # Errors
/// Those of `seal`; [`WireError::TooLarge`] when there are more extents than two levels hold.
pub fn pack_extents<E: From<WireError>>(
    extents: Vec<Extent>,
    mut seal: impl FnMut(Vec<u8>) -> Result<ChunkRef, E>,
) -> Result<Content, E> {
    if extents.len() <= MAX_INLINE_EXTENTS {
        return Ok(Content::Inline(extents));
    }
    let mut pages = Vec::new();
    for run in runs(&extents, MAX_PAGE_EXTENTS, ends_extent_page) {
        pages.push(ExtentPageRef::to_page(seal(encode_extent_page(run))?, run)?);
    }
    if pages.len() <= MAX_PAGE_REFERENCES {
        return Ok(Content::Pages(pages));
    }
    let mut index = Vec::new();
    for run in runs(&pages, MAX_INDEX_REFERENCES, |page| is_extent_cut(&page.chunk.cid)) {
        index.push(ExtentPageRef::to_index(seal(encode_extent_index(run))?, run)?);
    }
    if index.len() > MAX_PAGE_REFERENCES {
        return Err(WireError::TooLarge("extents of a file").into());
    }
    Ok(Content::Index(index))
}

/// Runs of at most `limit` items, each ending after the first item that `is_end` says.
fn runs<T>(items: &[T], limit: usize, is_end: impl Fn(&T) -> bool) -> impl Iterator<Item = &[T]> {
    let mut left = items;
    std::iter::from_fn(move || {
        let end = left.iter().take(limit).position(&is_end).map_or(limit.min(left.len()), |position| position + 1);
        let (run, rest) = left.split_at(end);
        left = rest;
        (!run.is_empty()).then_some(run)
    })
}
