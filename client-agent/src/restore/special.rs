//! Links, pipes, sockets and devices.

use super::{
    LossReason, Shared,
    collision::{There, decide},
    count,
    metadata::At,
};
use crate::platform::{
    FileKind, Node, Status, make_node, make_symlink, open_handle, read_link, remove_file, rename_over, status_at,
    status_of,
};
use iota_core::entry::{Entry, Kind};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

impl Shared<'_> {
    /// Makes a symbolic link; the same one may be there already.
    pub(super) fn restore_symlink(&self, directory: BorrowedFd<'_>, entry: &Entry, may_exist: bool) {
        let Kind::Symlink { target } = &entry.kind else { return };
        let name = entry.path.name();
        let made = make_symlink(directory, name, target);
        let there = |error: &io::Error| error.kind() == io::ErrorKind::AlreadyExists && may_exist;
        let same = || read_link(directory, name).is_ok_and(|found| found == *target);
        match made {
            Err(error) if there(&error) && same() => {}
            Err(error) if there(&error) => match self.replace_by_symlink(directory, entry, target) {
                None => return self.not_made(entry, &error),
                Some(Err(error)) => return self.not_made(entry, &error),
                Some(Ok(There::Newer)) => return count(&self.counts.kept, 1),
                Some(Ok(_)) => count(&self.counts.replaced, 1),
            },
            Err(error) => return self.not_made(entry, &error),
            Ok(()) => {}
        }
        let handle = open_handle(directory, name).and_then(|handle| Ok((status_of(&handle)?, handle)));
        self.describe(entry, directory, handle, |status| status.kind == FileKind::Symlink);
    }

    /// Puts a symbolic link in the place of what is there; `None` when that stays, and is in the way.
    fn replace_by_symlink(&self, directory: BorrowedFd<'_>, entry: &Entry, target: &[u8]) -> Option<io::Result<There>> {
        let name = entry.path.name();
        let status = status_at(directory, name).ok()?;
        let there = decide(self.options.overwrite, entry, &status);
        match there {
            There::Newer => return Some(Ok(there)),
            There::Old => {}
            There::Nothing | There::Alike | There::Other => return None,
        }
        let draft = self.draft_name();
        let placed = make_symlink(directory, &draft, target).and_then(|()| rename_over(directory, &draft, name));
        if placed.is_err() {
            // It is of no use any more.
            let _ = remove_file(directory, &draft);
        }
        Some(placed.map(|()| there))
    }

    /// Makes a pipe, socket or device; the same one may be there already.
    pub(super) fn restore_node(&self, directory: BorrowedFd<'_>, entry: &Entry, may_exist: bool) {
        let (node, kind) = match entry.kind {
            Kind::Fifo => (Node::Fifo, FileKind::Fifo),
            Kind::Socket => (Node::Socket, FileKind::Socket),
            Kind::Char { major, minor } => (Node::Char(major, minor), FileKind::Char),
            Kind::Block { major, minor } => (Node::Block(major, minor), FileKind::Block),
            _ => return,
        };
        let numbers = match node {
            Node::Char(major, minor) | Node::Block(major, minor) => Some((major, minor)),
            _ => None,
        };
        if numbers.is_some() && !(self.options.devices && self.is_root) {
            let reason = LossReason::Withheld("devices are made with --devices and as root only");
            return self.losses.add(&entry.path, reason);
        }
        let name = entry.path.name();
        let same = |status: &Status| status.kind == kind && numbers.is_none_or(|numbers| numbers == status.device);
        let look = || open_handle(directory, name).and_then(|handle| Ok((status_of(&handle)?, handle)));
        match make_node(directory, name, node) {
            Ok(()) => {}
            Err(error)
                if error.kind() == io::ErrorKind::AlreadyExists
                    && may_exist
                    && look().is_ok_and(|(status, _)| same(&status)) => {}
            Err(error) => return self.not_made(entry, &error),
        }
        self.describe(entry, directory, look(), same);
    }

    /// Gives what was made its metadata, if it is still the same.
    fn describe(
        &self,
        entry: &Entry,
        parent: BorrowedFd<'_>,
        handle: io::Result<(Status, OwnedFd)>,
        same: impl Fn(&Status) -> bool,
    ) {
        let handle = match handle {
            Ok((status, handle)) if same(&status) && status.links == 1 => handle,
            Ok(_) => return self.losses.add(&entry.path, LossReason::Exists),
            Err(error) => return self.not_made(entry, &error),
        };
        let (handle, name) = (handle.as_fd(), entry.path.name());
        let at = match entry.kind {
            Kind::Symlink { .. } => At::Link { handle, parent, name },
            _ => At::Node { handle, parent, name },
        };
        for reason in self.apply(at, &entry.metadata, self.inherits()) {
            self.losses.add(&entry.path, reason);
        }
        count(&self.counts.others, 1);
        self.monitor.file(&entry.path, 0);
    }

    /// Tells why something could not be made.
    pub(super) fn not_made(&self, entry: &Entry, error: &io::Error) {
        self.stop_if_full(error);
        let reason = match error.kind() {
            io::ErrorKind::AlreadyExists => LossReason::Exists,
            _ => LossReason::Write(error.to_string()),
        };
        self.losses.add(&entry.path, reason);
    }
}
