//! The bodies of a verified segment, opened with the owner's master key: ready for
//! [`State::replay`](iota_core::state::State::replay).

use crate::{body, error::Result, keys::MasterKey, ratchet::LogKey};
use iota_core::{commit::Body, history::VerifiedSegment};

/// Opens every body of `segment`, in order.
///
/// # Errors
/// [`CryptoError::Body`](crate::error::CryptoError::Body) when one is not what its header names or does not open.
pub fn open_bodies(segment: &VerifiedSegment, master: &MasterKey) -> Result<Vec<Body>> {
    let mut bodies = Vec::new();
    let mut ratchet: Option<(u32, u64, LogKey)> = None;
    for (commit, step) in segment.commits() {
        let header = &commit.header.header;
        let key = match ratchet.take() {
            Some((epoch, at, key)) if epoch == header.key_epoch && at <= step => key.advance(step - at),
            _ => master.log_root(header.account, header.set, header.key_epoch).advance(step),
        };
        bodies.push(body::open(&key.body_key(), header, &commit.body)?);
        ratchet = Some((header.key_epoch, step, key));
    }
    Ok(bodies)
}
