//! `derive(ctx, m)` = BLAKE3 derive_key with a constant, dated context string; ids go into the material, never into
//! the context.
//!
//! Source: BLAKE3 specification, section 2.3 (derive_key mode).

/// The full context string of a name of the format.
macro_rules! context {
    ($name:literal) => {
        concat!("iotabackup 2026-11 v1 ", $name)
    };
}
pub(crate) use context;

/// BLAKE3 derive_key over the parts of the material, joined.
pub(crate) fn derive(context: &'static str, material: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    material.iter().for_each(|part| {
        hasher.update(part);
    });
    *hasher.finalize().as_bytes()
}

/// BLAKE3 keyed hash.
pub(crate) fn keyed(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    *blake3::keyed_hash(key, message).as_bytes()
}
