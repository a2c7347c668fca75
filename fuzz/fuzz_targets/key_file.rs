//! Key files: as found, and with checksums that hold.

#![no_main]

use iota_crypto::kit::KeyFile;
use iota_fuzz::{checked_text, settles};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    settles(&String::from_utf8_lossy(data), KeyFile::parse, KeyFile::to_text);
    let (secret, slot) = data.split_at(data.len().min(32));
    let lines = format!("{}\n{}\n", checked_text("IOTA-KEY-1", secret), checked_text("IOTA-SLOT-1", slot));
    if let Some(file) = settles(&lines, KeyFile::parse, KeyFile::to_text) {
        assert_eq!(file.to_text(), lines, "a key file has two encodings");
    }
});
