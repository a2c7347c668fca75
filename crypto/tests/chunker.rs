//! The chunker against its definition, one position at a time, and against its published figures.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use aes::{
    Aes128,
    cipher::{BlockCipherEncrypt, KeyInit},
};
use iota_crypto::{
    chunker::{Chunker, ChunkerKey, SizeClass, chunks},
    keys::ChunkerSecret,
};
use proptest::{collection::vec, prelude::*};
use std::io::{self, Read};

const SECRET: [u8; 32] = [0x22; 32];
const CLASSES: [(SizeClass, Bounds); 2] = [
    (SizeClass::Normal, Bounds { min: 64 << 10, max: 1 << 20, divisor: 134_464 }),
    (SizeClass::Fine, Bounds { min: 8 << 10, max: 128 << 10, divisor: 24_576 }),
];

#[derive(Clone, Copy)]
struct Bounds {
    min: usize,
    max: usize,
    divisor: u128,
}

fn key() -> ChunkerKey {
    ChunkerKey::new(&ChunkerSecret::from_bytes(SECRET))
}

/// docs/format/chunker.md in its own words: polynomials as u128, nothing rolls, no batches.
struct Definition {
    table: Vec<u64>,
    cipher: Aes128,
}

impl Definition {
    fn new() -> Self {
        let seed = blake3::derive_key("iotabackup 2026-11 v1 chunker table", &SECRET);
        let mut bytes = [0; 2048];
        blake3::Hasher::new_keyed(&seed).finalize_xof().fill(&mut bytes);
        let key = blake3::derive_key("iotabackup 2026-11 v1 chunker aes key", &SECRET);
        let table = bytes.chunks(8).map(|eight| u64::from_le_bytes(eight.try_into().unwrap())).collect();
        Self { table, cipher: Aes128::new_from_slice(&key[..16]).unwrap() }
    }

    fn hash(&self, window: &[u8]) -> u64 {
        window.iter().fold(0, |hash, &byte| {
            let product = u128::from(hash) << 1;
            let reduced = if product >> 64 == 1 { product ^ (1 << 64) ^ 0b11011 } else { product };
            reduced as u64 ^ self.table[usize::from(byte)]
        })
    }

    fn filter(&self, window: &[u8]) -> u64 {
        let mut block = [0; 16];
        block[..8].copy_from_slice(&self.hash(window).to_le_bytes());
        let mut block = block.into();
        self.cipher.encrypt_block(&mut block);
        u64::from_le_bytes(block[..8].try_into().unwrap())
    }

    fn lengths(&self, bounds: Bounds, data: &[u8]) -> Vec<usize> {
        let threshold = ((1u128 << 64) / bounds.divisor) as u64;
        let (mut lengths, mut start) = (Vec::new(), 0);
        for end in 1..=data.len() {
            let length = end - start;
            let may_cut = || length >= bounds.min && self.filter(&data[end - 64..end]) < threshold;
            if length == bounds.max || end == data.len() || may_cut() {
                lengths.push(length);
                start = end;
            }
        }
        lengths
    }
}

/// Cuts `data` as it arrives in pieces of the given lengths, over and over.
fn lengths(key: &ChunkerKey, class: SizeClass, data: &[u8], pieces: &[usize]) -> Vec<usize> {
    let mut chunker = Chunker::new(key, class);
    let (mut lengths, mut start, mut have) = (Vec::new(), 0, 0);
    for piece in pieces.iter().cycle() {
        have = data.len().min(have + piece);
        while let Some(length) = chunker.next_cut(&data[start..have], have == data.len()) {
            lengths.push(length);
            start += length;
        }
        if start == data.len() {
            break;
        }
    }
    lengths
}

fn at_once(key: &ChunkerKey, class: SizeClass, data: &[u8]) -> Vec<usize> {
    lengths(key, class, data, &[data.len()])
}

fn random(bytes: usize, seed: u64) -> Vec<u8> {
    let mut data = vec![0; bytes];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut data);
    data
}

/// Random stretches, runs of one byte, and short periods, which is what a rolling hash gets wrong if anything.
fn any_data() -> impl Strategy<Value = Vec<u8>> {
    let stretch = prop_oneof![
        3 => (1..400_000usize, any::<u64>()).prop_map(|(bytes, seed)| random(bytes, seed)),
        1 => (1..300_000usize, any::<u8>()).prop_map(|(bytes, byte)| vec![byte; bytes]),
        1 => (1..300_000usize, vec(any::<u8>(), 1..200))
            .prop_map(|(bytes, period)| period.into_iter().cycle().take(bytes).collect()),
    ];
    vec(stretch, 0..5).prop_map(|stretches| stretches.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn lanes_batches_and_pieces_change_nothing(
        data in any_data(),
        pieces in vec(prop_oneof![1 => 1..200usize, 2 => 200..70_000usize, 2 => 70_000..1_500_000usize], 1..40),
    ) {
        // Small pieces only among large ones, or a case takes minutes.
        let pieces: Vec<usize> = pieces.into_iter().chain([200_000]).collect();
        let (key, definition) = (key(), Definition::new());
        for (class, bounds) in CLASSES {
            let expected = definition.lengths(bounds, &data);
            prop_assert_eq!(&at_once(&key, class, &data), &expected);
            prop_assert_eq!(&lengths(&key, class, &data, &pieces), &expected);
        }
    }
}

#[test]
fn every_length_around_a_bound_is_cut_as_defined() {
    let (key, definition, data) = (key(), Definition::new(), random(140_000, 9));
    for (class, bounds) in CLASSES {
        let around = [bounds.min, bounds.min + 255, bounds.min + 2048, bounds.min + 4096].into_iter();
        for length in around.flat_map(|at| at - 2..at + 3).chain([0, 1, 63, 64, 65]) {
            let data = &data[..length.min(data.len())];
            assert_eq!(at_once(&key, class, data), definition.lengths(bounds, data), "{class:?} {length}");
        }
    }
}

#[test]
fn sizes_are_as_published() {
    let (key, data) = (key(), random(200 << 20, 4));
    for ((class, bounds), mean) in CLASSES.into_iter().zip([190_000..=210_000, 30_000..=34_000]) {
        let lengths = at_once(&key, class, &data);
        let found = data.len() / lengths.len();
        assert!(mean.contains(&found), "{class:?}: {found}");
        let (last, inner) = lengths.split_last().unwrap();
        assert!(inner.iter().all(|length| (bounds.min..=bounds.max).contains(length)) && *last <= bounds.max);
    }
}

#[test]
fn constant_data_is_cut_at_the_maximum() {
    let key = key();
    for (class, bounds) in CLASSES {
        let lengths = at_once(&key, class, &vec![0; 3 * bounds.max + 5]);
        assert_eq!(lengths, [bounds.max, bounds.max, bounds.max, 5]);
    }
}

/// How many chunks after an insertion the cuts are the same again.
#[test]
fn cuts_meet_again_after_an_insertion() {
    let (key, data) = (key(), random(6 << 20, 5));
    for (class, _) in CLASSES {
        let before = ends(&at_once(&key, class, &data));
        let trials: usize = 200;
        let late = (0..trials).filter(|&trial| {
            let at = 1 + trial * 17_011;
            let inserted = random(1 + trial * 7, 1000 + trial as u64);
            let after = ends(&at_once(&key, class, &[&data[..at], &inserted, &data[at..]].concat()));
            let old = |end: usize| end - inserted.len();
            let mut later = after.into_iter().filter(|&end| end >= at + inserted.len());
            later.position(|end| before.binary_search(&old(end)).is_ok()).is_none_or(|chunks| chunks >= 8)
        });
        let late = late.count();
        assert!(late * 100 <= trials, "{class:?}: {late} of {trials}");
    }
}

fn ends(lengths: &[usize]) -> Vec<usize> {
    let add = |end: &mut usize, length: &usize| {
        *end += length;
        Some(*end)
    };
    lengths.iter().scan(0, add).collect()
}

#[test]
fn another_key_cuts_elsewhere() {
    let data = random(8 << 20, 6);
    let other = ChunkerKey::new(&ChunkerSecret::from_bytes([0x23; 32]));
    let (first, second) =
        (ends(&at_once(&key(), SizeClass::Fine, &data)), ends(&at_once(&other, SizeClass::Fine, &data)));
    let common = first.iter().filter(|end| second.contains(end)).count();
    assert!(common <= 2, "{common} of {}", first.len());
}

#[test]
fn a_stream_is_cut_like_its_bytes() {
    /// Gives few bytes at a time, and fails at the end if it should.
    struct Slow<'a>(&'a [u8], bool);
    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() && self.1 {
                return Err(io::Error::other("the disk is gone"));
            }
            let count = buffer.len().min(self.0.len()).min(10_007);
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }
    let (key, data) = (key(), random(5_000_000, 7));
    let found: Vec<Vec<u8>> = chunks(Slow(&data, false), &key, SizeClass::Normal).map(Result::unwrap).collect();
    assert_eq!(found.concat(), data);
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), at_once(&key, SizeClass::Normal, &data));
    let failing: Vec<_> = chunks(Slow(&data, true), &key, SizeClass::Normal).collect();
    assert_eq!(failing.iter().filter(|chunk| chunk.is_err()).count(), 1);
    assert!(failing.last().unwrap().is_err());
}
