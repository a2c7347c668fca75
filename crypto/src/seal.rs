//! The one cipher: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) by the `chacha20poly1305` crate.
//!
//! A key never meets two messages under one nonce: nonces are random 192-bit strings, or derived from key and message.

use crate::secret::random_bytes;
use chacha20poly1305::{
    Tag, XChaCha20Poly1305,
    aead::{AeadInOut, KeyInit},
};
use rand_core::CryptoRng;

/// Bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = 24;
/// Bytes of a tag.
pub(crate) const TAG_BYTES: usize = 16;
const VERSION: u8 = 1;

/// The cipher does not accept the message.
pub(crate) struct Rejected;

/// Encrypts `buffer[from..]` in place and appends the tag.
pub(crate) fn seal_in_place(key: &[u8; 32], nonce: &[u8; NONCE_BYTES], aad: &[u8], buffer: &mut Vec<u8>, from: usize) {
    let tag = XChaCha20Poly1305::new(key.into())
        .encrypt_inout_detached(nonce.into(), aad, (&mut buffer[from..]).into())
        .expect("the messages of the format are far below the cipher's limit of 256 GiB");
    buffer.extend_from_slice(&tag);
}

/// Decrypts `buffer`, whose last bytes are the tag, in place; the plaintext is what is left.
pub(crate) fn open_in_place(
    key: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(), Rejected> {
    let split = buffer.len().checked_sub(TAG_BYTES).ok_or(Rejected)?;
    let tag = Tag::try_from(&buffer[split..]).map_err(|_| Rejected)?;
    XChaCha20Poly1305::new(key.into())
        .decrypt_inout_detached(nonce.into(), aad, (&mut buffer[..split]).into(), &tag)
        .map_err(|_| Rejected)?;
    buffer.truncate(split);
    Ok(())
}

/// `0x01 ‖ nonce ‖ ciphertext`, with a random nonce.
pub(crate) fn seal_random(key: &[u8; 32], aad: &[u8], plaintext: &[u8], random: &mut impl CryptoRng) -> Vec<u8> {
    let nonce = random_bytes(random);
    let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + plaintext.len() + TAG_BYTES);
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plaintext);
    seal_in_place(key, &nonce, aad, &mut sealed, 1 + NONCE_BYTES);
    sealed
}

/// Opens [`seal_random`].
pub(crate) fn open_random(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Rejected> {
    let (&version, rest) = sealed.split_first().ok_or(Rejected)?;
    let (nonce, ciphertext) = rest.split_first_chunk().ok_or(Rejected)?;
    if version != VERSION {
        return Err(Rejected);
    }
    let mut plaintext = ciphertext.to_vec();
    open_in_place(key, nonce, aad, &mut plaintext)?;
    Ok(plaintext)
}
