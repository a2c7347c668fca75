//! Sealing to a machine's key, with a secret that both sides share besides: HPKE (RFC 9180) mode_psk, one shot,
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; sent as enc 32 ‖ ciphertext.

use crate::keys::AgreementSecret;
use hpke::{
    Deserializable, OpModeR, OpModeS, PskBundle, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::X25519HkdfSha256,
};
use iota_core::id::AgreementKey;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// What both sides share.
#[derive(Clone, Copy)]
pub struct Preshared<'a> {
    /// The secret.
    pub key: &'a [u8; 32],
    /// Which it is.
    pub id: &'a [u8],
}

/// Seals; nothing when the recipient's key is malformed.
pub fn seal(
    recipient: &AgreementKey,
    psk: Preshared<'_>,
    info: &[u8],
    plaintext: &[u8],
    aad: &[u8],
    random: &mut impl CryptoRng,
) -> Option<Vec<u8>> {
    let mode = OpModeS::Psk(PskBundle::new(&psk.key[..], psk.id).ok()?);
    let recipient = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&recipient.0).ok()?;
    let (encapsulated, ciphertext) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &mode, &recipient, info, plaintext, aad, random,
    )
    .ok()?;
    Some([&encapsulated.to_bytes()[..], &ciphertext].concat())
}

/// Opens what was sealed to `secret`, with the same shared secret, `info` and `aad`.
pub fn open(
    secret: &AgreementSecret,
    psk: Preshared<'_>,
    info: &[u8],
    sealed: &[u8],
    aad: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mode = OpModeR::Psk(PskBundle::new(&psk.key[..], psk.id).ok()?);
    let (encapsulated, ciphertext) = sealed.split_at_checked(32)?;
    let encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
    let recipient = <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(&secret.expose()).ok()?;
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &mode,
        &recipient,
        &encapsulated,
        info,
        ciphertext,
        aad,
    )
    .ok()
    .map(Zeroizing::new)
}
