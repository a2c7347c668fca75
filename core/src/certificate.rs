//! Device certificates: the account's word that a machine may write a set from a certain commit on.

use crate::{
    chain::{MAX_SKIP_LINKS, SkipChain},
    id::{AccountId, AgreementKey, BadSignature, DeviceId, HeaderHash, SetId, Signature, VerifyingKey},
    wire::{Reader, Result, WireError, Writer},
};

const TYPE: &[u8] = b"iotabackup/device-cert/v1\0";

/// What the account's identity key signs for a machine. It opens a new key epoch of the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The account.
    pub account: AccountId,
    /// The set that the machine writes.
    pub set: SetId,
    /// The machine.
    pub device: DeviceId,
    /// The epoch that it opens, from 1; one more than the set's last.
    pub key_epoch: u32,
    /// Key that signs its headers and sessions.
    pub signing_key: VerifyingKey,
    /// Key that grants are sealed to.
    pub agreement_key: AgreementKey,
    /// When it was signed, milliseconds since 1970.
    pub issued_ms: u64,
    /// First commit of the epoch.
    pub first_seq: u64,
    /// Hashes on the skip path of the commit before, head first; empty when there is none.
    pub skip_chain: Vec<HeaderHash>,
}

impl Certificate {
    /// Whether nobody may write in its epoch: a certificate without keys ends the epoch before. Both keys are zeros then, and
    /// no signature holds under such a key.
    pub fn is_revocation(&self) -> bool {
        self.signing_key == VerifyingKey::ZERO
    }

    /// The bytes that are signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::typed(TYPE);
        writer.raw(&self.account.0).raw(&self.set.0).raw(&self.device.0).u32(self.key_epoch);
        writer.raw(&self.signing_key.0).raw(&self.agreement_key.0).u64(self.issued_ms).u64(self.first_seq);
        writer.u8(self.skip_chain.len() as u8);
        self.skip_chain.iter().for_each(|hash| {
            writer.raw(&hash.0);
        });
        writer.finish()
    }

    /// Parses [`Certificate::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::typed(bytes, TYPE)?;
        let certificate = Self {
            account: AccountId(reader.array()?),
            set: SetId(reader.array()?),
            device: DeviceId(reader.array()?),
            key_epoch: reader.u32()?,
            signing_key: VerifyingKey(reader.array()?),
            agreement_key: AgreementKey(reader.array()?),
            issued_ms: reader.u64()?,
            first_seq: reader.u64()?,
            skip_chain: {
                let count = reader.u8()? as usize;
                if count > MAX_SKIP_LINKS {
                    return Err(WireError::TooLarge("skip chain"));
                }
                (0..count).map(|_| Ok(HeaderHash(reader.array()?))).collect::<Result<_>>()?
            },
        };
        reader.finish()?;
        let numbered = certificate.key_epoch > 0
            && certificate.issued_ms <= i64::MAX as u64
            && (1..=i64::MAX as u64).contains(&certificate.first_seq);
        let keys = (certificate.signing_key == VerifyingKey::ZERO) == (certificate.agreement_key == AgreementKey::ZERO);
        if !numbered || !keys || certificate.head().is_none() {
            return Err(WireError::Invalid("certificate"));
        }
        Ok(certificate)
    }

    /// The chain that the machine continues; `None` when the hashes do not fit `first_seq`.
    pub fn head(&self) -> Option<SkipChain> {
        SkipChain::from_hashes(self.first_seq.checked_sub(1)?, &self.skip_chain)
    }
}

/// A certificate with the account's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCertificate {
    /// What is signed.
    pub certificate: Certificate,
    /// Signature of [`Certificate::encode`] by the account's identity key.
    pub signature: Signature,
}

impl SignedCertificate {
    /// Signature, then certificate.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.signature.0.to_vec();
        bytes.extend_from_slice(&self.certificate.encode());
        bytes
    }

    /// Parses [`SignedCertificate::encode`]; does not check the signature.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (signature, certificate) = bytes.split_first_chunk().ok_or(WireError::Truncated)?;
        Ok(Self { certificate: Certificate::decode(certificate)?, signature: Signature(*signature) })
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, identity: &VerifyingKey) -> ::core::result::Result<(), BadSignature> {
        identity.verify(&self.certificate.encode(), &self.signature)
    }
}
