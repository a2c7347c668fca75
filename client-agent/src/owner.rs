//! The owner of an account, with an open vault: who may read its history.

use crate::remote::Archive;
use iota_core::id::{AccountId, VerifyingKey};
use iota_crypto::keys::MasterKey;

/// An open vault, and the way to what the server keeps of it.
pub struct Owner {
    /// The account.
    pub account: AccountId,
    /// Its identity key: the master key's own, so that it needs no trust in a server.
    pub identity: VerifyingKey,
    /// Everything of the account opens with it.
    pub master: MasterKey,
    /// Reads the account's ciphertext.
    pub archive: Box<dyn Archive>,
}

impl Owner {
    /// The owner of the vault that `master` is the key of.
    pub fn new(account: AccountId, master: MasterKey, archive: Box<dyn Archive>) -> Self {
        let identity = master.identity(account).verifying_key();
        Self { account, identity, master, archive }
    }
}
