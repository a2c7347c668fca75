//! What changes, as far as the system tells.

use crate::{platform::Mounts, rules::Rules};
use notify::{
    ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    ops::Bound,
    os::unix::ffi::OsStrExt,
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// More paths than this between two looks are not kept one by one.
const MAX_PATHS: usize = super::queue::MAX_WAITING;
/// The file that makes a directory a cache, or no cache any more.
const CACHE_TAG: &[u8] = b"/CACHEDIR.TAG";

/// How often what the system does not tell everything of is looked through.
const PATROL_EVERY: Duration = Duration::from_secs(3600);
/// Patrols of more directories than this are a walk of everything.
const MAX_PATROLS: usize = 1000;
/// For how long a look at the mounts is good.
const MOUNTS_FRESH: Duration = Duration::from_secs(10);

/// Something may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// At this absolute path, and with `below` anywhere below it.
    Changed {
        /// The path.
        path: Box<[u8]>,
        /// Everything below it, too.
        below: bool,
    },
    /// Somewhere: events were lost.
    Lost,
}

/// Hears of directories before they are listed.
pub trait Watch: Send + Sync {
    /// `directory`, an absolute path, is about to be listed.
    fn enter(&self, directory: &[u8]);
    /// What was seen at `path`, an absolute path, is not what is there any more.
    fn changed(&self, path: &[u8]);
}

/// How much of what is backed up is watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Directories that are watched.
    pub watched: u64,
    /// Of these, such on network file systems: what other machines change there is not told.
    pub remote: u64,
    /// Directories that are not: the system refused.
    pub refused: u64,
    /// The system's limit is reached (`fs.inotify.max_user_watches`).
    pub at_limit: bool,
}

/// Watches directories by the means of the system.
pub struct SystemWatch {
    watcher: Mutex<RecommendedWatcher>,
    rules: Rules,
    inbox: Arc<Inbox>,
    directories: Mutex<Directories>,
    mounts: Mutex<SeenMounts>,
    patrolled: Mutex<Instant>,
}

/// The mounts as they were looked at last.
#[derive(Default)]
struct SeenMounts {
    looked: Option<Instant>,
    mounts: Mounts,
    /// Where something came or went since this was asked last.
    changed: BTreeSet<Box<[u8]>>,
}

impl SeenMounts {
    fn look(&mut self, now: Instant) {
        if self.looked.is_none_or(|looked| now.saturating_duration_since(looked) >= MOUNTS_FRESH) {
            match Mounts::now() {
                Ok(mounts) => self.take_in(mounts, now),
                // What was known stays; of a system that never tells, none is known to be remote.
                Err(_) => self.looked = self.looked.map(|_| now),
            }
        }
    }

    fn take_in(&mut self, mounts: Mounts, now: Instant) {
        if self.looked.is_some() {
            self.changed.extend(self.mounts.differing(&mounts));
        }
        (self.looked, self.mounts) = (Some(now), mounts);
    }
}

#[derive(Default)]
struct Directories {
    watched: BTreeSet<Box<[u8]>>,
    remote: BTreeSet<Box<[u8]>>,
    refused: BTreeSet<Box<[u8]>>,
    at_limit: bool,
}

impl Directories {
    /// What is to be looked through now and then: everything below these, of which none is below another.
    fn patrols(&self) -> BTreeSet<&Path> {
        let mut tops = BTreeSet::new();
        // What is above comes first.
        for path in self.remote.union(&self.refused).map(|path| as_path(path)) {
            if !path.ancestors().any(|above| tops.contains(above)) {
                tops.insert(path);
                if tops.len() > MAX_PATROLS {
                    break;
                }
            }
        }
        tops
    }

    /// Whether a path or the directory that it is in was entered.
    fn knows(&self, path: &[u8]) -> bool {
        let above = as_path(path).parent().map(|above| above.as_os_str().as_bytes());
        let known = |path: &[u8]| self.watched.contains(path) || self.refused.contains(path);
        known(path) || above.is_some_and(known)
    }

    /// Takes out what is at a path and below. Says what of it was watched.
    fn take(&mut self, top: &[u8]) -> Vec<Box<[u8]>> {
        let below = [top, b"/"].concat();
        let taken = |set: &mut BTreeSet<Box<[u8]>>| {
            let range = (Bound::Included(below.clone().into_boxed_slice()), Bound::Unbounded);
            let inside = set.range::<Box<[u8]>, _>(range).take_while(|path| path.starts_with(&below));
            let mut taken: Vec<_> = inside.cloned().chain([top.into()]).collect();
            taken.retain(|path| set.remove(path));
            taken
        };
        taken(&mut self.remote);
        taken(&mut self.refused);
        taken(&mut self.watched)
    }
}

/// What was heard and not looked at yet.
#[derive(Default)]
struct Inbox {
    content: Mutex<Content>,
    arrived: Condvar,
}

#[derive(Default)]
struct Content {
    /// Paths, and whether everything below changed.
    paths: BTreeMap<Box<[u8]>, bool>,
    lost: bool,
    /// Directories that were moved or removed: their old paths say nothing any more.
    gone: Vec<Box<[u8]>>,
}

impl SystemWatch {
    /// Watches nothing yet. What the rules leave out is not told.
    ///
    /// # Errors
    /// When the system has no watcher to give.
    pub fn start(rules: Rules) -> notify::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        let watcher = notify::recommended_watcher({
            let (inbox, rules) = (Arc::clone(&inbox), rules.clone());
            move |event| inbox.take_in(event, &rules)
        })?;
        Ok(Self {
            watcher: Mutex::new(watcher),
            rules,
            inbox,
            directories: Mutex::default(),
            mounts: Mutex::default(),
            patrolled: Mutex::new(Instant::now()),
        })
    }

    /// What was heard since this was asked last. Waits for it, at most for `patience`.
    pub fn hear(&self, patience: Duration) -> Vec<Hint> {
        let content = lock(&self.inbox.content);
        let quiet = |content: &mut Content| content.paths.is_empty() && !content.lost;
        let waited = self.inbox.arrived.wait_timeout_while(content, patience, quiet);
        let (mut content, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let Content { paths, lost, gone } = std::mem::take(&mut *content);
        drop(content);
        self.forget(gone);
        let changed = paths.into_iter().map(|(path, below)| Hint::Changed { path, below });
        let mut hints: Vec<_> = changed.chain(lost.then_some(Hint::Lost)).collect();
        let now = Instant::now();
        hints.extend(self.mounted(now));
        hints.extend(self.patrol(now));
        hints
    }

    /// How many paths were heard of and not looked at yet.
    pub fn unheard(&self) -> u64 {
        lock(&self.inbox.content).paths.len() as u64
    }

    /// Where something was mounted or unmounted among what is backed up: no event tells of that.
    fn mounted(&self, now: Instant) -> Vec<Hint> {
        let changed = {
            let mut mounts = lock(&self.mounts);
            mounts.look(now);
            std::mem::take(&mut mounts.changed)
        };
        let ours: Vec<_> = {
            let directories = lock(&self.directories);
            changed.into_iter().filter(|place| directories.knows(place) && !self.rules.leave_out(place)).collect()
        };
        // What was watched below belongs to a file system that is covered or gone.
        self.forget(ours.clone());
        ours.into_iter().map(|path| Hint::Changed { path, below: true }).collect()
    }

    /// Once an hour: what may have changed without a word.
    fn patrol(&self, now: Instant) -> Vec<Hint> {
        let mut patrolled = lock(&self.patrolled);
        if now.saturating_duration_since(*patrolled) < PATROL_EVERY {
            return Vec::new();
        }
        *patrolled = now;
        let directories = lock(&self.directories);
        let tops = directories.patrols();
        if tops.len() > MAX_PATROLS {
            return vec![Hint::Lost];
        }
        let everything = |top: &Path| Hint::Changed { path: top.as_os_str().as_bytes().into(), below: true };
        tops.into_iter().map(everything).collect()
    }

    fn is_remote(&self, directory: &[u8]) -> bool {
        let mut mounts = lock(&self.mounts);
        mounts.look(Instant::now());
        mounts.mounts.is_remote(directory)
    }

    /// How much is watched.
    pub fn coverage(&self) -> Coverage {
        let directories = lock(&self.directories);
        Coverage {
            watched: directories.watched.len() as u64,
            remote: directories.remote.len() as u64,
            refused: directories.refused.len() as u64,
            at_limit: directories.at_limit,
        }
    }

    /// What was below a directory that is gone is not watched by its old path any more; at a new one it is watched again when it is entered.
    fn forget(&self, gone: Vec<Box<[u8]>>) {
        for top in gone {
            let watched = lock(&self.directories).take(&top);
            let mut watcher = lock(&self.watcher);
            for path in watched {
                // It may be gone from the system already.
                let _ = watcher.unwatch(as_path(&path));
            }
        }
    }
}

impl Watch for SystemWatch {
    fn enter(&self, directory: &[u8]) {
        let result = lock(&self.watcher).watch(as_path(directory), RecursiveMode::NonRecursive);
        let remote = self.is_remote(directory);
        let mut directories = lock(&self.directories);
        if remote {
            directories.remote.insert(directory.into());
        } else {
            directories.remote.remove(directory);
        }
        match result {
            Ok(()) => {
                directories.refused.remove(directory);
                directories.watched.insert(directory.into());
            }
            // It is gone again, and whoever removed it is heard of.
            Err(error) if matches!(error.kind, ErrorKind::PathNotFound) => {}
            Err(error) => {
                directories.at_limit |= matches!(error.kind, ErrorKind::MaxFilesWatch);
                directories.watched.remove(directory);
                directories.refused.insert(directory.into());
            }
        }
    }

    fn changed(&self, path: &[u8]) {
        self.inbox.changed(path);
    }
}

impl Inbox {
    fn changed(&self, path: &[u8]) {
        lock(&self.content).changed(path, false);
        self.arrived.notify_all();
    }

    fn take_in(&self, event: notify::Result<Event>, rules: &Rules) {
        let mut content = lock(&self.content);
        match event {
            Ok(event) if event.need_rescan() => content.lost = true,
            Ok(event) => content.add(event, rules),
            Err(_) => content.lost = true,
        }
        if content.lost || !content.paths.is_empty() {
            self.arrived.notify_all();
        }
    }
}

impl Content {
    fn add(&mut self, event: Event, rules: &Rules) {
        let (below, gone) = match event.kind {
            EventKind::Create(CreateKind::Folder | CreateKind::Any) => (true, false),
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) => (true, true),
            EventKind::Modify(ModifyKind::Name(_)) => (true, false),
            EventKind::Remove(_) => (false, true),
            EventKind::Create(_) | EventKind::Modify(_) | EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                (false, false)
            }
            EventKind::Access(_) | EventKind::Any | EventKind::Other => return,
        };
        for path in event.paths {
            let path = path.as_os_str().as_bytes();
            if gone {
                self.gone.push(path.into());
            }
            match path.strip_suffix(CACHE_TAG) {
                Some(directory) => self.changed(directory, true),
                None if !rules.leave_out(path) => self.changed(path, below),
                None => {}
            }
        }
    }

    fn changed(&mut self, path: &[u8], below: bool) {
        if let Some(known) = self.paths.get_mut(path) {
            *known |= below;
        } else if self.paths.len() < MAX_PATHS {
            self.paths.insert(path.into(), below);
        } else {
            self.lost = true;
        }
    }
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{RuleFile, RuleRoot};

    #[test]
    fn what_is_mounted_or_unmounted_among_what_is_backed_up_is_looked_through() {
        let (roots, exclude) = (vec![RuleRoot::new(Path::new("/data"))], vec!["/data/left-out".into()]);
        let rules = RuleFile { roots, exclude, ..RuleFile::default() };
        let watch = SystemWatch::start(Rules::compile(&rules).unwrap()).unwrap();
        for path in ["/data", "/data/disk", "/data/disk/a", "/data/other"] {
            lock(&watch.directories).watched.insert(path.as_bytes().into());
        }
        let now = Instant::now();
        lock(&watch.mounts).take_in(Mounts::default(), now);
        lock(&watch.mounts).changed = ["/data/disk", "/data/left-out", "/data/new", "/elsewhere", "/data/x/y"]
            .map(|path| path.as_bytes().into())
            .into();
        let hints = ["/data/disk", "/data/new"].map(|path| Hint::Changed { path: path.as_bytes().into(), below: true });
        assert_eq!(watch.mounted(now), hints);
        assert_eq!(watch.coverage().watched, 2, "what was below is watched again when it is entered");
        assert!(watch.mounted(now).is_empty());
    }

    #[test]
    fn what_the_system_does_not_tell_of_is_looked_through_once_an_hour() {
        let watch = SystemWatch::start(Rules::compile(&crate::rules::RuleFile::default()).unwrap()).unwrap();
        let put = |remote: &[&str], refused: &[&str]| {
            let set = |paths: &[&str]| paths.iter().map(|path| path.as_bytes().into()).collect();
            let mut directories = lock(&watch.directories);
            (directories.remote, directories.refused) = (set(remote), set(refused));
        };
        let paths = |hints: Vec<Hint>| -> Vec<String> {
            let path = |hint| match hint {
                Hint::Changed { path, below: true } => String::from_utf8(path.into()).unwrap(),
                other => format!("{other:?}"),
            };
            hints.into_iter().map(path).collect()
        };
        let start = *lock(&watch.patrolled);
        put(&["/nas", "/nas/a", "/nas-b/c"], &["/nas/b", "/var/x"]);
        assert!(watch.patrol(start + PATROL_EVERY / 2).is_empty());
        assert_eq!(paths(watch.patrol(start + PATROL_EVERY)), ["/nas", "/nas-b/c", "/var/x"]);
        assert!(watch.patrol(start + PATROL_EVERY).is_empty());
        watch.forget(vec![b"/nas"[..].into()]);
        assert_eq!((watch.coverage().remote, watch.coverage().refused), (1, 1));
        lock(&watch.directories).refused.extend((0..=MAX_PATROLS).map(|n| format!("/many/{n}").into_bytes().into()));
        assert_eq!(watch.patrol(start + PATROL_EVERY * 2), [Hint::Lost]);
    }
}
