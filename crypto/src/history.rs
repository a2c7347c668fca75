//! The bodies of a verified segment, opened with the owner's master key: ready for
//! [`State::replay`](iota_core::state::State::replay).

use crate::{
    body,
    error::Result,
    keys::MasterKey,
    ratchet::{BodyKey, LogKey},
};
use iota_core::{
    api::frames::StoredCommit,
    commit::{Body, Header},
    history::VerifiedSegment,
};

/// Opens every body of `segment`, in order.
///
/// # Errors
/// [`CryptoError::Body`](crate::error::CryptoError::Body) when one is not what its header names or does not open.
pub fn open_bodies(segment: &VerifiedSegment, master: &MasterKey) -> Result<Vec<Body>> {
    let keys = body_keys(segment, master);
    segment
        .commits()
        .zip(&keys)
        .map(|((commit, _), key)| body::open(key, &commit.header.header, &commit.body))
        .collect()
}

/// Opens the bodies of commits with a key for each, in order: as many as there are keys.
///
/// # Errors
/// As [`open_bodies`].
pub fn open_bodies_with(keys: &[BodyKey], commits: &[StoredCommit]) -> Result<Vec<Body>> {
    commits.iter().zip(keys).map(|(commit, key)| body::open(key, &commit.header.header, &commit.body)).collect()
}

/// The keys of the bodies of `segment`, in order.
pub fn body_keys(segment: &VerifiedSegment, master: &MasterKey) -> Vec<BodyKey> {
    let mut ratchet: Option<(u32, u64, LogKey)> = None;
    let key = |(header, step): (&Header, u64)| {
        let key = match ratchet.take() {
            Some((epoch, at, key)) if epoch == header.key_epoch && at <= step => key.advance(step - at),
            _ => master.log_root(header.account, header.set, header.key_epoch).advance(step),
        };
        let body = key.body_key();
        ratchet = Some((header.key_epoch, step, key));
        body
    };
    segment.commits().map(|(commit, step)| (&commit.header.header, step)).map(key).collect()
}
