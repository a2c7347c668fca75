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

/// Most pixels that are decoded: four bytes each. A small file can claim any number.
#[cfg(any(feature = "hydrate", test))]
const MAX_PIXELS: u64 = 64_000_000;

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

/// Width and height of a picture, as its first bytes say; none where they do not, as in AVIF.
#[cfg(any(feature = "hydrate", test))]
fn size(bytes: &[u8]) -> Option<(u64, u64)> {
    let size = imagesize::blob_size(bytes).ok()?;
    Some((size.width as u64, size.height as u64))
}

#[cfg(any(feature = "hydrate", test))]
fn is_too_large((width, height): (u64, u64)) -> bool {
    width.saturating_mul(height) > MAX_PIXELS
}

/// Whether it can stand small in a list: not when one side would have to be much longer than the other.
#[cfg(any(feature = "hydrate", test))]
fn fits_in_list((width, height): (u64, u64)) -> bool {
    !is_too_large((width, height)) && width <= 16 * height && height <= 16 * width
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
    }

    /// The header of a PNG.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let start = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        [start, width.to_be_bytes().into(), height.to_be_bytes().into(), b"\x08\x02\0\0\0".to_vec()].concat()
    }

    #[test]
    fn pictures_that_claim_too_much_are_known_before_they_are_decoded() {
        let of = |bytes: &[u8]| size(bytes).map(is_too_large);
        assert_eq!(size(&png(640, 480)), Some((640, 480)));
        assert_eq!((of(&png(8_000, 8_000)), of(&png(8_000, 8_001))), (Some(false), Some(true)));
        assert_eq!((of(&png(1, 60_000_000)), of(&png(u32::MAX, u32::MAX))), (Some(false), Some(true)));
        let small = |width, height| size(&png(width, height)).is_some_and(fits_in_list);
        assert!(small(1600, 100) && small(100, 1600) && !small(1, 10_000) && !small(10_000, 1) && !small(9000, 9000));
        assert_eq!(size(b"GIF89a\x10\0\x20\0\0\0\0"), Some((16, 32)));
        let jpeg =
            b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x0b\x08\0\x20\0\x10\x01\x01\x11\0";
        assert_eq!(size(jpeg), Some((16, 32)));
        let webp = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\x0f\xc0\x07\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(size(webp), Some((16, 32)));
        assert_eq!(size(b"\0\0\0\x1cftypavif\0\0\0\0"), None);
        // Whatever stands there, it is an answer: each cut, and each byte changed to each value.
        for whole in [&png(640, 480)[..], b"GIF89a\x10\0\x20\0\0\0\0", jpeg, webp] {
            for end in 0..whole.len() {
                size(&whole[..end]);
                for byte in 0..=u8::MAX {
                    let mut other = whole.to_vec();
                    other[end] = byte;
                    size(&other);
                }
            }
        }
    }

    #[test]
    fn text_is_what_reads_as_one() {
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
