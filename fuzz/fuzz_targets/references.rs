//! Reference lists.

#![no_main]

use iota_core::refs::{decode_references, encode_references};
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 4, |data| decode_references(data, 4096), |references| encode_references(references));
});
