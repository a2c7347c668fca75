//! The queue on disk: what waited when the service was ended, however it was.

use super::queue::{Saved, Waiting};
use crate::durable;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use std::{
    fs::OpenOptions,
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::Path,
};
use thiserror::Error;

const FILE_NAME: &str = "queue.db";
const SCHEMA_VERSION: i64 = 1;

/// The queue cannot be kept.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The directory.
    #[error("{path} cannot be used: {source}; check that it belongs to you")]
    Directory {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The database.
    #[error("the queue cannot be written: {0}; check that the disk has room")]
    Sqlite(#[from] rusqlite::Error),
}

/// See the module.
pub struct Store(Connection);

impl Store {
    /// Opens the queue in `directory`. One that cannot be read is begun anew: the service scans everything when it starts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Directory { path: directory.display().to_string(), source };
        durable::create_private_dir(directory).map_err(failed)?;
        let file = directory.join(FILE_NAME);
        if let Ok(store) = Self::connect(&file) {
            return Ok(store);
        }
        for suffix in ["", "-wal", "-shm"] {
            match std::fs::remove_file(directory.join(format!("{FILE_NAME}{suffix}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
        }
        Self::connect(&file)
    }

    fn connect(file: &Path) -> Result<Self, StoreError> {
        let directory = |source| StoreError::Directory { path: file.display().to_string(), source };
        OpenOptions::new().append(true).create(true).mode(0o600).open(file).map_err(directory)?;
        let database = Connection::open(file)?;
        // A power cut may lose the last changes: the scan at the start finds them.
        database.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        let version: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version == 0 {
            database.execute_batch(
                "CREATE TABLE waiting (path BLOB PRIMARY KEY, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
                                       below INTEGER NOT NULL) WITHOUT ROWID;",
            )?;
            database.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        } else if version != SCHEMA_VERSION {
            return Err(rusqlite::Error::InvalidQuery.into());
        }
        let store = Self(database);
        store.load()?;
        Ok(store)
    }

    /// What waits.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn load(&self) -> Result<Vec<Saved>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT path, first_ms, last_ms, below FROM waiting")?;
        let rows = query.query_map([], saved)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What keeps an absolute path waiting: itself, or the nearest directory above of which everything below may have changed.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn find(directory: &Path, path: &Path) -> Result<Option<Saved>, StoreError> {
        let file = directory.join(FILE_NAME);
        if !file.exists() {
            return Ok(None);
        }
        let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut query =
            database.prepare("SELECT path, first_ms, last_ms, below FROM waiting WHERE path = ?1 AND (below OR ?2)")?;
        for above in path.ancestors() {
            let words = params![above.as_os_str().as_bytes(), above == path];
            if let Some(found) = query.query_row(words, saved).optional()? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Writes down changes: a path waits like this, or waits no more.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn save(&mut self, changes: &[(Box<[u8]>, Option<Waiting>)]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let transaction = self.0.transaction()?;
        {
            let mut put = transaction.prepare_cached("INSERT OR REPLACE INTO waiting VALUES (?1, ?2, ?3, ?4)")?;
            let mut remove = transaction.prepare_cached("DELETE FROM waiting WHERE path = ?1")?;
            for (path, waiting) in changes {
                match waiting {
                    Some(waiting) => {
                        put.execute(params![&**path, waiting.first_ms as i64, waiting.last_ms as i64, waiting.below])?
                    }
                    None => remove.execute(params![&**path])?,
                };
            }
        }
        Ok(transaction.commit()?)
    }
}

fn saved(row: &Row<'_>) -> rusqlite::Result<Saved> {
    let path: Vec<u8> = row.get(0)?;
    let times = (row.get::<_, i64>(1)?, row.get::<_, i64>(2)?);
    let (first_ms, last_ms) = (times.0.max(0) as u64, times.1.max(0) as u64);
    Ok(Saved { path: path.into(), first_ms, last_ms, below: row.get(3)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::urgency::Urgency;

    #[test]
    fn what_keeps_a_path_waiting_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let find = |path: &str| Store::find(directory.path(), Path::new(path)).unwrap().map(|found| found.path);
        assert_eq!(find("/a"), None);
        let mut store = Store::open(directory.path()).unwrap();
        let entry = |path: &str, below| (path.as_bytes().into(), Some(Waiting::new(1, 2, below, Urgency::UNKNOWN)));
        store.save(&[entry("/a", true), entry("/a/b", false), entry("/a/b/c", false)]).unwrap();
        // The service goes on writing meanwhile.
        let found = [("/a/b/c", "/a/b/c"), ("/a/b", "/a/b"), ("/a/b/d", "/a"), ("/a/x/y", "/a")];
        for (path, by) in found {
            assert_eq!(find(path).as_deref(), Some(by.as_bytes()), "{path}");
        }
        assert_eq!((find("/b"), find("/")), (None, None));
    }

    #[test]
    fn what_was_saved_is_there_again_and_what_is_damaged_is_begun_anew() {
        let directory = tempfile::tempdir().unwrap();
        let waiting = |ms| Some(Waiting::new(ms, ms + 1, true, Urgency::UNKNOWN));
        let saved = |text: &str, ms| Saved { path: text.as_bytes().into(), first_ms: ms, last_ms: ms + 1, below: true };
        let path = |text: &str| text.as_bytes().into();
        let mut store = Store::open(directory.path()).unwrap();
        store.save(&[(path("/a"), waiting(1)), (path("/\u{fe}"), waiting(2)), (path("/b"), waiting(3))]).unwrap();
        store.save(&[(path("/b"), None), (path("/a"), waiting(7))]).unwrap();
        drop(store);
        let loaded = Store::open(directory.path()).unwrap().load().unwrap();
        assert_eq!(loaded, [saved("/a", 7), saved("/\u{fe}", 2)]);
        std::fs::write(directory.path().join(FILE_NAME), "no database at all, but long enough to be looked at")
            .unwrap();
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(directory.path().join(format!("{FILE_NAME}{suffix}")));
        }
        assert!(Store::open(directory.path()).unwrap().load().unwrap().is_empty());
    }
}
