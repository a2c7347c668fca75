//! Signed commit headers.

#![no_main]

use iota_core::commit::SignedHeader;
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 8, SignedHeader::decode, SignedHeader::encode);
});
