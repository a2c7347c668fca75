//! Enrolment codes: as text, and with a checksum that holds.

#![no_main]

use iota_crypto::enrol::EnrolCode;
use iota_fuzz::{checked_text, settles};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let check = |text: &str| settles(text, EnrolCode::parse, |code| code.to_text().to_string());
    check(&String::from_utf8_lossy(data));
    let text = checked_text("IOTA-ENROL-1", data);
    if let Some(code) = check(&text) {
        assert_eq!(*code.to_text(), text, "a code has two encodings");
    }
});
