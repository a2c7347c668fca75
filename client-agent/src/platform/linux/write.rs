//! Writing below an open directory: nothing is followed, nothing is overwritten.

use super::proc_path;
use iota_core::{entry::Timestamp, path::TreePath};
use rustix::{
    fs::{
        self, AtFlags, CWD, FileType, Gid, Mode, OFlags, RenameFlags, ResolveFlags, Timespec, Timestamps, UTIME_OMIT,
        Uid,
    },
    io::Errno,
};
use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// One piece of a path that the system is given at a time, bytes; well below its limit.
const PIECE_BYTES: usize = 2048;
/// No user and no group has this number; to the system it means "leave it".
const NOBODY: u32 = u32::MAX;

/// Opens the directory `path` below `root`. No link on the way is followed, and nothing leads above `root`.
///
/// # Errors
/// As the system says; `ELOOP` or `ENOTDIR` when a component is no directory.
pub fn open_beneath(root: BorrowedFd<'_>, path: &TreePath) -> io::Result<OwnedFd> {
    let mut reached: Option<OwnedFd> = None;
    for piece in pieces(path.as_bytes()) {
        let from = reached.as_ref().map_or(root, AsFd::as_fd);
        reached = Some(open_piece(from, piece)?);
    }
    reached.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

/// `path` in pieces of whole components.
fn pieces(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = path;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let cut = match rest.len() {
            length if length <= PIECE_BYTES => length,
            _ => rest[..PIECE_BYTES].iter().rposition(|&byte| byte == b'/').unwrap_or(rest.len()),
        };
        let (piece, after) = rest.split_at(cut);
        rest = after.strip_prefix(b"/").unwrap_or(after);
        Some(piece)
    })
}

fn open_piece(from: BorrowedFd<'_>, piece: &[u8]) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match fs::openat2(from, piece, flags, Mode::empty(), resolve) {
        Err(Errno::NOSYS | Errno::PERM) => open_by_steps(from, piece, flags),
        // The tree changed while the system looked: another try decides.
        Err(Errno::AGAIN) => open_by_steps(from, piece, flags),
        opened => Ok(opened?),
    }
}

/// One component at a time, for systems without `openat2`.
fn open_by_steps(from: BorrowedFd<'_>, piece: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
    let mut reached: Option<OwnedFd> = None;
    for component in piece.split(|&byte| byte == b'/') {
        let from = reached.as_ref().map_or(from, AsFd::as_fd);
        reached = Some(fs::openat(from, component, flags, Mode::empty())?);
    }
    reached.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

/// Makes the directory `name`, for its owner alone.
///
/// # Errors
/// As the system says; `AlreadyExists` when there is anything.
pub fn make_directory(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
    Ok(fs::mkdirat(parent, name, Mode::RWXU)?)
}

/// A new file in `parent` that has no name yet; one that gets none is gone when it is closed.
///
/// # Errors
/// As the system says; `Unsupported` where the file system has no such files.
pub fn create_unnamed(parent: BorrowedFd<'_>) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match fs::openat(parent, ".", flags, Mode::RUSR | Mode::WUSR) {
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => Err(io::ErrorKind::Unsupported.into()),
        opened => Ok(opened?.into()),
    }
}

/// Gives an unnamed file its name.
///
/// # Errors
/// As the system says; `AlreadyExists` when there is anything.
pub fn name_file(file: BorrowedFd<'_>, parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
    Ok(fs::linkat(CWD, proc_path(file, b""), parent, name, AtFlags::SYMLINK_FOLLOW)?)
}

/// A new file with a name.
///
/// # Errors
/// As the system says; `AlreadyExists` when there is anything.
pub fn create_named(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<File> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(fs::openat(parent, name, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// Renames within `parent`; what has the new name already stays.
///
/// # Errors
/// As the system says; `AlreadyExists` when there is anything.
pub fn rename_new(parent: BorrowedFd<'_>, from: &[u8], to: &[u8]) -> io::Result<()> {
    match fs::renameat_with(parent, from, parent, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::linkat(parent, from, parent, to, AtFlags::empty())?;
            Ok(fs::unlinkat(parent, from, AtFlags::empty())?)
        }
        renamed => Ok(renamed?),
    }
}

/// Renames within `parent`; what has the new name already is replaced at once, a link and not what it points to.
///
/// # Errors
/// As the system says; a directory is never replaced.
pub fn rename_over(parent: BorrowedFd<'_>, from: &[u8], to: &[u8]) -> io::Result<()> {
    Ok(fs::renameat(parent, from, parent, to)?)
}

/// Makes a symbolic link.
///
/// # Errors
/// As the system says; `AlreadyExists` when there is anything.
pub fn make_symlink(parent: BorrowedFd<'_>, name: &[u8], target: &[u8]) -> io::Result<()> {
    Ok(fs::symlinkat(target, parent, name)?)
}

/// What is neither file, directory nor link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Node {
    /// A named pipe.
    Fifo,
    /// A socket that nobody listens to.
    Socket,
    /// A character device, by major and minor number.
    Char(u32, u32),
    /// A block device, by major and minor number.
    Block(u32, u32),
}

/// Makes a pipe, socket or device, for its owner alone.
///
/// # Errors
/// As the system says; `AlreadyExists` when there is anything.
pub fn make_node(parent: BorrowedFd<'_>, name: &[u8], node: Node) -> io::Result<()> {
    let (kind, device) = match node {
        Node::Fifo => (FileType::Fifo, 0),
        Node::Socket => (FileType::Socket, 0),
        Node::Char(major, minor) => (FileType::CharacterDevice, fs::makedev(major, minor)),
        Node::Block(major, minor) => (FileType::BlockDevice, fs::makedev(major, minor)),
    };
    Ok(fs::mknodat(parent, name, kind, Mode::RUSR | Mode::WUSR, device)?)
}

/// Changes the owner of what a descriptor or handle stands for. `None` leaves it.
///
/// # Errors
/// As the system says; `InvalidInput` for the number that no user can have.
pub fn set_owner(file: BorrowedFd<'_>, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    if uid == Some(NOBODY) || gid == Some(NOBODY) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
    Ok(fs::chownat(file, "", uid, gid, AtFlags::EMPTY_PATH)?)
}

/// Changes the permissions of an open file or directory.
///
/// # Errors
/// As the system says.
pub fn set_mode(file: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
    Ok(fs::fchmod(file, Mode::from_raw_mode(mode))?)
}

/// [`set_mode`] by a handle ([`super::open_handle`]), not of a link.
///
/// # Errors
/// As the system says.
pub fn set_mode_of_handle(handle: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
    Ok(fs::chmod(proc_path(handle, b""), Mode::from_raw_mode(mode))?)
}

/// Sets the time of the last change; leaves that of the last access.
///
/// # Errors
/// As the system says.
pub fn set_mtime(file: BorrowedFd<'_>, mtime: Timestamp) -> io::Result<()> {
    Ok(fs::futimens(file, &times(mtime))?)
}

/// [`set_mtime`] of what stands at `name`; a link is not followed.
///
/// # Errors
/// As the system says.
pub fn set_mtime_at(parent: BorrowedFd<'_>, name: &[u8], mtime: Timestamp) -> io::Result<()> {
    Ok(fs::utimensat(parent, name, &times(mtime), AtFlags::SYMLINK_NOFOLLOW)?)
}

fn times(mtime: Timestamp) -> Timestamps {
    let last_modification = Timespec { tv_sec: mtime.seconds, tv_nsec: mtime.nanoseconds.into() };
    Timestamps { last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT as _ }, last_modification }
}

/// Lets the system begin to write what was put into the file, and let go of what of it is written already. A hint: where
/// it does nothing, [`sync_file_system`] has more to wait for.
pub fn begin_writeback(file: &File) {
    let _ = fs::fadvise(file, 0, None, fs::Advice::DontNeed);
}

/// Makes everything on the file system of `directory` durable.
///
/// # Errors
/// As the system says.
pub fn sync_file_system(directory: BorrowedFd<'_>) -> io::Result<()> {
    Ok(fs::syncfs(directory)?)
}

/// The user that this program acts as; 0 is root.
pub fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether nothing more can be written at all: no space, no quota, or read-only.
pub fn is_full(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOSPC | Errno::DQUOT | Errno::ROFS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::open_given_directory;

    #[test]
    fn the_longest_path_is_reached_and_links_are_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let root = open_given_directory(directory.path()).unwrap();
        let name = "n".repeat(255);
        let full = TreePath::parse([&name[..]; 16].join("/").as_bytes()).unwrap();
        let mut at = root.try_clone().unwrap();
        for component in full.components() {
            make_directory(at.as_fd(), component).unwrap();
            at = open_piece(at.as_fd(), component).unwrap();
        }
        assert_eq!(full.as_bytes().len(), 4095);
        open_beneath(root.as_fd(), &full).unwrap();
        make_symlink(root.as_fd(), b"link", b"/tmp").unwrap();
        make_directory(root.as_fd(), b"real").unwrap();
        for (path, good) in [("real", true), ("link", false), ("link/x", false), ("none", false)] {
            let path = TreePath::parse(path.as_bytes()).unwrap();
            assert_eq!(open_beneath(root.as_fd(), &path).is_ok(), good, "{path:?}");
            let steps =
                open_by_steps(root.as_fd(), path.as_bytes(), OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW);
            assert_eq!(steps.is_ok(), good, "{path:?}");
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let root = open_given_directory(directory.path()).unwrap();
        let root = root.as_fd();
        std::fs::write(directory.path().join("there"), "old").unwrap();
        let exists = |result: io::Result<()>| result.unwrap_err().kind() == io::ErrorKind::AlreadyExists;
        let file = create_unnamed(root).unwrap();
        assert!(exists(name_file(file.as_fd(), root, b"there")));
        name_file(file.as_fd(), root, b"new").unwrap();
        create_named(root, b"draft").unwrap();
        assert!(exists(rename_new(root, b"draft", b"there")));
        rename_new(root, b"draft", b"renamed").unwrap();
        assert!(exists(make_symlink(root, b"there", b"x")));
        assert!(exists(make_node(root, b"there", Node::Fifo)));
        assert!(exists(make_directory(root, b"there")));
        assert!(set_owner(file.as_fd(), Some(NOBODY), None).is_err());
        assert_eq!(std::fs::read(directory.path().join("there")).unwrap(), b"old");
    }
}
