//! How fast files are cut: bytes of input per second on one core, skipped minimum included. `cargo bench -p iota-crypto`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iota_crypto::{
    chunker::{Chunker, ChunkerKey, SizeClass},
    keys::ChunkerSecret,
};
use std::hint::black_box;

/// Bytes of the input: more than the caches of most machines next to a core.
const INPUT_BYTES: usize = 64 << 20;

fn chunks(key: &ChunkerKey, class: SizeClass, data: &[u8]) -> usize {
    let mut chunker = Chunker::new(key, class);
    let (mut start, mut count) = (0, 0);
    while let Some(length) = chunker.next_cut(&data[start..], true) {
        start += length;
        count += 1;
    }
    count
}

fn cut_rule(criterion: &mut Criterion) {
    let key = ChunkerKey::new(&ChunkerSecret::from_bytes([0x22; 32]));
    let mut random = vec![0; INPUT_BYTES];
    blake3::Hasher::new().finalize_xof().fill(&mut random);
    let mut group = criterion.benchmark_group("chunker");
    group.throughput(Throughput::BytesDecimal(INPUT_BYTES as u64)).sample_size(10);
    for (name, class, data) in [
        ("normal, random", SizeClass::Normal, &random),
        ("fine, random", SizeClass::Fine, &random),
        ("normal, zeros", SizeClass::Normal, &vec![0; INPUT_BYTES]),
    ] {
        group.bench_function(name, |bencher| bencher.iter(|| black_box(chunks(&key, class, data))));
    }
    group.finish();
}

criterion_group!(benches, cut_rule);
criterion_main!(benches);
