//! Linux: everything by descriptor of the directory and name, links never followed.

mod names;
mod network;
mod power;
mod seek;
mod status;
mod write;
mod xattr;

pub use names::{Names, list};
pub use network::{Mounts, is_metered};
pub use power::{POWER_SUPPLIES, is_on_battery};
pub use seek::{Stretch, next_stretch};
pub use status::{FileKey, FileKind, Status, status_at, status_of, status_of_path};
pub use write::{
    Node, begin_writeback, create_named, create_unnamed, is_full, make_directory, make_node, make_symlink, name_file,
    open_beneath, own_user, rename_new, rename_over, set_mode, set_mode_of_handle, set_mtime, set_mtime_at, set_owner,
    sync_file_system,
};
pub use xattr::{
    Attribute, attributes_at, attributes_of, proc_path, remove_attribute_at, remove_attribute_of, require_proc,
    set_attribute_at, set_attribute_of,
};

use rustix::{
    fs::{self, AtFlags, CWD, Mode, OFlags},
    io::Errno,
};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

const FLAGS: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// File systems that hold no files of anybody: what they show is made up by the kernel at the moment of reading.
const PSEUDO: [u64; 23] = [
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x1cd1,      // devpts
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0x6165_676c, // pstore
    0xde5e_81e4, // efivarfs
    0xcafe_4a11, // bpf
    0x6265_6570, // configfs
    0x6573_5543, // fusectl
    0x9584_58f6, // hugetlbfs
    0x1980_0202, // mqueue
    0x4249_4e4d, // binfmt_misc
    0x0187,      // autofs
    0x6e73_6673, // nsfs
    0x6759_6969, // rpc_pipefs
    0xf97c_ff8c, // selinuxfs
    0x4341_5d53, // smackfs
    0x5a3c_69f0, // aafs
    0x9fa2,      // usbdevfs
];

/// The directory `/`.
///
/// # Errors
/// When it cannot be opened.
pub fn open_root() -> io::Result<OwnedFd> {
    Ok(fs::openat(CWD, "/", FLAGS | OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?)
}

/// Opens the directory `name` of `parent` for listing. A link in its place is an error, never followed.
///
/// # Errors
/// As the system says; `ENOTDIR` or `ELOOP` when it is no directory.
pub fn open_directory(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<OwnedFd> {
    open_quietly(parent, name, FLAGS | OFlags::RDONLY | OFlags::DIRECTORY)
}

/// Opens `name` of `parent` for reading. Never follows a link, never waits for the other end of a pipe.
///
/// # Errors
/// As the system says; `ELOOP` when it is a link.
pub fn open_file(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<OwnedFd> {
    open_quietly(parent, name, FLAGS | OFlags::RDONLY)
}

/// Without a change of the access time where that is allowed: to the owner and to root.
fn open_quietly(parent: BorrowedFd<'_>, name: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
    match fs::openat(parent, name, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => Ok(fs::openat(parent, name, flags, Mode::empty())?),
        opened => Ok(opened?),
    }
}

/// A handle of `name`, whatever it is, that names it and nothing else: it reads nothing.
///
/// # Errors
/// As the system says.
pub fn open_handle(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<OwnedFd> {
    Ok(fs::openat(parent, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?)
}

/// A handle of the directory `name`: good for walking further, and for nothing else.
///
/// # Errors
/// As the system says; `ENOTDIR` when it is no directory.
pub fn open_step(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::DIRECTORY;
    Ok(fs::openat(parent, name, flags, Mode::empty())?)
}

/// Opens a path that the user gave for a directory of the agent, links followed.
///
/// # Errors
/// As the system says.
pub fn open_given_directory(path: &Path) -> io::Result<OwnedFd> {
    Ok(fs::openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Where the link `name` points.
///
/// # Errors
/// As the system says; `EINVAL` when it is no link.
pub fn read_link(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<Box<[u8]>> {
    Ok(fs::readlinkat(parent, name, Vec::new())?.into_bytes().into())
}

/// Whether an open directory belongs to a file system of the kernel's own, such as `/proc`.
///
/// # Errors
/// As the system says.
pub fn is_pseudo(directory: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(PSEUDO.contains(&(fs::fstatfs(directory)?.f_type as u64 & 0xffff_ffff)))
}

/// Removes `name`, which is no directory.
///
/// # Errors
/// As the system says.
pub fn remove_file(parent: impl AsFd, name: &[u8]) -> io::Result<()> {
    Ok(fs::unlinkat(parent, name, AtFlags::empty())?)
}

/// What was there is another thing now: gone, or a link or a file in the place of a directory.
pub fn is_swapped(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOTDIR | Errno::LOOP | Errno::INVAL | Errno::NXIO))
}
