//! Going through a pack from record to record, past whatever is damaged.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use iota_core::pack::{
    FIRST_RECORD, IndexEntry, PackHeader, RECORD_MAGIC, RecordHead, RecordKind, Salt, Trailer, begins_index,
    decode_index, record_bytes, verify_record,
};

use super::disk::{Disk, ReadFile};
use super::name::path_of;
use super::window::Window;
use super::{PackError, Place};

/// Something in a pack that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it begins.
    pub position: u64,
    /// The record, when its head can be read.
    pub record: Option<RecordHead>,
    /// What does not hold.
    pub reason: String,
}

/// What stands in a pack.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Which pack.
    pub number: u64,
    /// Its file.
    pub path: PathBuf,
    /// Its header, when a copy verifies.
    pub header: Option<PackHeader>,
    /// Its records, ascending. When everything was read: those that verify.
    pub records: Vec<IndexEntry>,
    /// What is damaged. Bytes of a torn tail are not.
    pub faults: Vec<Fault>,
    /// Whether it was ended with an index, damaged or not.
    pub ended: bool,
    /// Where its index begins, when that verifies.
    index: Option<u64>,
    /// Bytes after the last record of a pack that was not ended.
    pub torn_bytes: u64,
    /// Length of the file.
    pub file_bytes: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

impl Walk {
    /// Places and heads of all records of a kind, in the order in which they were written.
    pub fn of_kind(&self, kind: RecordKind) -> impl Iterator<Item = (Place, RecordHead)> + '_ {
        let wanted = self.records.iter().filter(move |entry| entry.head.kind == kind);
        wanted.map(|entry| (self.place(entry), entry.head))
    }

    /// Whether its index verifies: then everything that it lists was synced.
    pub fn is_indexed(&self) -> bool {
        self.index.is_some()
    }

    /// The place of one of its records.
    pub fn place(&self, entry: &IndexEntry) -> Place {
        Place { pack: self.number, position: entry.position, payload_bytes: entry.head.payload_bytes }
    }
}

/// Goes through pack `number`; with `verify` every byte is read and checked.
pub(super) fn walk(disk: &dyn Disk, root: &Path, number: u64, verify: bool) -> Result<Walk, PackError> {
    let path = path_of(root, number);
    let walked = disk.open(&path).and_then(|file| walk_file(&*file, number, &path, verify));
    walked.map_err(PackError::file(path))
}

fn walk_file(file: &dyn ReadFile, number: u64, path: &Path, verify: bool) -> io::Result<Walk> {
    let (file_bytes, modified) = (file.len_bytes()?, file.modified()?);
    let mut window = Window::new(file);
    let mut walk = Walk {
        number,
        path: path.to_owned(),
        header: None,
        records: Vec::new(),
        faults: Vec::new(),
        ended: false,
        index: None,
        torn_bytes: 0,
        file_bytes,
        modified,
    };
    walk.read_headers(&mut window)?;
    let salt = walk.header.as_ref().map(|header| header.salt);
    match read_end(&mut window, file_bytes, salt.as_ref())? {
        End::Index { entries, position } => {
            (walk.ended, walk.index) = (true, Some(position));
            match verify {
                false => walk.records = entries,
                true => drop(walk.read_records(&mut window, salt.as_ref(), position, true)?),
            }
        }
        // A trailer proves nothing by itself: it may be the end of a payload that was being written.
        End::Damaged { position } => {
            let index = walk.read_records(&mut window, salt.as_ref(), file_bytes, verify)?;
            let position = index.unwrap_or(position);
            walk.faults.retain(|fault| fault.position != position);
            walk.note_damaged_index(position);
        }
        End::Open => match walk.read_records(&mut window, salt.as_ref(), file_bytes, verify)? {
            Some(position) => walk.note_damaged_index(position),
            None => walk.note_torn_tail(),
        },
    }
    Ok(walk)
}

/// How a pack ends.
enum End {
    Index {
        entries: Vec<IndexEntry>,
        position: u64,
    },
    /// There is a trailer, but what it points at does not verify.
    Damaged {
        position: u64,
    },
    Open,
}

fn read_end(window: &mut Window<'_>, file_bytes: u64, salt: Option<&Salt>) -> io::Result<End> {
    let Some(trailer_position) = file_bytes.checked_sub(Trailer::BYTES as u64) else { return Ok(End::Open) };
    let Ok(Trailer { position }) = Trailer::decode(window.bytes(trailer_position, Trailer::BYTES)?) else {
        return Ok(End::Open);
    };
    let Some(bytes) = trailer_position.checked_sub(position) else { return Ok(End::Damaged { position }) };
    let index = window.bytes(position, bytes as usize)?;
    match salt.map(|salt| decode_index(index, position, salt)) {
        Some(Ok(entries)) => Ok(End::Index { entries, position }),
        _ => Ok(End::Damaged { position }),
    }
}

impl Walk {
    fn read_headers(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        for copy in 0..2 {
            let position = copy * PackHeader::BYTES as u64;
            let header = PackHeader::decode(window.bytes(position, PackHeader::BYTES)?);
            match header {
                Ok(header) if header.number == self.number => self.header = Some(header),
                Ok(header) => {
                    let reason = format!("the header is that of pack {:x}", header.number);
                    self.faults.push(Fault { position, record: None, reason });
                }
                Err(error) => {
                    let reason = format!("a copy of the header is damaged: {error}");
                    self.faults.push(Fault { position, record: None, reason });
                }
            }
        }
        Ok(())
    }

    /// Steps through the records up to `end`, or to an index, whose position is returned. Without a salt heads prove nothing, so
    /// whole records are read and nothing is searched.
    fn read_records(
        &mut self,
        window: &mut Window<'_>,
        salt: Option<&Salt>,
        end: u64,
        verify: bool,
    ) -> io::Result<Option<u64>> {
        let whole = verify || salt.is_none();
        let mut position = FIRST_RECORD;
        while position < end {
            let head = RecordHead::decode(window.bytes(position, RecordHead::BYTES)?, position, salt);
            let fits = |head: &RecordHead| position + record_bytes(head.payload_bytes) <= end;
            position = match head {
                Ok(head) if fits(&head) => self.take_record(window, IndexEntry { position, head }, salt, whole)?,
                _ if begins_index(window.bytes(position, 64)?) => return Ok(Some(position)),
                Ok(head) => self.search(window, position, end, salt, Some(head), "it ends too early".into())?,
                Err(error) => self.search(window, position, end, salt, None, error.to_string())?,
            };
        }
        Ok(None)
    }

    /// Notes a record whose head holds. Returns where the next begins.
    fn take_record(
        &mut self,
        window: &mut Window<'_>,
        entry: IndexEntry,
        salt: Option<&Salt>,
        whole: bool,
    ) -> io::Result<u64> {
        let bytes = record_bytes(entry.head.payload_bytes) as usize;
        let checked = if whole {
            verify_record(window.bytes(entry.position, bytes)?, entry.position, salt).map(|_| ())
        } else {
            Ok(())
        };
        match checked {
            Ok(()) => self.records.push(entry),
            Err(error) => {
                let reason = error.to_string();
                self.faults.push(Fault { position: entry.position, record: Some(entry.head), reason });
            }
        }
        Ok(entry.end())
    }

    /// Notes damage at `from` and looks for the next head behind it.
    fn search(
        &mut self,
        window: &mut Window<'_>,
        from: u64,
        end: u64,
        salt: Option<&Salt>,
        record: Option<RecordHead>,
        reason: String,
    ) -> io::Result<u64> {
        self.faults.push(Fault { position: from, record, reason });
        let Some(salt) = salt else { return Ok(end) };
        let mut position = from + 1;
        while let Some(found) = window.find(RECORD_MAGIC, position)?.filter(|&found| found < end) {
            if RecordHead::decode(window.bytes(found, RecordHead::BYTES)?, found, Some(salt)).is_ok() {
                return Ok(found);
            }
            position = found + 1;
        }
        Ok(end)
    }

    fn note_damaged_index(&mut self, position: u64) {
        self.ended = true;
        let reason = "the index at the end of the pack is damaged or unfinished".to_owned();
        self.faults.push(Fault { position, record: None, reason });
    }

    /// What does not verify at the end of a pack that was not ended is a batch that was never synced.
    fn note_torn_tail(&mut self) {
        let end = self.records.last().map_or(FIRST_RECORD, IndexEntry::end);
        self.faults.retain(|fault| fault.position < end);
        self.torn_bytes = self.file_bytes.saturating_sub(end);
    }
}
