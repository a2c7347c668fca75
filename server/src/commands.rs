//! What the program can be told to do: one command, one file.

pub mod codes;
pub mod doctor;
pub mod rebuild;
pub mod serve;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use iota_core::id::ServerId;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use crate::config::Config;
use crate::data_dir::{DataDir, DataLock};
use crate::host_key::{HostKey, HostKeyError};
use crate::packs;
use crate::postgres::{self, Embedded};
use crate::store::server;

/// How long a command waits for a server that is starting.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database for one command, and what has to be ended after it.
pub struct Database {
    /// Connections to it.
    pub pool: PgPool,
    /// What its rows are sealed with.
    pub host_key: HostKey,
    embedded: Option<Embedded>,
    _lock: Option<DataLock>,
}

impl Database {
    /// For a command that has locked the data folder: the one by URL, or the built-in one, started.
    ///
    /// # Errors
    /// When it cannot be used; the message says what to do.
    pub async fn start(data: &DataDir, config: &Config, lock: DataLock) -> Result<Self> {
        if let Some(url) = &config.database.url {
            let pool = migrated(postgres::parse_url(url)?).await?;
            let host_key = host_key(data.path(), server::find(&pool).await?.is_some())?;
            return Ok(Self { pool, host_key, embedded: None, _lock: Some(lock) });
        }
        let host_key = host_key(data.path(), false)?;
        let embedded = Embedded::start(data.path(), config.database.programs.as_deref()).await?;
        match migrated(embedded.options()).await {
            Ok(pool) => Ok(Self { pool, host_key, embedded: Some(embedded), _lock: Some(lock) }),
            Err(error) => {
                embedded.stop().await;
                Err(error)
            }
        }
    }

    /// For a command that works beside a running server, or alone when there is none.
    ///
    /// # Errors
    /// When it cannot be used; the message says what to do.
    pub async fn beside(data: &DataDir, config: &Config, command: &str) -> Result<Self> {
        let begun = Instant::now();
        loop {
            let holder = match data.try_lock(command)? {
                Ok(lock) => return Self::start(data, config, lock).await,
                Err(holder) => holder,
            };
            let attached = if holder.starts_with("serve") { Some(Self::attach(data, config).await) } else { None };
            match attached {
                Some(Ok(database)) => return Ok(database),
                // A server that starts brings up its database, and then the tables.
                _ if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(100)).await,
                Some(Err(error)) => return Err(error),
                None => bail!("the data folder is in use by `iota-server {holder}`: try again when that has ended"),
            }
        }
    }

    /// The database of a running server, as it is.
    async fn attach(data: &DataDir, config: &Config) -> Result<Self> {
        let options = match &config.database.url {
            Some(url) => postgres::parse_url(url)?,
            None => postgres::beside(data.path()),
        };
        let pool = postgres::connect(options).await?;
        postgres::require_current(&pool).await?;
        Ok(Self { pool, host_key: HostKey::load(data.path())?, embedded: None, _lock: None })
    }

    /// Ends the connections, and the database if this command started it.
    pub async fn stop(self) {
        self.pool.close().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

async fn migrated(options: sqlx::postgres::PgConnectOptions) -> Result<PgPool> {
    let pool = postgres::connect(options).await?;
    postgres::migrate(&pool).await?;
    Ok(pool)
}

/// Makes the data folder if there is none.
///
/// # Errors
/// When it cannot be used, or this user cannot run the database in it.
pub fn open_or_create(path: &Path, config: &Config) -> Result<DataDir> {
    if config.database.url.is_none() {
        postgres::require_user()?;
    }
    Ok(DataDir::open_or_create(path)?)
}

/// Whether an empty database is that of a new server: beside packs it is not.
///
/// # Errors
/// When it should be made again from the packs first.
pub async fn require_new_or_known(pool: &PgPool, packs: &Path) -> Result<Option<ServerId>> {
    let known = server::find(pool).await?;
    if known.is_none() && !packs::list(packs)?.numbers.is_empty() {
        bail!(
            "the database is empty, but there are packs: run `iota-server rebuild` to make it again from them, or put the \
             database back"
        );
    }
    Ok(known)
}

/// The host key; a new one only where nothing was sealed with another. `used`: the database is that of a server.
fn host_key(data: &Path, used: bool) -> Result<HostKey> {
    // An empty folder may be a mount point that was prepared.
    let holds = |folder: &&str| std::fs::read_dir(data.join(folder)).is_ok_and(|mut entries| entries.next().is_some());
    let kept = used || ["postgres", "packs"].iter().any(holds);
    match HostKey::load(data) {
        Err(HostKeyError::File { source, path }) if source.kind() == std::io::ErrorKind::NotFound && kept => {
            bail!(
                "{} is missing, and logins were sealed with it: put back the copy that you keep of it",
                path.display()
            )
        }
        Err(HostKeyError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            HostKey::load_or_create(data).context("cannot make the host key")
        }
        loaded => Ok(loaded?),
    }
}
