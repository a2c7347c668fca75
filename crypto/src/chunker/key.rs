//! Table and cipher of a chunker, and the hash of a window.

use super::profile::Profile;
use crate::{
    derive::{context, derive},
    keys::ChunkerSecret,
};
use aes::{Aes128Enc, cipher::KeyInit};
use zeroize::Zeroizing;

/// Bytes that a boundary depends on.
pub(super) const WINDOW: usize = 64;
/// Low coefficients of the field's polynomial.
const POLYNOMIAL: u64 = 0b11011;

/// Keys of a chunker of profile 1, derived from K_chunker. Wiped when dropped.
pub struct ChunkerKey {
    tables: Box<Tables>,
    pub(super) cipher: Aes128Enc,
}

/// T, and x^64 · T: what a byte contributes when it enters the window, and when it leaves.
#[derive(zeroize::ZeroizeOnDrop)]
struct Tables {
    incoming: [u64; 256],
    outgoing: [u64; 256],
}

impl ChunkerKey {
    /// Which cut rule this is.
    pub const PROFILE: Profile = Profile::Aes;

    /// Derives table and cipher.
    pub fn new(secret: &ChunkerSecret) -> Self {
        let seed = Zeroizing::new(derive(context!("chunker table"), &[secret.expose()]));
        let mut bytes = Zeroizing::new([0u8; 256 * 8]);
        blake3::Hasher::new_keyed(&seed).finalize_xof().fill(&mut bytes[..]);
        let mut tables = Box::new(Tables { incoming: [0; 256], outgoing: [0; 256] });
        for (index, value) in bytes.chunks_exact(8).enumerate() {
            let value = u64::from_le_bytes(value.try_into().expect("chunks of eight bytes"));
            tables.incoming[index] = value;
            tables.outgoing[index] = (0..WINDOW).fold(value, |value, _| times_x(value));
        }
        let key = Zeroizing::new(derive(context!("chunker aes key"), &[secret.expose()]));
        let cipher = Aes128Enc::new(key.first_chunk::<16>().expect("a digest has 16 bytes").into());
        Self { tables, cipher }
    }

    /// d of several windows at once.
    pub(super) fn hashes<const LANES: usize>(&self, windows: [&[u8; WINDOW]; LANES]) -> [u64; LANES] {
        let mut hashes = [0; LANES];
        for offset in 0..WINDOW {
            for (hash, window) in hashes.iter_mut().zip(windows) {
                *hash = times_x(*hash) ^ self.tables.incoming[usize::from(window[offset])];
            }
        }
        hashes
    }

    /// d of the window one position further.
    #[inline(always)]
    pub(super) fn step(&self, hash: u64, leaves: u8, enters: u8) -> u64 {
        times_x(hash) ^ (self.tables.incoming[usize::from(enters)] ^ self.tables.outgoing[usize::from(leaves)])
    }
}

/// Multiplication by x.
#[inline(always)]
fn times_x(value: u64) -> u64 {
    (value << 1) ^ (POLYNOMIAL & (value >> 63).wrapping_neg())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::BlockCipherEncrypt;

    /// The known answers of docs/format/chunker.md.
    #[test]
    fn tables_and_key_are_as_published() {
        let key = ChunkerKey::new(&ChunkerSecret::from_bytes([0x22; 32]));
        let bytes: Vec<u8> = key.tables.incoming.iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut block = [0; 16].into();
        key.cipher.encrypt_block(&mut block);
        assert_eq!(key.tables.incoming[0], 0x2dcc_054e_ef59_a2a7);
        assert_eq!(key.tables.incoming[255], 0xd650_5bb2_9822_12ea);
        let hash = "f65a39d87001ad721220cd169dc4d0a01b41e349f0d16e839490145c4e951d2c";
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), hash);
        assert_eq!(key.hashes([&std::array::from_fn(|index| index as u8)]), [0xeb03_2932_3a7e_6a1b]);
        assert_eq!(data_encoding::HEXLOWER.encode(&block), "eca385507c8e6a4d3958428faf2b6b25");
    }

    #[test]
    fn stepping_equals_hashing_again() {
        let key = ChunkerKey::new(&ChunkerSecret::from_bytes([7; 32]));
        let data: Vec<u8> = (0..200u32).map(|index| (index * index) as u8).collect();
        let whole = |end: usize| key.hashes([data[end - WINDOW..end].try_into().unwrap()])[0];
        let mut hash = whole(WINDOW);
        for end in WINDOW..data.len() {
            hash = key.step(hash, data[end - WINDOW], data[end]);
            assert_eq!(hash, whole(end + 1));
        }
    }
}
