//! Restores that the owner orders and a machine carries out: the signed grant, by which the server opens what is needed, the order, which
//! only the machine can read, and what became of it, which only the owner can read. Documented in `docs/format/restores.md`.

mod opens;
mod outcome;
mod target;

pub use opens::{FILES_LIFE_MS, MAX_LIST_BYTES, MAX_LISTED_OBJECTS, ObjectList, Opened, Opens};
pub use outcome::{Ending, Foretold, MAX_TOLD_LOSSES, MAX_TOLD_PATHS, Ordered, Outcome, ToldLoss};
pub use target::{Overwrite, Target};

use crate::{
    id::{AccountId, BadSignature, DeviceId, Digest, RestoreId, SetId, Signature, VerifyingKey},
    wire::{Reader, Result, WireError, Writer},
};

const TYPE: &[u8] = b"iotabackup/restore-grant/v1\0";
const FILES_TYPE: &[u8] = b"iotabackup/restore-grant-files/v1\0";
/// How long a machine may take to begin and to end, milliseconds; to files [`FILES_LIFE_MS`].
pub const LIFE_MS: u64 = 30 * 24 * 3_600_000;
/// Longest sealed order, bytes.
pub const MAX_ORDER_BYTES: usize = 512 << 10;
/// Longest sealed outcome, bytes.
pub const MAX_OUTCOME_BYTES: usize = 64 << 10;
/// Orders that wait for one machine.
pub const MAX_WAITING: usize = 16;

/// Lets a machine read what one snapshot uses, or a part of that, until it is done, cancelled, or its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The account.
    pub account: AccountId,
    /// Names the order. Made by the client.
    pub restore: RestoreId,
    /// The set that the machine writes.
    pub machine: SetId,
    /// The machine.
    pub device: DeviceId,
    /// The set that it may read.
    pub source: SetId,
    /// The snapshot.
    pub seq: u64,
    /// When it was signed, milliseconds since 1970. A machine takes no order that is not above the last that it took.
    pub ordered_ms: u64,
    /// When it ends; at most [`Opens::life_ms`] later.
    pub until_ms: u64,
    /// What it opens of the snapshot.
    pub opens: Opens,
}

impl Grant {
    /// What the seal of its order is bound to.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = match self.opens {
            Opens::Snapshot => Writer::typed(TYPE),
            Opens::Files(_) => Writer::typed(FILES_TYPE),
        };
        writer.raw(&self.account.0).raw(&self.restore.0).raw(&self.machine.0).raw(&self.device.0);
        writer.raw(&self.source.0).u64(self.seq).u64(self.ordered_ms).u64(self.until_ms);
        if let Opens::Files(list) = self.opens {
            writer.raw(&list.0);
        }
        writer.finish()
    }

    fn read(bytes: &[u8]) -> Result<(Self, Digest)> {
        let is_files = bytes.starts_with(FILES_TYPE);
        let mut reader = Reader::typed(bytes, if is_files { FILES_TYPE } else { TYPE })?;
        let grant = Self {
            account: AccountId(reader.array()?),
            restore: RestoreId(reader.array()?),
            machine: SetId(reader.array()?),
            device: DeviceId(reader.array()?),
            source: SetId(reader.array()?),
            seq: reader.u64()?,
            ordered_ms: reader.u64()?,
            until_ms: reader.u64()?,
            opens: if is_files { Opens::Files(Digest(reader.array()?)) } else { Opens::Snapshot },
        };
        let sealed = Digest(reader.array()?);
        reader.finish()?;
        let life_ms = grant.until_ms.checked_sub(grant.ordered_ms);
        let lives = life_ms.is_some_and(|life_ms| (1..=grant.opens.life_ms()).contains(&life_ms));
        if !lives || grant.until_ms > i64::MAX as u64 || !(1..=i64::MAX as u64).contains(&grant.seq) {
            return Err(WireError::Invalid("grant"));
        }
        Ok((grant, sealed))
    }
}

/// A grant with the account's signature, which also holds the sealed order fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedGrant {
    /// The grant.
    pub grant: Grant,
    /// Hash of the sealed order.
    pub sealed: Digest,
    /// Signature of [`SignedGrant::signed_bytes`] by the identity key.
    pub signature: Signature,
}

impl SignedGrant {
    /// The bytes that are signed: the grant, then the hash of the sealed order.
    pub fn signed_bytes(grant: &Grant, sealed: &Digest) -> Vec<u8> {
        let mut bytes = grant.encode();
        bytes.extend_from_slice(&sealed.0);
        bytes
    }

    /// Signature, then what is signed.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.signature.0.to_vec();
        bytes.extend_from_slice(&Self::signed_bytes(&self.grant, &self.sealed));
        bytes
    }

    /// Parses [`SignedGrant::encode`]; does not check the signature.
    ///
    /// # Errors
    /// [`WireError`], also when it would last longer than [`Opens::life_ms`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let signature = Signature(reader.array()?);
        let (grant, sealed) = Grant::read(reader.rest())?;
        Ok(Self { grant, sealed, signature })
    }

    /// Checks that the account signed it, for this sealed order.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify(&self, identity: &VerifyingKey, sealed: &[u8]) -> ::core::result::Result<(), BadSignature> {
        if Digest::of(sealed) == self.sealed { self.verify_signature(identity) } else { Err(BadSignature) }
    }

    /// Checks that the account signed it, for whatever order.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn verify_signature(&self, identity: &VerifyingKey) -> ::core::result::Result<(), BadSignature> {
        identity.verify(&Self::signed_bytes(&self.grant, &self.sealed), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRANT: Grant = Grant {
        account: AccountId([1; 16]),
        restore: RestoreId([2; 16]),
        machine: SetId([3; 16]),
        device: DeviceId([4; 16]),
        source: SetId([5; 16]),
        seq: 9,
        ordered_ms: 1_000,
        until_ms: 2_000,
        opens: Opens::Snapshot,
    };
    const FILES: Grant = Grant { opens: Opens::Files(Digest([8; 32])), ..GRANT };

    #[test]
    fn a_grant_has_one_encoding_and_an_end() {
        let encode = |grant| SignedGrant { grant, sealed: Digest([6; 32]), signature: Signature([7; 64]) }.encode();
        for grant in [GRANT, FILES] {
            assert_eq!(SignedGrant::decode(&encode(grant)).unwrap().grant, grant);
            assert_eq!(SignedGrant::decode(&encode(grant)).unwrap().encode(), encode(grant));
            let too_long = [&encode(grant)[..], &[0]].concat();
            assert_eq!(SignedGrant::decode(&too_long), Err(WireError::Trailing));
            for end in 0..encode(grant).len() {
                assert!(SignedGrant::decode(&encode(grant)[..end]).is_err(), "{end}");
            }
            let longest = Grant { until_ms: 1_000 + grant.opens.life_ms(), ..grant };
            assert!(SignedGrant::decode(&encode(longest)).is_ok());
        }
        for wrong in [
            Grant { seq: 0, ..GRANT },
            Grant { until_ms: 1_000, ..GRANT },
            Grant { until_ms: 999, ..GRANT },
            Grant { until_ms: 1_001 + LIFE_MS, ..GRANT },
            Grant { until_ms: 1_001 + FILES_LIFE_MS, ..FILES },
            Grant { seq: 0, ..FILES },
            Grant { ordered_ms: u64::MAX - 1, until_ms: u64::MAX, ..GRANT },
        ] {
            assert_eq!(SignedGrant::decode(&encode(wrong)), Err(WireError::Invalid("grant")), "{wrong:?}");
        }
    }
}
