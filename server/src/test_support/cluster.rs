//! A Postgres of this process, for tests that are run by themselves.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

/// The user and group `nobody`: Postgres refuses to run as root.
const NOBODY: u32 = 65534;
const INSTALLATIONS: &str = "/usr/lib/postgresql";

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// A running Postgres; the last handle stops it and removes its data.
pub struct Cluster {
    programs: PathBuf,
    folder: TempDir,
}

impl Cluster {
    /// The one of this process.
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let made = Arc::new(Self::start());
            *shared = Arc::downgrade(&made);
            made
        })
    }

    /// Address of a database in it that may make others.
    pub fn url(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.folder.path().display())
    }

    fn start() -> Self {
        let cluster = Self { programs: newest_installation(), folder: tempfile::tempdir().unwrap() };
        if is_root() {
            chown(cluster.folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        cluster.run("initdb", &["-U", "postgres", "-A", "trust", "--no-sync"]);
        let folder = cluster.folder.path().display();
        let options =
            format!("-c listen_addresses= -c fsync=off -c max_connections=300 -c unix_socket_directories={folder}");
        cluster.run("pg_ctl", &["start", "-w", "-o", &options, "-l", &format!("{folder}/log")]);
        cluster
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(self.folder.path().join("data")).args(arguments).current_dir(self.folder.path());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{program}: {status}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("pg_ctl", &["stop", "-m", "immediate"]);
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn newest_installation() -> PathBuf {
    let found = fs::read_dir(INSTALLATIONS).into_iter().flatten().filter_map(|entry| {
        let folder = entry.unwrap().path();
        let version: u32 = folder.file_name()?.to_str()?.parse().ok()?;
        folder.join("bin/initdb").exists().then_some((version, folder.join("bin")))
    });
    found.max().expect("the tests need Postgres: install the package postgresql").1
}
