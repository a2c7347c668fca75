//! Chunks: what stands inside the seal, and any object under a fixed key.

#![no_main]

use iota_core::{
    extent::{ChunkKey, ChunkRef, MAX_CHUNK_BYTES},
    id::Cid,
};
use iota_crypto::{
    chunk::{ChunkOpener, chunk_key, parse_payload, seal_stored},
    keys::DedupKey,
};
use iota_fuzz::within;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let bytes = 2 * MAX_CHUNK_BYTES + 4 * data.len();
    if let Ok(plaintext) = within(bytes, || parse_payload(data)) {
        assert!((1..=MAX_CHUNK_BYTES).contains(&plaintext.len()));
    }
    let mut out = Vec::new();
    let chunk = ChunkRef::private(Cid::of(data), ChunkKey([7; 32]));
    assert!(within(bytes, || ChunkOpener::default().open(&chunk, data, &mut out)).is_err(), "a seal was forged");
    if (1..=MAX_CHUNK_BYTES).contains(&data.len()) {
        let dedup = DedupKey::from_bytes([7; 32]);
        let ckey = chunk_key(&dedup, data);
        let sealed = seal_stored(&ckey, data);
        let chunk = ChunkRef::private(sealed.cid, ckey);
        ChunkOpener::default().open_checked(&dedup, &chunk, &sealed.object, &mut out).expect("what was sealed opens");
        assert_eq!(out, data);
    }
});
