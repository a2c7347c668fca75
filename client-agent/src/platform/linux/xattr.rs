//! Extended attributes; POSIX ACLs and capabilities are among them.

use rustix::{fs, fs::XattrFlags, io::Errno};
use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
};

/// The longest list of names, and the longest value, that Linux gives.
const MAX_BYTES: usize = 64 << 10;
/// Most lists and values fit here.
const USUAL_BYTES: usize = 512;

/// Name and value. `None` for a value that may not be read or is longer than the system should give.
pub type Attribute = (Box<[u8]>, Option<Box<[u8]>>);

/// The path of `name` in an open directory, for calls that know no descriptors. The directory cannot be swapped; `name` is
/// not followed by calls that follow no links.
pub fn proc_path(parent: BorrowedFd<'_>, name: &[u8]) -> Vec<u8> {
    let mut path = format!("/proc/self/fd/{}", parent.as_raw_fd()).into_bytes();
    if !name.is_empty() {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    path
}

/// Checks that [`proc_path`] works here.
///
/// # Errors
/// With what to do, when `/proc` is not mounted.
pub fn require_proc() -> io::Result<()> {
    std::fs::symlink_metadata("/proc/self/fd").map(drop).map_err(|error| {
        io::Error::new(error.kind(), format!("attributes are read through /proc, so mount it ({error})"))
    })
}

/// Attributes of an open file, sorted by name.
///
/// # Errors
/// As the system says. A file system without attributes has none.
pub fn attributes_of(file: BorrowedFd<'_>) -> io::Result<Vec<Attribute>> {
    collect(|buffer| fs::flistxattr(file, buffer), |name, buffer| fs::fgetxattr(file, name, buffer))
}

/// Attributes of what stands at `name` in `parent`, the link itself when it is one, sorted by name.
///
/// # Errors
/// As the system says.
pub fn attributes_at(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<Vec<Attribute>> {
    let path = proc_path(parent, name);
    collect(|buffer| fs::llistxattr(&path[..], buffer), |name, buffer| fs::lgetxattr(&path[..], name, buffer))
}

fn collect(
    list: impl Fn(&mut [u8]) -> rustix::io::Result<usize>,
    get: impl Fn(&[u8], &mut [u8]) -> rustix::io::Result<usize>,
) -> io::Result<Vec<Attribute>> {
    let names = match grow(&list) {
        Ok(names) if names.is_empty() => return Ok(Vec::new()),
        Ok(names) => names,
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut attributes = Vec::new();
    for name in names.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        match grow(|buffer| get(name, buffer)) {
            Ok(value) => attributes.push((name.into(), Some(value.into()))),
            // Removed since it was listed.
            Err(Errno::NODATA) => {}
            Err(Errno::ACCESS | Errno::PERM | Errno::RANGE | Errno::TOOBIG | Errno::OPNOTSUPP) => {
                attributes.push((name.into(), None));
            }
            Err(error) => return Err(error.into()),
        }
    }
    attributes.sort_unstable();
    Ok(attributes)
}

/// Calls with a small buffer, and again with the largest that can be needed.
fn grow(call: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> rustix::io::Result<Vec<u8>> {
    let mut small = [0; USUAL_BYTES];
    match call(&mut small) {
        Ok(length) => Ok(small[..length].to_vec()),
        Err(Errno::RANGE) => {
            let mut large = vec![0; MAX_BYTES];
            let length = call(&mut large)?;
            large.truncate(length);
            Ok(large)
        }
        Err(error) => Err(error),
    }
}

/// Sets an attribute of an open file.
///
/// # Errors
/// As the system says.
pub fn set_attribute_of(file: BorrowedFd<'_>, name: &[u8], value: &[u8]) -> io::Result<()> {
    Ok(fs::fsetxattr(file, name, value, XattrFlags::empty())?)
}

/// Sets an attribute of what stands at `name`; links are not followed.
///
/// # Errors
/// As the system says.
pub fn set_attribute_at(parent: BorrowedFd<'_>, name: &[u8], attribute: &[u8], value: &[u8]) -> io::Result<()> {
    Ok(fs::lsetxattr(proc_path(parent, name), attribute, value, XattrFlags::empty())?)
}

/// Removes an attribute of an open file; one that is not there is fine.
///
/// # Errors
/// As the system says.
pub fn remove_attribute_of(file: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
    absent_is_fine(fs::fremovexattr(file, name))
}

/// Removes an attribute of what stands at `name`; one that is not there is fine.
///
/// # Errors
/// As the system says.
pub fn remove_attribute_at(parent: BorrowedFd<'_>, name: &[u8], attribute: &[u8]) -> io::Result<()> {
    absent_is_fine(fs::lremovexattr(proc_path(parent, name), attribute))
}

fn absent_is_fine(result: rustix::io::Result<()>) -> io::Result<()> {
    match result {
        Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
