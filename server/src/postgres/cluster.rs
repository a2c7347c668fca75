//! One embedded cluster: its files, and how it is made and started.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::programs::Programs;
use super::{PostgresError, Result, failed, postmaster, socket};

/// Name of role and database.
const NAME: &str = "iotabackup";
const POLL: Duration = Duration::from_millis(50);
/// How often a start is tried while processes of a killed Postgres still end.
const MAX_ATTEMPTS: u32 = 20;
/// A longer log is begun anew.
const MAX_LOG_BYTES: u64 = 8 << 20;
/// How much of the log an error shows.
const SHOWN_LOG_BYTES: u64 = 2000;

/// What Postgres is told at each start; nothing stands in files that somebody may have changed.
const SETTINGS: [&str; 11] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "port=5432",
    "max_connections=60",
    "shared_buffers=128MB",
    "max_wal_size=1GB",
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "log_line_prefix=%m [%p] ",
    "log_parameter_max_length=0",
];

/// Files and programs of one cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    programs: Programs,
    data: PathBuf,
    log: PathBuf,
    socket: PathBuf,
}

impl Cluster {
    /// Finds programs for the cluster in `data_dir`, and makes it if there is none.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub async fn open(data_dir: &Path, configured: Option<&Path>) -> Result<Self> {
        require_user()?;
        let data = data_dir.join("postgres");
        let version = version_of(&data)?;
        let programs = Programs::find(configured, &data, version.as_deref())?;
        let cluster = Self { programs, data, log: data_dir.join("postgres.log"), socket: socket::folder(data_dir) };
        if version.is_none() {
            cluster.make(data_dir).await?;
        }
        Ok(cluster)
    }

    /// How to connect to it.
    pub fn options(&self) -> PgConnectOptions {
        options(&self.socket, NAME)
    }

    /// Starts it and waits until it answers. What an earlier process left is ended and recovered first.
    ///
    /// # Errors
    /// [`PostgresError`].
    pub async fn start(&self, data_dir: &Path) -> Result<Child> {
        postmaster::clear(&self.data).await?;
        for attempt in 1.. {
            socket::prepare(data_dir)?;
            let mut child = self.spawn()?;
            match self.wait_until_ready(&mut child).await {
                Ok(()) => return Ok(child),
                Err(PostgresError::NotStarted { said }) if attempt < MAX_ATTEMPTS && is_passing(&said) => {
                    sleep(POLL * 10).await
                }
                Err(error) => return Err(error),
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// In a folder beside its place first, so that a half-made one never counts.
    async fn make(&self, data_dir: &Path) -> Result<()> {
        let draft = data_dir.join("postgres.new");
        match fs::remove_dir_all(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&draft)(error)),
            _ => {}
        }
        tracing::info!(version = self.programs.version, "making the database");
        let mut initdb = Command::new(self.programs.path("initdb"));
        initdb.arg("--pgdata").arg(&draft).args(["--username", NAME, "--auth-local=trust", "--auth-host=reject"]);
        initdb.args(["--data-checksums", "--encoding=UTF8", "--locale=C", "--no-instructions"]);
        let output = initdb.current_dir(data_dir).output().await.map_err(failed(self.programs.path("initdb")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(PostgresError::Program { program: "initdb".into(), status: output.status, said });
        }
        fs::rename(&draft, &self.data).map_err(failed(&draft))?;
        File::open(data_dir).and_then(|folder| folder.sync_all()).map_err(failed(data_dir))
    }

    /// In a process group of its own: a Ctrl-C is for us, and we stop it when our requests are done.
    fn spawn(&self) -> Result<Child> {
        let program = self.programs.path("postgres");
        let mut postgres = Command::new(&program);
        postgres.arg("-D").arg(&self.data).current_dir(&self.data);
        for setting in SETTINGS {
            postgres.arg("-c").arg(setting);
        }
        postgres.arg("-c").arg(format!("unix_socket_directories={}", quoted(&self.socket)));
        let log = self.open_log().map_err(failed(&self.log))?;
        let errors = log.try_clone().map_err(failed(&self.log))?;
        postgres.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
        // Nobody is left behind when a start is given up; what was killed is recovered at the next start.
        postgres.kill_on_drop(true);
        postgres.spawn().map_err(failed(program))
    }

    fn open_log(&self) -> io::Result<File> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.log)?;
        if file.metadata()?.len() > MAX_LOG_BYTES {
            file.set_len(0)?;
        }
        Ok(file)
    }

    /// However long recovery takes, as long as it is alive.
    async fn wait_until_ready(&self, child: &mut Child) -> Result<()> {
        loop {
            if child.try_wait().map_err(failed(&self.data))?.is_some() {
                return Err(PostgresError::NotStarted { said: self.end_of_log() });
            }
            if let Ok(mut connection) = PgConnection::connect_with(&options(&self.socket, "postgres")).await {
                let made = make_database(&mut connection).await;
                // It has answered; how it says goodbye does not matter.
                let _ = connection.close().await;
                return made.map_err(PostgresError::Connect);
            }
            sleep(POLL).await;
        }
    }

    fn end_of_log(&self) -> String {
        let read = || -> io::Result<String> {
            let mut file = File::open(&self.log)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(SHOWN_LOG_BYTES)))?;
            let mut end = Vec::new();
            file.read_to_end(&mut end)?;
            Ok(String::from_utf8_lossy(&end).trim().to_owned())
        };
        read().unwrap_or_else(|error| format!("nothing that can be read ({error})"))
    }
}

/// Checks that this user may run Postgres.
///
/// # Errors
/// [`PostgresError::Root`].
pub fn require_user() -> Result<()> {
    if rustix::process::geteuid().is_root() { Err(PostgresError::Root) } else { Ok(()) }
}

/// How to connect to the cluster of a data folder that runs already.
pub fn running(data_dir: &Path) -> PgConnectOptions {
    options(&socket::folder(data_dir), NAME)
}

fn options(socket: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(socket).port(5432).username(NAME).database(database)
}

async fn make_database(connection: &mut PgConnection) -> std::result::Result<(), sqlx::Error> {
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'iotabackup')")
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        sqlx::query("CREATE DATABASE iotabackup").execute(connection).await?;
    }
    Ok(())
}

fn version_of(data: &Path) -> Result<Option<String>> {
    let path = data.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path)(error)),
    }
}

/// Whether a start failed because processes of a killed Postgres have not ended yet.
fn is_passing(said: &str) -> bool {
    said.lines().rev().take(3).any(|line| line.contains("shared memory block"))
}

/// A folder in a list of folders: quoted, so that commas and blanks are part of its name.
fn quoted(folder: &Path) -> String {
    format!("\"{}\"", folder.to_string_lossy().replace('"', "\"\""))
}
