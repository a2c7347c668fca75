//! The folder where the server keeps everything: who may see it, and who works on it.
//!
//! ```text
//! DATA/lock           held by the one process that writes here: its command and process id
//! DATA/host.key       see `host_key`
//! DATA/packs/         see `packs`
//! DATA/postgres/      the database's files, when it is run by this program
//! DATA/postgres.log   what it said
//! DATA/run/           its socket, for this user only
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

/// How long to wait for a command that only takes moments.
const PATIENCE: Duration = Duration::from_secs(30);

/// The folder cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// The file system failed.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can look into it.
    #[error("{} can be read by others (mode {mode:o}): run `chmod 700` on it", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Another process works on it.
    #[error("{} is in use by `iota-server {holder}`: stop that first", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Its command and process id.
        holder: String,
    },
}

/// A data folder that this user alone can look into.
#[derive(Debug, Clone)]
pub struct DataDir {
    path: PathBuf,
}

/// Held while a process works on a data folder. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataDir {
    /// Makes the folder if there is none; closes an empty one to others.
    ///
    /// # Errors
    /// [`DataDirError`].
    pub fn open_or_create(path: &Path) -> Result<Self, DataDirError> {
        let failed = |source| DataDirError::File { path: path.to_path_buf(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        if fs::read_dir(path).map_err(failed)?.next().is_none() {
            fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)?;
        }
        Self::open(path)
    }

    /// Takes the folder as it is.
    ///
    /// # Errors
    /// [`DataDirError`].
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |source| DataDirError::File { path: path.to_path_buf(), source };
        let path = fs::canonicalize(path).map_err(failed)?;
        let mode = fs::metadata(&path).map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(DataDirError::Open { path, mode });
        }
        Ok(Self { path })
    }

    /// Where it is, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the packs are.
    pub fn packs(&self) -> PathBuf {
        self.path.join("packs")
    }

    /// Locks the folder for `command`; waits for commands that take moments, not for a server.
    ///
    /// # Errors
    /// [`DataDirError::InUse`].
    pub fn lock(&self, command: &str) -> Result<DataLock, DataDirError> {
        let begun = Instant::now();
        loop {
            match self.try_lock(command)? {
                Ok(lock) => return Ok(lock),
                Err(holder)
                    if holder.starts_with("serve") || holder.starts_with("rebuild") || begun.elapsed() > PATIENCE =>
                {
                    return Err(DataDirError::InUse { path: self.path.clone(), holder });
                }
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// Locks the folder, or says who holds it.
    ///
    /// # Errors
    /// [`DataDirError::File`].
    pub fn try_lock(&self, command: &str) -> Result<Result<DataLock, String>, DataDirError> {
        let path = self.path.join("lock");
        let failed = |source| DataDirError::File { path: path.clone(), source };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).clone();
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(failed)?;
                file.rewind().map_err(failed)?;
                write!(file, "{command} (process {})", std::process::id()).map_err(failed)?;
                Ok(Ok(DataLock { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(failed)?;
                Ok(Err(if holder.is_empty() { "another command".to_owned() } else { holder }))
            }
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_for_one_user() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(&parent.path().join("a/b")).unwrap();
        assert_eq!(fs::metadata(data.path()).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(data.path(), Permissions::from_mode(0o755)).unwrap();
        DataDir::open_or_create(data.path()).unwrap();
        fs::write(data.path().join("a"), "").unwrap();
        fs::set_permissions(data.path(), Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(DataDir::open_or_create(data.path()), Err(DataDirError::Open { mode: 0o750, .. })));
    }

    #[test]
    fn a_second_server_is_refused_and_told_who_runs() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(folder.path()).unwrap();
        let lock = data.lock("serve").unwrap();
        let refused = data.lock("serve").unwrap_err().to_string();
        assert!(refused.contains(&format!("`iota-server serve (process {})`", std::process::id())), "{refused}");
        drop(lock);
        data.lock("serve").unwrap();
    }

    #[test]
    fn a_short_command_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create(folder.path()).unwrap();
        let lock = data.lock("setup-token").unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| data.lock("serve"));
            drop(lock);
            waiting.join().unwrap().unwrap();
        });
    }
}
