//! Where the bytes lie: append-only files of records, described in `docs/format/packs.md`.
//!
//! Every object and every durable decision is a record here, synced before Postgres hears of it. One thread writes;
//! anybody reads, and what is read is verified.

pub mod disk;
mod error;
mod name;
mod open_pack;
mod reader;
#[cfg(test)]
mod simulated;
mod space;
mod walk;
mod window;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use iota_core::id::{AccountId, Domain, ServerId};
use iota_core::pack::MAX_PAYLOAD_BYTES;
pub use iota_core::pack::RecordKind;
use tokio::sync::{mpsc, oneshot};

use self::disk::{Disk, RealDisk, Space};
pub use self::error::PackError;
pub use self::name::{PackList, path_of};
pub use self::reader::PackReader;
pub use self::space::limit_of as free_limit_of;
use self::space::{Reserve, SpaceWatch};
pub use self::walk::{Fault, Walk};
use self::writer::{Batch, Fatal, Job, Writer};

/// Batches that wait for the writer before callers wait for room.
const QUEUED_BATCHES: usize = 64;

/// Something durable: an object or a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: RecordKind,
    /// Whose.
    pub owner: AccountId,
    /// Domain of an object; else the private one.
    pub domain: Domain,
    /// BLAKE3-256 of the payload.
    pub id: [u8; 32],
    /// At most 16 MiB.
    pub payload: Bytes,
}

impl Record {
    /// A record of `payload`, whose id it computes.
    pub fn new(kind: RecordKind, owner: AccountId, payload: Bytes) -> Self {
        let id = *blake3::hash(&payload).as_bytes();
        Self { kind, owner, domain: Domain::PRIVATE, id, payload }
    }
}

/// Where a record stands. A place is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Number of the pack, from 1.
    pub pack: u64,
    /// Position of the record in it.
    pub position: u64,
    /// Length of its payload.
    pub payload_bytes: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of pack {:x}", self.position, self.pack)
    }
}

/// How packs are kept.
#[derive(Clone, Copy, Debug)]
pub struct PackOptions {
    /// A pack ends before it gets longer than this.
    pub pack_bytes: u64,
    /// Objects are refused when less is free; by default the smaller of 5 % and 10 GiB.
    pub min_free_bytes: Option<u64>,
    /// Space that is set aside for decisions on a full disk.
    pub reserve_bytes: u64,
}

impl Default for PackOptions {
    fn default() -> Self {
        Self { pack_bytes: 64 << 20, min_free_bytes: None, reserve_bytes: 64 << 20 }
    }
}

/// The packs of a server. Cheap to clone; the writer ends its pack when the last clone is dropped.
#[derive(Clone)]
pub struct Packs {
    queue: mpsc::Sender<Job>,
    shared: Arc<Shared>,
}

/// Ends the process when the writer ends in the middle: nothing can be kept any more, and what the disk holds is unknown.
struct Watch;

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}

struct Shared {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    reader: PackReader,
    space: SpaceWatch,
}

impl Packs {
    /// Opens the packs in `root`, which is made when it is not there, for a server that writes. Only one process may do so.
    ///
    /// # Errors
    /// [`PackError::File`], and [`PackError::Foreign`] when the newest pack is another server's.
    pub fn open(root: &Path, server: ServerId, options: PackOptions) -> Result<Self, PackError> {
        // What the disk holds is unknown: only a new start, which reads again what was acknowledged, may go on.
        let abort = |fatal: Fatal| -> () {
            tracing::error!(path = %fatal.path.display(), error = %fatal.source, "the disk of the packs failed; the server stops");
            std::process::abort();
        };
        Self::open_on(Arc::new(RealDisk), root, server, options, abort)
    }

    fn open_on(
        disk: Arc<dyn Disk>,
        root: &Path,
        server: ServerId,
        options: PackOptions,
        on_fatal: impl FnOnce(Fatal) + Send + 'static,
    ) -> Result<Self, PackError> {
        let parent = root.parent().unwrap_or(Path::new("."));
        disk.create_folder(root).and_then(|()| disk.sync_folder(parent)).map_err(PackError::file(root))?;
        let newest = name::list_packs(&*disk, root)?.numbers.last().copied().unwrap_or(0);
        check_server(&*disk, root, newest, server)?;
        let space = SpaceWatch::new(disk.clone(), root, options.min_free_bytes, options.reserve_bytes);
        if let Err(error) = space.take_reserve() {
            tracing::warn!(%error, "cannot set space aside for a full disk");
        }
        let (queue, jobs) = mpsc::channel(QUEUED_BATCHES);
        let writer = Writer {
            disk: disk.clone(),
            root: root.to_owned(),
            server,
            next_number: newest + 1,
            pack_bytes: options.pack_bytes,
            space,
            pack: None,
        };
        std::thread::Builder::new()
            .name("packs".into())
            .spawn(move || {
                let _watch = Watch;
                writer.run(jobs).unwrap_or_else(on_fatal)
            })
            .map_err(PackError::file(root))?;
        let reader = PackReader::new(disk.clone(), root.to_owned());
        let space = SpaceWatch::new(disk.clone(), root, options.min_free_bytes, options.reserve_bytes);
        let shared = Shared { disk, root: root.to_owned(), reader, space };
        Ok(Self { queue, shared: Arc::new(shared) })
    }

    /// Appends `records` together; they are durable when this returns, in the order of their places.
    ///
    /// # Errors
    /// [`PackError::NoSpace`] for objects when the disk is nearly full, for all when it is full; [`PackError::TooLarge`];
    /// [`PackError::Closed`] when the server stops.
    pub async fn append(&self, records: Vec<Record>) -> Result<Vec<Place>, PackError> {
        if let Some(record) = records.iter().find(|record| record.payload.len() > MAX_PAYLOAD_BYTES) {
            return Err(PackError::TooLarge { payload_bytes: record.payload.len() });
        }
        let (done, answer) = oneshot::channel();
        self.queue.send(Job::Append(Batch { records, done })).await.map_err(|_| PackError::Closed)?;
        answer.await.map_err(|_| PackError::Closed)?
    }

    /// The record at `place`, verified.
    ///
    /// # Errors
    /// [`PackError::Damaged`] when the bytes there are not what was written, [`PackError::File`] when the disk fails.
    pub async fn read(&self, place: Place) -> Result<Record, PackError> {
        let mut records = self.read_all(vec![place]).await?;
        records.pop().unwrap_or(Err(PackError::Closed))
    }

    /// The records at `places`, each verified by itself, in the order asked; read in the order of the places.
    ///
    /// # Errors
    /// [`PackError::Closed`] when the server stops; other errors stand in the place of their record.
    pub async fn read_all(&self, places: Vec<Place>) -> Result<Vec<Result<Record, PackError>>, PackError> {
        let shared = self.shared.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut order: Vec<usize> = (0..places.len()).collect();
            order.sort_unstable_by_key(|&index| places[index]);
            let mut records: Vec<_> = order.iter().map(|&index| (index, shared.reader.read(places[index]))).collect();
            records.sort_unstable_by_key(|&(index, _)| index);
            records.into_iter().map(|(_, record)| record).collect()
        });
        read.await.map_err(|_| PackError::Closed)
    }

    /// Ends the pack that is being written, with its index. Nothing can be appended afterwards.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Job::Close(done)).await.is_ok() {
            // When the writer is gone there is nothing to end.
            let _ = closed.await;
        }
    }

    /// Whether there is room for commits.
    ///
    /// # Errors
    /// [`PackError::File`].
    pub fn allows_commits(&self) -> Result<bool, PackError> {
        Ok(self.shared.space.allowed()? >= Reserve::Half)
    }

    /// Space on the disk of the packs.
    ///
    /// # Errors
    /// [`PackError::File`].
    pub fn space(&self) -> Result<Space, PackError> {
        self.shared.disk.space(&self.shared.root).map_err(PackError::file(&self.shared.root))
    }
}

/// The packs in `root`, and what lies there and is none.
///
/// # Errors
/// [`PackError::File`].
pub fn list(root: &Path) -> Result<PackList, PackError> {
    name::list_packs(&RealDisk, root)
}

/// Goes through pack `number` in `root`; with `verify` every byte is read, otherwise heads or the index only.
///
/// # Errors
/// [`PackError::File`] when the disk fails; damage is part of the answer.
pub fn walk(root: &Path, number: u64, verify: bool) -> Result<Walk, PackError> {
    walk::walk(&RealDisk, root, number, verify)
}

/// Space on the disk of the packs in `root`.
///
/// # Errors
/// [`PackError::File`].
pub fn space(root: &Path) -> Result<Space, PackError> {
    RealDisk.space(root).map_err(PackError::file(root))
}

fn check_server(disk: &dyn Disk, root: &Path, newest: u64, server: ServerId) -> Result<(), PackError> {
    if newest == 0 {
        return Ok(());
    }
    let path = path_of(root, newest);
    let file = disk.open(&path).map_err(PackError::file(&path))?;
    match reader::read_header(&*file).map_err(PackError::file(&path))? {
        Some(header) if header.server != server => Err(PackError::Foreign { path }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
