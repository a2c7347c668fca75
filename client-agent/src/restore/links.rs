//! Hard links of a restore: which file of each group was restored first.
//!
//! In a temporary database, so that memory does not grow with the number of groups.

use crate::platform::FileKey;
use iota_core::{
    entry::{Entry, Kind, entry_hash},
    id::Digest,
    path::TreePath,
};
use rusqlite::{Connection, OptionalExtension, Result, params};

/// The first file of a group in this restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum First {
    /// It is being written.
    UnderWay,
    /// It is there, and is this file.
    Done(TreePath, FileKey),
}

/// Files that were one file, and were backed up as the same: one that changed between two of its names is linked to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group(Digest);

impl Group {
    /// `None` for a file with one name.
    pub fn of(entry: &Entry) -> Option<Self> {
        let Kind::File { link: Some(leader), .. } = &entry.kind else { return None };
        Some(Self(entry_hash(leader, &entry.encode_tail())))
    }
}

pub(super) struct Links(Connection);

impl Links {
    pub fn open() -> Result<Self> {
        let database = Connection::open("")?;
        database.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096;
             CREATE TABLE first (linked BLOB PRIMARY KEY, path BLOB NOT NULL, device INTEGER, inode INTEGER) WITHOUT ROWID;
             BEGIN;",
        )?;
        Ok(Self(database))
    }

    /// The first file of a group; when there is none, `path` becomes it.
    pub fn first_or_begin(&self, group: Group, path: &TreePath) -> Result<Option<First>> {
        let mut query = self.0.prepare_cached("SELECT path, device, inode FROM first WHERE linked = ?1")?;
        let found: Option<(Vec<u8>, Option<i64>, Option<i64>)> =
            query.query_row([group.0.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((first, device, inode)) = found else {
            let mut insert = self.0.prepare_cached("INSERT INTO first (linked, path) VALUES (?1, ?2)")?;
            insert.execute(params![group.0.0, path.as_bytes()])?;
            return Ok(None);
        };
        let done = device.zip(inode).zip(TreePath::parse(&first).ok());
        Ok(Some(done.map_or(First::UnderWay, |((device, inode), path)| {
            First::Done(path, FileKey { device: device as u64, inode: inode as u64 })
        })))
    }

    /// The first file of a group is done; without a key it failed, and the next of the group becomes the first.
    pub fn finish(&self, group: Group, key: Option<FileKey>) -> Result<()> {
        match key {
            Some(FileKey { device, inode }) => {
                let mut update = self.0.prepare_cached("UPDATE first SET device = ?2, inode = ?3 WHERE linked = ?1")?;
                update.execute(params![group.0.0, device as i64, inode as i64])?;
            }
            None => {
                self.0.prepare_cached("DELETE FROM first WHERE linked = ?1")?.execute([group.0.0])?;
            }
        }
        Ok(())
    }
}
