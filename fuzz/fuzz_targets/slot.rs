//! Slots.

#![no_main]

use iota_core::slot::Slot;
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 4, Slot::decode, Slot::encode);
});
