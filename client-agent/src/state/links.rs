//! Which entry uses which chunk: counted, so that a chunk is dropped with its last user.
//!
//! Entries use data chunks and slices of bundles, directly or through extent pages. A page that several entries share
//! uses its extents once.

use super::{ChunkId, ChunkRow, MAX_TOUCHED, Result, State, StateError, StoredAs, Touch};
use iota_core::{
    entry::{Entry, Kind},
    extent::{ChunkRef, Content, Extent, ExtentPageRef, decode_extent_index, decode_extent_page},
};
use rusqlite::{OptionalExtension, params};

impl State {
    /// Counts `by` (1 or −1) uses of everything that `entry` uses.
    pub(super) fn use_content(&mut self, entry: &Entry, by: i64) -> Result<()> {
        match &entry.kind {
            Kind::File { content: Content::Inline(extents), .. } => self.use_extents(extents, by),
            Kind::File { content: Content::Pages(pages), .. } => self.use_pages(pages, false, by),
            Kind::File { content: Content::Index(pages), .. } => self.use_pages(pages, true, by),
            _ => Ok(()),
        }
    }

    fn use_extents(&mut self, extents: &[Extent], by: i64) -> Result<()> {
        extents.iter().try_for_each(|extent| match extent {
            Extent::Slice { chunk, offset, .. } => {
                let row = self.row_of(chunk)?;
                if row.stored_as == StoredAs::Bundle {
                    self.use_slice(&row, *offset, by)
                } else {
                    self.use_chunk(&row, by, 0).map(drop)
                }
            }
            Extent::Hole { .. } => Ok(()),
        })
    }

    fn use_pages(&mut self, pages: &[ExtentPageRef], index: bool, by: i64) -> Result<()> {
        for page in pages {
            let row = self.row_of(&page.chunk)?;
            let users = self.use_chunk(&row, by, 0)?;
            let first_or_last = if by > 0 { users == 1 } else { users == 0 };
            if !first_or_last {
                continue;
            }
            let plaintext = self.page(row.id)?;
            if index {
                self.use_pages(&decode_extent_index(&plaintext)?, false, by)?;
            } else {
                self.use_extents(&decode_extent_page(&plaintext)?, by)?;
            }
        }
        Ok(())
    }

    fn use_slice(&mut self, bundle: &ChunkRow, start: u32, by: i64) -> Result<()> {
        let mut update = self.database.prepare_cached(
            "UPDATE slice SET users = users + ?3 WHERE chunk = ?1 AND start = ?2 RETURNING users, bytes",
        )?;
        let row: Option<(i64, i64)> =
            update.query_row(params![bundle.id.0, start, by], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        drop(update);
        let (users, bytes) = row.ok_or(StateError::Missing("a slice of a bundle"))?;
        let first_or_last = if by > 0 { users == 1 } else { users == 0 };
        if first_or_last { self.use_chunk(bundle, by, by * bytes).map(drop) } else { Ok(()) }
    }

    /// Counts uses of a chunk and returns how many there are now.
    fn use_chunk(&mut self, row: &ChunkRow, by: i64, bytes: i64) -> Result<i64> {
        let mut update = self.database.prepare_cached(
            "UPDATE chunk SET users = users + ?2, used_bytes = used_bytes + ?3 WHERE id = ?1 RETURNING users",
        )?;
        let users: i64 = update.query_row(params![row.id.0, by, bytes], |row| row.get(0))?;
        drop(update);
        let (was_used, is_used) = (users - by > 0, users > 0);
        if was_used != is_used {
            self.touch(row, was_used, is_used);
        }
        Ok(users)
    }

    fn touch(&mut self, row: &ChunkRow, was_used: bool, is_used: bool) {
        let position = &mut self.position;
        position.live_count = if is_used { position.live_count + 1 } else { position.live_count - 1 };
        position.live_xor.toggle(&row.chunk.cid.0);
        let touched = &mut self.touched;
        if touched.overflown {
            return;
        }
        touched.chunks.entry(row.id).or_insert(Touch { cid: row.chunk.cid, was_used, is_used }).is_used = is_used;
        if touched.chunks.len() > MAX_TOUCHED {
            touched.overflown = true;
            touched.chunks = Default::default();
        }
    }

    /// Makes `pages` the pages of the newest base, in place of those before.
    ///
    /// # Errors
    /// [`StateError`]; each page must be stored.
    pub fn set_base_pages(&mut self, pages: &[ChunkRef]) -> Result<()> {
        let mut query = self.database.prepare_cached("SELECT chunk FROM base_page")?;
        let before: Vec<i64> = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        drop(query);
        self.database.execute("DELETE FROM base_page", [])?;
        for page in pages {
            let row = self.row_of(page)?;
            let mut insert = self.database.prepare_cached("INSERT OR IGNORE INTO base_page (chunk) VALUES (?1)")?;
            let new = insert.execute(params![row.id.0])? == 1;
            drop(insert);
            if new {
                self.use_chunk(&row, 1, 0)?;
            }
        }
        for id in before {
            let row = self.row_by_id(ChunkId(id))?;
            self.use_chunk(&row, -1, 0)?;
        }
        Ok(())
    }

    /// Deletes the chunks that nothing uses. An unused slice stays while its bundle is used: its content may come back.
    pub(super) fn drop_unused(&mut self) -> Result<()> {
        self.database.execute(
            "DELETE FROM slice WHERE chunk IN (SELECT id FROM chunk WHERE id >= ?1 AND users = 0)",
            [self.first_new],
        )?;
        self.database.execute("DELETE FROM chunk WHERE id >= ?1 AND users = 0", [self.first_new])?;
        if self.touched.overflown {
            self.database.execute_batch(
                "DELETE FROM slice WHERE chunk IN (SELECT id FROM chunk WHERE users = 0); DELETE FROM chunk WHERE users = 0;",
            )?;
            return Ok(());
        }
        for (id, _) in self.touched.chunks.iter().filter(|(_, touch)| !touch.is_used) {
            self.database.prepare_cached("DELETE FROM slice WHERE chunk = ?1")?.execute(params![id.0])?;
            self.database.prepare_cached("DELETE FROM chunk WHERE id = ?1")?.execute(params![id.0])?;
        }
        Ok(())
    }

    pub(super) fn any_lost(&self, entry: &Entry) -> Result<bool> {
        match &entry.kind {
            Kind::File { content: Content::Inline(extents), .. } => Ok(self.extents_lost(extents)),
            Kind::File { content: Content::Pages(pages), .. } => self.pages_lost(pages, false),
            Kind::File { content: Content::Index(pages), .. } => self.pages_lost(pages, true),
            _ => Ok(false),
        }
    }

    fn extents_lost(&self, extents: &[Extent]) -> bool {
        extents.iter().any(|extent| matches!(extent, Extent::Slice { chunk, .. } if self.lost.contains(&chunk.cid)))
    }

    fn pages_lost(&self, pages: &[ExtentPageRef], index: bool) -> Result<bool> {
        for page in pages {
            if self.lost.contains(&page.chunk.cid) {
                return Ok(true);
            }
            let plaintext = self.page(self.row_of(&page.chunk)?.id)?;
            let lost = if index {
                self.pages_lost(&decode_extent_index(&plaintext)?, false)?
            } else {
                self.extents_lost(&decode_extent_page(&plaintext)?)
            };
            if lost {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Plaintext of a known page of extents.
    fn page(&self, id: ChunkId) -> Result<Vec<u8>> {
        let mut query = self.database.prepare_cached("SELECT page FROM chunk WHERE id = ?1")?;
        let page: Option<Vec<u8>> = query.query_row(params![id.0], |row| row.get(0))?;
        page.ok_or(StateError::Missing("a page of extents"))
    }

    fn row_of(&self, chunk: &ChunkRef) -> Result<ChunkRow> {
        self.chunk_row(&chunk.ckey)?.ok_or(StateError::Missing("a chunk"))
    }
}
