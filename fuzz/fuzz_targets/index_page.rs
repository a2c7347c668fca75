//! Index pages.

#![no_main]

use iota_core::page::{decode_index, encode_index};
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 128, decode_index, |pages| encode_index(pages));
});
