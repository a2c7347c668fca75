//! Reading and writing the format's bytes: little-endian integers, minimal varints, length-prefixed strings.
//!
//! Every structure has exactly one encoding: a [`Reader`] refuses what a [`Writer`] would not have written,
//! and [`Reader::finish`] refuses trailing bytes.

use thiserror::Error;

/// Why foreign bytes were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WireError {
    /// The input ended inside a field.
    #[error("the data ends too early")]
    Truncated,
    /// Bytes follow the end of the structure.
    #[error("the data has bytes after its end")]
    Trailing,
    /// The type string or version is not one that this program knows.
    #[error("the data is of another type or version; a newer program may be needed")]
    UnknownType,
    /// A field has a value that its type does not allow.
    #[error("the data has a field out of range: {0}")]
    Invalid(&'static str),
    /// A length or count exceeds the bound of the format.
    #[error("the data exceeds a limit of the format: {0}")]
    TooLarge(&'static str),
}

/// Result of a parser of foreign bytes.
pub type Result<T> = ::core::result::Result<T, WireError>;

/// Appends encoded fields to a buffer.
#[derive(Debug, Default, Clone)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer that begins with `type_string`.
    pub fn typed(type_string: &[u8]) -> Self {
        Self(type_string.to_vec())
    }

    /// Continues after the bytes of `buffer`.
    pub fn onto(buffer: Vec<u8>) -> Self {
        Self(buffer)
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// LEB128, minimal length, at most ten bytes.
    pub fn varint(&mut self, mut value: u64) -> &mut Self {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.u8(value as u8)
    }

    /// Zigzag, then varint.
    pub fn signed(&mut self, value: i64) -> &mut Self {
        self.varint(((value << 1) ^ (value >> 63)) as u64)
    }

    /// The bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Varint length, then the bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.varint(bytes.len() as u64).raw(bytes)
    }

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads encoded fields from a slice.
#[derive(Debug, Clone)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Reads `bytes` after its `type_string`.
    ///
    /// # Errors
    /// [`WireError::UnknownType`] when it begins with anything else.
    pub fn typed(bytes: &'a [u8], type_string: &[u8]) -> Result<Self> {
        bytes.strip_prefix(type_string).map(Self).ok_or(WireError::UnknownType)
    }

    /// The next `count` bytes.
    pub fn raw(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(WireError::Truncated)?;
        self.0 = tail;
        Ok(head)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(WireError::Truncated)?;
        self.0 = tail;
        Ok(*head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// LEB128; refuses an encoding that is longer than needed.
    pub fn varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(WireError::Invalid("varint"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 { Err(WireError::Invalid("varint")) } else { Ok(value) };
            }
        }
        Err(WireError::Invalid("varint"))
    }

    /// Zigzag, then varint.
    pub fn signed(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A varint that must be at most `limit`; `what` names it in the error.
    pub fn count(&mut self, limit: usize, what: &'static str) -> Result<usize> {
        let value = self.varint()?;
        usize::try_from(value).ok().filter(|&value| value <= limit).ok_or(WireError::TooLarge(what))
    }

    /// A varint that must fit 32 bits.
    pub fn varint_u32(&mut self, what: &'static str) -> Result<u32> {
        u32::try_from(self.varint()?).map_err(|_| WireError::Invalid(what))
    }

    /// Varint length of at most `limit`, then the bytes.
    pub fn bytes(&mut self, limit: usize, what: &'static str) -> Result<&'a [u8]> {
        let count = self.count(limit, what)?;
        self.raw(count)
    }

    /// Bytes left.
    pub fn remaining(&self) -> usize {
        self.0.len()
    }

    /// Everything left.
    pub fn rest(&mut self) -> &'a [u8] {
        ::core::mem::take(&mut self.0)
    }

    /// Ends the structure.
    ///
    /// # Errors
    /// [`WireError::Trailing`] when bytes are left.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Trailing) }
    }
}

/// Padmé length of `length`, at least `floor`: leaks at most O(log log) bits of the length.
///
/// Source: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", PETS 2019.
pub fn padme(length: usize, floor: usize) -> usize {
    let length = length.max(floor).max(2);
    let exponent = length.ilog2();
    let significant = exponent.ilog2() + 1;
    let mask = (1usize << (exponent - significant.min(exponent))) - 1;
    (length + mask) & !mask
}

/// Checks that everything in `padding` is zero.
pub fn zero_padding(padding: &[u8]) -> Result<()> {
    if padding.iter().all(|&byte| byte == 0) { Ok(()) } else { Err(WireError::Invalid("padding")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_have_one_encoding() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut writer = Writer::new();
            writer.varint(value);
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint(), Ok(value));
            assert_eq!(reader.finish(), Ok(()));
        }
        assert_eq!(Reader::new(&[0x80, 0x00]).varint(), Err(WireError::Invalid("varint")));
        assert_eq!(Reader::new(&[0xff; 11]).varint(), Err(WireError::Invalid("varint")));
        assert_eq!(Reader::new(&[0x80]).varint(), Err(WireError::Truncated));
    }

    #[test]
    fn signed_round_trips() {
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            let mut writer = Writer::new();
            writer.signed(value);
            assert_eq!(Reader::new(&writer.finish()).signed(), Ok(value));
        }
    }

    #[test]
    fn padme_grows_by_at_most_an_eighth_and_is_idempotent() {
        for length in 1..200_000 {
            let padded = padme(length, 512);
            assert!(padded >= length && padded >= 512);
            assert!(length < 512 || padded <= length + length / 8, "{length} -> {padded}");
            assert_eq!(padme(padded, 512), padded);
        }
        assert_eq!(padme(200_009, 4096), 200_704);
    }
}
