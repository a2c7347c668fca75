//! Entries of the state, in key order.

use super::{Result, State};
use iota_core::{
    entry::{Entry, Kind, Timestamp, entry_hash},
    path::{Key, TreePath},
};
use rusqlite::{OptionalExtension, params};

/// What the file system said of a path when it was read. Equal stamps: nothing to read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Size in bytes; 0 for what is no file.
    pub size: u64,
    /// Last change of the content.
    pub mtime: Timestamp,
    /// Last change of content or metadata.
    pub ctime: Timestamp,
    /// Inode number.
    pub inode: u64,
    /// Number of links.
    pub links: u64,
    /// A file system is mounted there.
    pub mount: bool,
}

impl Stamp {
    /// The row's bytes.
    pub fn encode(&self) -> [u8; 49] {
        let mut bytes = [0; 49];
        let fields = [self.size, self.mtime.seconds as u64, self.ctime.seconds as u64, self.inode, self.links];
        for (slot, field) in bytes.chunks_exact_mut(8).zip(fields) {
            slot.copy_from_slice(&field.to_le_bytes());
        }
        bytes[40..44].copy_from_slice(&self.mtime.nanoseconds.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.ctime.nanoseconds.to_le_bytes());
        bytes[48] = self.mount.into();
        bytes
    }

    /// The bytes of a row whose metadata the format cannot hold in full.
    pub fn encode_lacking(&self) -> Vec<u8> {
        [&self.encode()[..], &[1]].concat()
    }

    /// The bytes of a row that must be read again whatever the next stamp says.
    pub fn encode_unsettled(&self) -> Vec<u8> {
        if self.mount { vec![1] } else { Vec::new() }
    }
}

/// An entry that the cache knows: its key and stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Sort key of the path.
    pub key: Vec<u8>,
    /// Encoded [`Stamp`]; shorter when the entry must be read again.
    pub stamp: Vec<u8>,
}

impl Known {
    /// Whether a file system was mounted there.
    pub fn was_mount(&self) -> bool {
        self.stamp[..] == [1] || self.stamp.get(48) == Some(&1)
    }

    /// Whether it was the file with this inode number, as far as its stamp tells.
    pub fn is_of(&self, inode: u64) -> bool {
        self.stamp.get(24..32) == Some(&inode.to_le_bytes()[..])
    }

    /// Whether nothing has changed since.
    pub fn is_as(&self, stamp: &Stamp) -> bool {
        self.stamp.get(..49) == Some(&stamp.encode()[..])
    }

    /// Whether the format cannot hold all of its metadata.
    pub fn lacks_metadata(&self) -> bool {
        self.stamp.len() > 49
    }
}

/// What putting an entry came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was there.
    Same,
    /// It is new or another.
    Changed,
    /// It is another, and what was below it is below nothing now.
    InPlaceOfDirectory,
}

impl State {
    /// Up to `limit` known entries with keys above `after`, in key order.
    ///
    /// # Errors
    /// [`super::StateError`], like all functions of this file.
    pub fn known_after(&self, after: &[u8], limit: usize) -> Result<Vec<Known>> {
        let mut query =
            self.database.prepare_cached("SELECT key, stamp FROM entry WHERE key > ?1 ORDER BY key LIMIT ?2")?;
        let rows =
            query.query_map(params![after, limit as i64], |row| Ok(Known { key: row.get(0)?, stamp: row.get(1)? }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Up to `limit` known entries with keys from `start` to before `end`, in key order.
    pub fn known_from(&self, start: &[u8], end: &[u8], limit: usize) -> Result<Vec<Known>> {
        let mut query = self
            .database
            .prepare_cached("SELECT key, stamp FROM entry WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3")?;
        let rows = query
            .query_map(params![start, end, limit as i64], |row| Ok(Known { key: row.get(0)?, stamp: row.get(1)? }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The encoded tail of an entry.
    pub fn tail(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut query = self.database.prepare_cached("SELECT tail FROM entry WHERE key = ?1")?;
        Ok(query.query_row(params![key], |row| row.get(0)).optional()?)
    }

    /// The entry of `path`.
    pub fn entry(&self, path: &TreePath) -> Result<Option<Entry>> {
        let tail = self.tail(path.key().as_bytes())?;
        Ok(tail.map(|tail| Entry::decode_tail(path.clone(), &tail)).transpose()?)
    }

    /// Path and tail of up to `limit` entries with keys above `after`, in key order.
    pub fn entries_after(&self, after: &[u8], limit: usize) -> Result<Vec<(TreePath, Vec<u8>)>> {
        let mut query =
            self.database.prepare_cached("SELECT key, tail FROM entry WHERE key > ?1 ORDER BY key LIMIT ?2")?;
        let rows = query.query_map(params![after, limit as i64], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?;
        rows.map(|row| row.map_err(super::StateError::from).and_then(|(key, tail)| Ok((Key::parse(&key)?, tail))))
            .collect()
    }

    /// Calls `visit` with path and tail of every entry, in key order.
    pub fn each_entry<E: From<super::StateError>>(
        &self,
        mut visit: impl FnMut(TreePath, Vec<u8>) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let step = |error: rusqlite::Error| E::from(error.into());
        let mut query = self.database.prepare_cached("SELECT key, tail FROM entry ORDER BY key").map_err(step)?;
        let mut rows = query.query([]).map_err(step)?;
        while let Some(row) = rows.next().map_err(step)? {
            let key = row.get_ref(0).map_err(step)?.as_blob().map_err(|error| step(error.into()))?;
            let path = Key::parse(key).map_err(|error| E::from(error.into()))?;
            visit(path, row.get(1).map_err(step)?)?;
        }
        Ok(())
    }

    /// Puts `entry`, with everything that it uses already known ([`State::store_chunk`], [`State::store_slice`]).
    pub fn put(&mut self, entry: &Entry, stamp: &[u8]) -> Result<Put> {
        let key = entry.path.key();
        let tail = entry.encode_tail();
        let previous = self.tail(key.as_bytes())?;
        if previous.as_ref() == Some(&tail) {
            let mut update = self.database.prepare_cached("UPDATE entry SET stamp = ?2 WHERE key = ?1")?;
            update.execute(params![key.as_bytes(), stamp])?;
            return Ok(Put::Same);
        }
        // New uses first, so that what both versions share is never dropped in between.
        self.use_content(entry, 1)?;
        self.count(entry, &tail, true);
        let mut put = Put::Changed;
        if let Some(previous) = previous {
            let old = Entry::decode_tail(entry.path.clone(), &previous)?;
            self.use_content(&old, -1)?;
            self.count(&old, &previous, false);
            if old.kind == Kind::Dir && entry.kind != Kind::Dir {
                put = Put::InPlaceOfDirectory;
            }
        }
        let mut insert =
            self.database.prepare_cached("INSERT OR REPLACE INTO entry (key, stamp, tail) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![key.as_bytes(), stamp, tail])?;
        Ok(put)
    }

    /// Removes the entry with `key`; returns it when there was one.
    pub fn remove(&mut self, key: &[u8]) -> Result<Option<Entry>> {
        let Some(tail) = self.tail(key)? else { return Ok(None) };
        let old = Entry::decode_tail(Key::parse(key)?, &tail)?;
        self.use_content(&old, -1)?;
        self.count(&old, &tail, false);
        self.database.prepare_cached("DELETE FROM entry WHERE key = ?1")?.execute(params![key])?;
        Ok(Some(old))
    }

    /// Makes the entry with `key` be read again by the next run.
    pub fn forget_stamp(&mut self, key: &[u8]) -> Result<()> {
        self.database.prepare_cached("UPDATE entry SET stamp = x'' WHERE key = ?1")?.execute(params![key])?;
        Ok(())
    }

    fn count(&mut self, entry: &Entry, tail: &[u8], added: bool) {
        self.position.state_root.toggle(&entry_hash(&entry.path, tail).0);
        if added {
            self.position.totals.add(entry);
        } else {
            self.position.totals.remove(entry);
        }
    }
}
