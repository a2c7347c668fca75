//! Making an account, and changing the ways to open its vault.

pub mod slots;

use crate::{
    durable,
    remote::{
        RemoteError,
        http::{Http, WebSession},
    },
};
use iota_core::{
    api::{
        json::{Bytes, CreateAccount, Login, code},
        normalise_login,
    },
    id::{AccountId, ServerId},
    proof,
    slot::Slot,
};
use iota_crypto::{
    error::CryptoError,
    keys::MasterKey,
    kit::{KeyFile, Kit, KitPlace},
    login::auth_secret,
    secret::{random_bytes, system_random},
    slot::{KeyFileSecret, SlotSecret, create as create_slot, sign_list},
    words::RecoveryWords,
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use thiserror::Error;

/// Fewest characters of a password of one's own choosing.
pub const MIN_PASSWORD_CHARS: usize = 12;

/// The account was not made.
#[derive(Debug, Error)]
pub enum AccountError {
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Keys.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The password is too short.
    #[error(
        "the password has fewer than {MIN_PASSWORD_CHARS} characters; take a longer one, such as four random words"
    )]
    ShortPassword,
    /// The kit or key file is there already.
    #[error("{0} is there already and is never overwritten; give another name or move it away")]
    Exists(PathBuf),
    /// A file cannot be written.
    #[error("{path} cannot be written: {source}; give another place")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not known whether the account was made.
    #[error(
        "{error}. It is not known whether the account was made: keep {kit}, and try to sign in. If that fails, delete the \
         file and begin again"
    )]
    Unsure {
        /// What happened.
        error: RemoteError,
        /// The kit.
        kit: PathBuf,
    },
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, AccountError>;

/// What an account is made of.
pub struct NewAccount<'a> {
    /// Set-up token or invitation.
    pub code: &'a str,
    /// E-mail address.
    pub login: &'a str,
    /// Signs in.
    pub password: &'a str,
    /// Opens the vault; the password does when there is none.
    pub passphrase: Option<&'a str>,
    /// Where the recovery kit is written.
    pub kit: &'a Path,
    /// Where a key file is written, when one is wanted.
    pub key_file: Option<&'a Path>,
}

/// Refuses passwords that are too short to choose oneself.
///
/// # Errors
/// [`AccountError::ShortPassword`].
pub fn check_password(password: &str) -> Result<()> {
    if password.chars().count() < MIN_PASSWORD_CHARS { Err(AccountError::ShortPassword) } else { Ok(()) }
}

/// A vault before anybody knows of it.
struct NewVault {
    account: AccountId,
    master: MasterKey,
    kit: Kit,
    key_file: Option<KeyFile>,
    slots: Vec<Slot>,
}

impl NewVault {
    fn generate(passphrase: &str, with_key_file: bool) -> Result<Self> {
        let mut random = system_random();
        let (account, master) = (AccountId(random_bytes(&mut random)), MasterKey::generate(&mut random));
        let words = RecoveryWords::generate(&mut random);
        let slot = create_slot(account, &master, &SlotSecret::RecoveryWords(&words), &mut random)?;
        let mut slots = vec![slot.clone()];
        let kit = Kit { words, slot };
        slots.push(create_slot(account, &master, &SlotSecret::Passphrase(passphrase), &mut random)?);
        let mut key_file = None;
        if with_key_file {
            let made = make_key_file(account, &master)?;
            slots.push(made.slot.clone());
            key_file = Some(made);
        }
        Ok(Self { account, master, kit, key_file, slots })
    }
}

/// A new key file for the vault.
fn make_key_file(account: AccountId, master: &MasterKey) -> std::result::Result<KeyFile, CryptoError> {
    let mut random = system_random();
    let secret = KeyFileSecret::from_bytes(random_bytes(&mut random));
    let slot = create_slot(account, master, &SlotSecret::KeyFile(&secret), &mut random)?;
    Ok(KeyFile { secret, slot })
}

/// Makes a vault and its account. The kit is on disk before the server hears of the account, and is gone again when the
/// server refuses.
///
/// # Errors
/// [`AccountError`].
pub fn create(http: &Arc<Http>, new: &NewAccount<'_>) -> Result<WebSession> {
    check_password(new.password)?;
    new.passphrase.map_or(Ok(()), check_password)?;
    let server_id = http.server_info()?.server_id;
    let vault = NewVault::generate(new.passphrase.unwrap_or(new.password), new.key_file.is_some())?;
    let message = message(new, server_id, &vault)?;
    let mut written = Written::default();
    let server = http.server().address.to_string();
    let place = KitPlace { server: &server, server_id, login: new.login };
    written.write(new.kit, &vault.kit.to_text(&place))?;
    if let (Some(path), Some(key_file)) = (new.key_file, &vault.key_file) {
        written.write(path, &key_file.to_text())?;
    }
    match submit(http, &message) {
        Ok(session) => {
            written.keep();
            Ok(session)
        }
        Err(error @ RemoteError::Refused(_)) => Err(error.into()),
        Err(error) => {
            written.keep();
            Err(AccountError::Unsure { error, kit: new.kit.to_owned() })
        }
    }
}

/// Sends the account. When an earlier attempt was heard and its answer lost, the next one is refused as known: then
/// signing in tells whether the account that is there is this one.
fn submit(http: &Arc<Http>, message: &CreateAccount) -> std::result::Result<WebSession, RemoteError> {
    let refused = match WebSession::create_account(Arc::clone(http), message) {
        Err(error) if matches!(error.code(), Some(code::CONFLICT | code::BAD_CODE)) => error,
        answer => return answer,
    };
    let login = Login { login: message.login.clone(), auth_secret: message.auth_secret, second: None, keep: false };
    match WebSession::login(Arc::clone(http), &login) {
        Ok(session) if session.info.account == message.account => Ok(session),
        Ok(_) | Err(RemoteError::Refused(_)) => Err(refused),
        Err(unsure) => Err(unsure),
    }
}

fn message(new: &NewAccount<'_>, server_id: ServerId, vault: &NewVault) -> Result<CreateAccount> {
    let identity = vault.master.identity(vault.account);
    let auth_secret = auth_secret(new.login, new.password, server_id)?;
    let login = normalise_login(new.login);
    let proof =
        proof::account_creation(server_id, vault.account, &identity.verifying_key(), &login, auth_secret.as_bytes());
    Ok(CreateAccount {
        code: new.code.to_owned(),
        login: new.login.to_owned(),
        auth_secret,
        account: vault.account,
        identity: identity.verifying_key(),
        slot_list: Bytes(sign_list(vault.account, 1, vault.slots.clone(), &identity).encode()),
        signature: identity.sign(&proof),
    })
}

/// Files that are deleted again unless they are kept.
#[derive(Default)]
struct Written(Vec<PathBuf>);

impl Written {
    fn write(&mut self, path: &Path, text: &str) -> Result<()> {
        durable::create_new(path, text.as_bytes()).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => AccountError::Exists(path.to_owned()),
            _ => AccountError::File { path: path.to_owned(), source },
        })?;
        self.0.push(path.to_owned());
        Ok(())
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        for path in &self.0 {
            // They open nothing: the account does not exist.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_opens_the_vault() {
        let vault = NewVault::generate("correct horse battery", true).unwrap();
        let identity = vault.master.identity(vault.account);
        let list = sign_list(vault.account, 1, vault.slots, &identity);
        let identity = identity.verifying_key();
        let opened = iota_crypto::slot::open_any(&list, &SlotSecret::Passphrase("correct horse battery"), &identity);
        assert_eq!(opened.unwrap().expose(), vault.master.expose());
        assert_eq!(vault.kit.open().unwrap().expose(), vault.master.expose());
        assert_eq!(vault.key_file.unwrap().open().unwrap().expose(), vault.master.expose());
    }

    #[test]
    fn files_are_never_overwritten_and_gone_unless_kept() {
        let directory = tempfile::tempdir().unwrap();
        let (kit, other) = (directory.path().join("kit"), directory.path().join("other"));
        std::fs::write(&other, "mine").unwrap();
        let mut written = Written::default();
        written.write(&kit, "text").unwrap();
        assert!(matches!(written.write(&other, "text"), Err(AccountError::Exists(_))));
        drop(written);
        assert!(!kit.exists());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "mine");
        let mut written = Written::default();
        written.write(&kit, "text").unwrap();
        written.keep();
        assert!(kit.exists());
    }

    #[test]
    fn short_passwords_are_refused_by_characters() {
        assert!(check_password("elevenchars").is_err());
        assert!(check_password("ääääääääääää").is_ok());
    }
}
