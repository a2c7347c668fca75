//! Signing what an account decides about its snapshots; see [`iota_core::retention`].

use crate::keys::SigningKey;
use iota_core::retention::{Decision, SignedDecision};

/// Signs a decision with the account's identity key.
pub fn sign(decision: Decision, identity: &SigningKey) -> SignedDecision {
    SignedDecision { signature: identity.sign(&decision.encode()), decision }
}
