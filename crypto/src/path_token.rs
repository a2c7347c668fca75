//! Paths sealed for addresses: a browser's history and a person's bookmarks say nothing of names.
//!
//! ```text
//! K      = derive("… path token", AMK ‖ account16)
//! nonce  = keyed(derive("… path token nonce", K), path)[..24]
//! token  = base64url(nonce ‖ XChaCha20Poly1305(K, nonce, path, aad = "iotabackup/path-token/v1"))
//! ```
//! Equal paths have equal tokens, so that an address is the same each time. A token never leaves the browser.

use crate::{
    derive::{context, derive, keyed},
    keys::PathKey,
    seal::{NONCE_BYTES, open_in_place, seal_in_place},
};
use data_encoding::BASE64URL_NOPAD;
use iota_core::path::{MAX_PATH_BYTES, TreePath};

const AAD: &[u8] = b"iotabackup/path-token/v1";

/// Seals a path.
pub fn seal(key: &PathKey, path: &TreePath) -> String {
    let nonce_key = derive(context!("path token nonce"), &[&key.0]);
    let hash = keyed(&nonce_key, path.as_bytes());
    let nonce: &[u8; NONCE_BYTES] = hash.first_chunk().expect("a hash has 32 bytes");
    let mut sealed = [&nonce[..], path.as_bytes()].concat();
    seal_in_place(&key.0, nonce, AAD, &mut sealed, NONCE_BYTES);
    BASE64URL_NOPAD.encode(&sealed)
}

/// Opens [`seal`]; `None` for what this account did not seal.
pub fn open(key: &PathKey, token: &str) -> Option<TreePath> {
    if token.len() > 2 * MAX_PATH_BYTES {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
    let (nonce, sealed) = bytes.split_first_chunk()?;
    let mut path = sealed.to_vec();
    open_in_place(&key.0, nonce, AAD, &mut path).ok()?;
    TreePath::parse(&path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_nothing_and_opens_for_its_account_only() {
        let (key, other) = (PathKey::from_bytes([7; 32]), PathKey::from_bytes([8; 32]));
        let path = TreePath::parse("home/ada/Notes ü.txt".as_bytes()).unwrap();
        let token = seal(&key, &path);
        assert_eq!(seal(&key, &path), token);
        assert_eq!(open(&key, &token), Some(path));
        assert_eq!(open(&other, &token), None);
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(open(&key, &String::from_utf8(altered).unwrap()), None, "{at}");
        }
        for bad in ["", "A", "!", &"A".repeat(9000)] {
            assert_eq!(open(&key, bad), None);
        }
    }
}
