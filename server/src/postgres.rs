//! The database: one that this program runs itself, in its data folder, or any other by URL.
//!
//! It is run by this module and not by a crate because none of them does what an appliance needs: no TCP port ever, a
//! socket that one user alone can open, data checksums, taking over what an earlier process left behind (a running
//! Postgres, a process id that is somebody else's by now, locks of sockets), and starting again what has crashed.

mod cluster;
mod connect;
mod postmaster;
mod programs;
mod schema;
mod socket;
mod supervisor;

use std::path::PathBuf;
use std::{io, process};

use thiserror::Error;

pub use cluster::require_user;
pub use connect::{connect, parse_url, pool_options};
pub use schema::{migrate, require_current};
pub use supervisor::{Embedded, beside};

/// The database cannot be used.
#[derive(Debug, Error)]
pub enum PostgresError {
    /// Postgres refuses to run as root.
    #[error(
        "the built-in database cannot run as root: start iota-server as another user (User= in its systemd unit, or \
         `setpriv --reuid iotabackup --regid iotabackup --init-groups iota-server …`), or give a database by --database-url"
    )]
    Root,
    /// No programs.
    #[error(
        "no Postgres found in {searched}: install the package postgresql, name its programs in the configuration, or give a database by --database-url"
    )]
    NotInstalled {
        /// Where.
        searched: String,
    },
    /// The programs are of another version than the data.
    #[error("{} was made by Postgres {data_version}, and {found}: install postgresql-{data_version}, or upgrade the data with pg_upgrade", data.display())]
    OtherVersion {
        /// The database's files.
        data: PathBuf,
        /// Their version.
        data_version: String,
        /// What there is instead.
        found: String,
    },
    /// The file system failed.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The socket's folder belongs to somebody else.
    #[error("{} belongs to somebody else or is open to others: remove it", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// A program failed.
    #[error("{program} failed ({status}): {said}")]
    Program {
        /// Which.
        program: String,
        /// How it ended.
        status: process::ExitStatus,
        /// The end of what it said.
        said: String,
    },
    /// Postgres ended while it started.
    #[error("the database did not start; it said:\n{said}")]
    NotStarted {
        /// The end of its log.
        said: String,
    },
    /// An earlier Postgres does not end.
    #[error("an earlier Postgres (process {pid}) works on the same data and does not stop: end it by hand")]
    Survivor {
        /// Its process id.
        pid: i32,
    },
    /// The URL does not parse.
    #[error("the database URL cannot be read: {0}")]
    Url(sqlx::Error),
    /// It does not answer.
    #[error("the database cannot be reached: {0}")]
    Connect(sqlx::Error),
    /// Its tables are of a later version.
    #[error(
        "the database was made by a newer iota-server (its schema is {found}, this program knows {known}): install the newer \
         version again"
    )]
    Newer {
        /// Version of the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// The server that runs is older than this program.
    #[error(
        "the server that runs is older than this program (its schema is {found}, this program knows {known}): restart it with \
         the new version first"
    )]
    Older {
        /// Version of the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// Its tables cannot be brought to this version.
    #[error("the database's tables cannot be brought to this version: {0}")]
    Migrate(sqlx::migrate::MigrateError),
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, PostgresError>;

/// A closure that says which file failed.
fn failed(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> PostgresError {
    let path = path.into();
    |source| PostgresError::File { path, source }
}
