//! A Postgres for the length of one task, reachable only through a socket in its own temporary folder.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::process;

/// The user and group `nobody`: Postgres refuses to run as root.
const NOBODY: u32 = 65534;
const INSTALLATIONS: &str = "/usr/lib/postgresql";

/// A running server; dropping it stops it and removes its data.
pub struct Database {
    programs: PathBuf,
    folder: TempDir,
}

impl Database {
    /// Makes a new, empty cluster and starts it.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        if is_root()? {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).context("cannot give the temporary folder away")?;
        }
        let database = Self { programs: newest_installation()?, folder };
        process::run(database.program("initdb")?.args(["-U", "postgres", "-A", "trust", "--no-sync"]))?;
        let socket = format!(
            "-c listen_addresses= -c fsync=off -c max_connections=300 -c unix_socket_directories={}",
            database.path().display()
        );
        process::run(
            database.program("pg_ctl")?.args(["start", "-w", "-o", &socket, "-l"]).arg(database.path().join("log")),
        )?;
        Ok(database)
    }

    /// Its address for sqlx and psql.
    pub fn url(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.path().display())
    }

    /// Runs the statements of a file; the first error ends it.
    pub fn execute(&self, file: &Path) -> Result<()> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", &self.url(), "--file"]).arg(file);
        process::run(&mut psql).with_context(|| format!("cannot apply {}", file.display()))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A program of the installation that works on the data, as a user whom Postgres accepts.
    fn program(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(self.programs.join(name));
        command.arg("-D").arg(self.path().join("data")).current_dir(self.path()).stdout(Stdio::null());
        if is_root()? {
            command.uid(NOBODY).gid(NOBODY);
        }
        Ok(command)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let stopped =
            self.program("pg_ctl").and_then(|mut command| process::run(command.args(["stop", "-m", "immediate"])));
        if let Err(error) = stopped {
            eprintln!("the temporary Postgres did not stop: {error}");
        }
    }
}

fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self").context("cannot tell who runs this")?.uid() == 0)
}

/// The programs of the highest version that the system has.
fn newest_installation() -> Result<PathBuf> {
    let versions = fs::read_dir(INSTALLATIONS).into_iter().flatten().filter_map(|entry| {
        let folder = entry.ok()?.path();
        let version: u32 = folder.file_name()?.to_str()?.parse().ok()?;
        folder.join("bin/initdb").exists().then_some((version, folder.join("bin")))
    });
    match versions.max() {
        Some((_, programs)) => Ok(programs),
        None => bail!("no Postgres in {INSTALLATIONS}: install the package postgresql"),
    }
}
