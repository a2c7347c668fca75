//! Reading a file: data and holes, and whether it is still the same.

use super::stamp;
use crate::{
    backup::source::{OpenFile, Segment},
    platform::{Status, Stretch, next_stretch, status_of},
    state::Stamp,
};
use std::{
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::FileExt,
    },
};

/// A regular file, open for reading. It is read up to the size that it had when it was opened.
#[derive(Debug)]
pub struct Opened {
    file: File,
    pub(super) status: Status,
    position: u64,
    /// End of the stretch that is being read.
    until: u64,
    /// The file system gave it less space than its size: there may be holes.
    sparse: bool,
}

impl Opened {
    pub(super) fn new(file: OwnedFd, status: Status) -> Self {
        let sparse = status.allocated < status.size;
        Self { file: file.into(), status, position: 0, until: 0, sparse }
    }

    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl OpenFile for Opened {
    fn segment(&mut self) -> io::Result<Option<Segment>> {
        // What was not read of a stretch is not there any more.
        if self.position < self.until || self.position >= self.status.size {
            return Ok(None);
        }
        let (position, size) = (self.position, self.status.size);
        let stretch =
            if self.sparse { next_stretch(self.file.as_fd(), position, size)? } else { Stretch::DataUntil(size) };
        Ok(Some(match stretch {
            Stretch::DataUntil(end) => {
                self.until = end;
                Segment::Data(end - position)
            }
            Stretch::HoleUntil(end) => {
                (self.position, self.until) = (end, end);
                Segment::Hole(end - position)
            }
        }))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.until - self.position).unwrap_or(usize::MAX).min(buffer.len());
        if left == 0 {
            return Ok(0);
        }
        let count = self.file.read_at(&mut buffer[..left], self.position)?;
        self.position += count as u64;
        Ok(count)
    }

    fn stamp(&mut self) -> io::Result<Stamp> {
        Ok(stamp(&status_of(&self.file)?))
    }
}
