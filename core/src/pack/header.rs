//! How a pack begins.

use crate::{
    id::ServerId,
    wire::{Reader, Result, WireError, Writer, zero_padding},
};

const TYPE: &[u8] = b"iotabackup/pack/v1\0";

/// Random bytes of one pack that only its server knows: nobody can upload what looks like one of its records.
pub type Salt = [u8; 32];

/// The header of a pack; two copies stand at the start of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackHeader {
    /// Whose pack.
    pub server: ServerId,
    /// Its number, from 1; also in its file name.
    pub number: u64,
    /// See [`Salt`].
    pub salt: Salt,
}

impl PackHeader {
    /// Size of one copy.
    pub const BYTES: usize = 512;

    /// One copy.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::typed(TYPE);
        writer.raw(&self.server.0).u64(self.number).raw(&self.salt);
        let mut bytes = writer.finish();
        bytes.resize(Self::BYTES - 4, 0);
        let sum = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Parses one copy.
    ///
    /// # Errors
    /// [`WireError`] when it is of another type, damaged, or not exactly [`PackHeader::BYTES`] long.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (body, sum) = bytes.split_last_chunk().ok_or(WireError::Truncated)?;
        let mut reader = Reader::typed(body, TYPE)?;
        let header = Self { server: ServerId(reader.array()?), number: reader.u64()?, salt: reader.array()? };
        if body.len() != Self::BYTES - 4 || crc32c::crc32c(body) != u32::from_le_bytes(*sum) {
            return Err(WireError::Invalid("pack header"));
        }
        zero_padding(reader.rest())?;
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_noticed() {
        let header = PackHeader { server: ServerId([1; 16]), number: 7, salt: [3; 32] };
        let bytes = header.encode();
        assert_eq!((bytes.len(), PackHeader::decode(&bytes)), (PackHeader::BYTES, Ok(header)));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(PackHeader::decode(&damaged).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(PackHeader::decode(&bytes[..length]).is_err());
        }
    }
}
