//! Signed decisions about retention.

#![no_main]

use iota_core::retention::SignedDecision;
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 8, SignedDecision::decode, SignedDecision::encode);
});
