//! Keys of an account: everything derives from the account master key (AMK), 32 random bytes made by the client.
//!
//! ```text
//! IK seed    = derive("… identity",      AMK ‖ account16 ‖ generation u32)
//! K_dedup    = derive("… dedup key",     AMK ‖ account16 ‖ epoch u32)
//! K_chunker  = derive("… chunker key",   AMK ‖ account16 ‖ epoch u32)
//! LK_0       = derive("… log root",      AMK ‖ account16 ‖ set16 ‖ key epoch u32)
//! K_live     = derive("… live channel",  AMK ‖ account16 ‖ set16 ‖ key epoch u32)
//! K_path     = derive("… path token",    AMK ‖ account16)
//! K_label    = derive("… label key",     AMK ‖ account16 ‖ generation u32)
//! ```
//! The AMK must never leave the client, and no key may be used for two purposes.

use crate::{
    derive::{context, derive},
    ratchet::LogKey,
    secret::{random_bytes, secrets},
};
use ed25519_dalek::Signer;
use iota_core::id::{AccountId, AgreementKey, SetId, Signature, VerifyingKey};
use rand_core::CryptoRng;

secrets! {
    /// Account master key.
    MasterKey;
    /// Key of chunk keys in one domain and dedup epoch.
    DedupKey;
    /// Key of the chunker and of all other cuts, in one domain and dedup epoch.
    ChunkerSecret;
    /// Root of the sealed channel between browser and agent.
    LiveKey;
    /// Seals names and notes.
    LabelKey;
    /// Seals paths for addresses in a browser.
    PathKey;
}

/// First generation of the master key, and first dedup epoch.
pub const FIRST_EPOCH: u32 = 1;

impl MasterKey {
    /// A new random key.
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        Self(random_bytes(random))
    }

    /// The identity of the account.
    pub fn identity(&self, account: AccountId) -> SigningKey {
        SigningKey::from_seed(&derive(context!("identity"), &[&self.0, &account.0, &FIRST_EPOCH.to_le_bytes()]))
    }

    /// Key of the account's private domain.
    pub fn dedup_key(&self, account: AccountId, epoch: u32) -> DedupKey {
        DedupKey(derive(context!("dedup key"), &[&self.0, &account.0, &epoch.to_le_bytes()]))
    }

    /// Key of the account's cuts.
    pub fn chunker_secret(&self, account: AccountId, epoch: u32) -> ChunkerSecret {
        ChunkerSecret(derive(context!("chunker key"), &[&self.0, &account.0, &epoch.to_le_bytes()]))
    }

    /// Root of the ratchet that seals a set's bodies in one key epoch.
    pub fn log_root(&self, account: AccountId, set: SetId, key_epoch: u32) -> LogKey {
        LogKey::from_bytes(derive(context!("log root"), &[&self.0, &account.0, &set.0, &key_epoch.to_le_bytes()]))
    }

    /// Root of the sealed channel with the set's agent.
    pub fn live_key(&self, account: AccountId, set: SetId, key_epoch: u32) -> LiveKey {
        LiveKey(derive(context!("live channel"), &[&self.0, &account.0, &set.0, &key_epoch.to_le_bytes()]))
    }

    /// Key of paths in addresses.
    pub fn path_key(&self, account: AccountId) -> PathKey {
        PathKey(derive(context!("path token"), &[&self.0, &account.0]))
    }

    /// Key of names and notes.
    pub fn label_key(&self, account: AccountId) -> LabelKey {
        LabelKey(derive(context!("label key"), &[&self.0, &account.0, &FIRST_EPOCH.to_le_bytes()]))
    }
}

impl LiveKey {
    /// Key of the machine's isolated domain.
    pub fn isolated_dedup_key(&self) -> DedupKey {
        DedupKey(derive(context!("isolated dedup key"), &[&self.0]))
    }

    /// Key of the cuts of the machine's isolated domain.
    pub fn isolated_chunker_secret(&self) -> ChunkerSecret {
        ChunkerSecret(derive(context!("isolated chunker key"), &[&self.0]))
    }
}

/// An ed25519 key that signs: an account's identity, or a machine's.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// A new random key.
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        Self::from_seed(&random_bytes(random))
    }

    /// The key of a seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The seed, for the one place that stores it.
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `message`, which begins with its type string.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

/// An x25519 key that grants are sealed to; made on the machine, never leaves it.
pub struct AgreementSecret(pub(crate) x25519_dalek::StaticSecret);

impl AgreementSecret {
    /// A new random key.
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        Self::from_bytes(random_bytes(random))
    }

    /// Takes over the bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the one place that stores them.
    pub fn expose(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    pub fn public(&self) -> AgreementKey {
        AgreementKey(x25519_dalek::PublicKey::from(&self.0).to_bytes())
    }
}
