//! Opening a vault: whatever a server shows is checked against the keys that come out of it.

use crate::{
    owner::Owner,
    remote::{
        RemoteError,
        http::{Http, OwnerHttp, Speaker, WebSession},
    },
};
use iota_core::{
    api::json::{Login, Vault, code},
    id::{AccountId, ServerId, VerifyingKey},
    slot::SignedSlotList,
    wire::WireError,
};
use iota_crypto::{
    error::CryptoError,
    keys::MasterKey,
    kit::{KeyFile, Kit},
    login::auth_secret,
    shares::Share,
    slot::{SlotSecret, open_any},
};
use std::sync::Arc;
use thiserror::Error;

/// The vault did not open.
#[derive(Debug, Error)]
pub enum VaultError {
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The secret.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The slots do not parse.
    #[error("the server's list of ways to open the vault is malformed ({0}); its version may not fit this program")]
    Slots(#[from] WireError),
    /// Another server answers.
    #[error(
        "the server says that it is {found}, but this machine belongs to {expected}; check the address, and do not sign in"
    )]
    OtherServer {
        /// What this machine knows.
        expected: ServerId,
        /// What the server says.
        found: ServerId,
    },
    /// An older list of slots.
    #[error(
        "the server shows version {shown} of the list of ways to open the vault, but version {seen} was seen before; it may \
         show an old one, with ways that were removed since"
    )]
    OldSlots {
        /// What was seen.
        seen: u32,
        /// What the server shows.
        shown: u32,
    },
    /// Another account answers.
    #[error("the vault is account {found}, but this machine belongs to account {expected}; sign in to that one")]
    OtherAccount {
        /// What this machine knows.
        expected: AccountId,
        /// What opened, or what the server says.
        found: AccountId,
    },
}

impl VaultError {
    /// Whether the password was right, and a code of the second factor is missing or wrong.
    pub fn wants_second(&self) -> bool {
        matches!(self, Self::Remote(error) if error.code() == Some(code::SECOND_FACTOR))
    }
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, VaultError>;

/// What is known of server and account before anything is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pinned {
    /// The server's id.
    pub server_id: Option<ServerId>,
    /// The account and its identity key.
    pub account: Option<(AccountId, VerifyingKey)>,
    /// The highest version of the list of slots that was seen; 0 for none.
    pub slot_version: u32,
}

/// An open vault with its slots.
pub struct OpenVault {
    /// The account.
    pub account: AccountId,
    /// Everything of the account derives from it.
    pub master: MasterKey,
    /// Its slots, signed by the identity key.
    pub slots: SignedSlotList,
}

/// Asks the server who it is; what is pinned must be the same.
///
/// # Errors
/// [`VaultError::OtherServer`] and [`VaultError::Remote`].
pub fn check_server(http: &Http, pinned: &Pinned) -> Result<ServerId> {
    let found = http.server_info()?.server_id;
    match pinned.server_id {
        Some(expected) if expected != found => Err(VaultError::OtherServer { expected, found }),
        _ => Ok(found),
    }
}

/// Signs in with login and password. The server never sees the password.
///
/// # Errors
/// [`VaultError`].
pub fn sign_in(http: &Arc<Http>, server_id: ServerId, login: &str, password: &str) -> Result<WebSession> {
    sign_in_with(http, server_id, login, password, None)
}

/// Likewise, with a code of the second factor, or a recovery code, where the account has one.
///
/// # Errors
/// [`VaultError`]; [`VaultError::wants_second`] when a code is missing or wrong.
pub fn sign_in_with(
    http: &Arc<Http>,
    server_id: ServerId,
    login: &str,
    password: &str,
    second: Option<&str>,
) -> Result<WebSession> {
    let auth_secret = auth_secret(login, password, server_id)?;
    let login = Login { login: login.to_owned(), auth_secret, second: second.map(str::to_owned), keep: false };
    Ok(WebSession::login(Arc::clone(http), &login)?)
}

/// Opens the vault that the server shows.
///
/// # Errors
/// [`VaultError::Crypto`] with [`CryptoError::Slot`] when `secret` opens no slot; others when something was replaced.
pub fn open(vault: &Vault, secret: &SlotSecret<'_>, pinned: &Pinned) -> Result<OpenVault> {
    if let Some((expected, identity)) = pinned.account {
        check_account(vault.account, expected)?;
        if vault.identity != identity {
            return Err(CryptoError::WrongIdentity.into());
        }
    }
    let slots = SignedSlotList::decode(&vault.slot_list.0)?;
    if slots.list.account != vault.account {
        return Err(CryptoError::WrongIdentity.into());
    }
    if slots.list.version < pinned.slot_version {
        return Err(VaultError::OldSlots { seen: pinned.slot_version, shown: slots.list.version });
    }
    let master = open_any(&slots, secret, &vault.identity)?;
    Ok(OpenVault { account: vault.account, master, slots })
}

fn check_account(found: AccountId, expected: AccountId) -> Result<()> {
    if found == expected { Ok(()) } else { Err(VaultError::OtherAccount { expected, found }) }
}

/// The owner of an account who reads through `http`.
pub fn owner(http: &Arc<Http>, server_id: ServerId, account: AccountId, master: MasterKey) -> Owner {
    let speaker = Speaker::Owner { server_id, account, key: master.identity(account) };
    Owner::new(account, master, Box::new(OwnerHttp::new(Arc::clone(http), speaker)))
}

/// Opens a vault by its recovery kit; needs no login.
///
/// # Errors
/// [`VaultError`].
pub fn owner_by_kit(http: &Arc<Http>, kit: &Kit, pinned: &Pinned) -> Result<Owner> {
    by_own_slot(http, kit.account(), kit.open()?, pinned)
}

/// Opens a vault by a key file; needs no login.
///
/// # Errors
/// [`VaultError`].
pub fn owner_by_key_file(http: &Arc<Http>, file: &KeyFile, pinned: &Pinned) -> Result<Owner> {
    by_own_slot(http, file.account(), file.open()?, pinned)
}

/// Opens a vault by enough shares of trusted people; needs no login.
///
/// # Errors
/// [`VaultError`].
pub fn owner_by_shares(http: &Arc<Http>, shares: &[Share], pinned: &Pinned) -> Result<Owner> {
    let (account, master) = Share::open_together(shares)?;
    by_own_slot(http, account, master, pinned)
}

fn by_own_slot(http: &Arc<Http>, account: AccountId, master: MasterKey, pinned: &Pinned) -> Result<Owner> {
    if let Some((expected, identity)) = pinned.account {
        check_account(account, expected)?;
        if master.identity(account).verifying_key() != identity {
            return Err(CryptoError::WrongIdentity.into());
        }
    }
    let server_id = check_server(http, pinned)?;
    Ok(owner(http, server_id, account, master))
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::api::json::Bytes;
    use iota_crypto::{
        secret::system_random,
        slot::{KeyFileSecret, create, sign_list},
    };

    const ACCOUNT: AccountId = AccountId([1; 16]);

    fn vault(master: &MasterKey, secret: &KeyFileSecret) -> Vault {
        let slot = create(ACCOUNT, master, &SlotSecret::KeyFile(secret), &mut system_random()).unwrap();
        let identity = master.identity(ACCOUNT);
        let slots = sign_list(ACCOUNT, 1, vec![slot], &identity);
        Vault { account: ACCOUNT, identity: identity.verifying_key(), slot_list: Bytes(slots.encode()) }
    }

    #[test]
    fn only_the_pinned_vault_opens() {
        let (mine, theirs) = (MasterKey::from_bytes([1; 32]), MasterKey::from_bytes([2; 32]));
        let secret = KeyFileSecret::from_bytes([3; 32]);
        let identity = mine.identity(ACCOUNT).verifying_key();
        let pinned = |account| Pinned { account: Some((account, identity)), ..Pinned::default() };
        let secret = SlotSecret::KeyFile(&secret);
        let shown = vault(&mine, &KeyFileSecret::from_bytes([3; 32]));
        assert_eq!(open(&shown, &secret, &pinned(ACCOUNT)).unwrap().master.expose(), mine.expose());
        let other = open(&shown, &secret, &pinned(AccountId([9; 16])));
        assert!(matches!(other, Err(VaultError::OtherAccount { .. })));
        // A whole vault of the server's own making, opened by a known secret.
        let replaced = vault(&theirs, &KeyFileSecret::from_bytes([3; 32]));
        let opened = open(&replaced, &secret, &pinned(ACCOUNT));
        assert!(matches!(opened, Err(VaultError::Crypto(CryptoError::WrongIdentity))));
        // Their slots under my identity.
        let mixed = Vault { identity, ..replaced };
        let opened = open(&mixed, &secret, &Pinned::default());
        assert!(matches!(opened, Err(VaultError::Crypto(CryptoError::WrongIdentity))));
    }

    #[test]
    fn an_older_list_of_slots_than_was_seen_is_refused() {
        let (master, secret) = (MasterKey::from_bytes([1; 32]), KeyFileSecret::from_bytes([3; 32]));
        let shown = vault(&master, &secret);
        let seen =
            |slot_version| open(&shown, &SlotSecret::KeyFile(&secret), &Pinned { slot_version, ..Pinned::default() });
        assert!(seen(0).is_ok() && seen(1).is_ok());
        assert!(matches!(seen(2), Err(VaultError::OldSlots { seen: 2, shown: 1 })));
    }
}
