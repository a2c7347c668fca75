//! Reading what is new or changed: metadata, and the content of files, which may change meanwhile.

use super::{
    BackupError, Run,
    pending::{FileId, PendingFile},
    source::{Described, Found, FoundKind, OpenFile, Segment, Source, gap_reason, is_racy},
};
use crate::{rules::Chunking, state::Stamp};
use iota_core::{
    commit::{Gap, GapReason},
    entry::{Entry, Kind},
    extent::Extent,
    path::TreePath,
};
use iota_crypto::{
    chunker::{Chunker, SizeClass},
    cut::SMALL_FILE_BYTES,
};
use std::io;

/// How often a file that changes while it is read is tried.
const MAX_READS: usize = 3;
/// A file above this size that changed while it was read is not read again at once.
const MAX_REREAD_BYTES: u64 = 256 << 20;
/// How much of a file decides its size class.
const HEAD_BYTES: usize = 64 << 10;
/// How much is read at a time.
const READ_BYTES: usize = 1 << 20;

/// How one attempt to read a file ended.
enum Attempt {
    /// From beginning to end as its stamp says.
    Settled { stamp: Stamp },
    /// It changed meanwhile; `size` bytes were read.
    Changed { size: u64 },
    /// It cannot be read.
    Unreadable(GapReason),
}

impl Run<'_, '_> {
    /// Reads what was found, new or changed.
    pub(super) fn read(&mut self, source: &mut impl Source, found: Found) -> Result<(), BackupError> {
        let kind = match &found.kind {
            FoundKind::File { link } => return self.read_file(source, &found, link.clone()),
            FoundKind::Dir => Kind::Dir,
            FoundKind::Symlink { target } => Kind::Symlink { target: target.clone() },
            FoundKind::Fifo => Kind::Fifo,
            &FoundKind::Char { major, minor } => Kind::Char { major, minor },
            &FoundKind::Block { major, minor } => Kind::Block { major, minor },
            FoundKind::Socket => Kind::Socket,
        };
        let Described { metadata, lacks } = match source.metadata(&found) {
            Ok(described) => described,
            Err(reason) => return self.unreadable(&found, reason),
        };
        let stamp = self.lasting_stamp(&found.stamp, lacks);
        self.lacking(&found, lacks);
        self.put(Entry { path: found.path, metadata, kind }, &stamp)
    }

    /// The stamp to remember: none when it could stay the same while the file changes, or when there is more to read.
    fn lasting_stamp(&self, stamp: &Stamp, lacks: Option<GapReason>) -> Vec<u8> {
        match lacks {
            _ if is_racy(stamp, self.clock.now_ms()) => stamp.encode_unsettled(),
            None => stamp.encode().to_vec(),
            Some(GapReason::Unsupported) => stamp.encode_lacking(),
            Some(_) => stamp.encode_unsettled(),
        }
    }

    fn lacking(&mut self, found: &Found, lacks: Option<GapReason>) {
        if let Some(reason) = lacks {
            self.gap(Gap { path: found.path.as_bytes().into(), reason });
        }
    }

    fn unreadable(&mut self, found: &Found, reason: GapReason) -> Result<(), BackupError> {
        if reason == GapReason::Vanished {
            return self.remove(found.path.key().as_bytes());
        }
        self.gap(Gap { path: found.path.as_bytes().into(), reason });
        Ok(())
    }

    fn read_file(
        &mut self,
        source: &mut impl Source,
        found: &Found,
        link: Option<TreePath>,
    ) -> Result<(), BackupError> {
        let treatment = source.treatment(found);
        if treatment.postponed {
            self.report.postponed.push(found.path.clone());
            return Ok(());
        }
        self.monitor.file(&found.path, found.stamp.size);
        let id = self.pending.begin(PendingFile::new(found.path.clone(), link, treatment));
        let mut attempt = 1;
        loop {
            let Described { metadata, lacks } = match source.metadata(found) {
                Ok(described) => described,
                Err(reason) => return self.give_up(found, id, reason),
            };
            self.pending.restart(id, metadata);
            match self.read_content(source, found, id)? {
                Attempt::Settled { stamp } => {
                    let lasting = self.lasting_stamp(&stamp, lacks);
                    self.lacking(found, lacks);
                    self.pending.set(id, stamp.size, false, lasting);
                    return self.file_read(id);
                }
                Attempt::Changed { size } if attempt >= MAX_READS || size > MAX_REREAD_BYTES => {
                    self.pending.set(id, size, true, Vec::new());
                    self.lacking(found, Some(GapReason::Torn));
                    return self.file_read(id);
                }
                Attempt::Changed { .. } => attempt += 1,
                Attempt::Unreadable(reason) => return self.give_up(found, id, reason),
            }
        }
    }

    fn give_up(&mut self, found: &Found, id: FileId, reason: GapReason) -> Result<(), BackupError> {
        self.pending.abandon(id);
        self.unreadable(found, reason)
    }

    fn read_content(&mut self, source: &mut impl Source, found: &Found, id: FileId) -> Result<Attempt, BackupError> {
        let mut file = match source.open(found) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Attempt::Unreadable(GapReason::Vanished)),
            Err(reason) => return Ok(Attempt::Unreadable(reason)),
        };
        let before = match file.stamp() {
            Ok(stamp) => stamp,
            Err(error) => return Ok(Attempt::Unreadable(gap_reason(&error))),
        };
        let size = if before.size < SMALL_FILE_BYTES {
            self.read_small(file.as_mut(), id)?
        } else {
            self.read_large(file.as_mut(), found.path.name(), id)?
        };
        let size = match size {
            Ok(size) => size,
            Err(error) => return Ok(Attempt::Unreadable(gap_reason(&error))),
        };
        self.report.read_bytes += size;
        let settled = file.stamp().is_ok_and(|after| after == before) && size == before.size;
        Ok(if settled && is_as_listed(&before, found) {
            Attempt::Settled { stamp: before }
        } else {
            Attempt::Changed { size }
        })
    }

    /// Reads a small file in one piece, without regard to holes.
    fn read_small(&mut self, file: &mut dyn OpenFile, id: FileId) -> Result<io::Result<u64>, BackupError> {
        let mut content = std::mem::take(&mut self.small_buffer);
        content.clear();
        let done = read_whole(file, &mut content, SMALL_FILE_BYTES as usize);
        let outcome = match done {
            Ok(()) if content.is_empty() => Ok(Ok(0)),
            Ok(()) => {
                self.monitor.progress(content.len() as u64);
                self.add_small(id, &content).map(|()| Ok(content.len() as u64))
            }
            Err(error) => Ok(Err(error)),
        };
        self.small_buffer = content;
        outcome
    }

    /// Reads a large file stretch by stretch and cuts it into chunks; holes stay holes.
    fn read_large(&mut self, file: &mut dyn OpenFile, name: &[u8], id: FileId) -> Result<io::Result<u64>, BackupError> {
        let mut size = 0;
        let mut class = None;
        loop {
            match file.segment() {
                Ok(None) => return Ok(Ok(size)),
                Ok(Some(Segment::Hole(length))) => {
                    self.add_extent(id, Extent::Hole { length })?;
                    size += length;
                }
                Ok(Some(Segment::Data(_))) => match self.read_stretch(file, name, &mut class, id)? {
                    Ok(length) => size += length,
                    Err(error) => return Ok(Err(error)),
                },
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    fn read_stretch(
        &mut self,
        file: &mut dyn OpenFile,
        name: &[u8],
        class: &mut Option<SizeClass>,
        id: FileId,
    ) -> Result<io::Result<u64>, BackupError> {
        let mut buffer = std::mem::take(&mut self.large_buffer);
        buffer.clear();
        let outcome = self.cut_stretch(file, name, class, id, &mut buffer);
        self.large_buffer = buffer;
        outcome
    }

    fn cut_stretch(
        &mut self,
        file: &mut dyn OpenFile,
        name: &[u8],
        class: &mut Option<SizeClass>,
        id: FileId,
        buffer: &mut Vec<u8>,
    ) -> Result<io::Result<u64>, BackupError> {
        let keys = self.machine.domains.of(self.pending.treatment(id).domain);
        let mut chunker = None;
        let (mut start, mut total, mut eof) = (0, 0, false);
        loop {
            if !eof {
                match fill(file, buffer, start) {
                    Ok(read) => eof = read == 0,
                    Err(error) => return Ok(Err(error)),
                }
                start = 0;
            }
            let class = *class.get_or_insert_with(|| match self.pending.treatment(id).chunking {
                Chunking::Auto => SizeClass::of(name, &buffer[..buffer.len().min(HEAD_BYTES)]),
                Chunking::Normal => SizeClass::Normal,
                Chunking::Fine => SizeClass::Fine,
            });
            let chunker = chunker.get_or_insert_with(|| Chunker::new(&keys.chunker, class));
            while let Some(length) = chunker.next_cut(&buffer[start..], eof) {
                let mut plaintext = self.uploads.buffer();
                plaintext.extend_from_slice(&buffer[start..start + length]);
                start += length;
                total += length as u64;
                self.monitor.progress(length as u64);
                self.add_chunk(id, plaintext)?;
                self.take_sealed(false)?;
            }
            if eof {
                return Ok(Ok(total));
            }
        }
    }
}

/// Whether a file is still the one of the listing, as far as the other names of it go: which they are was found there.
fn is_as_listed(stamp: &Stamp, found: &Found) -> bool {
    let alone = stamp.links == 1 && found.stamp.links == 1;
    alone || (stamp.inode, stamp.links) == (found.stamp.inode, found.stamp.links)
}

/// Moves what is left from `start` to the front and reads more behind it; returns how many bytes came.
fn fill(file: &mut dyn OpenFile, buffer: &mut Vec<u8>, start: usize) -> io::Result<usize> {
    buffer.drain(..start);
    let left = buffer.len();
    buffer.resize(left + READ_BYTES, 0);
    let mut read = 0;
    while read < READ_BYTES {
        match file.read(&mut buffer[left + read..]) {
            Ok(0) => break,
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                buffer.truncate(left + read);
                return Err(error);
            }
        }
    }
    buffer.truncate(left + read);
    Ok(read)
}

/// Reads everything, holes as zeros; a file that grew beyond `limit` meanwhile is cut there.
fn read_whole(file: &mut dyn OpenFile, content: &mut Vec<u8>, limit: usize) -> io::Result<()> {
    while let Some(segment) = file.segment()? {
        match segment {
            Segment::Hole(length) => {
                let length = usize::try_from(length).unwrap_or(limit).min(limit - content.len());
                content.resize(content.len() + length, 0);
            }
            Segment::Data(_) => {
                while content.len() < limit {
                    let left = content.len();
                    content.resize(limit, 0);
                    let read = file.read(&mut content[left..]);
                    content.truncate(left + read.as_ref().map_or(0, |&count| count));
                    match read {
                        Ok(0) => break,
                        Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                        _ => {}
                    }
                }
            }
        }
        if content.len() >= limit {
            break;
        }
    }
    Ok(())
}
