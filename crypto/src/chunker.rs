//! The chunker: where a file is cut. Boundaries depend on content, and tell nothing about it without the key.
//!
//! ```text
//! d(p) = Σ_{j=0..63} x^(63−j) · T[b_j]  mod x^64 + x^4 + x^3 + x + 1      b_j: the 64 bytes before position p
//! a cut may be at p where  u64(AES-128(K, d(p) u64 ‖ 0^64)[..8]) < threshold
//! T = XOF(derive("… chunker table", K_chunker), 2,048 bytes) as 256 u64;  K = derive("… chunker aes key", K_chunker)[..16]
//! ```
//! A universal hash, then a pseudo-random function, at every position: keyed Gear, FastCDC, buzhash and Rabin give their
//! secrets away (eprint 2025/558, 2025/532), and so would a cheaper first filter. The window runs over the file and is
//! not reset at cuts. All integers are little-endian; the lowest bit of d is the coefficient of x^0.

mod class;

pub use class::SizeClass;

use crate::{
    derive::{context, derive},
    keys::ChunkerSecret,
};
use aes::{
    Aes128Enc, Block,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use zeroize::Zeroizing;

/// Bytes that a boundary depends on.
const WINDOW: usize = 64;
/// Low coefficients of the field's polynomial.
const POLYNOMIAL: u64 = 0b11011;
/// Positions that one lane computes at a time.
const LANE: usize = 1024;
/// Independent lanes of the hash: one alone waits for itself.
const LANES: usize = 4;
/// Positions of a block.
const BLOCK: usize = LANE * LANES;

/// Keys of a chunker, derived from K_chunker.
pub struct ChunkerKey {
    incoming: Box<[u64; 256]>,
    /// x^64 · T: what a byte contributes when it leaves the window.
    outgoing: Box<[u64; 256]>,
    cipher: Aes128Enc,
}

impl ChunkerKey {
    /// Derives table and cipher.
    pub fn new(secret: &ChunkerSecret) -> Self {
        let seed = Zeroizing::new(derive(context!("chunker table"), &[secret.expose()]));
        let mut bytes = Zeroizing::new([0u8; 256 * 8]);
        blake3::Hasher::new_keyed(&seed).finalize_xof().fill(&mut bytes[..]);
        let (mut incoming, mut outgoing) = (Box::new([0; 256]), Box::new([0; 256]));
        for (index, value) in bytes.chunks_exact(8).enumerate() {
            incoming[index] = u64::from_le_bytes(value.try_into().expect("chunks of eight bytes"));
            outgoing[index] = (0..64).fold(incoming[index], |value, _| times_x(value));
        }
        let key = Zeroizing::new(derive(context!("chunker aes key"), &[secret.expose()]));
        let cipher = Aes128Enc::new(key.first_chunk::<16>().expect("a digest has 16 bytes").into());
        Self { incoming, outgoing, cipher }
    }

    /// d over `window`, 64 bytes.
    fn hash(&self, window: &[u8]) -> u64 {
        window.iter().fold(0, |hash, &byte| times_x(hash) ^ self.incoming[usize::from(byte)])
    }

    fn step(&self, hash: u64, leaves: u8, enters: u8) -> u64 {
        times_x(hash) ^ self.incoming[usize::from(enters)] ^ self.outgoing[usize::from(leaves)]
    }

    /// d at positions `from + 1 ..= from + BLOCK` of `data`, given d at `from`.
    fn hash_block(&self, data: &[u8], from: usize, hash: u64, out: &mut [u64; BLOCK]) {
        let lane_start = |lane: usize| from + lane * LANE;
        let mut hashes = [hash; LANES];
        for (lane, hash) in hashes.iter_mut().enumerate().skip(1) {
            *hash = self.hash(&data[lane_start(lane) - WINDOW..lane_start(lane)]);
        }
        let leaving: [&[u8]; LANES] = std::array::from_fn(|lane| &data[lane_start(lane) - WINDOW..][..LANE]);
        let entering: [&[u8]; LANES] = std::array::from_fn(|lane| &data[lane_start(lane)..][..LANE]);
        for step in 0..LANE {
            for lane in 0..LANES {
                hashes[lane] = self.step(hashes[lane], leaving[lane][step], entering[lane][step]);
                out[lane * LANE + step] = hashes[lane];
            }
        }
    }

    /// The first of `hashes` at which a cut may be.
    fn first_cut(&self, hashes: &[u64], threshold: u64, blocks: &mut [Block]) -> Option<usize> {
        for (index, hashes) in hashes.chunks(blocks.len()).enumerate() {
            let batch = &mut blocks[..hashes.len()];
            for (block, hash) in batch.iter_mut().zip(hashes) {
                let mut bytes = [0; 16];
                bytes[..8].copy_from_slice(&hash.to_le_bytes());
                *block = bytes.into();
            }
            self.cipher.encrypt_blocks(batch);
            let is_cut =
                |block: &Block| u64::from_le_bytes(*block.first_chunk().expect("a block has 16 bytes")) < threshold;
            if let Some(position) = batch.iter().position(is_cut) {
                return Some(index * 256 + position);
            }
        }
        None
    }
}

/// Multiplication by x.
fn times_x(value: u64) -> u64 {
    (value << 1) ^ (POLYNOMIAL & (value >> 63).wrapping_neg())
}

/// Cuts one stream.
pub struct Chunker<'k> {
    key: &'k ChunkerKey,
    class: SizeClass,
    /// Positions of the current chunk up to here hold no cut.
    scanned: usize,
    hashes: Box<[u64; BLOCK]>,
    blocks: Box<[Block; 256]>,
}

impl<'k> Chunker<'k> {
    /// Begins a stream.
    pub fn new(key: &'k ChunkerKey, class: SizeClass) -> Self {
        let blocks = Box::new([Block::default(); 256]);
        Self { key, class, scanned: 0, hashes: Box::new([0; BLOCK]), blocks }
    }

    /// Length of the chunk at the start of `data`: at a cut, at the maximum, or (at `eof`) at the end. `None` when more
    /// data is needed, or at `eof` when there is none.
    ///
    /// A later call for the same chunk must begin with the same bytes; they are not looked at again.
    pub fn next_cut(&mut self, data: &[u8], eof: bool) -> Option<usize> {
        let end = data.len().min(self.class.max_bytes());
        let mut at = self.scanned.max(self.class.min_bytes() - 1);
        let mut hash = (at < end).then(|| self.key.hash(&data[at - WINDOW..at]));
        while let Some(before) = hash.filter(|_| at < end) {
            let count = (end - at).min(BLOCK);
            if count == BLOCK {
                self.key.hash_block(data, at, before, &mut self.hashes);
            } else {
                let mut running = before;
                for (offset, out) in self.hashes[..count].iter_mut().enumerate() {
                    running = self.key.step(running, data[at + offset - WINDOW], data[at + offset]);
                    *out = running;
                }
            }
            if let Some(position) =
                self.key.first_cut(&self.hashes[..count], self.class.threshold(), &mut self.blocks[..])
            {
                self.scanned = 0;
                return Some(at + position + 1);
            }
            hash = Some(self.hashes[count - 1]);
            at += count;
        }
        let whole = end == self.class.max_bytes() || (eof && end > 0);
        self.scanned = if whole { 0 } else { at };
        whole.then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ChunkerKey {
        ChunkerKey::new(&ChunkerSecret::from_bytes([0x22; 32]))
    }

    fn random(bytes: usize, seed: u64) -> Vec<u8> {
        let mut data = vec![0; bytes];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut data);
        data
    }

    fn cuts(key: &ChunkerKey, class: SizeClass, data: &[u8]) -> Vec<usize> {
        let mut chunker = Chunker::new(key, class);
        let (mut ends, mut start) = (Vec::new(), 0);
        while let Some(length) = chunker.next_cut(&data[start..], true) {
            start += length;
            ends.push(start);
        }
        ends
    }

    /// One position at a time, straight from the definition.
    fn reference(key: &ChunkerKey, class: SizeClass, data: &[u8]) -> Vec<usize> {
        let (mut ends, mut start) = (Vec::new(), 0);
        for end in 1..=data.len() {
            let length = end - start;
            let may_cut = length >= class.min_bytes() && {
                let mut block = [0; 16];
                block[..8].copy_from_slice(&key.hash(&data[end - WINDOW..end]).to_le_bytes());
                let mut block = block.into();
                key.cipher.encrypt_block(&mut block);
                u64::from_le_bytes(*block.first_chunk().unwrap()) < class.threshold()
            };
            if may_cut || length == class.max_bytes() || end == data.len() {
                ends.push(end);
                start = end;
            }
        }
        ends
    }

    #[test]
    fn lanes_and_batches_change_nothing() {
        let key = key();
        let mut mixed = random(700_000, 1);
        mixed.extend_from_slice(&[0; 300_000]);
        mixed.extend_from_slice(&random(333_333, 2));
        for class in [SizeClass::Fine, SizeClass::Normal] {
            assert_eq!(cuts(&key, class, &mixed), reference(&key, class, &mixed));
        }
    }

    #[test]
    fn it_does_not_matter_how_the_data_arrives() {
        let (key, data) = (key(), random(3_000_000, 3));
        let whole = cuts(&key, SizeClass::Normal, &data);
        for step in [1, 777, 65_536, 100_001] {
            let mut chunker = Chunker::new(&key, SizeClass::Normal);
            let (mut ends, mut start, mut have) = (Vec::new(), 0, 0);
            loop {
                // Single bytes only where a decision is near, or the test would take minutes.
                have = (have + if step == 1 && have % 65_536 < 65_500 { 65_500 } else { step }).min(data.len());
                while let Some(length) = chunker.next_cut(&data[start..have], have == data.len()) {
                    start += length;
                    ends.push(start);
                }
                if start == data.len() {
                    break;
                }
            }
            assert_eq!(ends, whole, "step {step}");
        }
    }

    #[test]
    fn sizes_are_as_published() {
        let (key, data) = (key(), random(200 << 20, 4));
        for (class, low, high) in [(SizeClass::Normal, 190_000, 210_000), (SizeClass::Fine, 30_000, 34_500)] {
            let ends = cuts(&key, class, &data);
            let mean = data.len() / ends.len();
            assert!((low..=high).contains(&mean), "{class:?}: {mean}");
            let sizes = std::iter::once(ends[0]).chain(ends.windows(2).map(|pair| pair[1] - pair[0]));
            let inner: Vec<_> = sizes.take(ends.len() - 1).collect();
            assert!(inner.iter().all(|size| (class.min_bytes()..=class.max_bytes()).contains(size)));
        }
    }

    #[test]
    fn cuts_meet_again_after_an_insertion() {
        let (key, data) = (key(), random(6 << 20, 5));
        let before = cuts(&key, SizeClass::Normal, &data);
        let trials = 100;
        let mut late = 0;
        for trial in 0..trials {
            let at = 1 + trial * 20_011;
            let inserted = random(1 + trial * 7, 1000 + trial as u64);
            let changed = [&data[..at], &inserted, &data[at..]].concat();
            let after = cuts(&key, SizeClass::Normal, &changed);
            let common = after.iter().filter(|&&end| end > at).position(|end| before.contains(&(end - inserted.len())));
            late += usize::from(common.is_none_or(|chunks| chunks > 8));
        }
        assert!(late <= trials / 100, "{late} of {trials}");
    }
}
