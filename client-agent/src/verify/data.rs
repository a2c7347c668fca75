//! Reading and opening content, on several threads.

use crate::{
    history::{Fault, LostObject, Point, ReadError},
    monitor::Monitor,
};
use crossbeam_channel::{Receiver, Sender, bounded};
use iota_core::extent::ChunkRef;
use iota_crypto::chunk::ChunkOpener;
use std::sync::{Mutex, PoisonError};

/// Threads that read and open.
const WORKERS: usize = 3;
/// Chunks that are asked for at a time.
const BATCH: usize = 32;

/// A chunk, and how many bytes of its plaintext are needed.
type Needed = (ChunkRef, u32);

/// Hands chunks to the workers.
pub(super) struct Checks {
    batches: Sender<Vec<Needed>>,
    batch: Vec<Needed>,
}

impl Checks {
    /// A chunk to be checked. Files of one bundle come one after another; the chunk is read once for all of them.
    pub fn push(&mut self, chunk: ChunkRef, end: u32) {
        if let Some(known) = self.batch.iter_mut().find(|(known, _)| *known == chunk) {
            known.1 = known.1.max(end);
            return;
        }
        if self.batch.len() >= BATCH {
            self.send();
        }
        self.batch.push((chunk, end));
    }

    fn send(&mut self) {
        // Workers take batches until the last one.
        let _ = self.batches.send(std::mem::take(&mut self.batch));
    }
}

#[derive(Default)]
struct Found {
    lost: Vec<LostObject>,
    read_bytes: u64,
    failed: Option<ReadError>,
}

/// Runs `walk` with workers behind it; returns what is lost, and how many plain bytes were opened.
pub(super) fn with_workers(
    point: &Point<'_>,
    monitor: &dyn Monitor,
    walk: impl FnOnce(&mut Checks) -> Result<(), ReadError>,
) -> Result<(Vec<LostObject>, u64), ReadError> {
    let found = Mutex::new(Found::default());
    let walked = std::thread::scope(|scope| {
        let (batches, queue) = bounded(WORKERS);
        let start = |_| {
            let (queue, found) = (queue.clone(), &found);
            scope.spawn(move || work(point, monitor, &queue, found))
        };
        let workers: Vec<_> = (0..WORKERS).map(start).collect();
        drop(queue);
        let mut checks = Checks { batches, batch: Vec::new() };
        let walked = walk(&mut checks);
        checks.send();
        drop(checks);
        // One that panicked has noted that.
        workers.into_iter().for_each(|worker| drop(worker.join()));
        walked
    });
    walked?;
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    match found.failed {
        Some(error) => Err(error),
        None => Ok((found.lost, found.read_bytes)),
    }
}

/// Notes that a thread ended in the middle, with all that it was given.
struct Watch<'f>(&'f Mutex<Found>);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).failed.get_or_insert(ReadError::Stopped);
        }
    }
}

fn work(point: &Point<'_>, monitor: &dyn Monitor, queue: &Receiver<Vec<Needed>>, found: &Mutex<Found>) {
    let (mut opener, mut plaintext) = (ChunkOpener::default(), Vec::new());
    let _watch = Watch(found);
    let lock = || found.lock().unwrap_or_else(PoisonError::into_inner);
    for batch in queue {
        if lock().failed.is_some() {
            continue;
        }
        let cids: Vec<_> = batch.iter().map(|(chunk, _)| chunk.cid).collect();
        let read = point.objects().fetch(&cids, |index, object| {
            let (chunk, end) = &batch[index];
            let opened = point.objects().open(&mut opener, chunk, object.as_deref(), &mut plaintext);
            let long_enough = plaintext.len() >= *end as usize;
            let damaged = LostObject { cid: chunk.cid, fault: Fault::Damaged };
            match opened.and(if long_enough { Ok(()) } else { Err(damaged) }) {
                Ok(()) => {
                    monitor.progress(plaintext.len() as u64);
                    lock().read_bytes += plaintext.len() as u64;
                }
                Err(object) => lock().lost.push(object),
            }
            Ok::<_, ReadError>(())
        });
        if let Err(error) = read {
            lock().failed.get_or_insert(error);
        }
    }
}
