//! Paths, and the keys that sort them.

#![no_main]

use iota_core::path::{Key, TreePath};
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(path) = one_encoding(data, 8, TreePath::parse, |path| path.as_bytes().to_vec()) {
        assert_eq!(Key::parse(path.key().as_bytes()), Ok(path));
    }
    one_encoding(data, 8, Key::parse, |path| path.key().as_bytes().to_vec());
});
