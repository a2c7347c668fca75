//! Mode, owner, times and extended attributes of the path that was told last.

use super::{Last, Opened, Scan, frame::Frame};
use crate::{
    backup::source::{Described, gap_reason},
    platform::{Attribute, FileKind, Status, attributes_at, attributes_of, is_swapped, open_file, status_of},
};
use iota_core::{
    commit::GapReason,
    entry::{MAX_XATTR_NAME_BYTES, MAX_XATTR_VALUE_BYTES, MAX_XATTRS, MAX_XATTRS_BYTES, Metadata, Xattr},
};
use std::{io, os::fd::BorrowedFd};

impl Scan {
    pub(super) fn read_metadata(&mut self) -> Result<Described, GapReason> {
        let (Some(frame), Some(last)) = (self.frames.last(), &mut self.last) else { return Err(GapReason::Vanished) };
        let (status, attributes) = if last.status.kind == FileKind::File {
            let opened = open(frame.directory(), last).map_err(|reason| what_is_left(frame, last, reason))?;
            let read = (opened.status, attributes_of(opened.file()));
            last.opened = Some(opened);
            read
        } else {
            (last.status, attributes_at(frame.directory(), &last.name))
        };
        // What has no readable attributes is still worth its mode, its times and all that is below it.
        let (xattrs, lacks) = match attributes {
            Ok(attributes) => within_limits(attributes),
            Err(error) => (Vec::new(), Some(what_is_left(frame, last, reason(error)))),
        };
        match lacks {
            Some(GapReason::Vanished) => Err(GapReason::Vanished),
            lacks => Ok(Described { metadata: self.describe(&status, xattrs), lacks }),
        }
    }

    fn describe(&mut self, status: &Status, xattrs: Vec<Xattr>) -> Metadata {
        Metadata {
            mode: status.mode,
            uid: status.uid,
            gid: status.gid,
            user: self.owners.user(status.uid),
            group: self.owners.group(status.gid),
            mtime: status.mtime,
            xattrs,
            torn: false,
        }
    }

    /// The file that was told last, opened: the one that its metadata came from, or anew.
    pub(super) fn take_opened(&mut self) -> Result<Opened, GapReason> {
        let (Some(frame), Some(last)) = (self.frames.last(), &mut self.last) else { return Err(GapReason::Vanished) };
        match last.opened.take() {
            Some(opened) => Ok(opened),
            None => open(frame.directory(), last).map_err(|reason| what_is_left(frame, last, reason)),
        }
    }
}

/// Opens a file and makes sure that it is a regular file of the same file system. Another inode under the same name is a
/// program that saved it anew; its stamp differs from the listing's, so the reader knows.
fn open(directory: BorrowedFd<'_>, last: &Last) -> Result<Opened, GapReason> {
    let file = open_file(directory, &last.name).map_err(reason)?;
    let status = status_of(&file).map_err(reason)?;
    if status.kind != FileKind::File || status.key.device != last.status.key.device {
        return Err(GapReason::Vanished);
    }
    Ok(Opened::new(file, status))
}

/// Only a name that is gone has vanished; something else under it has changed while it was read.
fn what_is_left(frame: &Frame, last: &Last, reason: GapReason) -> GapReason {
    let gone = || frame.status(&last.name).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if reason == GapReason::Vanished && !gone() { GapReason::Torn } else { reason }
}

fn reason(error: io::Error) -> GapReason {
    if is_swapped(&error) { GapReason::Vanished } else { gap_reason(&error) }
}

/// The attributes that the format holds, and why that is not all of them.
fn within_limits(attributes: Vec<Attribute>) -> (Vec<Xattr>, Option<GapReason>) {
    let (mut xattrs, mut lacks, mut total_bytes) = (Vec::new(), None, 0);
    for (name, value) in attributes {
        let fits = |value: &[u8]| {
            name.len() <= MAX_XATTR_NAME_BYTES
                && value.len() <= MAX_XATTR_VALUE_BYTES
                && total_bytes + name.len() + value.len() <= MAX_XATTRS_BYTES
                && xattrs.len() < MAX_XATTRS
        };
        match value.filter(|value| fits(value)) {
            Some(value) => {
                total_bytes += name.len() + value.len();
                xattrs.push(Xattr { name, value });
            }
            None => lacks = Some(GapReason::Unsupported),
        }
    }
    (xattrs, lacks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str, bytes: usize) -> Attribute {
        (name.as_bytes().into(), Some(vec![1; bytes].into()))
    }

    #[test]
    fn attributes_beyond_the_limits_are_left_out_and_told() {
        let (kept, lacks) = within_limits(vec![attribute("user.a", 64 << 10), attribute("user.b", 3)]);
        assert_eq!((kept.len(), lacks), (2, None));
        let (kept, lacks) = within_limits(vec![attribute("user.a", (64 << 10) + 1), attribute("user.b", 3)]);
        assert_eq!((kept.len(), lacks), (1, Some(GapReason::Unsupported)));
        let many = (0..5).map(|number| attribute(&format!("user.{number}"), 60 << 10)).collect();
        let (kept, lacks) = within_limits(many);
        assert_eq!((kept.len(), lacks), (4, Some(GapReason::Unsupported)));
        let (kept, lacks) = within_limits(vec![(b"user.x"[..].into(), None)]);
        assert_eq!((kept.len(), lacks), (0, Some(GapReason::Unsupported)));
    }
}
