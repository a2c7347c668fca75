//! Extent pages of the second level.

#![no_main]

use iota_core::extent::{decode_extent_index, encode_extent_index};
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 8, decode_extent_index, |pages| encode_extent_index(pages));
});
