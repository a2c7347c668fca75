//! The messages of the public API, version 1. The pages and the agent use no other.
//!
//! Small messages are JSON ([`json`], [`alerts`], [`retention`]); what is bulk or signed is bytes ([`frames`]). Every error answer is
//! [`json::ErrorBody`].

pub mod alerts;
pub mod frames;
pub mod json;
pub mod retention;

use unicode_normalization::UnicodeNormalization;

/// Where the API lives on a server.
pub const PREFIX: &str = "/api/v1";
/// Most ids in one question "which are missing".
pub const MAX_HAVE_IDS: usize = 4096;
/// Most objects in one upload.
pub const MAX_UPLOAD_OBJECTS: usize = 32;
/// Longest upload, bytes.
pub const MAX_UPLOAD_BYTES: usize = 40 << 20;
/// Longest chunk object: version, nonce, padded payload of the longest plaintext, tag.
pub const MAX_OBJECT_BYTES: usize = (1 << 20) + (64 << 10) + 64;
/// Longest part of a staged reference list, bytes.
pub const MAX_REFERENCES_PART_BYTES: usize = 16 << 20;
/// Most objects asked for in one read.
pub const MAX_READ_OBJECTS: usize = 256;

/// A login as it is compared and hashed: NFKC, lower case, NFKC, without blanks around it. Applying it twice changes
/// nothing.
pub fn normalise_login(login: &str) -> String {
    let lower = login.nfkc().collect::<String>().to_lowercase();
    lower.nfkc().collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_normalised_once_and_for_all() {
        assert_eq!(normalise_login(" Ada@Example.ORG "), "ada@example.org");
        for c in '\0'..=char::MAX {
            let once = normalise_login(&format!("{c}a{c}"));
            assert_eq!(normalise_login(&once), once, "{c:?}");
        }
    }
}
