//! Extent pages.

#![no_main]

use iota_core::extent::{decode_extent_page, encode_extent_page};
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 40, decode_extent_page, |extents| encode_extent_page(extents));
});
