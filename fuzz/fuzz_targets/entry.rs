//! Entries without their paths.

#![no_main]

use iota_core::{entry::Entry, path::TreePath};
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 64, |data| Entry::decode_tail(TreePath::parse(b"x")?, data), Entry::encode_tail);
});
