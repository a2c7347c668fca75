//! What stands inside the seal of a body. The bounds are those of the format: 64 MiB of plaintext, and what it parses to.

#![no_main]

use iota_core::commit::Body;
use iota_crypto::body::parse_padded;
use iota_fuzz::within;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(body) = within(1 << 30, || parse_padded(data)) {
        assert_eq!(Body::decode(&body.encode()), Ok(body));
    }
});
