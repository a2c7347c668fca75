//! Where the agent keeps what it is (config directory) and what it can find again (state directory), and the lock that
//! lets one run work at a time.

use crate::durable;
use rustix::process::geteuid;
use std::{
    ffi::OsString,
    fs,
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use thiserror::Error;

const LOCK_NAME: &str = "lock";

/// Directories or lock cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Nothing says where they should be.
    #[error("the home directory is not known; give --config-dir and --state-dir")]
    NoHome,
    /// The file system failed.
    #[error("{path} cannot be used: {source}; check that it belongs to you")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another run is under way.
    #[error("another run works with {path} ({holder}); wait for it to end, or end it")]
    Busy {
        /// Which directory.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, ConfigError>;

/// The config directory: as given, or root's `/etc/iotabackup`, or the user's by the XDG rules.
///
/// # Errors
/// [`ConfigError`].
pub fn config_dir(given: Option<&Path>) -> Result<PathBuf> {
    directory(given, "/etc/iotabackup", "XDG_CONFIG_HOME", ".config")
}

/// The state directory: as given, or root's `/var/lib/iotabackup-agent`, or the user's by the XDG rules.
///
/// # Errors
/// [`ConfigError`].
pub fn state_dir(given: Option<&Path>) -> Result<PathBuf> {
    directory(given, "/var/lib/iotabackup-agent", "XDG_STATE_HOME", ".local/state")
}

fn directory(given: Option<&Path>, of_root: &str, variable: &str, below_home: &str) -> Result<PathBuf> {
    let is_root = geteuid().is_root();
    let path = choose(given, is_root, of_root, std::env::var_os(variable), std::env::var_os("HOME"), below_home)?;
    std::path::absolute(&path).map_err(|source| ConfigError::File { path, source })
}

fn choose(
    given: Option<&Path>,
    is_root: bool,
    of_root: &str,
    base: Option<OsString>,
    home: Option<OsString>,
    below_home: &str,
) -> Result<PathBuf> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    if is_root {
        return Ok(of_root.into());
    }
    // By the XDG rules a relative path counts as none.
    let base = base.map(PathBuf::from).filter(|base| base.is_absolute());
    let home = || home.filter(|home| !home.is_empty()).map(|home| Path::new(&home).join(below_home));
    Ok(base.or_else(home).ok_or(ConfigError::NoHome)?.join("iotabackup"))
}

/// Held while a run works with a config directory; the system releases it when the program ends, however it does.
#[derive(Debug)]
pub struct RunLock(#[expect(dead_code, reason = "its lock ends with it")] fs::File);

impl RunLock {
    /// Takes the lock of `config_dir`, which is made when it is not there.
    ///
    /// # Errors
    /// [`ConfigError::Busy`] says who holds it.
    pub fn take(config_dir: &Path) -> Result<Self> {
        let path = config_dir.join(LOCK_NAME);
        let failed = |source| ConfigError::File { path: path.clone(), source };
        durable::create_private_dir(config_dir).map_err(failed)?;
        let options = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).clone();
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.take(64).read_to_string(&mut holder);
                return Err(ConfigError::Busy { path: config_dir.to_owned(), holder: holder.trim().to_owned() });
            }
            Err(fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
        let note = format!("process {}\n", std::process::id());
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(note.as_bytes())).map_err(failed)?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(given: Option<&str>, is_root: bool, base: Option<&str>, home: Option<&str>) -> Option<PathBuf> {
        let given = given.map(Path::new);
        choose(given, is_root, "/etc/iotabackup", base.map(Into::into), home.map(Into::into), ".config").ok()
    }

    #[test]
    fn directories_follow_the_rules_of_the_system() {
        let is = |path: &str| Some(PathBuf::from(path));
        assert_eq!(chosen(Some("/x"), true, Some("/c"), Some("/h")), is("/x"));
        assert_eq!(chosen(None, true, Some("/c"), Some("/h")), is("/etc/iotabackup"));
        assert_eq!(chosen(None, false, Some("/c"), Some("/h")), is("/c/iotabackup"));
        assert_eq!(chosen(None, false, Some("c"), Some("/h")), is("/h/.config/iotabackup"));
        assert_eq!(chosen(None, false, None, Some("")), None);
    }

    #[test]
    fn one_run_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let config_dir = directory.path().join("config");
        let first = RunLock::take(&config_dir).unwrap();
        let busy = RunLock::take(&config_dir).unwrap_err().to_string();
        assert!(busy.contains(&format!("process {}", std::process::id())), "{busy}");
        drop(first);
        RunLock::take(&config_dir).unwrap();
    }
}
