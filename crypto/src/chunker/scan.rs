//! The search for a cut: several lanes of the hash side by side, since one alone waits for itself, and the cipher over
//! many blocks at a time.

use super::{ChunkerKey, SizeClass, key::WINDOW};
use aes::{Block, cipher::BlockCipherEncrypt};

/// Independent lanes of the hash; more of them do not fit the registers.
const LANES: usize = 3;
/// Positions of a lane between two calls of the cipher.
const STRIDE: usize = 128;
/// Blocks of one call of the cipher.
const BATCH: usize = LANES * STRIDE;

/// Space for one batch; the second halves of the input's blocks stay zero.
pub(super) struct Scan {
    input: Box<[Block; BATCH]>,
    output: Box<[Block; BATCH]>,
}

impl Scan {
    pub(super) fn new() -> Self {
        let zeros = || Box::new([Block::default(); BATCH]);
        Self { input: zeros(), output: zeros() }
    }

    /// The first position in `from + 1 ..= to` of `data` at which a cut may be. `from` is at least the window.
    pub(super) fn first_cut(
        &mut self,
        key: &ChunkerKey,
        class: SizeClass,
        data: &[u8],
        mut from: usize,
        to: usize,
    ) -> Option<usize> {
        if from >= to {
            return None;
        }
        let [mut hash] = key.hashes([fixed(&data[from - WINDOW..])]);
        while from < to {
            let lane = ((to - from) / LANES).min(lane_positions(class)) / STRIDE * STRIDE;
            let (found, positions) = if lane > 0 {
                (self.in_lanes(key, class.threshold(), &data[from - WINDOW..], &mut hash, lane), lane * LANES)
            } else {
                let positions = (to - from).min(BATCH);
                (self.in_order(key, class.threshold(), &data[from - WINDOW..from + positions], &mut hash), positions)
            };
            if let Some(offset) = found {
                return Some(from + offset);
            }
            from += positions;
        }
        None
    }

    /// Each of the lanes takes `lane_positions`: the offset of the first cut. `data` begins with the window of the position
    /// before the first, whose hash is `hash`; that becomes the one of the last position.
    fn in_lanes(
        &mut self,
        key: &ChunkerKey,
        threshold: u64,
        data: &[u8],
        hash: &mut u64,
        lane_positions: usize,
    ) -> Option<usize> {
        let start = |lane: usize| lane * lane_positions;
        let others: [u64; LANES - 1] =
            key.hashes(std::array::from_fn(|other| fixed::<WINDOW>(&data[start(other + 1)..])));
        let mut hashes = std::array::from_fn(|lane| if lane == 0 { *hash } else { others[lane - 1] });
        let mut found: Option<usize> = None;
        for begin in (0..lane_positions).step_by(STRIDE) {
            let windows = std::array::from_fn(|lane| fixed(&data[start(lane) + begin..]));
            fill(key, &mut hashes, windows, &mut self.input);
            self.encrypt(key);
            // Counting costs less than asking whether there is any.
            if self.output.iter().map(|block| u64::from(is_cut(block, threshold))).sum::<u64>() > 0 {
                let hits = (0..BATCH).filter(|&index| is_cut(&self.output[index], threshold));
                let offsets = hits.map(|index| index % LANES * lane_positions + begin + index / LANES + 1);
                found = found.into_iter().chain(offsets).min();
                // Only the first lane can find something before what another lane found.
                if found.is_some_and(|offset| offset <= lane_positions) {
                    return found;
                }
            }
        }
        *hash = hashes[LANES - 1];
        found
    }

    /// The short rest: one lane, at most one batch; else as [`Self::in_lanes`].
    fn in_order(&mut self, key: &ChunkerKey, threshold: u64, data: &[u8], hash: &mut u64) -> Option<usize> {
        let count = data.len() - WINDOW;
        for (offset, block) in self.input[..count].iter_mut().enumerate() {
            *hash = key.step(*hash, data[offset], data[offset + WINDOW]);
            block[..8].copy_from_slice(&hash.to_le_bytes());
        }
        self.encrypt(key);
        self.output[..count].iter().position(|block| is_cut(block, threshold)).map(|offset| offset + 1)
    }

    fn encrypt(&mut self, key: &ChunkerKey) {
        key.cipher.encrypt_blocks_b2b(&self.input[..], &mut self.output[..]).expect("the lengths are equal");
    }
}

/// Positions of a lane: starting a lane costs a window, and what other lanes did after a cut is lost.
const fn lane_positions(class: SizeClass) -> usize {
    match class {
        SizeClass::Normal => 2048,
        SizeClass::Fine => 512,
    }
}

/// Steps every lane through its bytes; block `step * LANES + lane` takes the hash.
#[inline(always)]
fn fill(
    key: &ChunkerKey,
    hashes: &mut [u64; LANES],
    windows: [&[u8; WINDOW + STRIDE]; LANES],
    input: &mut [Block; BATCH],
) {
    let mut running = *hashes;
    for (step, blocks) in input.chunks_exact_mut(LANES).enumerate() {
        for (lane, block) in blocks.iter_mut().enumerate() {
            running[lane] = key.step(running[lane], windows[lane][step], windows[lane][step + WINDOW]);
            block[..8].copy_from_slice(&running[lane].to_le_bytes());
        }
    }
    *hashes = running;
}

#[inline(always)]
fn is_cut(block: &Block, threshold: u64) -> bool {
    u64::from_le_bytes(*block.first_chunk().expect("a block has 16 bytes")) < threshold
}

fn fixed<const N: usize>(data: &[u8]) -> &[u8; N] {
    data.first_chunk().expect("a lane ends where the data ends")
}
