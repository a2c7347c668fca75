//! The folder of the database's socket: for one user alone, and with a name that is short enough.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{PostgresError, Result, failed};

/// Longest path of a socket, by the system's `sockaddr_un`.
const MAX_PATH_BYTES: usize = 107;
const SOCKET: &str = ".s.PGSQL.5432";

/// Where the socket of a data folder lies: inside, or, when that name is too long, in the folder for temporary files,
/// under a name that every process works out alike.
pub fn folder(data: &Path) -> PathBuf {
    let inside = data.join("run");
    if inside.join(SOCKET).as_os_str().len() <= MAX_PATH_BYTES {
        return inside;
    }
    let hash = blake3::hash(data.as_os_str().as_bytes()).to_hex();
    Path::new("/tmp").join(format!("iotabackup-{}-{}", rustix::process::geteuid().as_raw(), &hash[..16]))
}

/// Makes the folder, or checks that it is ours alone; removes what an earlier Postgres left in it.
///
/// # Errors
/// [`PostgresError::Foreign`], [`PostgresError::File`].
pub fn prepare(data: &Path) -> Result<PathBuf> {
    let folder = folder(data);
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => require_ours(&folder)?,
        Err(error) => return Err(failed(&folder)(error)),
    }
    for name in [SOCKET.to_owned(), format!("{SOCKET}.lock")] {
        match fs::remove_file(folder.join(&name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(folder.join(name))(error)),
            _ => {}
        }
    }
    Ok(folder)
}

fn require_ours(folder: &Path) -> Result<()> {
    let found = fs::symlink_metadata(folder).map_err(failed(folder))?;
    let ours = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o077 == 0;
    if ours { Ok(()) } else { Err(PostgresError::Foreign { path: folder.to_path_buf() }) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_long_name_is_evaded() {
        let long = PathBuf::from(format!("/{}", "d".repeat(100)));
        assert_eq!(folder(Path::new("/data")), Path::new("/data/run"));
        assert!(folder(&long).starts_with("/tmp") && folder(&long) == folder(&long));
        assert_ne!(folder(&long), folder(&long.join("other")));
        assert!(folder(&long).join(SOCKET).as_os_str().len() <= MAX_PATH_BYTES);
    }

    #[test]
    fn leftovers_go_and_foreign_folders_are_refused() {
        let data = tempfile::tempdir().unwrap();
        let folder = prepare(data.path()).unwrap();
        fs::write(folder.join(SOCKET), "").unwrap();
        prepare(data.path()).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(prepare(data.path()), Err(PostgresError::Foreign { .. })));
        fs::remove_dir(&folder).unwrap();
        symlink(data.path(), &folder).unwrap();
        assert!(matches!(prepare(data.path()), Err(PostgresError::Foreign { .. })));
    }
}
