//! What the system says of a path.

use iota_core::entry::Timestamp;
use rustix::fs::{self, AtFlags, FileType, StatxAttributes, StatxFlags, StatxTimestamp};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A character device.
    Char,
    /// A block device.
    Block,
    /// A socket.
    Socket,
    /// Something else.
    Unknown,
}

/// What makes a file itself, under whatever name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileKey {
    /// The file system, by its device number.
    pub device: u64,
    /// The inode.
    pub inode: u64,
}

/// Status of a path, the link itself when it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits, 0 to 0o7777.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Which file it is.
    pub key: FileKey,
    /// Number of links.
    pub links: u32,
    /// Bytes, holes included.
    pub size: u64,
    /// Bytes that take space.
    pub allocated: u64,
    /// Last change of the content.
    pub mtime: Timestamp,
    /// Last change of content or metadata.
    pub ctime: Timestamp,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Another file system, or another part of one, is mounted here.
    pub mount_point: bool,
}

/// Status of `name` in `parent`; links are not followed, automatic mounts not triggered.
///
/// # Errors
/// As the system says.
pub fn status_at(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<Status> {
    query(parent, name, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT)
}

/// Status of an absolute path; a link at its end is not followed.
///
/// # Errors
/// As the system says.
pub fn status_of_path(path: &[u8]) -> io::Result<Status> {
    query(fs::CWD, path, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT)
}

/// Status of an open file or handle.
///
/// # Errors
/// As the system says.
pub fn status_of(file: impl AsFd) -> io::Result<Status> {
    query(file.as_fd(), b"", AtFlags::EMPTY_PATH)
}

fn query(parent: BorrowedFd<'_>, name: &[u8], flags: AtFlags) -> io::Result<Status> {
    let status = fs::statx(parent, name, flags, StatxFlags::BASIC_STATS)?;
    Ok(Status {
        kind: kind(u32::from(status.stx_mode)),
        mode: u32::from(status.stx_mode) & 0o7777,
        uid: status.stx_uid,
        gid: status.stx_gid,
        key: FileKey {
            device: u64::from(status.stx_dev_major) << 32 | u64::from(status.stx_dev_minor),
            inode: status.stx_ino,
        },
        links: status.stx_nlink,
        size: status.stx_size,
        allocated: status.stx_blocks.saturating_mul(512),
        mtime: time(&status.stx_mtime),
        ctime: time(&status.stx_ctime),
        device: (status.stx_rdev_major, status.stx_rdev_minor),
        mount_point: status.stx_attributes.contains(StatxAttributes::MOUNT_ROOT),
    })
}

fn kind(mode: u32) -> FileKind {
    match FileType::from_raw_mode(mode) {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Symlink,
        FileType::Fifo => FileKind::Fifo,
        FileType::CharacterDevice => FileKind::Char,
        FileType::BlockDevice => FileKind::Block,
        FileType::Socket => FileKind::Socket,
        _ => FileKind::Unknown,
    }
}

fn time(time: &StatxTimestamp) -> Timestamp {
    Timestamp { seconds: time.tv_sec, nanoseconds: time.tv_nsec }
}
