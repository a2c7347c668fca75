//! Names and notes, sealed for the account: `0x01 ‖ nonce24 ‖ XChaCha20Poly1305(K_label, nonce, text, aad)`, with
//! `aad = "iotabackup/label/v1\0" ‖ set16`, so that a name cannot be moved to another machine.

use crate::{
    error::{CryptoError, Result},
    keys::LabelKey,
    seal::{open_random, seal_random},
};
use iota_core::id::SetId;
use rand_core::CryptoRng;

/// Longest name, bytes.
pub const MAX_LABEL_BYTES: usize = 256;

fn aad(set: SetId) -> Vec<u8> {
    [b"iotabackup/label/v1\0", &set.0[..]].concat()
}

/// Seals the name of a set's machine, cut at [`MAX_LABEL_BYTES`]; padded with spaces to 64 characters, so that its length
/// says little.
pub fn seal(key: &LabelKey, set: SetId, name: &str, random: &mut impl CryptoRng) -> Vec<u8> {
    let name = &name[..name.floor_char_boundary(MAX_LABEL_BYTES)];
    seal_random(&key.0, &aad(set), format!("{name:<64}").as_bytes(), random)
}

/// Opens the name of a set's machine.
///
/// # Errors
/// [`CryptoError::Label`].
pub fn open(key: &LabelKey, set: SetId, sealed: &[u8]) -> Result<String> {
    let bytes = open_random(&key.0, &aad(set), sealed).map_err(|_| CryptoError::Label)?;
    if bytes.len() > MAX_LABEL_BYTES {
        return Err(CryptoError::Label);
    }
    let text = String::from_utf8(bytes).map_err(|_| CryptoError::Label)?;
    Ok(text.trim_end().to_owned())
}
