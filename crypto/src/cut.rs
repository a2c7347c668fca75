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
/// # Errors
/// Those of [`ExtentPacker`].
pub fn pack_extents<E: From<WireError>>(
    extents: Vec<Extent>,
    mut seal: impl FnMut(Vec<u8>) -> Result<ChunkRef, E>,
) -> Result<Content, E> {
    let mut packer = ExtentPacker::default();
    extents.into_iter().try_for_each(|extent| packer.push(extent, &mut seal))?;
    packer.finish(seal)
}

/// Packs the extents of a file as they come, so that no more than the last page of each level is in memory.
///
/// `seal` gets the plaintext of each page, a page of the second level after those that it refers to. Equal runs of extents
/// give equal pages, so that a changed block of a large file costs one page and not the list.
#[derive(Debug, Default)]
pub struct ExtentPacker {
    extents: Level<Extent>,
    pages: Level<ExtentPageRef>,
    index: Vec<ExtentPageRef>,
}

impl ExtentPacker {
    /// Appends an extent.
    ///
    /// # Errors
    /// Those of `seal`; [`WireError::TooLarge`] when there are more extents than two levels hold.
    pub fn push<E: From<WireError>>(
        &mut self,
        extent: Extent,
        mut seal: impl FnMut(Vec<u8>) -> Result<ChunkRef, E>,
    ) -> Result<(), E> {
        let runs = self.extents.push(extent, MAX_INLINE_EXTENTS, MAX_PAGE_EXTENTS, ends_extent_page);
        runs.iter().try_for_each(|run| self.page(run, &mut seal))
    }

    /// The content with all that was appended.
    ///
    /// # Errors
    /// Like [`ExtentPacker::push`].
    pub fn finish<E: From<WireError>>(
        mut self,
        mut seal: impl FnMut(Vec<u8>) -> Result<ChunkRef, E>,
    ) -> Result<Content, E> {
        let extents = std::mem::take(&mut self.extents);
        if !extents.in_runs {
            return Ok(Content::Inline(extents.items));
        }
        if !extents.items.is_empty() {
            self.page(&extents.items, &mut seal)?;
        }
        let pages = std::mem::take(&mut self.pages);
        if !pages.in_runs {
            return Ok(Content::Pages(pages.items));
        }
        if !pages.items.is_empty() {
            self.index_page(&pages.items, &mut seal)?;
        }
        Ok(Content::Index(self.index))
    }

    fn page<E: From<WireError>>(
        &mut self,
        run: &[Extent],
        seal: &mut impl FnMut(Vec<u8>) -> Result<ChunkRef, E>,
    ) -> Result<(), E> {
        let page = ExtentPageRef::to_page(seal(encode_extent_page(run))?, run)?;
        let ends = |page: &ExtentPageRef| is_extent_cut(&page.chunk.cid);
        let runs = self.pages.push(page, MAX_PAGE_REFERENCES, MAX_INDEX_REFERENCES, ends);
        runs.iter().try_for_each(|run| self.index_page(run, seal))
    }

    fn index_page<E: From<WireError>>(
        &mut self,
        run: &[ExtentPageRef],
        seal: &mut impl FnMut(Vec<u8>) -> Result<ChunkRef, E>,
    ) -> Result<(), E> {
        if self.index.len() == MAX_PAGE_REFERENCES {
            return Err(WireError::TooLarge("extents of a file").into());
        }
        self.index.push(ExtentPageRef::to_index(seal(encode_extent_index(run))?, run)?);
        Ok(())
    }
}

/// Items that are cut into runs as soon as there are too many of them to stay together.
#[derive(Debug)]
struct Level<T> {
    /// All items; in runs, those of the last run, which has not ended.
    items: Vec<T>,
    in_runs: bool,
}

impl<T> Default for Level<T> {
    fn default() -> Self {
        Self { items: Vec::new(), in_runs: false }
    }
}

impl<T> Level<T> {
    /// Appends an item. Returns the runs that end with it, or with one before when there are more than `together` now: each
    /// of at most `limit` items, ending after the first that `is_end` says.
    fn push(&mut self, item: T, together: usize, limit: usize, is_end: impl Fn(&T) -> bool) -> Vec<Vec<T>> {
        let mut fresh = vec![item];
        if !self.in_runs {
            self.items.append(&mut fresh);
            if self.items.len() <= together {
                return Vec::new();
            }
            self.in_runs = true;
            fresh = std::mem::take(&mut self.items);
        }
        let mut runs = Vec::new();
        for item in fresh {
            let ends = is_end(&item);
            self.items.push(item);
            if ends || self.items.len() == limit {
                runs.push(std::mem::take(&mut self.items));
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All at once, from the definition.
    fn runs<T>(items: &[T], limit: usize, is_end: impl Fn(&T) -> bool) -> impl Iterator<Item = &[T]> {
        let mut left = items;
        std::iter::from_fn(move || {
            let end = left.iter().take(limit).position(&is_end).map_or(limit.min(left.len()), |position| position + 1);
            let (run, rest) = left.split_at(end);
            left = rest;
            (!run.is_empty()).then_some(run)
        })
    }

    fn seal(plaintext: &[u8]) -> ChunkRef {
        ChunkRef::private(Cid::of(plaintext), ChunkKey([7; 32]))
    }

    fn all_at_once(extents: &[Extent]) -> Content {
        if extents.len() <= MAX_INLINE_EXTENTS {
            return Content::Inline(extents.to_vec());
        }
        let page = |run: &[Extent]| ExtentPageRef::to_page(seal(&encode_extent_page(run)), run).unwrap();
        let pages: Vec<_> = runs(extents, MAX_PAGE_EXTENTS, ends_extent_page).map(page).collect();
        if pages.len() <= MAX_PAGE_REFERENCES {
            return Content::Pages(pages);
        }
        let index = |run: &[ExtentPageRef]| ExtentPageRef::to_index(seal(&encode_extent_index(run)), run).unwrap();
        Content::Index(runs(&pages, MAX_INDEX_REFERENCES, |page| is_extent_cut(&page.chunk.cid)).map(index).collect())
    }

    #[test]
    fn packing_one_by_one_gives_what_packing_all_at_once_would() {
        let extent = |number: u64| {
            let chunk = ChunkRef::private(Cid::of(&number.to_le_bytes()), ChunkKey([1; 32]));
            Extent::Slice { chunk, offset: 0, length: 1000 }
        };
        let extents: Vec<Extent> = (0..400_000).map(extent).collect();
        // The second has its first cut among the extents that would stay inline if there were no more.
        let early = extents.iter().position(ends_extent_page).unwrap();
        for extents in [&extents[..], &extents[early - 3..]] {
            for count in [0, 1, 8, 9, 10, 511, 5000, 200_000, extents.len()] {
                let packed = pack_extents(extents[..count].to_vec(), |page| Ok::<_, WireError>(seal(&page))).unwrap();
                assert_eq!(packed, all_at_once(&extents[..count]), "{count}");
            }
        }
        assert!(matches!(all_at_once(&extents), Content::Index(_)));
        let holes = vec![Extent::Hole { length: 1 }; 2048 * 600 + 1];
        let packed = pack_extents(holes.clone(), |page| Ok::<_, WireError>(seal(&page))).unwrap();
        assert_eq!(packed, all_at_once(&holes));
    }
}
