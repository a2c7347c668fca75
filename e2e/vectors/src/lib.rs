//! Runs the format's test vectors inside wasm: the same runner as in native tests, compiled for the browser.

use wasm_bindgen::prelude::wasm_bindgen;

/// Runs the vector `text`. Empty when it holds; otherwise what was expected and what happened.
#[wasm_bindgen]
pub fn run_vector(text: &str) -> String {
    iota_crypto::vectors::run(text).err().unwrap_or_default()
}

/// The chunk object of `plaintext` (1 byte to 1 MiB) with codec 0 under the dedup key `dedup` (32 bytes); empty when an
/// argument has another length.
#[wasm_bindgen]
pub fn seal_stored(dedup: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let within = (1..=iota_core::extent::MAX_CHUNK_BYTES).contains(&plaintext.len());
    match dedup.try_into() {
        Ok(dedup) if within => {
            let dedup = iota_crypto::keys::DedupKey::from_bytes(dedup);
            iota_crypto::chunk::seal_stored(&iota_crypto::chunk::chunk_key(&dedup, plaintext), plaintext).object
        }
        _ => Vec::new(),
    }
}
