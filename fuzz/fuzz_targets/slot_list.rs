//! Signed slot lists.

#![no_main]

use iota_core::slot::SignedSlotList;
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 8, SignedSlotList::decode, SignedSlotList::encode);
});
