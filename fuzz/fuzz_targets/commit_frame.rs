//! Commits on their way to the server.

#![no_main]

use iota_core::api::frames::CommitFrame;
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 8, CommitFrame::decode, CommitFrame::encode);
});
