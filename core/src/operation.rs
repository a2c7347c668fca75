//! What a delta says: paths put and paths removed, in key order.

use crate::{
    entry::Entry,
    path::TreePath,
    wire::{Reader, Result, WireError, Writer},
};

/// One change of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// The path now has this entry, whether it existed or not.
    Put(Entry),
    /// The path is gone.
    Remove(TreePath),
}

impl Operation {
    /// The path that it changes.
    pub fn path(&self) -> &TreePath {
        match self {
            Self::Put(entry) => &entry.path,
            Self::Remove(path) => path,
        }
    }

    pub(crate) fn write(&self, paths: &mut PathWriter, writer: &mut Writer) {
        match self {
            Self::Put(entry) => {
                paths.write(&entry.path, writer.u8(1));
                entry.write_tail(writer);
            }
            Self::Remove(path) => paths.write(path, writer.u8(2)),
        }
    }

    pub(crate) fn read(paths: &mut PathReader, reader: &mut Reader<'_>) -> Result<Self> {
        match reader.u8()? {
            1 => {
                let path = paths.read(reader)?;
                Ok(Self::Put(Entry::read_tail(path, reader)?))
            }
            2 => Ok(Self::Remove(paths.read(reader)?)),
            _ => Err(WireError::Invalid("operation")),
        }
    }
}

/// Writes paths in key order, each as what differs from the one before: varint length of the shared prefix, then
/// the rest with its length.
#[derive(Debug, Default)]
pub(crate) struct PathWriter {
    last: Vec<u8>,
}

impl PathWriter {
    pub(crate) fn write(&mut self, path: &TreePath, writer: &mut Writer) {
        let shared = shared_prefix(&self.last, path.as_bytes());
        writer.varint(shared as u64).bytes(&path.as_bytes()[shared..]);
        self.last.clear();
        self.last.extend_from_slice(path.as_bytes());
    }
}

/// All paths of one structure together, bytes: shared prefixes must not grow into an exhausted memory.
pub const MAX_PATHS_BYTES: usize = 256 << 20;

/// Reads what [`PathWriter`] wrote; refuses paths out of order and prefixes that are not the longest.
#[derive(Debug, Default)]
pub(crate) struct PathReader {
    last: Option<TreePath>,
    total_bytes: usize,
}

impl PathReader {
    pub(crate) fn read(&mut self, reader: &mut Reader<'_>) -> Result<TreePath> {
        let last = self.last.as_ref().map_or(&[][..], TreePath::as_bytes);
        let shared = reader.count(last.len(), "shared prefix")?;
        let rest = reader.bytes(crate::path::MAX_PATH_BYTES, "path")?;
        let bytes = [&last[..shared], rest].concat();
        let path = TreePath::parse(&bytes)?;
        if shared_prefix(last, &bytes) != shared || self.last.as_ref().is_some_and(|last| *last >= path) {
            return Err(WireError::Invalid("path order"));
        }
        self.total_bytes += bytes.len();
        if self.total_bytes > MAX_PATHS_BYTES {
            return Err(WireError::TooLarge("paths"));
        }
        self.last = Some(path.clone());
        Ok(path)
    }
}

fn shared_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
