//! Where a file's bytes lie: extents of chunks, holes, and the pages of long extent lists.

use crate::{
    id::{Cid, Domain},
    wire::{Reader, Result, WireError, Writer},
};
use ::core::fmt;

/// Most extents that stand in an entry itself; a longer list goes to extent pages.
pub const MAX_INLINE_EXTENTS: usize = 8;
/// Most extents in one extent page.
pub const MAX_PAGE_EXTENTS: usize = 2048;
/// Most references to extent pages in an entry; beyond, one more level is used.
pub const MAX_PAGE_REFERENCES: usize = 512;
/// Most references in a page of the second level.
pub const MAX_INDEX_REFERENCES: usize = 2048;
/// Longest plaintext of a chunk, bytes.
pub const MAX_CHUNK_BYTES: usize = 1 << 20;

const PAGE_TYPE: &[u8] = b"iotabackup/extents/v1\0";
const INDEX_TYPE: &[u8] = b"iotabackup/extent-index/v1\0";
const HOLE: u8 = 0xff;

/// The key of one chunk. It opens that chunk and nothing else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChunkKey(pub [u8; 32]);

impl fmt::Debug for ChunkKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ChunkKey(…)")
    }
}

/// A chunk object and the key that opens it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRef {
    /// Under whose keys it is sealed.
    pub domain: Domain,
    /// Id of the stored object.
    pub cid: Cid,
    /// Key of the object.
    pub ckey: ChunkKey,
}

impl ChunkRef {
    /// Size in bytes, without the domain.
    pub const BYTES: usize = 64;

    /// One of the private domain, as all pages are.
    pub fn private(cid: Cid, ckey: ChunkKey) -> Self {
        Self { domain: Domain::PRIVATE, cid, ckey }
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.raw(&self.cid.0).raw(&self.ckey.0);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self::private(Cid(reader.array()?), ChunkKey(reader.array()?)))
    }
}

/// A run of a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// `length` bytes from `offset` of a chunk's plaintext.
    Slice {
        /// The chunk.
        chunk: ChunkRef,
        /// First byte in the chunk's plaintext.
        offset: u32,
        /// Bytes, at least 1.
        length: u32,
    },
    /// `length` bytes of zeros that take no space in the file.
    Hole {
        /// Bytes, at least 1.
        length: u64,
    },
}

impl Extent {
    /// Bytes of the file that it covers.
    pub fn length(&self) -> u64 {
        match *self {
            Self::Slice { length, .. } => u64::from(length),
            Self::Hole { length } => length,
        }
    }

    /// Appends the encoding: 73 bytes for a slice, 9 for a hole.
    pub fn write(&self, writer: &mut Writer) {
        match self {
            Self::Slice { chunk, offset, length } => {
                writer.u8(chunk.domain.0);
                chunk.write(writer);
                writer.u32(*offset).u32(*length);
            }
            Self::Hole { length } => {
                writer.u8(HOLE).u64(*length);
            }
        }
    }

    /// Reads one extent.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let tag = reader.u8()?;
        if tag == HOLE {
            let length = reader.u64()?;
            return if length == 0 { Err(WireError::Invalid("hole")) } else { Ok(Self::Hole { length }) };
        }
        let chunk = ChunkRef { domain: Domain::parse_sealed(tag)?, ..ChunkRef::read(reader)? };
        let (offset, length) = (reader.u32()?, reader.u32()?);
        let end = u64::from(offset) + u64::from(length);
        if length == 0 || end > MAX_CHUNK_BYTES as u64 {
            return Err(WireError::Invalid("extent"));
        }
        Ok(Self::Slice { chunk, offset, length })
    }
}

/// A page of a long extent list, or of its second level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtentPageRef {
    /// The page, a chunk object of the private domain.
    pub chunk: ChunkRef,
    /// Bytes of the file that the page covers.
    pub bytes: u64,
    /// Extents below it.
    pub count: u64,
}

impl ExtentPageRef {
    /// The reference to a page that holds `extents`.
    ///
    /// # Errors
    /// [`WireError::Invalid`] when their lengths do not add up to a number.
    pub fn to_page(chunk: ChunkRef, extents: &[Extent]) -> Result<Self> {
        let bytes = sum(extents.iter().map(Extent::length)).ok_or(WireError::Invalid("content size"))?;
        Ok(Self { chunk, bytes, count: extents.len() as u64 })
    }

    /// The reference to a page of the second level that holds `pages`.
    ///
    /// # Errors
    /// [`WireError::Invalid`] when their lengths or counts do not add up to a number.
    pub fn to_index(chunk: ChunkRef, pages: &[Self]) -> Result<Self> {
        let bytes = sum(pages.iter().map(|page| page.bytes));
        let count = sum(pages.iter().map(|page| page.count));
        let (bytes, count) = bytes.zip(count).ok_or(WireError::Invalid("content size"))?;
        Ok(Self { chunk, bytes, count })
    }

    /// [`decode_extent_page`] of the page that this refers to; refuses one with other sums.
    pub fn decode_page(&self, plaintext: &[u8]) -> Result<Vec<Extent>> {
        let extents = decode_extent_page(plaintext)?;
        if Self::to_page(self.chunk, &extents)? == *self { Ok(extents) } else { Err(WireError::Invalid("extent page")) }
    }

    /// [`decode_extent_index`] of the page that this refers to; refuses one with other sums.
    pub fn decode_index(&self, plaintext: &[u8]) -> Result<Vec<Self>> {
        let pages = decode_extent_index(plaintext)?;
        if Self::to_index(self.chunk, &pages)? == *self { Ok(pages) } else { Err(WireError::Invalid("extent page")) }
    }

    fn write(&self, writer: &mut Writer) {
        self.chunk.write(writer);
        writer.varint(self.bytes).varint(self.count);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let page = Self { chunk: ChunkRef::read(reader)?, bytes: reader.varint()?, count: reader.varint()? };
        if page.count == 0 || page.bytes < page.count {
            return Err(WireError::Invalid("extent page"));
        }
        Ok(page)
    }
}

/// The extent list of a file, in file order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// At most [`MAX_INLINE_EXTENTS`] extents.
    Inline(Vec<Extent>),
    /// Extent pages ([`decode_extent_page`]).
    Pages(Vec<ExtentPageRef>),
    /// Pages of references to extent pages ([`decode_extent_index`]).
    Index(Vec<ExtentPageRef>),
}

impl Content {
    /// Bytes that it covers.
    ///
    /// # Errors
    /// [`WireError::Invalid`] when the sum overflows.
    pub fn bytes(&self) -> Result<u64> {
        let sum = match self {
            Self::Inline(extents) => sum(extents.iter().map(Extent::length)),
            Self::Pages(pages) | Self::Index(pages) => sum(pages.iter().map(|page| page.bytes)),
        };
        sum.ok_or(WireError::Invalid("content size"))
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Inline(extents) => {
                writer.u8(0).varint(extents.len() as u64);
                extents.iter().for_each(|extent| extent.write(writer));
            }
            Self::Pages(pages) => write_refs(writer.u8(1), pages),
            Self::Index(pages) => write_refs(writer.u8(2), pages),
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        match reader.u8()? {
            0 => {
                let count = reader.count(MAX_INLINE_EXTENTS, "extents of an entry")?;
                Ok(Self::Inline((0..count).map(|_| Extent::read(reader)).collect::<Result<_>>()?))
            }
            1 => Ok(Self::Pages(read_refs(reader, MAX_PAGE_REFERENCES)?)),
            2 => Ok(Self::Index(read_refs(reader, MAX_PAGE_REFERENCES)?)),
            _ => Err(WireError::Invalid("content")),
        }
    }
}

fn sum(mut lengths: impl Iterator<Item = u64>) -> Option<u64> {
    lengths.try_fold(0u64, |sum, length| sum.checked_add(length))
}

fn write_refs(writer: &mut Writer, pages: &[ExtentPageRef]) {
    writer.varint(pages.len() as u64);
    pages.iter().for_each(|page| page.write(writer));
}

fn read_refs(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<ExtentPageRef>> {
    let count = reader.count(limit, "extent pages")?;
    if count == 0 {
        return Err(WireError::Invalid("extent pages"));
    }
    (0..count).map(|_| ExtentPageRef::read(reader)).collect()
}

/// Plaintext of an extent page.
pub fn encode_extent_page(extents: &[Extent]) -> Vec<u8> {
    let mut writer = Writer::typed(PAGE_TYPE);
    writer.varint(extents.len() as u64);
    extents.iter().for_each(|extent| extent.write(&mut writer));
    writer.finish()
}

/// Parses the plaintext of an extent page: 1 to [`MAX_PAGE_EXTENTS`] extents.
pub fn decode_extent_page(plaintext: &[u8]) -> Result<Vec<Extent>> {
    let mut reader = Reader::typed(plaintext, PAGE_TYPE)?;
    let count = reader.count(MAX_PAGE_EXTENTS, "extents of a page")?;
    if count == 0 {
        return Err(WireError::Invalid("extent page"));
    }
    let extents = (0..count).map(|_| Extent::read(&mut reader)).collect::<Result<Vec<_>>>()?;
    reader.finish()?;
    sum(extents.iter().map(Extent::length)).ok_or(WireError::Invalid("extent page"))?;
    Ok(extents)
}

/// Plaintext of a page of the second level.
pub fn encode_extent_index(pages: &[ExtentPageRef]) -> Vec<u8> {
    let mut writer = Writer::typed(INDEX_TYPE);
    write_refs(&mut writer, pages);
    writer.finish()
}

/// Parses the plaintext of a page of the second level: 1 to [`MAX_INDEX_REFERENCES`] references.
pub fn decode_extent_index(plaintext: &[u8]) -> Result<Vec<ExtentPageRef>> {
    let mut reader = Reader::typed(plaintext, INDEX_TYPE)?;
    let pages = read_refs(&mut reader, MAX_INDEX_REFERENCES)?;
    reader.finish()?;
    Ok(pages)
}
