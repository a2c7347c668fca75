//! Directories that are being restored: each is done when everything below it is.

use super::{LossReason, Shared, count, metadata::At};
use crate::platform::open_beneath;
use iota_core::{
    entry::{Entry, Metadata},
    path::TreePath,
};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
};

/// A directory; everything below it that is not done holds it, by [`Arc`].
pub(super) struct Dir {
    /// `None`: the target.
    pub path: Option<TreePath>,
    parent: Option<Arc<Dir>>,
    /// `None`: nothing is known of it, or it is not the restore's business.
    metadata: Option<Metadata>,
    /// This restore made it: there is nothing else in it.
    pub is_new: bool,
    /// Made last, so that nothing of the restore is ever written past them.
    links: Mutex<Vec<Entry>>,
}

impl Dir {
    /// The target itself.
    pub fn target() -> Arc<Self> {
        Arc::new(Self { path: None, parent: None, metadata: None, is_new: false, links: Mutex::default() })
    }

    /// The directory `path` in `parent`.
    pub fn below(parent: &Arc<Self>, path: TreePath, metadata: Option<Metadata>, is_new: bool) -> Arc<Self> {
        let parent = Some(Arc::clone(parent));
        Arc::new(Self { path: Some(path), parent, metadata, is_new, links: Mutex::default() })
    }

    /// Opens it, without following any link on the way.
    pub fn open(&self, shared: &Shared<'_>) -> io::Result<OwnedFd> {
        match &self.path {
            None => shared.root.try_clone(),
            Some(path) => open_beneath(shared.root.as_fd(), path),
        }
    }

    /// Leaves a symbolic link for the end.
    pub fn add_link(&self, entry: Entry) {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }
}

/// Gives a hold on a directory up. The last one finishes it, and then its parents as far as they are done.
pub(super) fn release(shared: &Shared<'_>, dir: Arc<Dir>) {
    let mut next = Some(dir);
    while let Some(dir) = next.and_then(Arc::into_inner) {
        next = finish(shared, dir);
    }
}

fn finish(shared: &Shared<'_>, dir: Dir) -> Option<Arc<Dir>> {
    let Dir { path, parent, metadata, is_new, links } = dir;
    let links = links.into_inner().unwrap_or_else(PoisonError::into_inner);
    if shared.is_stopped() || links.is_empty() && metadata.is_none() {
        return parent;
    }
    let opened = match &path {
        None => shared.root.try_clone(),
        Some(path) => open_beneath(shared.root.as_fd(), path),
    };
    let directory = match opened {
        Ok(directory) => directory,
        Err(error) => {
            let lost = path.iter().chain(links.iter().map(|link| &link.path));
            lost.for_each(|path| shared.losses.add(path, LossReason::Parent(error.to_string())));
            return parent;
        }
    };
    for link in links {
        shared.restore_symlink(directory.as_fd(), &link, !is_new);
    }
    if let Some((path, metadata)) = path.zip(metadata) {
        for reason in shared.apply(At::Directory(directory.as_fd()), &metadata, true) {
            shared.losses.add(&path, reason);
        }
        count(&shared.counts.dirs, 1);
    }
    parent
}
