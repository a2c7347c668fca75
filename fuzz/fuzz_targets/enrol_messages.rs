//! Messages of enrolment: what stands inside their seals, and anything in their place.

#![no_main]

use iota_core::{
    api::json::{Bytes, EnrolHello},
    certificate::SignedCertificate,
    id::{AgreementKey, Digest, VerifyingKey},
};
use iota_crypto::{
    enrol::{EnrolCode, encode_facts, encode_keys, parse_facts, parse_keys},
    keys::AgreementSecret,
};
use iota_fuzz::{checked_text, one_encoding, within};
use libfuzzer_sys::fuzz_target;

/// A signed certificate of a first commit: it names no earlier ones.
const FIRST_CERTIFICATE_BYTES: usize = 223;

fuzz_target!(|data: &[u8]| {
    one_encoding(data, 4, parse_facts, encode_facts);
    one_encoding(data, 4, parse_keys, |keys| encode_keys(keys).to_vec());
    let code =
        EnrolCode::parse(&checked_text("IOTA-ENROL-1", &[1; 73])).expect("73 bytes that begin with 1 are a code");
    let hello = EnrolHello {
        signing_key: VerifyingKey([1; 32]),
        agreement_key: AgreementKey([2; 32]),
        sealed: Bytes(data.to_vec()),
        mac: Digest([0; 32]),
    };
    assert!(within(4 * data.len(), || code.open_hello(&hello)).is_err(), "a hello was forged");
    if let Some((certificate, grant)) = data.split_at_checked(FIRST_CERTIFICATE_BYTES)
        && let Ok(certificate) = SignedCertificate::decode(certificate)
    {
        let secret = AgreementSecret::from_bytes([3; 32]);
        assert!(
            within(4 * data.len(), || code.open_grant(&certificate, grant, &secret)).is_err(),
            "a grant was forged"
        );
    }
});
