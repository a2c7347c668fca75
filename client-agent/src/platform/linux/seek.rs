//! Data and holes of sparse files.

use rustix::{
    fs::{self, SeekFrom},
    io::Errno,
};
use std::{io, os::fd::BorrowedFd};

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    /// Bytes up to this offset must be read.
    DataUntil(u64),
    /// There are zeros that take no space up to this offset.
    HoleUntil(u64),
}

/// What begins at `position` of a file of `size` bytes; `position` is below `size`. A file system that does not know
/// holes has none.
///
/// # Errors
/// As the system says.
pub fn next_stretch(file: BorrowedFd<'_>, position: u64, size: u64) -> io::Result<Stretch> {
    let data = match fs::seek(file, SeekFrom::Data(position)) {
        Ok(data) if data <= position => position,
        Ok(data) => return Ok(Stretch::HoleUntil(data.min(size))),
        Err(Errno::NXIO) => return Ok(Stretch::HoleUntil(size)),
        Err(Errno::INVAL | Errno::OPNOTSUPP) => return Ok(Stretch::DataUntil(size)),
        Err(error) => return Err(error.into()),
    };
    match fs::seek(file, SeekFrom::Hole(data)) {
        Ok(hole) => Ok(Stretch::DataUntil(hole.clamp(position + 1, size))),
        // The file was cut off meanwhile; reading tells.
        Err(Errno::NXIO) => Ok(Stretch::DataUntil(size)),
        Err(error) => Err(error.into()),
    }
}
