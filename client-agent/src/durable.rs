//! Small private files that survive a crash at any moment: the old contents or the new ones, never a mixture.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

/// Why a file or directory is not its user's alone, and the command that sets it right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// What is wrong.
    pub fault: &'static str,
    /// A command.
    pub remedy: String,
}

/// Looks whether others may read or change what is at `path`, or own it.
///
/// # Errors
/// Those of the file system.
pub fn exposure(path: &Path) -> io::Result<Option<Exposure>> {
    let metadata = fs::metadata(path)?;
    let exposed = |fault, remedy| Ok(Some(Exposure { fault, remedy }));
    let mode = if metadata.is_dir() { "700" } else { "600" };
    if metadata.mode() & 0o077 != 0 {
        return exposed("others may read or change it", format!("chmod {mode} {}", path.display()));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return exposed("it belongs to another user", format!("chown $(id -u) {}", path.display()));
    }
    Ok(None)
}

/// Replaces a file: temporary file (mode 0600), fsync, rename, fsync of the directory.
///
/// # Errors
/// Those of the file system.
pub fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    write_private(&temporary, contents)?;
    fs::rename(&temporary, path)?;
    sync_parent(path)
}

/// Makes a file (mode 0600) that must not be there yet; durable when this returns.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when it is there, and those of the file system.
pub fn create_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(contents).and_then(|()| file.sync_all()).and_then(|()| sync_parent(path));
    if written.is_err() {
        // Half a file of this kind is worse than none; the error that is told is the first.
        let _ = fs::remove_file(path);
    }
    written
}

/// Makes a directory (mode 0700) with all that leads to it, unless it is there.
///
/// # Errors
/// Those of the file system.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the names in a file's directory durable.
///
/// # Errors
/// Those of the file system.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent)?.sync_all()
}

fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = create_draft(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

/// Makes a file (mode 0600) in place of what a crash may have left there.
///
/// # Errors
/// Those of the file system.
pub fn create_draft(path: &Path) -> io::Result<fs::File> {
    // A leftover of a crash may have other permissions.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_are_private_and_replaced_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/secret");
        create_private_dir(path.parent().unwrap()).unwrap();
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        fs::write(path.with_extension("new"), "left over").unwrap();
        for contents in ["first", "2"] {
            write(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(!path.with_extension("new").exists());
    }

    #[test]
    fn a_new_file_overwrites_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kit");
        create_new(&path, b"mine").unwrap();
        assert_eq!(create_new(&path, b"other").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
}
