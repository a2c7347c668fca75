//! Bodies of commits: operations, or the top of a base.

#![no_main]

use iota_core::commit::Body;
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 1200, Body::decode, Body::encode);
});
