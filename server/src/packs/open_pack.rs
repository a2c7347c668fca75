//! The pack that takes records now.

use std::io;
use std::path::{Path, PathBuf};

use iota_core::id::ServerId;
use iota_core::pack::{FIRST_RECORD, IndexWriter, PackHeader, RecordHead, Salt, record_bytes};

use super::disk::{AppendFile, Disk};
use super::name::{folder_of, path_of};
use super::{Place, Record};

/// Payloads up to this are gathered and written together.
const GATHERED_BYTES: usize = 64 << 10;

/// A pack that this run of the server created.
pub(super) struct OpenPack {
    pub(super) path: PathBuf,
    number: u64,
    file: Box<dyn AppendFile>,
    salt: Salt,
    end: u64,
    index: IndexWriter,
    gathered: Vec<u8>,
}

impl OpenPack {
    /// Creates pack `number`: file, header, sync, and a sync of every folder that has a new name.
    pub(super) fn create(disk: &dyn Disk, root: &Path, server: ServerId, number: u64, salt: Salt) -> io::Result<Self> {
        let (folder, path) = (folder_of(root, number), path_of(root, number));
        disk.create_folder(&folder)?;
        let mut file = disk.create(&path)?;
        let copy = PackHeader { server, number, salt }.encode();
        file.write_all(&[&copy[..], &copy[..]].concat())?;
        file.sync_all()?;
        disk.sync_folder(&folder)?;
        disk.sync_folder(root)?;
        Ok(Self { path, number, file, salt, end: FIRST_RECORD, index: IndexWriter::default(), gathered: Vec::new() })
    }

    /// Where the last record ends.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Writes a record; durable after [`OpenPack::sync`].
    pub(super) fn append(&mut self, record: &Record) -> io::Result<Place> {
        let payload_bytes = record.payload.len() as u32;
        let Record { kind, domain, owner, id, .. } = *record;
        let head = RecordHead { kind, domain, payload_bytes, owner, id };
        let head_bytes = head.encode(self.end, &self.salt);
        let sum = crc32c::crc32c_append(crc32c::crc32c(&head_bytes), &record.payload);
        self.gathered.extend_from_slice(&head_bytes);
        if record.payload.len() > GATHERED_BYTES {
            self.flush()?;
            self.file.write_all(&record.payload)?;
        } else {
            self.gathered.extend_from_slice(&record.payload);
        }
        self.gathered.extend_from_slice(&sum.to_le_bytes());
        if self.gathered.len() > GATHERED_BYTES {
            self.flush()?;
        }
        let place = Place { pack: self.number, position: self.end, payload_bytes };
        self.index.push(&head);
        self.end += record_bytes(payload_bytes);
        Ok(place)
    }

    /// Hands what is gathered to the file.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.gathered)?;
        self.gathered.clear();
        Ok(())
    }

    /// Makes every record durable. [`OpenPack::flush`] went before.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        debug_assert!(self.gathered.is_empty(), "flushed before");
        self.file.sync_data()
    }

    /// Writes the index; durable after [`OpenPack::sync`]. Nothing may follow it.
    pub(super) fn append_index(&mut self) -> io::Result<()> {
        let index = std::mem::take(&mut self.index).finish(self.end, &self.salt);
        self.gathered.extend_from_slice(&index);
        self.flush()
    }
}
