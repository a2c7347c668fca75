//! Stretches of a log on their way to a reader.

#![no_main]

use iota_core::api::frames::Segment;
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 8, Segment::decode, Segment::encode);
});
