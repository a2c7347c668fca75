//! The distinct objects of a state, in a temporary database, so that memory does not grow with the state.

use iota_core::id::{Cid, Digest};
use rusqlite::{Connection, Result, params};
use std::collections::HashMap;

/// Objects that are remembered in memory, too, because neighbours often use the same.
const MAX_RECENT: usize = 4096;

pub(super) struct Registry {
    database: Connection,
    recent: HashMap<Cid, u64>,
}

impl Registry {
    pub fn open() -> Result<Self> {
        let database = Connection::open("")?;
        database.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384;
             CREATE TABLE object (cid BLOB PRIMARY KEY, end INTEGER NOT NULL) WITHOUT ROWID;
             BEGIN;",
        )?;
        Ok(Self { database, recent: HashMap::new() })
    }

    /// Notes an object of which nothing more is asked.
    ///
    /// # Errors
    /// When the temporary file fails, as all others.
    pub fn note(&mut self, cid: Cid) -> std::result::Result<(), crate::history::ReadError> {
        Ok(self.need(cid, 0).map(|_| ())?)
    }

    /// Notes that the first `end` bytes of an object's plaintext are needed; `false` when that much was needed before.
    pub fn need(&mut self, cid: Cid, end: u64) -> Result<bool> {
        if self.recent.get(&cid).is_some_and(|&known| known >= end) {
            return Ok(false);
        }
        if self.recent.len() >= MAX_RECENT {
            self.recent.clear();
        }
        self.recent.insert(cid, end);
        let mut upsert = self.database.prepare_cached(
            "INSERT INTO object (cid, end) VALUES (?1, ?2)
             ON CONFLICT (cid) DO UPDATE SET end = excluded.end WHERE excluded.end > end",
        )?;
        Ok(upsert.execute(params![cid.0, end as i64])? > 0)
    }

    /// Number and XOR of all objects.
    pub fn sum(&self) -> Result<(u64, Digest)> {
        let (mut count, mut xor) = (0, Digest::ZERO);
        let mut query = self.database.prepare("SELECT cid FROM object")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let cid: [u8; 32] = row.get(0)?;
            xor.toggle(&cid);
            count += 1;
        }
        Ok((count, xor))
    }
}
