//! What a worker does with a batch: fetch, open, write.

use super::{
    LossReason, RestoreError, Shared,
    batch::{Batch, Wanted},
    file::LastDirectory,
};
use crate::history::{Fault, LostObject};
use crossbeam_channel::Receiver;
use iota_crypto::chunk::ChunkOpener;

/// Works until there are no more batches.
pub(super) fn run(shared: &Shared<'_>, queue: &Receiver<Batch>) {
    let mut worker =
        Worker { shared, opener: ChunkOpener::default(), plaintext: Vec::new(), last: LastDirectory::default() };
    let _watch = Watch(shared);
    for batch in queue {
        // After an error batches are only taken, so that the planner is not held up.
        if !shared.is_stopped()
            && let Err(error) = worker.work(batch)
        {
            shared.stop(error);
        }
    }
}

/// Ends the restore when its thread ends in the middle: nobody waits for files that nobody writes.
struct Watch<'s, 'a>(&'s Shared<'a>);

impl Drop for Watch<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop(RestoreError::Stopped);
        }
    }
}

struct Worker<'s, 'a> {
    shared: &'s Shared<'a>,
    opener: ChunkOpener,
    plaintext: Vec<u8>,
    last: LastDirectory,
}

impl Worker<'_, '_> {
    fn work(&mut self, batch: Batch) -> Result<(), RestoreError> {
        let mut wanted = batch.wanted;
        wanted.iter_mut().for_each(|wanted| self.settle(wanted));
        wanted.retain(|wanted| !wanted.uses.is_empty());
        let cids: Vec<_> = wanted.iter().map(|wanted| wanted.chunk.cid).collect();
        let objects = self.shared.point.objects();
        objects.fetch(&cids, |index, object| {
            if self.shared.is_stopped() {
                return Ok(());
            }
            let wanted = &wanted[index];
            let opened = objects.open(&mut self.opener, &wanted.chunk, object.as_deref(), &mut self.plaintext);
            self.write(wanted, opened);
            Ok::<_, RestoreError>(())
        })?;
        batch.complete.iter().for_each(|file| file.finish(self.shared, &mut self.last));
        Ok(())
    }

    /// Takes out the uses that what is there already has: a chunk of which nothing is needed is not fetched.
    fn settle(&mut self, wanted: &mut Wanted) {
        let (shared, last) = (self.shared, &mut self.last);
        let key = (shared.point.objects().dedup(), &wanted.chunk.ckey.0);
        wanted.uses.retain(|one| {
            let there = one.offset == 0 && one.file.has(shared, last, (one.position, one.length), key);
            if there && one.file.is_last() {
                one.file.finish(shared, last);
            }
            !there
        });
    }

    fn write(&mut self, wanted: &Wanted, opened: Result<(), LostObject>) {
        for one in &wanted.uses {
            let range = one.offset as usize..(one.offset + one.length) as usize;
            let damaged = LostObject { cid: wanted.chunk.cid, fault: Fault::Damaged };
            match opened.and_then(|()| self.plaintext.get(range).ok_or(damaged)) {
                Ok(bytes) => one.file.put(self.shared, &mut self.last, one.position, bytes),
                Err(object) => one.file.lose(LossReason::Object(object)),
            }
            if one.file.is_last() {
                one.file.finish(self.shared, &mut self.last);
            }
        }
    }
}
