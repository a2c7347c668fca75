//! Enrolment of a machine, with nothing but a one-time code between both sides. The server relays and can neither read
//! nor substitute.
//!
//! ```text
//! code   = version u8 ‖ enrol id 8 ‖ secret 32 ‖ server key pin 32 (zeros: ordinary certificate checks)
//! hello  = XChaCha20Poly1305(derive("… enrol hello", secret), random nonce, name ‖ system ‖ bytes, aad = enrol id ‖ keys)
//! mac    = keyed(derive("… enrol confirm", secret), enrol id ‖ ed25519 public ‖ x25519 public ‖ H(hello))
//! grant  = HPKE (RFC 9180) mode_psk, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305,
//!          psk = derive("… enrol psk", secret), psk_id = enrol id, info = "iotabackup/enrol-grant/v1\0",
//!          aad = signed certificate, plaintext = keys for the machine;  sent as enc 32 ‖ ciphertext
//! ```
//! A secret must never serve two enrolments.

use crate::{
    chunker::Profile,
    derive::{context, derive, keyed},
    error::{CryptoError, Result},
    hybrid,
    keys::{AgreementSecret, ChunkerSecret, DedupKey, LiveKey},
    ratchet::LogKey,
    seal::{open_random, seal_random},
    secret::{random_bytes, secrets},
    text,
};
use iota_core::{
    api::json::{Bytes, EnrolHello},
    certificate::SignedCertificate,
    id::{AccountId, AgreementKey, Digest, EnrolId, ServerId, VerifyingKey},
    wire::{Reader, WireError, Writer},
};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const CODE_PREFIX: &str = "IOTA-ENROL-1";
const CODE_VERSION: u8 = 1;
const HELLO_TYPE: &[u8] = b"iotabackup/enrol-hello/v1\0";
const KEYS_TYPE: &[u8] = b"iotabackup/enrol-keys/v1\0";
const INFO: &[u8] = b"iotabackup/enrol-grant/v1\0";
const MAX_TEXT_BYTES: usize = 256;

secrets! {
    /// The secret of a code.
    EnrolSecret;
}

/// A one-time code.
pub struct EnrolCode {
    /// Names the relay on the server.
    pub enrol_id: EnrolId,
    secret: EnrolSecret,
    /// SHA-256 of the server's public key, when it has a certificate of its own making.
    pub server_pin: Option<[u8; 32]>,
}

/// What a machine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineFacts {
    /// The name that it asks for.
    pub name: String,
    /// Operating system and version.
    pub system: String,
    /// Size of its disks, bytes.
    pub disk_bytes: u64,
}

/// The keys that a machine works with.
pub struct MachineKeys {
    /// The account.
    pub account: AccountId,
    /// Its identity key, pinned from here on.
    pub identity: VerifyingKey,
    /// The server that it belongs to.
    pub server_id: ServerId,
    /// Dedup epoch of the next two keys.
    pub dedup_epoch: u32,
    /// Key of chunk keys.
    pub dedup: DedupKey,
    /// Key of all cuts.
    pub chunker: ChunkerSecret,
    /// Which chunker cuts.
    pub chunker_profile: u8,
    /// LK_0 of the key epoch.
    pub log_root: LogKey,
    /// Sealed channel with the browser.
    pub live: LiveKey,
}

impl EnrolCode {
    /// A new code.
    pub fn generate(server_pin: Option<[u8; 32]>, random: &mut impl CryptoRng) -> Self {
        Self { enrol_id: EnrolId(random_bytes(random)), secret: EnrolSecret(random_bytes(random)), server_pin }
    }

    /// The code as text: `IOTA-ENROL-1-…`.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut writer = Writer::new();
        writer.u8(CODE_VERSION).raw(&self.enrol_id.0).raw(&self.secret.0).raw(&self.server_pin.unwrap_or_default());
        Zeroizing::new(text::encode(CODE_PREFIX, &Zeroizing::new(writer.finish())))
    }

    /// Parses [`EnrolCode::to_text`].
    ///
    /// # Errors
    /// [`CryptoError::Text`] when it is mistyped.
    pub fn parse(code: &str) -> Result<Self> {
        let bytes = text::decode(CODE_PREFIX, "the enrolment code", code)?;
        let mut reader = Reader::new(&bytes);
        if reader.u8()? != CODE_VERSION {
            return Err(WireError::UnknownType.into());
        }
        let (enrol_id, secret) = (EnrolId(reader.array()?), EnrolSecret(reader.array()?));
        let pin: [u8; 32] = reader.array()?;
        reader.finish()?;
        Ok(Self { enrol_id, secret, server_pin: (pin != [0; 32]).then_some(pin) })
    }

    fn hello_aad(&self, signing_key: &VerifyingKey, agreement_key: &AgreementKey) -> Vec<u8> {
        [&self.enrol_id.0[..], &signing_key.0, &agreement_key.0].concat()
    }

    fn mac(&self, signing_key: &VerifyingKey, agreement_key: &AgreementKey, sealed: &[u8]) -> Digest {
        let key = Zeroizing::new(derive(context!("enrol confirm"), &[&self.secret.0]));
        let message = [&self.hello_aad(signing_key, agreement_key), &Digest::of(sealed).0[..]].concat();
        Digest(keyed(&key, &message))
    }

    /// The machine's first message. Longer names than the format allows are cut.
    pub fn hello(
        &self,
        signing_key: VerifyingKey,
        agreement_key: AgreementKey,
        facts: &MachineFacts,
        random: &mut impl CryptoRng,
    ) -> EnrolHello {
        let key = Zeroizing::new(derive(context!("enrol hello"), &[&self.secret.0]));
        let sealed = seal_random(&key, &self.hello_aad(&signing_key, &agreement_key), &encode_facts(facts), random);
        let mac = self.mac(&signing_key, &agreement_key, &sealed);
        EnrolHello { signing_key, agreement_key, sealed: Bytes(sealed), mac }
    }

    /// Checks a machine's first message and opens what it says of itself.
    ///
    /// # Errors
    /// [`CryptoError::Enrolment`] when it was not made with this code.
    pub fn open_hello(&self, hello: &EnrolHello) -> Result<MachineFacts> {
        let mac = self.mac(&hello.signing_key, &hello.agreement_key, &hello.sealed.0);
        if !bool::from(mac.0.ct_eq(&hello.mac.0)) {
            return Err(CryptoError::Enrolment);
        }
        let key = Zeroizing::new(derive(context!("enrol hello"), &[&self.secret.0]));
        let plaintext = open_random(&key, &self.hello_aad(&hello.signing_key, &hello.agreement_key), &hello.sealed.0)
            .map_err(|_| CryptoError::Enrolment)?;
        parse_facts(&plaintext)
    }

    fn psk(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(derive(context!("enrol psk"), &[&self.secret.0]))
    }

    /// Seals the machine's keys, bound to its certificate.
    ///
    /// # Errors
    /// [`CryptoError::Enrolment`] when the machine's key is malformed.
    pub fn seal_grant(
        &self,
        certificate: &SignedCertificate,
        keys: &MachineKeys,
        random: &mut impl CryptoRng,
    ) -> Result<Vec<u8>> {
        let psk = self.psk();
        let psk = hybrid::Preshared { key: &psk, id: &self.enrol_id.0 };
        let recipient = &certificate.certificate.agreement_key;
        hybrid::seal(recipient, psk, INFO, &encode_keys(keys), &certificate.encode(), random)
            .ok_or(CryptoError::Enrolment)
    }

    /// Opens the machine's keys and checks that the certificate is theirs.
    ///
    /// # Errors
    /// [`CryptoError::Enrolment`] when the grant was not made with this code for this machine and certificate.
    pub fn open_grant(
        &self,
        certificate: &SignedCertificate,
        sealed: &[u8],
        secret: &AgreementSecret,
    ) -> Result<MachineKeys> {
        let psk = self.psk();
        let psk = hybrid::Preshared { key: &psk, id: &self.enrol_id.0 };
        let plaintext = hybrid::open(secret, psk, INFO, sealed, &certificate.encode()).ok_or(CryptoError::Enrolment)?;
        let keys = parse_keys(&plaintext)?;
        certificate.verify(&keys.identity).map_err(|_| CryptoError::Enrolment)?;
        let ours =
            certificate.certificate.account == keys.account && certificate.certificate.agreement_key == secret.public();
        if ours { Ok(keys) } else { Err(CryptoError::Enrolment) }
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

/// What stands inside the seal of a hello. Longer names than the format allows are cut.
pub fn encode_facts(facts: &MachineFacts) -> Vec<u8> {
    let mut writer = Writer::typed(HELLO_TYPE);
    writer.bytes(cut(&facts.name).as_bytes()).bytes(cut(&facts.system).as_bytes()).u64(facts.disk_bytes);
    writer.finish()
}

/// Parses [`encode_facts`].
///
/// # Errors
/// [`CryptoError::Wire`].
pub fn parse_facts(plaintext: &[u8]) -> Result<MachineFacts> {
    let mut reader = Reader::typed(plaintext, HELLO_TYPE)?;
    let mut text = || -> Result<String> {
        let bytes = reader.bytes(MAX_TEXT_BYTES, "machine name")?;
        String::from_utf8(bytes.to_vec()).map_err(|_| WireError::Invalid("machine name").into())
    };
    let (name, system) = (text()?, text()?);
    let facts = MachineFacts { name, system, disk_bytes: reader.u64()? };
    reader.finish()?;
    Ok(facts)
}

/// What stands inside the seal of a grant.
pub fn encode_keys(keys: &MachineKeys) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::typed(KEYS_TYPE);
    writer.raw(&keys.account.0).raw(&keys.identity.0).raw(&keys.server_id.0).u32(keys.dedup_epoch);
    writer.raw(&keys.dedup.0).raw(&keys.chunker.0).u8(keys.chunker_profile);
    writer.raw(keys.log_root.expose()).raw(&keys.live.0);
    Zeroizing::new(writer.finish())
}

/// Parses [`encode_keys`].
///
/// # Errors
/// [`CryptoError::Wire`].
pub fn parse_keys(plaintext: &[u8]) -> Result<MachineKeys> {
    let mut reader = Reader::typed(plaintext, KEYS_TYPE)?;
    let keys = MachineKeys {
        account: AccountId(reader.array()?),
        identity: VerifyingKey(reader.array()?),
        server_id: ServerId(reader.array()?),
        dedup_epoch: reader.u32()?,
        dedup: DedupKey(reader.array()?),
        chunker: ChunkerSecret(reader.array()?),
        chunker_profile: reader.u8()?,
        log_root: LogKey::from_bytes(reader.array()?),
        live: LiveKey(reader.array()?),
    };
    reader.finish()?;
    Profile::parse(keys.chunker_profile)?;
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::{FIRST_EPOCH, MasterKey, SigningKey},
        secret::system_random,
    };
    use iota_core::{
        certificate::Certificate,
        id::{DeviceId, SetId},
    };

    #[test]
    fn a_machine_joins_and_nobody_can_stand_between() {
        let mut random = system_random();
        let account = AccountId([1; 16]);
        let master = MasterKey::generate(&mut random);
        let identity = master.identity(account);
        let code = EnrolCode::generate(Some([9; 32]), &mut random);
        let theirs = EnrolCode::parse(&code.to_text().to_lowercase()).unwrap();
        assert_eq!((theirs.enrol_id, theirs.server_pin), (code.enrol_id, Some([9; 32])));

        let (signing, agreement) = (SigningKey::generate(&mut random), AgreementSecret::generate(&mut random));
        let facts = MachineFacts { name: "attic".into(), system: "Debian 12".into(), disk_bytes: 8 };
        let hello = theirs.hello(signing.verifying_key(), agreement.public(), &facts, &mut random);
        assert_eq!(code.open_hello(&hello).unwrap(), facts);
        let mut swapped = hello.clone();
        swapped.agreement_key = AgreementSecret::generate(&mut random).public();
        assert_eq!(code.open_hello(&swapped), Err(CryptoError::Enrolment));

        let set = SetId([2; 16]);
        let certificate = Certificate {
            account,
            set,
            device: DeviceId([3; 16]),
            key_epoch: 1,
            signing_key: hello.signing_key,
            agreement_key: hello.agreement_key,
            issued_ms: 5,
            first_seq: 1,
            skip_chain: vec![],
        };
        let signature = identity.sign(&certificate.encode());
        let certificate = SignedCertificate { certificate, signature };
        let keys = MachineKeys {
            account,
            identity: identity.verifying_key(),
            server_id: ServerId([4; 16]),
            dedup_epoch: FIRST_EPOCH,
            dedup: master.dedup_key(account, FIRST_EPOCH),
            chunker: master.chunker_secret(account, FIRST_EPOCH),
            chunker_profile: 1,
            log_root: master.log_root(account, set, 1),
            live: master.live_key(account, set, 1),
        };
        let sealed = code.seal_grant(&certificate, &keys, &mut random).unwrap();
        let opened = theirs.open_grant(&certificate, &sealed, &agreement).unwrap();
        assert_eq!(opened.dedup.expose(), keys.dedup.expose());
        assert_eq!(opened.log_root.expose(), keys.log_root.expose());

        let other = EnrolCode::generate(None, &mut random);
        assert!(other.open_grant(&certificate, &sealed, &agreement).is_err());
        let mut forged = certificate.clone();
        forged.certificate.first_seq = 2;
        assert!(theirs.open_grant(&forged, &sealed, &agreement).is_err());
        for position in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[position] ^= 1;
            assert!(theirs.open_grant(&certificate, &flipped, &agreement).is_err(), "byte {position}");
        }
    }
}
