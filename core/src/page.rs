//! The parts of a base: pages of entries, and index pages that say where each page begins.
//!
//! Both are chunk objects of the private domain, so that a new base shares every unchanged page with the one before.

use crate::{
    entry::Entry,
    extent::ChunkRef,
    operation::{PathReader, PathWriter},
    path::TreePath,
    wire::{Reader, Result, WireError, Writer},
};
use ::core::ops::Range;

/// A page ends at the latest after this many entries.
pub const MAX_PAGE_ENTRIES: usize = 1024;
/// A page ends after the entry that brings it to this many bytes, an index page after the reference that does.
pub const PAGE_BYTES: usize = 64 << 10;
/// Most references in an index page or in the top of a base.
pub const MAX_INDEX_REFS: usize = 4096;

const PAGE_TYPE: &[u8] = b"iotabackup/page/v1\0";
const INDEX_TYPE: &[u8] = b"iotabackup/index/v1\0";

/// A reference to a page or an index page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRef {
    /// Path of the first entry below it.
    pub first: TreePath,
    /// The page.
    pub chunk: ChunkRef,
    /// Entries below it.
    pub entries: u64,
}

/// Plaintext of a page: `entries` in key order.
pub fn encode_page(entries: &[Entry]) -> Vec<u8> {
    let mut writer = PageWriter::default();
    entries.iter().for_each(|entry| writer.push(entry));
    writer.finish()
}

/// Builds a page entry by entry.
#[derive(Debug, Default)]
pub struct PageWriter {
    paths: PathWriter,
    records: Writer,
    count: usize,
}

impl PageWriter {
    /// Appends `entry`, whose path must follow the one before in key order.
    pub fn push(&mut self, entry: &Entry) {
        self.paths.write(&entry.path, &mut self.records);
        entry.write_tail(&mut self.records);
        self.count += 1;
    }

    /// Appends an entry whose tail is already encoded.
    pub fn push_encoded(&mut self, path: &TreePath, tail: &[u8]) {
        self.paths.write(path, &mut self.records);
        self.records.raw(tail);
        self.count += 1;
    }

    /// Whether the limits of a page are reached.
    pub fn is_full(&self) -> bool {
        self.count >= MAX_PAGE_ENTRIES || self.records.len() >= PAGE_BYTES
    }

    /// Entries so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The plaintext of the page.
    pub fn finish(self) -> Vec<u8> {
        let mut writer = Writer::typed(PAGE_TYPE);
        writer.varint(self.count as u64).raw(&self.records.finish());
        writer.finish()
    }
}

/// Parses the plaintext of a page: 1 to [`MAX_PAGE_ENTRIES`] entries in key order.
pub fn decode_page(plaintext: &[u8]) -> Result<Vec<Entry>> {
    let mut reader = Reader::typed(plaintext, PAGE_TYPE)?;
    let count = reader.count(MAX_PAGE_ENTRIES, "entries of a page")?;
    if count == 0 {
        return Err(WireError::Invalid("page"));
    }
    let mut paths = PathReader::default();
    let mut entries = Vec::new();
    for _ in 0..count {
        let path = paths.read(&mut reader)?;
        entries.push(Entry::read_tail(path, &mut reader)?);
    }
    reader.finish()?;
    Ok(entries)
}

/// Plaintext of an index page: `refs` in key order.
pub fn encode_index(refs: &[PageRef]) -> Vec<u8> {
    let mut writer = IndexWriter::default();
    refs.iter().for_each(|page| writer.push(page));
    writer.finish()
}

/// Builds an index page reference by reference.
#[derive(Debug, Default)]
pub struct IndexWriter {
    paths: PathWriter,
    records: Writer,
    count: usize,
}

impl IndexWriter {
    /// Appends `page`, whose first path must follow the one before in key order.
    pub fn push(&mut self, page: &PageRef) {
        write_ref(page, &mut self.paths, &mut self.records);
        self.count += 1;
    }

    /// Whether the limits of an index page are reached.
    pub fn is_full(&self) -> bool {
        self.count >= MAX_INDEX_REFS || self.records.len() >= PAGE_BYTES
    }

    /// References so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The plaintext of the index page.
    pub fn finish(self) -> Vec<u8> {
        let mut writer = Writer::typed(INDEX_TYPE);
        writer.varint(self.count as u64).raw(&self.records.finish());
        writer.finish()
    }
}

/// Parses the plaintext of an index page: 1 to [`MAX_INDEX_REFS`] references in key order.
pub fn decode_index(plaintext: &[u8]) -> Result<Vec<PageRef>> {
    let mut reader = Reader::typed(plaintext, INDEX_TYPE)?;
    let refs = read_refs(&mut reader)?;
    reader.finish()?;
    if refs.is_empty() { Err(WireError::Invalid("index page")) } else { Ok(refs) }
}

pub(crate) fn write_refs(refs: &[PageRef], writer: &mut Writer) {
    writer.varint(refs.len() as u64);
    let mut paths = PathWriter::default();
    refs.iter().for_each(|page| write_ref(page, &mut paths, writer));
}

fn write_ref(page: &PageRef, paths: &mut PathWriter, writer: &mut Writer) {
    paths.write(&page.first, writer);
    page.chunk.write(writer);
    writer.varint(page.entries);
}

pub(crate) fn read_refs(reader: &mut Reader<'_>) -> Result<Vec<PageRef>> {
    let count = reader.count(MAX_INDEX_REFS, "pages of an index")?;
    let mut paths = PathReader::default();
    let mut refs = Vec::new();
    let mut sum = 0u64;
    for _ in 0..count {
        let first = paths.read(reader)?;
        let page = PageRef { first, chunk: ChunkRef::read(reader)?, entries: reader.varint()? };
        sum = sum.checked_add(page.entries).ok_or(WireError::Invalid("page reference"))?;
        if page.entries == 0 {
            return Err(WireError::Invalid("page reference"));
        }
        refs.push(page);
    }
    Ok(refs)
}

/// Which of `refs` may hold keys in `start..end` (`None`: to the last key).
///
/// A page holds the keys from its first to the first of the next.
pub fn pages_in(refs: &[PageRef], start: &[u8], end: Option<&[u8]>) -> Range<usize> {
    let from = refs.partition_point(|page| page.first.key().as_bytes() <= start).saturating_sub(1);
    let to = end.map_or(refs.len(), |end| refs.partition_point(|page| page.first.key().as_bytes() < end));
    from..to.max(from)
}
