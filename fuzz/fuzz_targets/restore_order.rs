//! Signed grants, the lists of what they open, and the orders inside their seals.

#![no_main]

use iota_core::restore::{ObjectList, SignedGrant};
use iota_crypto::restore::Wish;
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 8, SignedGrant::decode, SignedGrant::encode);
    one_encoding(data, 8, ObjectList::decode, ObjectList::encode);
    one_encoding(data, 8, Wish::decode, |wish| wish.encode().to_vec());
});
