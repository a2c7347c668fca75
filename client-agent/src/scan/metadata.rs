//! Mode, owner, times and extended attributes of the path that was told last.

use super::{Last, Opened, Scan};
use crate::{
    backup::source::{Event, Found, gap_reason},
    platform::{Attribute, FileKind, Status, attributes_at, attributes_of, is_swapped, open_file, status_of},
};
use iota_core::{
    commit::GapReason,
    entry::{MAX_XATTR_NAME_BYTES, MAX_XATTR_VALUE_BYTES, MAX_XATTRS, MAX_XATTRS_BYTES, Metadata, Xattr},
};
use std::{io, os::fd::BorrowedFd};

impl Scan {
    pub(super) fn read_metadata(&mut self, found: &Found) -> Result<Metadata, GapReason> {
        let (Some(frame), Some(last)) = (self.frames.last(), &mut self.last) else { return Err(GapReason::Vanished) };
        let (status, attributes) = if last.status.kind == FileKind::File {
            let opened = open(frame.directory(), last)?;
            let read = (opened.status, attributes_of(opened.file()).map_err(reason)?);
            last.opened = Some(opened);
            read
        } else {
            (last.status, attributes_at(frame.directory(), &last.name).map_err(reason)?)
        };
        let (xattrs, complete) = within_limits(attributes);
        if !complete {
            let path = found.path.as_bytes().into();
            self.queue.push_back(Event::Gap { path, reason: GapReason::Unsupported, below: false });
        }
        Ok(self.describe(&status, xattrs))
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
    pub(super) fn take_opened(&mut self, _found: &Found) -> Result<Opened, GapReason> {
        let (Some(frame), Some(last)) = (self.frames.last(), &mut self.last) else { return Err(GapReason::Vanished) };
        match last.opened.take() {
            Some(opened) => Ok(opened),
            None => open(frame.directory(), last),
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

fn reason(error: io::Error) -> GapReason {
    if is_swapped(&error) { GapReason::Vanished } else { gap_reason(&error) }
}

/// The attributes that the format holds, and whether that is all of them.
fn within_limits(attributes: Vec<Attribute>) -> (Vec<Xattr>, bool) {
    let (mut xattrs, mut complete, mut total_bytes) = (Vec::new(), true, 0);
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
            None => complete = false,
        }
    }
    (xattrs, complete)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str, bytes: usize) -> Attribute {
        (name.as_bytes().into(), Some(vec![1; bytes].into()))
    }

    #[test]
    fn attributes_beyond_the_limits_are_left_out_and_told() {
        let (kept, complete) = within_limits(vec![attribute("user.a", 64 << 10), attribute("user.b", 3)]);
        assert_eq!((kept.len(), complete), (2, true));
        let (kept, complete) = within_limits(vec![attribute("user.a", (64 << 10) + 1), attribute("user.b", 3)]);
        assert_eq!((kept.len(), complete), (1, false));
        let many = (0..5).map(|number| attribute(&format!("user.{number}"), 60 << 10)).collect();
        let (kept, complete) = within_limits(many);
        assert_eq!((kept.len(), complete), (4, false));
        let (kept, complete) = within_limits(vec![(b"user.x"[..].into(), None)]);
        assert_eq!((kept.len(), complete), (0, false));
    }
}
