//! The parts of a pack: header, records, index, commits. The first byte chooses, and whether checks are made to hold.

#![no_main]

use iota_core::pack::{
    CommitRecord, IndexWriter, PackHeader, RECORD_MAGIC, RecordHead, Salt, Trailer, decode_index, verify_record,
};
use iota_fuzz::{one_encoding, within};
use libfuzzer_sys::fuzz_target;

const SALT: Salt = [5; 32];
const POSITION: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else { return };
    match choice {
        0 => drop(one_encoding(data, 1, PackHeader::decode, PackHeader::encode)),
        1 => drop(one_encoding(data, 1, Trailer::decode, |trailer| trailer.encode())),
        2 => drop(one_encoding(data, 4, CommitRecord::decode, CommitRecord::encode)),
        3 => drop(within(data.len(), || verify_record(data, POSITION, Some(&SALT)))),
        4 => drop(within(data.len(), || verify_record(data, POSITION, None))),
        5 => record(data),
        6 => index(&with_check(data, 32), POSITION),
        _ => index(data, POSITION),
    }
});

/// A record whose payload, id, sum and check hold; kind, domain, padding and length are the fuzzer's.
fn record(data: &[u8]) {
    let Some((head, payload)) = data.split_at_checked(24) else { return };
    let mut bytes = [RECORD_MAGIC, head, blake3::hash(payload).as_bytes()].concat();
    bytes = with_check(&bytes, 8);
    bytes.extend_from_slice(payload);
    let sum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    if let Ok((head, found)) = within(0, || verify_record(&bytes, POSITION, Some(&SALT))) {
        assert_eq!(found, payload);
        assert_eq!(head.encode(POSITION, &SALT), bytes[..RecordHead::BYTES], "a head has two encodings");
    }
}

fn index(data: &[u8], position: u64) {
    let Ok(entries) = within(data.len() * 4, || decode_index(data, position, &SALT)) else { return };
    let mut writer = IndexWriter::default();
    entries.iter().for_each(|entry| writer.push(&entry.head));
    let written = writer.finish(position, &SALT);
    assert_eq!(written[..written.len() - Trailer::BYTES], *data, "an index has two encodings");
}

/// `bytes`, then the check of a pack's part at `POSITION` with `length` bytes.
fn with_check(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new_keyed(&SALT);
    hasher.update(&POSITION.to_le_bytes()).update(bytes);
    [bytes, &hasher.finalize().as_bytes()[..length]].concat()
}
