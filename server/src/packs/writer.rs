//! The one thread that appends: batches from a queue, one sync for all that wait, answers after it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use iota_core::id::ServerId;
use iota_core::pack::{FIRST_RECORD, Salt, record_bytes};
use tokio::sync::{mpsc, oneshot};

use super::disk::Disk;
use super::name::path_of;
use super::open_pack::OpenPack;
use super::space::{Reserve, SpaceWatch};
use super::{PackError, Place, Record};

/// Bytes that one sync covers, at most (one batch may be longer by itself).
const GROUP_BYTES: u64 = 16 << 20;

type Answer = Result<Vec<Place>, PackError>;

/// Records that want to be durable, together.
pub(super) struct Batch {
    pub(super) records: Vec<Record>,
    pub(super) done: oneshot::Sender<Answer>,
}

impl Batch {
    fn bytes(&self) -> u64 {
        self.records.iter().map(|record| record_bytes(record.payload.len() as u32)).sum()
    }

    /// How much must stay free for it to be written.
    fn reserve(&self) -> Reserve {
        self.records.iter().map(|record| Reserve::of(record.kind)).max().unwrap_or(Reserve::Nothing)
    }

    /// Who asked may have gone; what is durable stays.
    fn answer(self, answer: Answer) {
        let _ = self.done.send(answer);
    }
}

/// What arrives in the queue.
pub(super) enum Job {
    Append(Batch),
    /// End the pack and stop.
    Close(oneshot::Sender<()>),
}

/// Something after which the state of the disk is unknown.
#[derive(Debug)]
pub(super) struct Fatal {
    pub(super) path: PathBuf,
    pub(super) source: io::Error,
}

/// Why a group was not written.
enum Failure {
    NoSpace,
    Fatal(Fatal),
}

impl Failure {
    fn of(path: PathBuf) -> impl FnOnce(io::Error) -> Self {
        |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Fatal(Fatal { path, source }),
        }
    }
}

pub(super) struct Writer {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) root: PathBuf,
    pub(super) server: ServerId,
    pub(super) next_number: u64,
    pub(super) pack_bytes: u64,
    pub(super) space: SpaceWatch,
    pub(super) pack: Option<OpenPack>,
}

impl Writer {
    /// Works until the queue is closed or asks for it.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Job>) -> Result<(), Fatal> {
        let mut close = None;
        while close.is_none() {
            let Some(job) = queue.blocking_recv() else { break };
            let (group, asked) = gather(job, &mut queue);
            self.append_group(group)?;
            close = asked;
        }
        queue.close();
        match self.end_pack() {
            Err(Failure::Fatal(fatal)) => return Err(fatal),
            Err(Failure::NoSpace) => tracing::warn!("the disk is full: the last pack ends without an index"),
            Ok(()) => {}
        }
        if let Some(close) = close {
            let _ = close.send(());
        }
        Ok(())
    }

    /// Writes all batches that may be written, syncs once, answers.
    fn append_group(&mut self, mut group: Vec<Batch>) -> Result<(), Fatal> {
        let most = group.iter().map(Batch::reserve).max().unwrap_or(Reserve::Nothing);
        let allowed = self.allowed(most);
        if most > allowed {
            group = refuse_above(allowed, group);
        }
        let mut written = self.write_group(&group);
        if matches!(written, Err(Failure::NoSpace)) && self.space.give_reserve() {
            group = refuse_above(Reserve::Nothing, group);
            written = self.write_group(&group);
        }
        match written {
            Ok(places) => group.into_iter().zip(places).for_each(|(batch, places)| batch.answer(Ok(places))),
            Err(Failure::NoSpace) => group.into_iter().for_each(|batch| batch.answer(Err(PackError::NoSpace))),
            Err(Failure::Fatal(fatal)) => return Err(fatal),
        }
        Ok(())
    }

    /// What there is room for; when nobody can tell, only what decides about accounts, and the log says why.
    fn allowed(&self, most: Reserve) -> Reserve {
        if most == Reserve::Nothing {
            return most;
        }
        self.space.allowed().unwrap_or_else(|error| {
            tracing::error!(%error, "cannot tell how full the disk is");
            Reserve::Nothing
        })
    }

    /// Writes and syncs. When the disk is full nothing of the group counts, and its pack takes nothing more.
    fn write_group(&mut self, group: &[Batch]) -> Result<Vec<Vec<Place>>, Failure> {
        let written = group.iter().map(|batch| self.write_batch(batch)).collect::<Result<Vec<_>, _>>();
        let synced = written.and_then(|places| self.sync().map(|()| places));
        if synced.is_err() {
            self.pack = None;
        }
        synced
    }

    fn write_batch(&mut self, batch: &Batch) -> Result<Vec<Place>, Failure> {
        let pack = self.pack_for(batch.bytes())?;
        let path = pack.path.clone();
        batch.records.iter().map(|record| pack.append(record)).collect::<Result<_, _>>().map_err(Failure::of(path))
    }

    /// The open pack, or a new one when there is none or `bytes` would make it too long.
    fn pack_for(&mut self, bytes: u64) -> Result<&mut OpenPack, Failure> {
        let full = |pack: &OpenPack| pack.end() > FIRST_RECORD && pack.end() + bytes > self.pack_bytes;
        if self.pack.as_ref().is_some_and(full) {
            self.end_pack()?;
        }
        match self.pack.take() {
            Some(pack) => Ok(self.pack.insert(pack)),
            None => {
                let pack = self.create_pack()?;
                Ok(self.pack.insert(pack))
            }
        }
    }

    /// A number is given once, also when its pack could not be made.
    fn create_pack(&mut self) -> Result<OpenPack, Failure> {
        let number = self.next_number;
        self.next_number += 1;
        let path = path_of(&self.root, number);
        let mut salt = Salt::default();
        getrandom::fill(&mut salt)
            .map_err(|error| Failure::Fatal(Fatal { path: path.clone(), source: io::Error::other(error) }))?;
        OpenPack::create(&*self.disk, &self.root, self.server, number, salt).map_err(Failure::of(path))
    }

    fn sync(&mut self) -> Result<(), Failure> {
        let Some(pack) = &mut self.pack else { return Ok(()) };
        pack.flush().map_err(Failure::of(pack.path.clone()))?;
        // Whatever the reason: what a failed sync leaves on the disk is unknown.
        pack.sync().map_err(|source| Failure::Fatal(Fatal { path: pack.path.clone(), source }))
    }

    fn end_pack(&mut self) -> Result<(), Failure> {
        if let Some(pack) = &mut self.pack {
            pack.append_index().map_err(Failure::of(pack.path.clone()))?;
        }
        self.sync()?;
        self.pack = None;
        Ok(())
    }
}

/// The job and what waits behind it, up to the length of a group; and who asked for the end meanwhile.
fn gather(job: Job, queue: &mut mpsc::Receiver<Job>) -> (Vec<Batch>, Option<oneshot::Sender<()>>) {
    let mut group = Vec::new();
    let mut bytes = 0;
    let mut next = Some(job);
    while let Some(job) = next {
        match job {
            Job::Close(done) => return (group, Some(done)),
            Job::Append(batch) => {
                bytes += batch.bytes();
                group.push(batch);
            }
        }
        next = if bytes < GROUP_BYTES { queue.try_recv().ok() } else { None };
    }
    (group, None)
}

/// Answers what needs more to stay free than `allowed`, and keeps the rest.
fn refuse_above(allowed: Reserve, group: Vec<Batch>) -> Vec<Batch> {
    let (refused, kept): (Vec<_>, Vec<_>) = group.into_iter().partition(|batch| batch.reserve() > allowed);
    refused.into_iter().for_each(|batch| batch.answer(Err(PackError::NoSpace)));
    kept
}
