//! Reading records at their places, verified, through files that stay open for a while.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use iota_core::pack::{PackHeader, RecordHead, Salt, record_bytes, verify_record};

use super::disk::{Disk, ReadFile, RealDisk, read_full};
use super::name::path_of;
use super::{PackError, Place, Record};

/// Files that stay open.
const OPEN_FILES: usize = 256;

/// An open pack and its salt, when a copy of its header can be read.
pub(super) struct PackFile {
    pub(super) file: Box<dyn ReadFile>,
    pub(super) salt: Option<Salt>,
}

/// Reads records; any number of them may work beside the one process that writes.
pub struct PackReader {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    open: Mutex<OpenFiles>,
}

#[derive(Default)]
struct OpenFiles {
    files: BTreeMap<u64, Arc<PackFile>>,
    /// In the order in which they were opened.
    order: VecDeque<u64>,
}

impl PackReader {
    /// Reads the packs in `root`.
    pub fn open(root: &Path) -> Self {
        Self::new(Arc::new(RealDisk), root.to_owned())
    }

    pub(super) fn new(disk: Arc<dyn Disk>, root: PathBuf) -> Self {
        Self { disk, root, open: Mutex::default() }
    }

    /// The record at `place`, verified.
    ///
    /// # Errors
    /// [`PackError::Damaged`] when the bytes there are not what was written, [`PackError::File`] when the disk fails.
    pub fn read(&self, place: Place) -> Result<Record, PackError> {
        let pack = self.pack(place)?;
        let mut bytes = vec![0; record_bytes(place.payload_bytes) as usize];
        let path = || path_of(&self.root, place.pack);
        let count = read_full(&*pack.file, &mut bytes, place.position).map_err(|error| failed(place, path(), error))?;
        bytes.truncate(count);
        let (head, _) = verify_record(&bytes, place.position, pack.salt.as_ref())
            .map_err(|error| PackError::Damaged { place, reason: error.to_string() })?;
        bytes.truncate(bytes.len() - 4);
        let payload = Bytes::from(bytes).slice(RecordHead::BYTES..);
        Ok(Record { kind: head.kind, owner: head.owner, domain: head.domain, id: head.id, payload })
    }

    fn pack(&self, place: Place) -> Result<Arc<PackFile>, PackError> {
        let number = place.pack;
        if let Some(pack) = self.lock().files.get(&number) {
            return Ok(pack.clone());
        }
        let path = path_of(&self.root, number);
        let file = self.disk.open(&path).map_err(|error| failed(place, path.clone(), error))?;
        let salt = read_header(&*file).map_err(|error| failed(place, path, error))?.map(|header| header.salt);
        let pack = Arc::new(PackFile { file, salt });
        self.lock().keep(number, pack.clone());
        Ok(pack)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, OpenFiles> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenFiles {
    fn keep(&mut self, number: u64, pack: Arc<PackFile>) {
        if self.files.insert(number, pack).is_none() {
            self.order.push_back(number);
        }
        if self.order.len() > OPEN_FILES
            && let Some(oldest) = self.order.pop_front()
        {
            self.files.remove(&oldest);
        }
    }
}

/// A missing file and an unreadable sector are no damage that is known to last: a disk may be away for a while.
fn failed(place: Place, path: PathBuf, error: std::io::Error) -> PackError {
    const INPUT_OUTPUT_ERROR: i32 = 5;
    let away = error.kind() == std::io::ErrorKind::NotFound || error.raw_os_error() == Some(INPUT_OUTPUT_ERROR);
    match away {
        true => PackError::Away { place, path, source: error },
        false => PackError::File { path, source: error },
    }
}

/// The header by the first copy that verifies; `None` when neither does.
pub(super) fn read_header(file: &dyn ReadFile) -> std::io::Result<Option<PackHeader>> {
    for copy in 0..2 {
        let mut bytes = [0; PackHeader::BYTES];
        let count = read_full(file, &mut bytes, copy * PackHeader::BYTES as u64)?;
        if let Ok(header) = PackHeader::decode(&bytes[..count]) {
            return Ok(Some(header));
        }
    }
    Ok(None)
}
