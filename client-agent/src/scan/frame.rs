//! A directory that is being walked: its listing, what the rules say about its children, and which to enter.

use crate::{
    backup::source::gap_reason,
    platform::{FileKey, FileKind, Names, Status, is_swapped, list, open_directory, open_file, status_at, status_of},
    rules::{RootNode, Rules, facts},
    scan::Scope,
};
use iota_core::{commit::GapReason, entry::Timestamp};
use std::{
    collections::VecDeque,
    io::{self, Read},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

/// The file that tags a cache, and how it begins: <https://bford.info/cachedir/>.
const CACHE_TAG: &[u8] = b"CACHEDIR.TAG";
const CACHE_SIGNATURE: &[u8; 43] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// The root that covers a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cover {
    pub one_file_system: bool,
}

/// A directory to enter once all its siblings were told.
#[derive(Debug)]
pub(super) struct Subdirectory {
    pub name: Box<[u8]>,
    key: FileKey,
    /// Its last change when it was told.
    pub ctime: Timestamp,
    pub node: Option<Arc<RootNode>>,
    /// `None`: it only leads to roots.
    pub cover: Option<Cover>,
    /// It is the root of a mount.
    pub crosses: bool,
    /// What to look at below it.
    pub scope: Arc<Scope>,
    /// It could not even be looked at.
    pub failed: Option<GapReason>,
}

impl Subdirectory {
    /// One that could not be looked at; what was known below it is kept.
    pub fn unseen(name: &[u8], reason: GapReason) -> Self {
        let key = FileKey { device: 0, inode: 0 };
        let (ctime, scope) = (Timestamp::default(), Arc::default());
        Self { name: name.into(), key, ctime, node: None, cover: None, crosses: false, scope, failed: Some(reason) }
    }

    /// A root, what leads to one, or another file system.
    fn is_prominent(&self) -> bool {
        self.node.is_some() || self.crosses
    }
}

/// A directory on the current branch.
#[derive(Debug)]
pub(super) struct Frame {
    directory: OwnedFd,
    names: Names,
    next: usize,
    node: Option<Arc<RootNode>>,
    cover: Option<Cover>,
    scope: Arc<Scope>,
    device: u64,
    /// Where the path of the parent directory ends.
    pub parent_bytes: usize,
    pub subdirectories: VecDeque<Subdirectory>,
}

impl Frame {
    /// Lists an open directory: all of it below a root, else only what leads to roots; of that, what is to be looked at.
    pub fn open(
        directory: OwnedFd,
        node: Option<Arc<RootNode>>,
        cover: Option<Cover>,
        scope: Arc<Scope>,
        rules: &Rules,
        parent_bytes: usize,
    ) -> io::Result<Self> {
        let mut names = match cover {
            Some(_) if scope.is_whole() => list(directory.as_fd())?,
            Some(_) => named(&scope)?,
            None => Names::default(),
        };
        let may_be_cache = cover.is_some() && (!scope.is_whole() || names.contains(CACHE_TAG));
        if rules.skip_caches && may_be_cache && is_cache(directory.as_fd()) {
            names = Names::default();
            if scope.child(CACHE_TAG).is_some() {
                names.push(CACHE_TAG, false)?;
            }
        }
        if let Some(node) = &node {
            let mut looked_at = node.children.keys().filter(|name| scope.child(name).is_some());
            looked_at.try_for_each(|name| names.push(name, true))?;
            names.sort();
        }
        let device = status_of(&directory)?.key.device;
        let subdirectories = VecDeque::new();
        Ok(Self { directory, names, next: 0, node, cover, scope, device, parent_bytes, subdirectories })
    }

    /// The open directory.
    pub fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// The next child to tell.
    pub fn next_name(&mut self) -> Option<&[u8]> {
        self.next += 1;
        self.names.get(self.next - 1)
    }

    /// Whether the listing did not say that the last child is no directory.
    pub fn may_be_directory(&self) -> bool {
        self.names.may_be_directory(self.next - 1)
    }

    /// The next subdirectory to enter. The listing itself is not needed any more by then.
    pub fn next_subdirectory(&mut self) -> Option<Subdirectory> {
        self.names = Names::default();
        self.subdirectories.pop_front()
    }

    /// The root at `name`, or what leads to one.
    pub fn node_of(&self, name: &[u8]) -> Option<Arc<RootNode>> {
        self.node.as_ref()?.children.get(name).cloned()
    }

    pub fn status(&self, name: &[u8]) -> io::Result<Status> {
        status_at(self.directory.as_fd(), name)
    }

    /// Whether a child is kept, and how to go on below it if it is a directory. `path` begins with `/`.
    pub fn decide(
        &self,
        rules: &Rules,
        own: &[FileKey],
        path: &[u8],
        node: Option<Arc<RootNode>>,
        status: &Status,
        now_ms: u64,
    ) -> Option<Subdirectory> {
        let is_dir = status.kind == FileKind::Directory;
        if is_dir && own.contains(&status.key) {
            return None;
        }
        let crosses = is_dir && (status.mount_point || status.key.device != self.device);
        let cover = match (&node, self.cover) {
            (Some(node), _) if node.root.is_some() => node.root.map(|one_file_system| Cover { one_file_system }),
            (_, None) => None,
            (_, Some(cover)) => {
                let out = rules.excluding(path, is_dir).is_some()
                    || status.kind == FileKind::File && rules.is_too_large(status.size)
                    || rules.trait_excludes(path, &facts(status, now_ms));
                if out && node.is_none() {
                    return None;
                }
                let stays = !(cover.one_file_system && crosses);
                (!out && stays).then_some(cover)
            }
        };
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let scope = self.scope.child(name).unwrap_or_default();
        let (name, key, ctime) = (name.into(), status.key, status.ctime);
        Some(Subdirectory { name, key, ctime, node, cover, crosses, scope, failed: None })
    }

    /// Holds back the directory `name`, which was told last, when there is nothing in it: it used to hold another file
    /// system.
    pub fn hold_if_empty(&mut self, name: &[u8]) -> bool {
        let Some(last) = self.subdirectories.back().filter(|last| *last.name == *name) else { return false };
        let opened = self.open_subdirectory(last).ok().flatten();
        let empty = opened.is_some_and(|directory| list(directory.as_fd()).is_ok_and(|names| names.is_empty()));
        if let Some(last) = self.subdirectories.back_mut().filter(|_| empty) {
            last.failed = Some(GapReason::Unmounted);
        }
        empty
    }

    /// Opens a subdirectory, and makes sure that it is the one that was told; `None` when it was deleted meanwhile. A root or
    /// another file system is not deleted but away.
    pub fn open_subdirectory(&self, subdirectory: &Subdirectory) -> Result<Option<OwnedFd>, GapReason> {
        let reason = |error: io::Error| if is_swapped(&error) { GapReason::Vanished } else { gap_reason(&error) };
        let directory = match open_directory(self.directory.as_fd(), &subdirectory.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !subdirectory.is_prominent() => return Ok(None),
            opened => opened.map_err(reason)?,
        };
        let key = status_of(&directory).map_err(reason)?.key;
        if key == subdirectory.key { Ok(Some(directory)) } else { Err(GapReason::Vanished) }
    }
}

/// The names to look at, whether they are there or not.
fn named(scope: &Scope) -> io::Result<Names> {
    let mut names = Names::default();
    scope.names().try_for_each(|name| names.push(name, true))?;
    Ok(names)
}

/// Whether a directory is tagged as a cache.
pub fn is_cache(directory: BorrowedFd<'_>) -> bool {
    let regular = status_at(directory, CACHE_TAG).is_ok_and(|status| status.kind == FileKind::File);
    let Some(tag) = regular.then(|| open_file(directory, CACHE_TAG).ok()).flatten() else { return false };
    if !status_of(&tag).is_ok_and(|status| status.kind == FileKind::File) {
        return false;
    }
    let mut start = [0; CACHE_SIGNATURE.len()];
    std::fs::File::from(tag).read_exact(&mut start).is_ok() && start == *CACHE_SIGNATURE
}
