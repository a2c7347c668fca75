//! Listings: the names of a directory, packed and sorted.

use rustix::fs::{FileType, RawDir};
use std::{io, mem::MaybeUninit, os::fd::BorrowedFd};

/// How much of a directory is asked for at a time.
const BUFFER_BYTES: usize = 32 << 10;

/// Names of a directory, in ascending byte order, in two allocations.
#[derive(Debug, Default)]
pub struct Names {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    length: u16,
    may_be_directory: bool,
}

impl Span {
    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..][..self.length as usize]
    }
}

impl Names {
    /// Appends a name; [`Names::sort`] puts it in its place.
    ///
    /// # Errors
    /// When the listing exceeds 4 GiB, or the name 64 KiB.
    pub fn push(&mut self, name: &[u8], may_be_directory: bool) -> io::Result<()> {
        let too_long = |_| io::Error::other("the directory is too large to be listed");
        let start = u32::try_from(self.bytes.len()).map_err(too_long)?;
        let length = u16::try_from(name.len()).map_err(too_long)?;
        self.bytes.extend_from_slice(name);
        self.spans.push(Span { start, length, may_be_directory });
        Ok(())
    }

    /// Puts the names in order, each once.
    pub fn sort(&mut self) {
        let bytes = &self.bytes;
        self.spans.sort_unstable_by(|a, b| a.of(bytes).cmp(b.of(bytes)));
        self.spans.dedup_by(|a, b| a.of(bytes) == b.of(bytes));
    }

    /// The name at `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.spans.get(index).map(|span| span.of(&self.bytes))
    }

    /// Whether the system did not say that the name at `index` is something else than a directory.
    pub fn may_be_directory(&self, index: usize) -> bool {
        self.spans.get(index).is_some_and(|span| span.may_be_directory)
    }

    /// Whether `name` is among them. They must be sorted.
    pub fn contains(&self, name: &[u8]) -> bool {
        self.spans.binary_search_by(|span| span.of(&self.bytes).cmp(name)).is_ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

/// The names in an open directory, sorted, without `.` and `..`.
///
/// # Errors
/// As the system says; then nothing of the listing is to be trusted.
pub fn list(directory: BorrowedFd<'_>) -> io::Result<Names> {
    let mut buffer = [MaybeUninit::uninit(); BUFFER_BYTES];
    let mut entries = RawDir::new(directory, &mut buffer);
    let mut names = Names::default();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            let may_be_directory = matches!(entry.file_type(), FileType::Directory | FileType::Unknown);
            names.push(name, may_be_directory)?;
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_by_their_bytes() {
        let mut names = Names::default();
        for name in [&b"b"[..], b"a.b", b"\xff", b"a", b"B", b"a"] {
            names.push(name, true).unwrap();
        }
        names.sort();
        let all: Vec<_> = (0..names.len()).filter_map(|index| names.get(index)).collect();
        assert_eq!(all, [&b"B"[..], b"a", b"a.b", b"b", b"\xff"]);
        assert!(names.contains(b"a.b") && !names.contains(b"c"));
    }
}
