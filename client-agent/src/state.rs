//! The agent's cache: what the set's state is at one commit, and which chunks hold it.
//!
//! Invariant: the cache describes exactly the commit that [`Position::head`] names, never more and never less. All
//! changes of a backup are one SQLite transaction, which ends when the commit's header is signed. A cache that does not
//! match the log's head is discarded, at the price of one scan: nothing that the server has is sent again.
//!
//! Invariant: between backups a chunk has a row exactly while the state uses it. During one, rows that nothing uses any
//! more stay until the commit, because what is being read may use them again.

mod chunks;
mod entries;
mod links;

pub use chunks::{ChunkId, ChunkRow, SliceRow, StoredAs};
pub use entries::{Known, Put, Stamp};

use crate::durable::{self, Exposure};
use iota_core::{
    commit::{Gap, GapReason, MAX_SEEN, Seen, Totals},
    id::{Digest, HeaderHash, SetId},
    wire::{Reader, WireError, Writer},
};
use rusqlite::{Connection, OptionalExtension, params};
use std::{
    collections::{HashMap, HashSet},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use thiserror::Error;

/// Schema of the cache; another one is discarded.
const SCHEMA_VERSION: i64 = 2;
const FILE_NAME: &str = "cache.sqlite";

/// The cache could not be used.
#[derive(Debug, Error)]
pub enum StateError {
    /// SQLite failed.
    #[error("the cache failed: {0}; delete the state directory to start over, nothing is lost by that")]
    Sqlite(#[from] rusqlite::Error),
    /// The directory could not be made or cleaned.
    #[error("the state directory {path} cannot be used: {source}")]
    Directory {
        /// Where.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read or change the directory.
    #[error(
        "{path} holds the names of all files, but {fault}; run `{remedy}`, or name another directory with --state-dir"
    )]
    Exposed {
        /// Where.
        path: String,
        /// What is wrong.
        fault: &'static str,
        /// A command that sets it right.
        remedy: String,
    },
    /// What the cache says does not parse.
    #[error("the cache is damaged: {0}; delete the state directory to start over, nothing is lost by that")]
    Damaged(#[from] WireError),
    /// Rows that must exist do not.
    #[error("the cache is damaged: {0} is missing; delete the state directory to start over, nothing is lost by that")]
    Missing(&'static str),
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, StateError>;

/// Which commit the cache describes, and what is derived from the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The set.
    pub set: SetId,
    /// Number of the commit; 0 before the first.
    pub seq: u64,
    /// Hash of its header.
    pub head: HeaderHash,
    /// XOR of the hashes of all entries.
    pub state_root: Digest,
    /// What the state contains.
    pub totals: Totals,
    /// References of the state, base pages included.
    pub live_count: u64,
    /// XOR of their cids.
    pub live_xor: Digest,
    /// Number of the newest base; 0 before the first.
    pub base_seq: u64,
    /// Day (UTC, since 1970) on which it was made.
    pub base_day: u64,
    /// Sealed bytes of the deltas since.
    pub delta_bytes: u64,
    /// Whether the first scan has finished once.
    pub complete: bool,
    /// How many gaps the state has.
    pub gap_count: u64,
}

impl Position {
    /// Before the first commit that the cache knows of.
    pub fn start(set: SetId) -> Self {
        Self {
            set,
            seq: 0,
            head: HeaderHash::ZERO,
            state_root: Digest::ZERO,
            totals: Totals::default(),
            live_count: 0,
            live_xor: Digest::ZERO,
            base_seq: 0,
            base_day: 0,
            delta_bytes: 0,
            complete: false,
            gap_count: 0,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.raw(&self.set.0).u64(self.seq).raw(&self.head.0).raw(&self.state_root.0);
        let Totals { files, dirs, others, bytes } = self.totals;
        writer.u64(files).u64(dirs).u64(others).u64(bytes);
        writer.u64(self.live_count).raw(&self.live_xor.0);
        writer.u64(self.base_seq).u64(self.base_day).u64(self.delta_bytes).u8(self.complete.into());
        writer.u64(self.gap_count);
        writer.finish()
    }

    fn decode(bytes: &[u8]) -> std::result::Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let position = Self {
            set: SetId(reader.array()?),
            seq: reader.u64()?,
            head: HeaderHash(reader.array()?),
            state_root: Digest(reader.array()?),
            totals: Totals { files: reader.u64()?, dirs: reader.u64()?, others: reader.u64()?, bytes: reader.u64()? },
            live_count: reader.u64()?,
            live_xor: Digest(reader.array()?),
            base_seq: reader.u64()?,
            base_day: reader.u64()?,
            delta_bytes: reader.u64()?,
            complete: reader.u8()? == 1,
            gap_count: reader.u64()?,
        };
        reader.finish()?;
        Ok(position)
    }
}

/// Most chunks whose changed use is remembered one by one; beyond, a commit lists all references.
const MAX_TOUCHED: usize = 200_000;

/// A chunk whose use changed since the last commit.
#[derive(Debug, Clone, Copy)]
struct Touch {
    cid: iota_core::id::Cid,
    was_used: bool,
    is_used: bool,
}

/// Which chunks changed their use since the last commit.
#[derive(Debug, Default)]
struct Touched {
    chunks: HashMap<ChunkId, Touch>,
    overflown: bool,
}

/// The cache of one backup set.
pub struct State {
    database: Connection,
    /// What is derived from the state as it is changed.
    pub position: Position,
    /// Chunks whose use changed since the last commit.
    touched: Touched,
    /// Chunks that the server lost: used, but to be sent again.
    lost: HashSet<iota_core::id::Cid>,
    /// Rows of chunks from here on were stored since the last commit.
    first_new: i64,
}

impl State {
    /// Opens the cache in `directory` when it describes `head` of `set`, and starts an empty one otherwise.
    ///
    /// # Errors
    /// [`StateError`] when neither is possible.
    pub fn open(directory: &Path, set: SetId, head: HeaderHash) -> Result<Self> {
        let in_directory = |source| StateError::Directory { path: directory.display().to_string(), source };
        durable::create_private_dir(directory).map_err(in_directory)?;
        if let Some(Exposure { fault, remedy }) = durable::exposure(directory).map_err(in_directory)? {
            return Err(StateError::Exposed { path: directory.display().to_string(), fault, remedy });
        }
        let file = directory.join(FILE_NAME);
        if file.exists() {
            match Self::connect(&file, set) {
                Ok(state) if state.position.set == set && state.position.head == head => return Ok(state),
                // Stale, foreign, damaged or of another version: a cache is worth no repair.
                Ok(_) | Err(_) => Self::discard(directory).map_err(in_directory)?,
            }
        }
        // Should somebody open the directory later: what SQLite puts beside it follows suit.
        std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&file).map_err(in_directory)?;
        Self::connect(&file, set)
    }

    /// Whether there is a cache in `directory`, whatever it is worth.
    pub fn exists(directory: &Path) -> bool {
        directory.join(FILE_NAME).exists()
    }

    /// Deletes the cache in `directory`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn discard(directory: &Path) -> std::io::Result<()> {
        for suffix in ["", "-wal", "-shm"] {
            match std::fs::remove_file(directory.join(format!("{FILE_NAME}{suffix}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn connect(file: &Path, set: SetId) -> Result<Self> {
        let database = Connection::open(file)?;
        database.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST;
             PRAGMA cache_size = -24576; PRAGMA temp_store = FILE; PRAGMA mmap_size = 0;
             PRAGMA wal_autocheckpoint = 4000; PRAGMA locking_mode = EXCLUSIVE;",
        )?;
        database.set_prepared_statement_cache_capacity(64);
        let version: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version == 0 {
            database.execute_batch(include_str!("state/schema.sql"))?;
            database.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        } else if version != SCHEMA_VERSION {
            return Err(StateError::Missing("the expected schema"));
        }
        let stored: Option<Vec<u8>> =
            database.query_row("SELECT value FROM position", [], |row| row.get(0)).optional()?;
        let position = stored.as_deref().map_or(Ok(Position::start(set)), Position::decode)?;
        Ok(Self { database, position, touched: Touched::default(), lost: HashSet::new(), first_new: 0 })
    }

    /// Begins the changes that lead to the next commit.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    pub fn begin(&mut self) -> Result<()> {
        if self.database.is_autocommit() {
            self.database.execute_batch("BEGIN IMMEDIATE")?;
            self.first_new =
                self.database.query_row("SELECT coalesce(max(id), 0) + 1 FROM chunk", [], |row| row.get(0))?;
        }
        Ok(())
    }

    /// Ends the changes: the cache describes the commit that [`State::position`] names.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    pub fn finish(&mut self) -> Result<()> {
        self.database
            .execute("INSERT OR REPLACE INTO position (id, value) VALUES (0, ?1)", params![self.position.encode()])?;
        self.drop_unused()?;
        self.database.execute_batch("COMMIT")?;
        self.touched = Touched::default();
        Ok(())
    }
}

impl State {
    /// Remembers heads of the account's other sets, and that a commit has named those in `told`. Between two changes.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    pub fn note_seen(&mut self, told: &[Seen], heads: &[Seen]) -> Result<()> {
        let change = self.database.transaction()?;
        for head in told {
            let mut update = change.prepare_cached("UPDATE seen SET told = 1 WHERE set_id = ?1 AND hash = ?2")?;
            update.execute(params![head.set.0, head.hash.0])?;
        }
        for head in heads {
            let mut upsert = change.prepare_cached(
                "INSERT INTO seen (set_id, seq, hash, told) VALUES (?1, ?2, ?3, 0)
                 ON CONFLICT (set_id) DO UPDATE SET seq = ?2, hash = ?3, told = 0 WHERE hash <> ?3",
            )?;
            upsert.execute(params![head.set.0, head.seq as i64, head.hash.0])?;
        }
        Ok(change.commit()?)
    }

    /// The heads of other sets that the next commit names, by set: those that none has named yet, before a base all.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    pub fn seen(&self, all: bool) -> Result<Vec<Seen>> {
        let mut query = self
            .database
            .prepare_cached("SELECT set_id, seq, hash FROM seen WHERE told = 0 OR ?1 ORDER BY told, set_id LIMIT ?2")?;
        let rows = query.query_map(params![all, MAX_SEEN as i64], |row| {
            Ok(Seen { set: SetId(row.get(0)?), seq: row.get::<_, i64>(1)? as u64, hash: HeaderHash(row.get(2)?) })
        })?;
        let mut heads: Vec<Seen> = rows.collect::<rusqlite::Result<_>>()?;
        heads.sort_unstable_by_key(|head| head.set);
        Ok(heads)
    }

    /// The listed gaps of the commit that the cache describes, and how many there are.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn gaps(&self) -> Result<(Vec<Gap>, u64)> {
        let mut query = self.database.prepare_cached("SELECT path, reason FROM gap")?;
        let rows = query.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, u8>(1)?)))?;
        let gap = |row: rusqlite::Result<(Vec<u8>, u8)>| -> Result<Gap> {
            let (path, reason) = row?;
            Ok(Gap { path: path.into(), reason: GapReason::parse(reason)? })
        };
        Ok((rows.map(gap).collect::<Result<_>>()?, self.position.gap_count))
    }

    /// Notes the gaps of the next commit.
    ///
    /// # Errors
    /// [`StateError::Sqlite`].
    pub fn set_gaps(&mut self, gaps: &[Gap], gap_count: u64) -> Result<()> {
        self.position.gap_count = gap_count;
        self.database.prepare_cached("DELETE FROM gap")?.execute([])?;
        let mut insert = self.database.prepare_cached("INSERT INTO gap (path, reason) VALUES (?1, ?2)")?;
        gaps.iter().try_for_each(|gap| insert.execute(params![&*gap.path, gap.reason.code()]).map(drop))?;
        Ok(())
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if !self.database.is_autocommit() {
            // An unfinished run leaves the cache at the commit that it described before.
            let _ = self.database.execute_batch("ROLLBACK");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_directory_and_what_is_in_it_are_private_and_one_that_is_not_is_refused_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("state");
        let open = || State::open(&directory, SetId([1; 16]), HeaderHash::ZERO).map(|mut state| state.begin());
        open().unwrap().unwrap();
        assert_eq!((mode(&directory), mode(&directory.join(FILE_NAME))), (0o700, 0o600));
        for shared in [0o755, 0o710, 0o770] {
            fs::set_permissions(&directory, fs::Permissions::from_mode(shared)).unwrap();
            let refused = open().unwrap_err().to_string();
            assert!(refused.contains(&format!("`chmod 700 {}`", directory.display())), "{refused}");
            assert_eq!(mode(&directory), shared, "its mode is not ours to change");
        }
    }
}
