//! What every command works with: directories, output, and the ways to server and vault.

use super::{Credentials, Global, Usage, output::Output, secrets};
use crate::progress::Progress;
use anyhow::{Context as _, Result};
use iota_agent::{
    config,
    identity::Identity,
    live::urgency::local_time,
    monitor::{Clock, SystemClock},
    owner::Owner,
    remote::http::{Http, Patience, Server, Throttle, WebSession},
    rules::{self, LocalTime},
    vault::{self, OpenVault, Pinned, VaultError},
    witness::Witness,
};
use iota_core::{api::json::Vault, id::ServerId};
use iota_crypto::{
    error::CryptoError,
    kit::{KeyFile, Kit},
    shares::Share,
    slot::SlotSecret,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// See the module.
pub struct Context {
    /// Where identity, ratchet, rules and witness lie; may not exist yet.
    pub config_dir: PathBuf,
    /// Where the cache lies; may not exist yet.
    pub state_dir: PathBuf,
    /// What is printed.
    pub output: Output,
    /// How the vault is opened.
    pub credentials: Credentials,
    /// Of all that is fetched together.
    downloads: Throttle,
}

/// Signed in, with an open vault.
pub struct SignedIn {
    /// The web session.
    pub session: WebSession,
    /// The server.
    pub server_id: ServerId,
    /// The vault.
    pub vault: OpenVault,
}

impl Context {
    pub(super) fn new(global: Global, output: Output) -> Result<Self> {
        let config_dir = config::config_dir(global.config_dir.as_deref())?;
        Ok(Self {
            downloads: download_limit(config_dir.clone()),
            config_dir,
            state_dir: config::state_dir(global.state_dir.as_deref())?,
            output,
            credentials: global.credentials,
        })
    }

    /// The identity of this machine, when it is enrolled.
    pub fn find_identity(&self) -> Result<Option<Identity>> {
        Ok(Identity::find(&self.config_dir)?)
    }

    /// The identity of this machine.
    pub fn identity(&self) -> Result<Identity> {
        Ok(Identity::load(&self.config_dir)?)
    }

    /// The vault of the account, opened for reading history: by kit, key file, shares, or login and password.
    pub fn owner(&self) -> Result<Owner> {
        let identity = self.find_identity()?;
        let pinned = pinned(identity.as_ref());
        let http = self.http(identity.as_ref(), Patience::PERSON)?;
        match (&self.credentials.kit, &self.credentials.key_file) {
            (None, None) if !self.credentials.share.is_empty() => {
                let read = |path: &PathBuf| {
                    let page = read_text(path)?;
                    Share::parse(&page).with_context(|| format!("{} does not count", path.display()))
                };
                let shares = self.credentials.share.iter().map(read).collect::<Result<Vec<_>>>()?;
                Ok(vault::owner_by_shares(&http, &shares, &pinned)?)
            }
            (Some(path), _) => {
                let page = read_text(path)?;
                Ok(vault::owner_by_kit(&http, &Kit::parse(&page)?, &pinned)?)
            }
            (None, Some(path)) => {
                let contents = read_text(path)?;
                Ok(vault::owner_by_key_file(&http, &KeyFile::parse(&contents)?, &pinned)?)
            }
            (None, None) => {
                let SignedIn { session, server_id, vault } = self.sign_in()?;
                // What follows proves itself by the identity key; a session that stays open would only be a risk.
                let _ = session.end();
                Ok(vault::owner(&http, server_id, vault.account, vault.master))
            }
        }
    }

    /// Signs in with login and password, and opens the vault.
    pub fn sign_in(&self) -> Result<SignedIn> {
        let identity = self.find_identity()?;
        let pinned = pinned(identity.as_ref());
        let login = self.credentials.login.as_deref().ok_or_else(|| {
            Usage(
                "the vault has to be opened: give --login EMAIL, or --kit FILE, --key-file FILE or some --share FILE"
                    .into(),
            )
        })?;
        let http = self.http(identity.as_ref(), Patience::PERSON)?;
        let server_id = vault::check_server(&http, &pinned)?;
        let password = secrets::existing(self.credentials.password_file.as_deref(), "Password", "--password-file")?;
        let session = signed_in(&http, server_id, login, &password)?;
        let vault = self.open_vault(&session, &password, &pinned)?;
        Ok(SignedIn { session, server_id, vault })
    }

    /// Opens the vault by the newest list of slots that was ever seen here, and remembers which that is.
    fn open_vault(&self, session: &WebSession, password: &str, pinned: &Pinned) -> Result<OpenVault> {
        let shown = session.vault()?;
        let mut witness = Witness::load(&self.config_dir, shown.account)?;
        let pinned = &Pinned { slot_version: witness.slot_version(), ..*pinned };
        let vault = self.open_slots(&shown, password, pinned)?;
        witness.remember_slots(vault.slots.list.version);
        witness.save()?;
        Ok(vault)
    }

    /// The password opens the vault, or else a passphrase of its own does.
    fn open_slots(&self, shown: &Vault, password: &str, pinned: &Pinned) -> Result<OpenVault> {
        match vault::open(shown, &SlotSecret::Passphrase(password), pinned) {
            Err(VaultError::Crypto(CryptoError::Slot)) => {}
            answer => return Ok(answer?),
        }
        let file = self.credentials.passphrase_file.as_deref();
        let passphrase = secrets::existing(file, "Passphrase of the vault", "--passphrase-file")?;
        Ok(vault::open(shown, &SlotSecret::Passphrase(&passphrase), pinned)?)
    }

    /// Connections to the server: the given one, or this machine's.
    pub fn http(&self, identity: Option<&Identity>, patience: Patience) -> Result<Arc<Http>> {
        Ok(Arc::new(Http::new(self.server(identity)?, patience)?.slowed(self.downloads.clone())))
    }

    /// Connections for a backup, which uploads at most so many bytes a second as `limit` says at the time.
    pub fn http_for_backup(
        &self,
        identity: &Identity,
        patience: Patience,
        limit: impl Fn(LocalTime) -> Option<u64> + Send + Sync + 'static,
    ) -> Result<Arc<Http>> {
        let throttle = Throttle::new(move || limit(local_time(SystemClock.now_ms())));
        Ok(Arc::new(
            Http::new(self.server(Some(identity))?, patience)?.throttled(throttle).slowed(self.downloads.clone()),
        ))
    }

    /// The server that was given, or this machine's.
    pub fn server(&self, identity: Option<&Identity>) -> Result<Server> {
        let usage = |error: &dyn std::fmt::Display| Usage(error.to_string());
        let pin = self.credentials.server_pin.as_deref().map(str::parse).transpose().map_err(|error| usage(&error))?;
        let known = identity.map(|identity| &identity.server);
        let Some(address) = &self.credentials.server else {
            let known = known.ok_or_else(|| Usage("which server? give --server URL".into()))?;
            return Ok(Server { address: known.address.clone(), pin: pin.or(known.pin) });
        };
        let address = address.parse().map_err(|error| usage(&error))?;
        let pin = pin.or_else(|| known.filter(|known| known.address == address).and_then(|known| known.pin));
        Ok(Server { address, pin })
    }

    /// Shows a run to whoever watches: a bar on a terminal, lines elsewhere, nothing with `--quiet` or `--json`.
    /// `total_bytes` is what will be done altogether, when that is known.
    pub fn progress(&self, total_bytes: Option<u64>) -> Progress {
        Progress::start(self.output.is_chatty(), total_bytes)
    }
}

/// As the rules of this machine say at the time; rules that cannot be read limit nothing here, and are told where they count.
fn download_limit(config_dir: PathBuf) -> Throttle {
    Throttle::new(move || {
        let rules = rules::load(&config_dir).ok()?;
        rules.download_limit(local_time(SystemClock.now_ms()))
    })
}

/// Signs in; a code of the second factor comes from `IOTA_CODE`, or is asked for when the server wants one.
fn signed_in(http: &Arc<Http>, server_id: ServerId, login: &str, password: &str) -> Result<WebSession> {
    let given = std::env::var("IOTA_CODE").ok().filter(|code| !code.trim().is_empty()).map(Zeroizing::new);
    let given = given.as_deref().map(|code| code.trim());
    let ask = || secrets::existing(None, "Code of the second factor, or a recovery code", "it in IOTA_CODE");
    let session = match vault::sign_in_with(http, server_id, login, password, given) {
        Err(error) if given.is_none() && error.wants_second() => {
            vault::sign_in_with(http, server_id, login, password, Some(ask()?.trim()))?
        }
        answer => answer?,
    };
    // Where nobody types, the server's own words say what is wanted.
    Ok(session.asking(Box::new(move || ask().ok())))
}

/// What this machine knows for certain.
pub fn pinned(identity: Option<&Identity>) -> Pinned {
    Pinned {
        server_id: identity.map(|identity| identity.server_id),
        account: identity.map(|identity| (identity.account, identity.account_key)),
        slot_version: 0,
    }
}

fn read_text(path: &Path) -> Result<Zeroizing<String>> {
    let text = fs::read_to_string(path);
    text.map(Zeroizing::new).with_context(|| format!("{} cannot be read; check its name", path.display()))
}
