//! Files that are small enough to be looked at: text, and the kinds of pictures that browsers decode without running anything.

#[cfg(feature = "hydrate")]
mod browser;

use iota_core::vault::{Problem, is_picture_name};

use crate::downloads::WantedFile;
use crate::vault::Vault;

#[cfg(feature = "hydrate")]
pub use browser::Picture;

/// A picture, of which there are none on the server.
#[cfg(not(feature = "hydrate"))]
#[derive(Clone)]
pub struct Picture;

#[cfg(not(feature = "hydrate"))]
impl Picture {
    /// Frees its pixels.
    pub fn close(&self) {}
}

/// Longest text that is shown, bytes.
const MAX_TEXT_BYTES: u64 = 1 << 20;
/// Longest picture that is shown, bytes.
const MAX_PICTURE_BYTES: u64 = 16 << 20;

/// What a file looks like.
#[derive(Clone)]
pub enum Look {
    /// Text.
    Text(String),
    /// A picture, decoded.
    Picture(Picture),
    /// Something else.
    Other,
}

/// Whether a file is worth a look: a picture by its name, or short.
pub fn is_wanted(name: &str, bytes: u64) -> bool {
    bytes > 0 && bytes <= if is_picture_name(name.as_bytes()) { MAX_PICTURE_BYTES } else { MAX_TEXT_BYTES }
}

/// Whether bytes begin like PNG, JPEG, GIF, WebP or AVIF. What a file is called does not count.
#[cfg(any(feature = "hydrate", test))]
fn is_picture(bytes: &[u8]) -> bool {
    let at = |place: usize, magic: &[u8]| bytes.get(place..place + magic.len()) == Some(magic);
    at(0, b"\x89PNG\r\n\x1a\n")
        || at(0, b"\xff\xd8\xff")
        || at(0, b"GIF87a")
        || at(0, b"GIF89a")
        || at(0, b"RIFF") && at(8, b"WEBP")
        || at(4, b"ftypavif")
        || at(4, b"ftypavis")
}

/// The text that bytes are, if they are: UTF-8 without NUL.
#[cfg(any(feature = "hydrate", test))]
fn text(bytes: Vec<u8>) -> Option<String> {
    if bytes.len() as u64 > MAX_TEXT_BYTES || bytes.contains(&0) {
        return None;
    }
    String::from_utf8(bytes).ok()
}

/// Takes a file out, verified, and looks at it.
///
/// # Errors
/// When it cannot be opened.
#[cfg(feature = "hydrate")]
pub async fn look(vault: Vault, file: &WantedFile) -> Result<Look, Problem> {
    browser::look(vault, file).await
}

/// Nothing is looked at on the server.
///
/// # Errors
/// None.
#[cfg(not(feature = "hydrate"))]
pub async fn look(_vault: Vault, _file: &WantedFile) -> Result<Look, Problem> {
    Ok(Look::Other)
}

/// Takes a picture out, verified, and decodes it as small as it stands in a list; none when it is no picture, or cannot be had.
#[cfg(feature = "hydrate")]
pub async fn look_small(vault: Vault, file: &WantedFile) -> Option<Picture> {
    browser::look_small(vault, file).await
}

/// Nothing is looked at on the server.
#[cfg(not(feature = "hydrate"))]
pub async fn look_small(_vault: Vault, _file: &WantedFile) -> Option<Picture> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_browsers_decode_safely_is_a_picture() {
        assert!(is_picture(b"\x89PNG\r\n\x1a\n\0\0") && is_picture(b"\xff\xd8\xff\xe0") && is_picture(b"GIF89a;"));
        assert!(is_picture(b"RIFF\0\0\0\0WEBPVP8 ") && is_picture(b"\0\0\0\x1cftypavif"));
        for other in [
            &b"<svg xmlns=\"http://www.w3.org/2000/svg\">"[..],
            b"<html>",
            b"%PDF-1.7",
            b"RIFF\0\0\0\0WAVE",
            b"",
            b"GIF",
        ] {
            assert!(!is_picture(other));
        }
        assert_eq!(text(b"caf\xc3\xa9\n".to_vec()).as_deref(), Some("café\n"));
        assert!(text(b"a\0b".to_vec()).is_none() && text(b"\xff\xfe".to_vec()).is_none());
        assert!(
            is_wanted("notes", 10)
                && is_wanted("A.JPG", 5 << 20)
                && !is_wanted("film.mkv", 5 << 20)
                && !is_wanted("none", 0)
        );
    }
}
