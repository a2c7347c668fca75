//! A zip archive as a stream (PKWARE's APPNOTE 6.3, with Info-ZIP's field for times): members are stored, sizes are those of zip64
//! where they have to be, and nothing is written twice. A CRC follows its member, for which the content has to be read once only.
//!
//! What is held in memory is the directory at the end: names, and about 60 bytes a member.

use crc32fast::Hasher;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const END: u32 = 0x0605_4b50;

/// Version 4.5: zip64; made on a system with Unix modes.
const NEEDED: u16 = 45;
const MADE_BY: u16 = 3 << 8 | NEEDED;
/// CRC and sizes follow the content; names are UTF-8.
const FLAGS: u16 = 1 << 3 | 1 << 11;
const EXTRA_64: u16 = 0x0001;
const EXTRA_TIME: u16 = 0x5455;
/// In a field of 32 bits: look in the zip64 field.
const SEE_64: u32 = u32::MAX;
const DIRECTORY_BIT: u32 = 0x10;

const S_IFREG: u32 = 0o100_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFLNK: u32 = 0o120_000;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A regular file.
    File,
    /// A directory; its name ends with a slash.
    Folder,
    /// A symbolic link; its content is where it points.
    Link,
}

/// A member of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Relative path with `/`, at most 65,535 bytes.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// Permission bits.
    pub mode: u32,
    /// Time of the last change, seconds since 1970.
    pub mtime_s: i64,
    /// Bytes of its content.
    pub bytes: u64,
}

/// Writes an archive, piece by piece: each call returns what comes next in the stream. The content of members goes past it.
#[derive(Default)]
pub struct ZipWriter {
    /// Bytes of the stream so far.
    at: u64,
    directory: Vec<u8>,
    members: u64,
    open: Option<Open>,
}

/// The member that is being written.
struct Open {
    member: Member,
    at: u64,
    crc: Hasher,
    bytes: u64,
}

impl ZipWriter {
    /// Begins a member, whose content is to be passed by.
    pub fn begin(&mut self, member: Member) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + member.name.len());
        let is_long = member.bytes >= SEE_64.into();
        let mut extra = time_field(member.mtime_s);
        if is_long {
            put16(&mut extra, EXTRA_64);
            put16(&mut extra, 16);
            put64(&mut extra, member.bytes);
            put64(&mut extra, member.bytes);
        }
        let short = if is_long { SEE_64 } else { member.bytes as u32 };
        put32(&mut out, LOCAL);
        put16(&mut out, NEEDED);
        head(&mut out, &member, 0, short);
        put16(&mut out, extra.len() as u16);
        out.extend_from_slice(member.name.as_bytes());
        out.extend_from_slice(&extra);
        self.open = Some(Open { member, at: self.at, crc: Hasher::new(), bytes: 0 });
        self.at += out.len() as u64;
        out
    }

    /// Content of the open member went by.
    pub fn pass(&mut self, content: &[u8]) {
        self.at += content.len() as u64;
        if let Some(open) = &mut self.open {
            open.crc.update(content);
            open.bytes += content.len() as u64;
        }
    }

    /// Ends the open member. `None`, and no directory leads there, when its content was not as long as it should have been.
    pub fn end(&mut self) -> Option<Vec<u8>> {
        let Open { member, at, crc, bytes } = self.open.take().filter(|open| open.bytes == open.member.bytes)?;
        let crc = crc.finalize();
        let is_long = bytes >= SEE_64.into();
        let mut out = Vec::with_capacity(24);
        put32(&mut out, DESCRIPTOR);
        put32(&mut out, crc);
        for _ in 0..2 {
            if is_long { put64(&mut out, bytes) } else { put32(&mut out, bytes as u32) }
        }
        self.list(&member, at, crc);
        self.at += out.len() as u64;
        Some(out)
    }

    /// Gives the open member up: what was written of it stays in the stream, but no directory leads there. Programs that look for
    /// a member at the very beginning of a file do not find one there then.
    pub fn give_up(&mut self) {
        self.open = None;
    }

    /// Gives the open member up, nothing of which has gone into the stream after all.
    pub fn take_back(&mut self) {
        if let Some(open) = self.open.take() {
            self.at = open.at;
        }
    }

    fn list(&mut self, member: &Member, at: u64, crc: u32) {
        let is_long = member.bytes >= SEE_64.into();
        let is_far = at >= SEE_64.into();
        let mut extra = time_field(member.mtime_s);
        if is_long || is_far {
            put16(&mut extra, EXTRA_64);
            put16(&mut extra, 16 * u16::from(is_long) + 8 * u16::from(is_far));
            if is_long {
                put64(&mut extra, member.bytes);
                put64(&mut extra, member.bytes);
            }
            if is_far {
                put64(&mut extra, at);
            }
        }
        let out = &mut self.directory;
        put32(out, CENTRAL);
        put16(out, MADE_BY);
        put16(out, NEEDED);
        head(out, member, crc, if is_long { SEE_64 } else { member.bytes as u32 });
        put16(out, extra.len() as u16);
        // No comment, disk 0, no internal attributes.
        out.extend_from_slice(&[0; 6]);
        let (kind, dos) = match member.kind {
            MemberKind::File => (S_IFREG, 0),
            MemberKind::Folder => (S_IFDIR, DIRECTORY_BIT),
            MemberKind::Link => (S_IFLNK, 0),
        };
        put32(out, (kind | member.mode & 0o7777) << 16 | dos);
        put32(out, if is_far { SEE_64 } else { at as u32 });
        out.extend_from_slice(member.name.as_bytes());
        out.extend_from_slice(&extra);
        self.members += 1;
    }

    /// The directory and the end.
    pub fn finish(self) -> Vec<u8> {
        let Self { at: start, directory: mut out, members, .. } = self;
        let size = out.len() as u64;
        if members >= u16::MAX.into() || size >= SEE_64.into() || start >= SEE_64.into() {
            put32(&mut out, END_64);
            // Bytes of this record that follow.
            put64(&mut out, 44);
            put16(&mut out, MADE_BY);
            put16(&mut out, NEEDED);
            // This disk, and that of the directory.
            put64(&mut out, 0);
            put64(&mut out, members);
            put64(&mut out, members);
            put64(&mut out, size);
            put64(&mut out, start);
            put32(&mut out, LOCATOR_64);
            put32(&mut out, 0);
            put64(&mut out, start + size);
            put32(&mut out, 1);
        }
        let members = u16::try_from(members).unwrap_or(u16::MAX);
        put32(&mut out, END);
        put32(&mut out, 0);
        put16(&mut out, members);
        put16(&mut out, members);
        put32(&mut out, u32::try_from(size).unwrap_or(SEE_64));
        put32(&mut out, u32::try_from(start).unwrap_or(SEE_64));
        put16(&mut out, 0);
        out
    }
}

/// What both headers of a member have between the versions and the length of the extra fields.
fn head(out: &mut Vec<u8>, member: &Member, crc: u32, short: u32) {
    put16(out, FLAGS);
    // Stored.
    put16(out, 0);
    put32(out, dos_time(member.mtime_s));
    put32(out, crc);
    put32(out, short);
    put32(out, short);
    put16(out, member.name.len() as u16);
}

/// The time as Unix counts it, where it fits; the other field knows no zone, and two seconds only.
fn time_field(mtime_s: i64) -> Vec<u8> {
    let mut field = Vec::new();
    if let Ok(seconds) = i32::try_from(mtime_s) {
        put16(&mut field, EXTRA_TIME);
        put16(&mut field, 5);
        // Of the three times that it can hold, the last change.
        field.push(1);
        put32(&mut field, seconds as u32);
    }
    field
}

/// Date and time as MS-DOS has them, from 1980 to 2107, in UTC.
fn dos_time(mtime_s: i64) -> u32 {
    const FIRST: DateTime = DateTime::constant(1980, 1, 1, 0, 0, 0, 0);
    const LAST: DateTime = DateTime::constant(2107, 12, 31, 23, 59, 59, 0);
    let utc = Timestamp::from_second(mtime_s).map(|time| TimeZone::UTC.to_datetime(time));
    let time = utc.unwrap_or(if mtime_s < 0 { FIRST } else { LAST }).clamp(FIRST, LAST);
    let bits = |value: i8, shift: u32| (value as u32) << shift;
    ((time.year() - 1980) as u32) << 25
        | bits(time.month(), 21)
        | bits(time.day(), 16)
        | bits(time.hour(), 11)
        | bits(time.minute(), 5)
        | bits(time.second() / 2, 0)
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_dos_within_its_range() {
        let parts = |value: u32| {
            (value >> 25, value >> 21 & 15, value >> 16 & 31, value >> 11 & 31, value >> 5 & 63, value & 31)
        };
        assert_eq!(parts(dos_time(1_790_000_001)), (46, 9, 21, 14, 13, 10));
        assert_eq!(parts(dos_time(-1)), (0, 1, 1, 0, 0, 0));
        assert_eq!(parts(dos_time(i64::MIN)), (0, 1, 1, 0, 0, 0));
        assert_eq!(parts(dos_time(i64::MAX)), (127, 12, 31, 23, 59, 29));
    }
}
