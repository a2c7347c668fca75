//! Planning of files and hard links.

use super::{Planner, count, release};
use crate::{
    platform::{FileKey, name_file, open_beneath, open_handle, remove_file, rename_over, status_at, status_of},
    restore::{
        LossReason, Overwrite,
        batch::Use,
        collision::{There, decide},
        dirs::Dir,
        file::FileJob,
        links::{First, Group},
    },
};
use iota_core::{
    entry::{Entry, Kind},
    extent::Extent,
    path::TreePath,
};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, PoisonError},
};

/// Hard links that wait until the files before them are done; each time costs a pause.
const MAX_DEFERRED: usize = 10_000;

impl Planner<'_, '_> {
    /// Plans a file of the innermost directory.
    pub(super) fn plan_file(&mut self, entry: Entry) {
        let Some(frame) = self.frames.last() else { return };
        let dir = Arc::clone(&frame.dir);
        if self.is_link(&entry) {
            self.deferred.push((entry, dir));
            if self.deferred.len() >= MAX_DEFERRED {
                self.settle_links();
            }
            return;
        }
        self.plan_content(entry, dir);
    }

    /// Whether another file of the group came first; else this one does.
    fn is_link(&self, entry: &Entry) -> bool {
        self.first(entry).is_some()
    }

    fn first(&self, entry: &Entry) -> Option<First> {
        let group = Group::of(entry)?;
        let links = self.shared.links.lock().unwrap_or_else(PoisonError::into_inner);
        match links.first_or_begin(group, &entry.path) {
            Ok(first) => first,
            Err(error) => {
                drop(links);
                self.shared.stop(error.into());
                None
            }
        }
    }

    fn plan_content(&mut self, entry: Entry, dir: Arc<Dir>) {
        let there = if dir.is_new { There::Nothing } else { self.look(&entry, &dir) };
        if there == There::Newer {
            count(&self.shared.counts.kept, 1);
            self.shared.monitor.file(&entry.path, 0);
            return release(self.shared, dir);
        }
        let file = Arc::new(FileJob::new(entry, dir, there));
        self.shared.begin_file();
        match there {
            There::Other => file.lose(LossReason::Exists),
            _ => self.plan_extents(&file),
        }
        if file.is_last() {
            self.batch.complete.push(file);
            if self.batch.is_full() {
                self.send();
            }
        }
    }

    fn look(&mut self, entry: &Entry, dir: &Arc<Dir>) -> There {
        let name = entry.path.name();
        let status = match self.frames.last_mut() {
            Some(frame) if Arc::ptr_eq(&frame.dir, dir) => {
                frame.open(self.shared).and_then(|directory| status_at(directory.as_fd(), name))
            }
            _ => dir.open(self.shared).and_then(|directory| status_at(directory.as_fd(), name)),
        };
        match status {
            // What cannot be looked at fails when it is written.
            Err(_) => There::Nothing,
            Ok(status) => decide(self.shared.options.overwrite, entry, &status),
        }
    }

    fn plan_extents(&mut self, file: &Arc<FileJob>) {
        let point = self.shared.point;
        let mut extents = point.extents(&file.entry);
        let (mut position, mut uses) = (0, 0);
        loop {
            match extents.next_extent() {
                Ok(None) => return,
                Ok(Some(Ok(Extent::Hole { length }))) => {
                    file.add_hole(position, length);
                    position += length;
                }
                Ok(Some(Ok(Extent::Slice { chunk, offset, length, .. }))) => {
                    if self.batch.is_full() && !self.batch.has(&chunk) {
                        self.send();
                    }
                    uses += 1;
                    if uses == 2 {
                        self.batch.count_open_file();
                    }
                    file.expect_use();
                    self.batch.add(chunk, Use { file: Arc::clone(file), position, offset, length });
                    position += u64::from(length);
                }
                Ok(Some(Err(stretch))) => {
                    file.lose(LossReason::Object(stretch.object));
                    position += stretch.bytes;
                }
                Err(error) => return self.shared.stop(error.into()),
            }
            if self.shared.is_stopped() || file.is_lost() && !self.shared.options.keep_damaged {
                return;
            }
        }
    }

    /// Makes the hard links that were deferred. Where the first file of a group failed, the next is restored in its place.
    pub(super) fn settle_links(&mut self) {
        while !self.deferred.is_empty() && !self.shared.is_stopped() {
            self.send();
            self.shared.wait_idle();
            for (entry, dir) in std::mem::take(&mut self.deferred) {
                match self.first(&entry) {
                    None => self.plan_content(entry, dir),
                    Some(First::UnderWay) => self.deferred.push((entry, dir)),
                    Some(First::Done(first, key)) => self.link(entry, dir, &first, key),
                }
            }
        }
    }

    fn link(&mut self, entry: Entry, dir: Arc<Dir>, first: &TreePath, key: FileKey) {
        let linked = dir.open(self.shared).and_then(|directory| {
            let there = status_at(directory.as_fd(), entry.path.name());
            if there.as_ref().is_ok_and(|status| status.key == key) {
                return Ok(false);
            }
            // A file of its own, though the same, is no link.
            let overwrite = self.shared.options.overwrite;
            let is_old = overwrite != Overwrite::Never
                && there.is_ok_and(|status| matches!(decide(overwrite, &entry, &status), There::Old | There::Alike));
            let handle = self.open_first(first, key)?;
            if !is_old {
                return name_file(handle.as_fd(), directory.as_fd(), entry.path.name()).map(|()| true);
            }
            let draft = self.shared.draft_name();
            name_file(handle.as_fd(), directory.as_fd(), &draft)?;
            let renamed = rename_over(directory.as_fd(), &draft, entry.path.name());
            if renamed.is_err() {
                // It is of no use any more.
                let _ = remove_file(directory.as_fd(), &draft);
            }
            renamed.map(|()| {
                count(&self.shared.counts.replaced, 1);
                true
            })
        });
        match linked {
            Ok(made) => {
                let counts = &self.shared.counts;
                count(if made { &counts.files } else { &counts.kept }, 1);
                self.shared.monitor.file(&entry.path, 0);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.shared.losses.add(&entry.path, LossReason::Exists);
            }
            Err(error) => {
                let reason = LossReason::Metadata { part: "the hard link".to_owned(), reason: error.to_string() };
                self.shared.losses.add(&entry.path, reason);
                return self.plan_content(unlinked(entry), dir);
            }
        }
        release(self.shared, dir);
    }

    /// A handle of a file that this restore made, and of no other that took its place.
    fn open_first(&self, first: &TreePath, key: FileKey) -> io::Result<OwnedFd> {
        let root = self.shared.root.as_fd();
        let directory = match first.parent() {
            None => root.try_clone_to_owned()?,
            Some(parent) => open_beneath(root, &parent)?,
        };
        let handle = open_handle(directory.as_fd(), first.name())?;
        if status_of(&handle)?.key == key { Ok(handle) } else { Err(io::Error::other("its first file was replaced")) }
    }
}

/// The same file as one of its own.
fn unlinked(mut entry: Entry) -> Entry {
    if let Kind::File { link, .. } = &mut entry.kind {
        *link = None;
    }
    entry
}
