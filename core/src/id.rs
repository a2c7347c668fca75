//! Identifiers: fixed-size byte strings that parse from and print as lower-case hexadecimal.

use ::core::{fmt, str::FromStr};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// The text is not the hexadecimal form of the identifier.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {digits} hexadecimal digits")]
pub struct ParseIdError {
    /// How many digits the identifier has.
    pub digits: usize,
}

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident: $bytes:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// Size in bytes.
            pub const BYTES: usize = $bytes;
            /// All zeros: stands for "none" where the format says so.
            pub const ZERO: Self = Self([0; $bytes]);

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&base16ct::lower::encode_string(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let error = ParseIdError { digits: 2 * $bytes };
                if text.len() != error.digits {
                    return Err(error);
                }
                let mut bytes = [0; $bytes];
                base16ct::mixed::decode(text, &mut bytes).map_err(|_| error)?;
                Ok(Self(bytes))
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = ParseIdError;

            fn try_from(bytes: &[u8]) -> Result<Self, ParseIdError> {
                bytes.try_into().map(Self).map_err(|_| ParseIdError { digits: 2 * $bytes })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

identifiers! {
    /// An account: the owner of one vault. Made by the client.
    AccountId: 16;
    /// A backup set: roots and rules on one machine, one log.
    SetId: 16;
    /// A machine with an agent.
    DeviceId: 16;
    /// One way to open a vault.
    SlotId: 16;
    /// A server installation, made when its data directory is initialised and pinned by clients.
    ServerId: 16;
    /// One attempt to enrol a machine.
    EnrolId: 8;
    /// A web session, for lists: the hash of its id, cut short.
    SessionId: 16;
    /// An upload session: what it was told exists stays until it ends.
    UploadId: 16;
    /// A restore that the owner ordered.
    RestoreId: 16;
    /// BLAKE3-256 of the stored bytes of a chunk object or body.
    Cid: 32;
    /// BLAKE3-256 of a commit header's unsigned bytes.
    HeaderHash: 32;
    /// BLAKE3-256 of anything else.
    Digest: 32;
    /// A random challenge that a key answers with a signature.
    Challenge: 32;
    /// An ed25519 public key, compressed.
    VerifyingKey: 32;
    /// An x25519 public key.
    AgreementKey: 32;
    /// An ed25519 signature.
    Signature: 64;
}

impl Cid {
    /// The id of `object`: the hash of its stored bytes.
    pub fn of(object: &[u8]) -> Self {
        Self(*blake3::hash(object).as_bytes())
    }
}

impl Digest {
    /// BLAKE3-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Exclusive or, for order-free checks of sets.
    pub fn toggle(&mut self, other: &[u8; 32]) {
        self.0.iter_mut().zip(other).for_each(|(mine, theirs)| *mine ^= theirs);
    }
}

impl VerifyingKey {
    /// Checks `signature` over `message` (`verify_strict`).
    ///
    /// # Errors
    /// [`BadSignature`] when the key is malformed or weak, or the signature does not hold.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0).map_err(|_| BadSignature)?;
        key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).map_err(|_| BadSignature)
    }
}

/// A signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signature does not hold")]
pub struct BadSignature;

/// Who may share a chunk, as the account names it: an index into its keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Domain(pub u8);

impl Domain {
    /// The account alone. The only one that a server knows.
    pub const PRIVATE: Self = Self(0);
    /// One machine alone. Only slices of files name it: the server keeps its objects among those of the private domain, and cannot tell
    /// them apart.
    pub const ISOLATED: Self = Self(1);

    /// Parses the domain byte of an object at a server.
    ///
    /// # Errors
    /// [`crate::wire::WireError::Invalid`] for a domain that this version does not know there.
    pub fn parse(byte: u8) -> crate::wire::Result<Self> {
        if byte == 0 { Ok(Self::PRIVATE) } else { Err(crate::wire::WireError::Invalid("domain")) }
    }

    /// Parses the domain byte of a slice of a file.
    ///
    /// # Errors
    /// [`crate::wire::WireError::Invalid`] for a domain that this version does not know.
    pub fn parse_sealed(byte: u8) -> crate::wire::Result<Self> {
        if byte == 1 { Ok(Self::ISOLATED) } else { Self::parse(byte) }
    }
}
