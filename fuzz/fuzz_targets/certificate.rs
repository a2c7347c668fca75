//! Signed device certificates.

#![no_main]

use iota_core::certificate::SignedCertificate;
use iota_fuzz::one_encoding;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 8, SignedCertificate::decode, SignedCertificate::encode);
});
