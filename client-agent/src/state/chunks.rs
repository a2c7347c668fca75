//! Chunks and slices that the state uses, and the lists of references that follow from them.

use super::{Result, State, StateError};
use iota_core::{
    extent::{ChunkKey, ChunkRef},
    id::Cid,
    refs::Reference,
};
use rusqlite::{OptionalExtension, Row, params};
use std::collections::HashSet;

/// Row of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkId(pub i64);

/// What a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredAs {
    /// A stretch of one file.
    Data,
    /// Several small files.
    Bundle,
    /// A page of extents, or of references to such pages.
    ExtentPage,
    /// A page or index page of a base.
    BasePage,
}

impl StoredAs {
    fn code(self) -> i64 {
        match self {
            Self::Data => 0,
            Self::Bundle => 1,
            Self::ExtentPage => 2,
            Self::BasePage => 3,
        }
    }

    fn parse(code: i64) -> Self {
        match code {
            1 => Self::Bundle,
            2 => Self::ExtentPage,
            3 => Self::BasePage,
            _ => Self::Data,
        }
    }
}

/// A known chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRow {
    /// Its row.
    pub id: ChunkId,
    /// Object and key; the domain is not kept, as whoever asks by a key knows it.
    pub chunk: ChunkRef,
    /// What it holds.
    pub stored_as: StoredAs,
    /// Length of its plaintext.
    pub bytes: u64,
    /// How often it is used.
    pub users: i64,
}

/// A known slice of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SliceRow {
    /// The bundle, without its domain.
    pub chunk: ChunkRef,
    /// First byte in it.
    pub start: u32,
    /// Bytes.
    pub bytes: u32,
}

fn digest(row: &Row<'_>, index: usize) -> rusqlite::Result<[u8; 32]> {
    row.get::<_, [u8; 32]>(index)
}

fn chunk_row(row: &Row<'_>) -> rusqlite::Result<ChunkRow> {
    Ok(ChunkRow {
        id: ChunkId(row.get(0)?),
        chunk: ChunkRef::private(Cid(digest(row, 2)?), ChunkKey(digest(row, 1)?)),
        stored_as: StoredAs::parse(row.get(3)?),
        bytes: row.get::<_, i64>(4)? as u64,
        users: row.get(5)?,
    })
}

impl State {
    /// The chunk with this key, when it is known and the server has it.
    ///
    /// # Errors
    /// [`StateError`], like all functions of this file.
    pub fn chunk(&self, ckey: &ChunkKey) -> Result<Option<ChunkRow>> {
        let row = self.chunk_row(ckey)?;
        Ok(row.filter(|row| self.lost.is_empty() || !self.lost.contains(&row.chunk.cid)))
    }

    pub(super) fn chunk_row(&self, ckey: &ChunkKey) -> Result<Option<ChunkRow>> {
        let mut query =
            self.database.prepare_cached("SELECT id, ckey, cid, kind, bytes, users FROM chunk WHERE ckey = ?1")?;
        Ok(query.query_row(params![ckey.0], chunk_row).optional()?)
    }

    pub(super) fn row_by_id(&self, id: ChunkId) -> Result<ChunkRow> {
        let mut query =
            self.database.prepare_cached("SELECT id, ckey, cid, kind, bytes, users FROM chunk WHERE id = ?1")?;
        Ok(query.query_row(params![id.0], chunk_row)?)
    }

    /// Remembers a chunk that the server has now. Nothing uses it yet.
    pub fn store_chunk(
        &mut self,
        chunk: ChunkRef,
        stored_as: StoredAs,
        bytes: u64,
        page: Option<&[u8]>,
    ) -> Result<ChunkId> {
        self.lost.remove(&chunk.cid);
        if let Some(row) = self.chunk_row(&chunk.ckey)? {
            return Ok(row.id);
        }
        let mut insert = self.database.prepare_cached(
            "INSERT INTO chunk (ckey, cid, kind, bytes, users, used_bytes, page) VALUES (?1, ?2, ?3, ?4, 0, 0, ?5)",
        )?;
        insert.execute(params![chunk.ckey.0, chunk.cid.0, stored_as.code(), bytes as i64, page])?;
        Ok(ChunkId(self.database.last_insert_rowid()))
    }

    /// Remembers a slice of a stored bundle. Nothing uses it yet.
    pub fn store_slice(&mut self, chunk: ChunkId, start: u32, bytes: u32, content: &ChunkKey) -> Result<()> {
        let mut insert = self.database.prepare_cached(
            "INSERT OR IGNORE INTO slice (chunk, start, bytes, users, content) VALUES (?1, ?2, ?3, 0, ?4)",
        )?;
        insert.execute(params![chunk.0, start, bytes, &content.0[..16]])?;
        Ok(())
    }

    /// A slice with this content whose bundle the server has, and is worth keeping.
    pub fn slice(&self, content: &ChunkKey, sparse: &HashSet<Cid>) -> Result<Option<SliceRow>> {
        let mut query = self.database.prepare_cached(
            "SELECT chunk.ckey, chunk.cid, slice.start, slice.bytes FROM slice JOIN chunk ON chunk.id = slice.chunk
             WHERE slice.content = ?1",
        )?;
        let rows = query.query_map(params![&content.0[..16]], |row| {
            let chunk = ChunkRef::private(Cid(digest(row, 1)?), ChunkKey(digest(row, 0)?));
            Ok(SliceRow { chunk, start: row.get(2)?, bytes: row.get(3)? })
        })?;
        for row in rows {
            let row = row?;
            if !self.lost.contains(&row.chunk.cid) && !sparse.contains(&row.chunk.cid) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Bundles of which less than half is used: their small files are to be placed again.
    pub fn sparse_bundles(&self) -> Result<HashSet<Cid>> {
        let mut query =
            self.database.prepare_cached("SELECT cid FROM chunk WHERE kind = 1 AND used_bytes * 2 < bytes")?;
        let rows = query.query_map([], |row| Ok(Cid(digest(row, 0)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The server does not have these objects although the state uses them. Every entry that needs one is read again.
    pub fn lose(&mut self, cids: &[Cid]) -> Result<()> {
        self.lost.extend(cids);
        self.using_lost()?.iter().try_for_each(|key| self.forget_stamp(key.as_bytes()))
    }

    /// Entries that need objects which the server lost and which were not stored again.
    pub fn using_lost(&self) -> Result<Vec<iota_core::path::Key>> {
        let mut using = Vec::new();
        if self.lost.is_empty() {
            return Ok(using);
        }
        self.each_entry::<StateError>(|path, tail| {
            let entry = iota_core::entry::Entry::decode_tail(path, &tail)?;
            if self.any_lost(&entry)? {
                using.push(entry.path.key());
            }
            Ok(())
        })?;
        Ok(using)
    }

    /// What the state uses now and did not at the last commit, and the other way round, each sorted by cid; `None` when
    /// there are too many to list.
    pub fn reference_changes(&self) -> Option<(Vec<Reference>, Vec<Reference>)> {
        if self.touched.overflown {
            return None;
        }
        let side = |was_used: bool| {
            let moved =
                self.touched.chunks.values().filter(|touch| touch.was_used == was_used && touch.is_used != was_used);
            let mut references: Vec<_> = moved.map(|touch| Reference::private(touch.cid)).collect();
            references.sort_unstable();
            references
        };
        Some((side(false), side(true)))
    }

    /// Calls `visit` with every reference of the state, sorted by cid.
    pub fn each_reference<E: From<StateError>>(
        &self,
        mut visit: impl FnMut(Reference) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let step = |error: rusqlite::Error| E::from(error.into());
        let mut query = self.database.prepare("SELECT cid FROM chunk WHERE users > 0 ORDER BY cid").map_err(step)?;
        let mut rows = query.query([]).map_err(step)?;
        while let Some(row) = rows.next().map_err(step)? {
            visit(Reference::private(Cid(digest(row, 0).map_err(step)?)))?;
        }
        Ok(())
    }
}
