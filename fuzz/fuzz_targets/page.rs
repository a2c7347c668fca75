//! Pages of entries: a path of 4 KiB may stand for three bytes.

#![no_main]

use iota_core::page::{decode_page, encode_page};
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 640, decode_page, |entries| encode_page(entries));
});
