//! The walk over a real file system: everything that the rules include, in key order.
//!
//! Each directory is listed once: first all its children are told, then each of its subdirectories is entered. So the
//! memory in use is that of the listings on the current branch. Directories and files are opened by the descriptor of their
//! parent, never through links, and compared after opening with what was seen before.
//!
//! ```text
//! roots ─► frame (listing, sorted) ─► status of each name ─► rules ─► event ─► frames of its subdirectories …
//! ```

mod frame;
mod links;
mod metadata;
mod owners;
mod read;
mod scope;

pub use read::Opened;
pub use scope::Scope;

use crate::{
    backup::source::{Described, Event, Found, FoundKind, KeyRange, OpenFile, Source, Treatment, gap_reason},
    live::{urgency::opens_ms, watch::Watch},
    monitor::{Clock, SystemClock},
    platform::{
        FileKey, FileKind, Status, is_pseudo, is_swapped, open_given_directory, open_root, read_link, require_proc,
        status_of,
    },
    rules::{Rules, Schedule, facts},
    state::Stamp,
};
use frame::{Cover, Frame, Subdirectory};
use iota_core::{commit::GapReason, entry::MAX_TARGET_BYTES, path::TreePath};
use links::LinkGroups;
use owners::Owners;
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    path::Path,
    sync::Arc,
};

pub use frame::is_cache;

/// A walk under way.
pub struct Scan {
    rules: Rules,
    /// What it looks at.
    scope: Arc<Scope>,
    /// Hears of each directory before it is listed.
    watch: Option<Arc<dyn Watch>>,
    /// Directories of the agent itself, never entered or told.
    own: Vec<FileKey>,
    frames: Vec<Frame>,
    /// `/` and the path of the innermost directory, ending with `/`.
    path: Vec<u8>,
    /// What the last event was about.
    last: Option<Last>,
    links: LinkGroups,
    owners: Owners,
    /// When it began, milliseconds since 1970: ages of files count from here.
    now_ms: u64,
    /// Files are left for later while their schedule is closed.
    heeds_schedules: bool,
}

/// The path of the last event, still open for questions.
struct Last {
    name: Vec<u8>,
    status: Status,
    /// Opened for its attributes, not yet handed out.
    opened: Option<Opened>,
}

impl Scan {
    /// Begins a walk of everything. `own` are directories of the agent, which are left out wherever they lie.
    ///
    /// # Errors
    /// When `/`, `/proc` or a directory of the agent cannot be opened.
    pub fn start(rules: Rules, own: &[&Path]) -> io::Result<Self> {
        Self::start_in(rules, own, Arc::new(Scope::whole()), None)
    }

    /// Begins a walk of what `scope` says; see [`Scan::start`]. Of a file with several links only those are known that the walk meets. `watch` hears
    /// of each directory before it is listed.
    ///
    /// # Errors
    /// Those of [`Scan::start`].
    pub fn start_in(rules: Rules, own: &[&Path], scope: Arc<Scope>, watch: Option<Arc<dyn Watch>>) -> io::Result<Self> {
        require_proc()?;
        let own = own
            .iter()
            .filter_map(|path| match open_given_directory(path) {
                Ok(directory) => Some(status_of(directory).map(|status| status.key)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => Some(Err(error)),
            })
            .collect::<io::Result<Vec<_>>>()?;
        let root = open_root()?;
        if let Some(watch) = &watch {
            watch.enter(b"/");
        }
        let node = Arc::clone(&rules.roots);
        let cover = node.root.map(|one_file_system| Cover { one_file_system });
        let first = Frame::open(root, Some(node), cover, Arc::clone(&scope), &rules, 0)?;
        Ok(Self {
            rules,
            scope,
            watch,
            own,
            frames: vec![first],
            path: vec![b'/'],
            last: None,
            links: LinkGroups::default(),
            owners: Owners::default(),
            now_ms: SystemClock.now_ms(),
            heeds_schedules: false,
        })
    }

    /// Leaves files that have changed for later while their schedule is closed. What a person asks for is not left.
    pub fn heeding_schedules(mut self) -> Self {
        self.heeds_schedules = self.rules.has_schedules();
        self
    }

    fn step(&mut self) -> io::Result<Step> {
        let Some(frame) = self.frames.last_mut() else { return Ok(Step::End) };
        if let Some(name) = frame.next_name() {
            let last = self.last.get_or_insert_with(Last::empty);
            last.name.clear();
            last.name.extend_from_slice(name);
            return self.child();
        }
        match frame.next_subdirectory() {
            Some(subdirectory) => self.enter(subdirectory),
            None => {
                self.path.truncate(frame.parent_bytes);
                self.frames.pop();
                Ok(Step::On)
            }
        }
    }

    /// Looks at the next name of the innermost directory.
    fn child(&mut self) -> io::Result<Step> {
        let (Some(frame), Some(last)) = (self.frames.last_mut(), &mut self.last) else { return Ok(Step::On) };
        last.opened = None;
        let name = &last.name;
        let directory_bytes = self.path.len();
        self.path.extend_from_slice(name);
        let node = frame.node_of(name);
        let explicit = node.is_some();
        let seen = frame.status(name);
        let step = match seen {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !explicit => Step::On,
            Err(error) => {
                let reason = gap_reason(&error);
                // What was known below it stays, too: a root that is not mounted today is no deleted root.
                if explicit || frame.may_be_directory() {
                    frame.subdirectories.push_back(Subdirectory::unseen(name, reason));
                }
                self.gap(reason, false)
            }
            Ok(status) => {
                last.status = status;
                match frame.decide(&self.rules, &self.own, &self.path, node, &status, self.now_ms) {
                    None => Step::On,
                    Some(subdirectory) => self.found(subdirectory)?,
                }
            }
        };
        self.path.truncate(directory_bytes);
        Ok(step)
    }

    /// Tells a path that the rules include; `self.path` is its path.
    fn found(&mut self, subdirectory: Subdirectory) -> io::Result<Step> {
        let (Some(frame), Some(last)) = (self.frames.last_mut(), &self.last) else { return Ok(Step::On) };
        let status = last.status;
        let Ok(path) = TreePath::parse(&self.path[1..]) else {
            return Ok(self.gap(GapReason::Unsupported, false));
        };
        // One that is not entered has nothing to lose.
        let mount = subdirectory.crosses && (subdirectory.cover.is_some() || subdirectory.node.is_some());
        let kind = match status.kind {
            FileKind::Directory => {
                frame.subdirectories.push_back(subdirectory);
                FoundKind::Dir
            }
            FileKind::File => FoundKind::File { link: self.links.leader(&status, &path)? },
            FileKind::Symlink => match read_link(frame.directory(), &last.name) {
                Ok(target) if target.is_empty() || target.len() > MAX_TARGET_BYTES => {
                    return Ok(self.gap(GapReason::Unsupported, false));
                }
                Ok(target) => FoundKind::Symlink { target },
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Step::On),
                Err(error) if is_swapped(&error) => return Ok(self.gap(GapReason::Vanished, false)),
                Err(error) => return Ok(self.gap(gap_reason(&error), false)),
            },
            FileKind::Fifo => FoundKind::Fifo,
            FileKind::Char => FoundKind::Char { major: status.device.0, minor: status.device.1 },
            FileKind::Block => FoundKind::Block { major: status.device.0, minor: status.device.1 },
            FileKind::Socket => FoundKind::Socket,
            FileKind::Unknown => return Ok(self.gap(GapReason::Unsupported, false)),
        };
        let stamp = Stamp { mount, ..stamp(&status) };
        Ok(Step::Event(Event::Found(Found { path, kind, stamp })))
    }

    /// Enters a subdirectory of the innermost directory.
    fn enter(&mut self, subdirectory: Subdirectory) -> io::Result<Step> {
        let Some(frame) = self.frames.last() else { return Ok(Step::End) };
        let parent_bytes = self.path.len();
        self.path.extend_from_slice(&subdirectory.name);
        let opened = match subdirectory.failed {
            Some(reason) => Err(reason),
            None => frame.open_subdirectory(&subdirectory),
        };
        let frame = opened.and_then(|directory| {
            let Some(directory) = directory else { return Ok(None) };
            let frame = is_outside(&subdirectory, directory.as_fd()).and_then(|outside| match outside {
                true => Ok(None),
                false => {
                    if let Some(watch) = &self.watch {
                        watch.enter(&self.path);
                        // Between telling and watching it, nobody was told of what changed in it.
                        if !status_of(&directory).is_ok_and(|status| status.ctime == subdirectory.ctime) {
                            watch.changed(&self.path);
                        }
                    }
                    let Subdirectory { node, cover, scope, .. } = subdirectory;
                    Frame::open(directory, node, cover, scope, &self.rules, parent_bytes).map(Some)
                }
            });
            frame.map_err(|error| gap_reason(&error))
        });
        Ok(match frame {
            Ok(Some(frame)) => {
                self.path.push(b'/');
                self.frames.push(frame);
                Step::On
            }
            Ok(None) => {
                self.path.truncate(parent_bytes);
                Step::On
            }
            Err(reason) => {
                let gap = self.gap(reason, true);
                self.path.truncate(parent_bytes);
                gap
            }
        })
    }

    fn gap(&self, reason: GapReason, below: bool) -> Step {
        Step::Event(Event::Gap { path: self.path[1..].into(), reason, below })
    }
}

/// A mounted file system of the kernel's own is not entered, whatever the rules say.
fn is_outside(subdirectory: &Subdirectory, directory: BorrowedFd<'_>) -> io::Result<bool> {
    if subdirectory.crosses { is_pseudo(directory) } else { Ok(false) }
}

enum Step {
    Event(Event),
    On,
    End,
}

impl Last {
    fn empty() -> Self {
        let time = iota_core::entry::Timestamp::default();
        let status = Status {
            kind: FileKind::Unknown,
            mode: 0,
            uid: 0,
            gid: 0,
            key: FileKey { device: 0, inode: 0 },
            links: 0,
            size: 0,
            allocated: 0,
            mtime: time,
            ctime: time,
            device: (0, 0),
            mount_point: false,
        };
        Self { name: Vec::new(), status, opened: None }
    }
}

/// What the cache compares to know that nothing changed.
pub(crate) fn stamp(status: &Status) -> Stamp {
    let is_file = status.kind == FileKind::File;
    Stamp {
        size: if is_file { status.size } else { 0 },
        mtime: status.mtime,
        ctime: status.ctime,
        inode: status.key.inode,
        links: if is_file { status.links.into() } else { 1 },
        mount: false,
    }
}

impl Source for Scan {
    fn ranges(&self) -> Vec<KeyRange> {
        self.scope.ranges()
    }

    fn next(&mut self) -> io::Result<Option<Event>> {
        loop {
            match self.step()? {
                Step::Event(event) => return Ok(Some(event)),
                Step::On => {}
                Step::End => return Ok(None),
            }
        }
    }

    fn hold_if_empty(&mut self) -> bool {
        let (Some(frame), Some(last)) = (self.frames.last_mut(), &self.last) else { return false };
        frame.hold_if_empty(&last.name)
    }

    fn treatment(&self, found: &Found) -> Treatment {
        let Some(last) = &self.last else { return Treatment::default() };
        let path = [b"/", found.path.as_bytes()].concat();
        let settings = self.rules.settings(&path, &facts(&last.status, self.now_ms));
        let closed = |schedule: &Schedule| opens_ms(schedule, SystemClock.now_ms()) > 0;
        Treatment {
            postponed: self.heeds_schedules && settings.schedule.as_ref().is_some_and(closed),
            compression: settings.compression,
            chunking: settings.chunking,
            domain: settings.sharing.domain(),
        }
    }

    fn metadata(&mut self, _found: &Found) -> Result<Described, GapReason> {
        self.read_metadata()
    }

    fn open(&mut self, _found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        match self.take_opened() {
            Ok(opened) => Ok(Some(Box::new(opened))),
            Err(GapReason::Vanished) => Ok(None),
            Err(reason) => Err(reason),
        }
    }
}
