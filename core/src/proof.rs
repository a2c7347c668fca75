//! The bytes that are signed to prove who speaks. Each begins with its own type string, so that no signature can be
//! taken for another.

use crate::{
    id::{AccountId, Challenge, DeviceId, Digest, ServerId, VerifyingKey},
    wire::Writer,
};

/// Signed by the identity key for a read-only token.
pub fn owner_session(server: ServerId, account: AccountId, challenge: Challenge) -> Vec<u8> {
    let mut writer = Writer::typed(b"iotabackup/owner-session/v1\0");
    writer.raw(&server.0).raw(&account.0).raw(&challenge.0);
    writer.finish()
}

/// Signed by a machine's key for a device token.
pub fn agent_session(server: ServerId, device: DeviceId, challenge: Challenge) -> Vec<u8> {
    let mut writer = Writer::typed(b"iotabackup/agent-session/v1\0");
    writer.raw(&server.0).raw(&device.0).raw(&challenge.0);
    writer.finish()
}

/// Signed by the identity key to sign in with a new password when the old one is lost.
///
/// `login` is [`crate::api::normalise_login`]'s result.
pub fn new_login(
    server: ServerId,
    account: AccountId,
    challenge: Challenge,
    login: &str,
    auth_secret: &[u8; 32],
) -> Vec<u8> {
    let mut writer = Writer::typed(b"iotabackup/new-login/v1\0");
    writer.raw(&server.0).raw(&account.0).raw(&challenge.0);
    writer.raw(&Digest::of(login.as_bytes()).0).raw(&Digest::of(auth_secret).0);
    writer.finish()
}

/// Signed by the identity key when an account is created: ties key, login and verifier together.
///
/// `login` is [`crate::api::normalise_login`]'s result.
pub fn account_creation(
    server: ServerId,
    account: AccountId,
    identity: &VerifyingKey,
    login: &str,
    auth_secret: &[u8; 32],
) -> Vec<u8> {
    let mut writer = Writer::typed(b"iotabackup/account-create/v1\0");
    writer.raw(&server.0).raw(&account.0).raw(&identity.0);
    writer.raw(&Digest::of(login.as_bytes()).0).raw(&Digest::of(auth_secret).0);
    writer.finish()
}
