//! A disk in memory that fails on demand, and that forgets on a crash what was not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use super::disk::{AppendFile, Disk, Listed, ReadFile, Space};

/// What goes wrong, and at which of the operations that change something, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The machine stops before it: it and all later ones do nothing.
    Crash(usize),
    /// It fails, as with a broken disk.
    Error(usize),
    /// It finds no room; half of a write is done.
    Full(usize),
}

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, Content>,
    folders: BTreeSet<PathBuf>,
    /// Names that survive a crash.
    durable_names: BTreeSet<PathBuf>,
    operations: usize,
    trouble: Option<Trouble>,
    free_bytes: u64,
    crashed: bool,
}

#[derive(Clone, Default)]
struct Content {
    bytes: Vec<u8>,
    synced_bytes: usize,
}

/// Shared by whoever holds a clone.
#[derive(Clone, Default)]
pub(super) struct SimulatedDisk(Arc<Mutex<State>>);

impl SimulatedDisk {
    pub(super) fn new(trouble: Option<Trouble>) -> Self {
        let disk = Self::default();
        disk.with(|state| (state.trouble, state.free_bytes) = (trouble, u64::MAX));
        disk
    }

    /// Lets nobody do anything with it until the guard is dropped.
    pub(super) fn hold(&self) -> impl Drop + '_ {
        self.0.lock().unwrap()
    }

    pub(super) fn set_free_bytes(&self, free_bytes: u64) {
        self.with(|state| state.free_bytes = free_bytes);
    }

    pub(super) fn operations(&self) -> usize {
        self.with(|state| state.operations)
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.with(|state| state.files.keys().cloned().collect())
    }

    pub(super) fn content(&self, path: &Path) -> Vec<u8> {
        self.with(|state| state.files[path].bytes.clone())
    }

    pub(super) fn set_content(&self, path: &Path, bytes: Vec<u8>) {
        self.with(|state| state.files.insert(path.to_owned(), Content { synced_bytes: bytes.len(), bytes }));
    }

    /// What the machine finds when it starts again: synced bytes, and of the rest what `keep` leaves of it.
    pub(super) fn after_crash(&self, keep: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let disk = Self::new(None);
        let (files, folders, names) =
            self.with(|state| (state.files.clone(), state.folders.clone(), state.durable_names.clone()));
        disk.with(|state| {
            state.folders = folders.into_iter().filter(|path| names.contains(path)).collect();
            let reachable =
                |path: &Path| names.contains(path) && path.parent().is_some_and(|folder| names.contains(folder));
            for (path, content) in files.into_iter().filter(|(path, _)| reachable(path)) {
                let (synced, rest) = content.bytes.split_at(content.synced_bytes);
                let bytes = [synced, &keep(rest)].concat();
                state.files.insert(path, Content { synced_bytes: bytes.len(), bytes });
            }
            state.durable_names = names;
        });
        disk
    }

    fn with<T>(&self, call: impl FnOnce(&mut State) -> T) -> T {
        call(&mut self.0.lock().unwrap())
    }

    /// Counts an operation that changes something. `Ok(false)`: no room.
    fn operation<T>(&self, call: impl FnOnce(&mut State, bool) -> io::Result<T>) -> io::Result<T> {
        self.with(|state| {
            let number = state.operations;
            state.operations += 1;
            state.crashed |= matches!(state.trouble, Some(Trouble::Crash(at)) if number >= at);
            match state.trouble {
                _ if state.crashed => Err(io::Error::other("the machine has crashed")),
                Some(Trouble::Error(at)) if at == number => Err(io::Error::other("the disk is broken")),
                Some(Trouble::Full(at)) if at == number => call(state, false),
                _ => call(state, true),
            }
        })
    }
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

struct Handle {
    disk: SimulatedDisk,
    path: PathBuf,
}

impl Write for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let path = self.path.clone();
        self.disk.operation(|state, room| {
            let content = &mut state.files.get_mut(&path).ok_or(io::ErrorKind::NotFound)?.bytes;
            content.extend_from_slice(if room { bytes } else { &bytes[..bytes.len() / 2] });
            if room { Ok(bytes.len()) } else { Err(full()) }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AppendFile for Handle {
    fn sync_data(&mut self) -> io::Result<()> {
        let path = self.path.clone();
        self.disk.operation(|state, room| {
            let content = state.files.get_mut(&path).ok_or(io::ErrorKind::NotFound)?;
            content.synced_bytes = content.bytes.len();
            if room { Ok(()) } else { Err(full()) }
        })
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

impl ReadFile for Handle {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.disk.with(|state| {
            let bytes = &state.files.get(&self.path).ok_or(io::ErrorKind::NotFound)?.bytes;
            let rest = bytes.get(position as usize..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        })
    }

    fn len_bytes(&self) -> io::Result<u64> {
        self.disk.with(|state| Ok(state.files.get(&self.path).ok_or(io::ErrorKind::NotFound)?.bytes.len() as u64))
    }

    fn modified(&self) -> io::Result<SystemTime> {
        Ok(SystemTime::UNIX_EPOCH)
    }
}

impl Disk for SimulatedDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        if self.with(|state| state.folders.contains(path)) {
            return Ok(());
        }
        self.operation(|state, room| {
            if !room {
                return Err(full());
            }
            state.folders.insert(path.to_owned());
            Ok(())
        })
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        self.operation(|state, room| match () {
            () if !room => Err(full()),
            () if state.files.contains_key(path) => Err(io::ErrorKind::AlreadyExists.into()),
            () => {
                state.files.insert(path.to_owned(), Content::default());
                Ok(())
            }
        })?;
        Ok(Box::new(Handle { disk: self.clone(), path: path.to_owned() }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        if !self.with(|state| state.files.contains_key(path)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Box::new(Handle { disk: self.clone(), path: path.to_owned() }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.operation(|state, _| state.files.remove(path).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into()))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.operation(|state, room| {
            let inside: Vec<_> =
                state.files.keys().chain(&state.folders).filter(|name| name.parent() == Some(path)).cloned().collect();
            state.durable_names.extend(inside);
            if room { Ok(()) } else { Err(full()) }
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        self.with(|state| {
            let name = |path: &Path| path.file_name().and_then(OsStr::to_str).unwrap_or_default().to_owned();
            let inside = |inside: &&PathBuf| inside.parent() == Some(path);
            let files = state.files.keys().filter(inside).map(|path| Listed { name: name(path), folder: false });
            let folders = state.folders.iter().filter(inside).map(|path| Listed { name: name(path), folder: true });
            Ok(files.chain(folders).collect())
        })
    }

    fn space(&self, _: &Path) -> io::Result<Space> {
        self.with(|state| Ok(Space { free_bytes: state.free_bytes, total_bytes: 1 << 40 }))
    }
}
