//! Secrets as text that a person keeps or types: base32 with a checksum, grouped.

use crate::error::{CryptoError, Result};
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

const CHECK_BYTES: usize = 4;

fn checksum(kind: &'static str, bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key(crate::derive::context!("text checksum"));
    hasher.update(kind.as_bytes()).update(bytes);
    *hasher.finalize().as_bytes().first_chunk().expect("a digest has four bytes")
}

/// `PREFIX-` and the base32 form of `bytes ‖ checksum`.
pub(crate) fn encode(prefix: &'static str, bytes: &[u8]) -> String {
    let joined = Zeroizing::new([bytes, &checksum(prefix, bytes)].concat());
    format!("{prefix}-{}", BASE32_NOPAD.encode(&joined))
}

/// Parses [`encode`]; blanks and hyphens inside and small letters do not matter.
pub(crate) fn decode(prefix: &'static str, what: &'static str, text: &str) -> Result<Zeroizing<Vec<u8>>> {
    let error = |hint| CryptoError::Text { what, hint };
    let compact = |text: &str| -> String {
        text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect()
    };
    if text.len() > 4096 {
        return Err(error("it is too long"));
    }
    let text = Zeroizing::new(compact(text));
    let digits =
        text.strip_prefix(compact(prefix).as_str()).ok_or(error("it begins with other letters than expected"))?;
    let mut bytes = Zeroizing::new(
        BASE32_NOPAD
            .decode(digits.as_bytes())
            .map_err(|_| error("it has the letters A to Z and digits 2 to 7 only"))?,
    );
    let split = bytes.len().checked_sub(CHECK_BYTES).ok_or(error("it is too short"))?;
    let check = bytes.split_off(split);
    if check == checksum(prefix, &bytes) { Ok(bytes) } else { Err(error("a letter is wrong or missing")) }
}
