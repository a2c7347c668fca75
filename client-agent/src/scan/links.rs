//! Hard links: the first path of each file with several links, in key order.

use crate::platform::{FileKey, Status};
use iota_core::path::TreePath;
use rusqlite::{Connection, OptionalExtension, params};
use std::{collections::HashMap, io};

/// Groups that are remembered in memory, about 15 MB; more go to a temporary file without a name.
const MAX_IN_MEMORY: usize = 100_000;

/// The groups that were met. One whose links were all seen is forgotten.
#[derive(Default)]
pub(super) struct LinkGroups {
    memory: HashMap<FileKey, Group>,
    spilled: Option<Connection>,
}

struct Group {
    leader: TreePath,
    /// Links that were not met yet.
    left: u32,
}

impl LinkGroups {
    /// The first path that was met of the file at `path`; `None` when it has one link only.
    ///
    /// # Errors
    /// When the temporary file cannot be used.
    pub fn leader(&mut self, status: &Status, path: &TreePath) -> io::Result<Option<TreePath>> {
        if status.links < 2 {
            return Ok(None);
        }
        if let Some(group) = self.memory.get_mut(&status.key) {
            group.left = group.left.saturating_sub(1);
            let leader = group.leader.clone();
            if group.left == 0 {
                self.memory.remove(&status.key);
            }
            return Ok(Some(leader));
        }
        if let Some(leader) = self.find_spilled(&status.key).map_err(io::Error::other)? {
            return Ok(Some(leader));
        }
        if self.memory.len() < MAX_IN_MEMORY {
            self.memory.insert(status.key, Group { leader: path.clone(), left: status.links - 1 });
        } else {
            self.spill(&status.key, path).map_err(io::Error::other)?;
        }
        Ok(Some(path.clone()))
    }

    fn find_spilled(&self, key: &FileKey) -> rusqlite::Result<Option<TreePath>> {
        let Some(database) = &self.spilled else { return Ok(None) };
        let mut query = database.prepare_cached("SELECT path FROM leader WHERE device = ?1 AND inode = ?2")?;
        let path: Option<Vec<u8>> =
            query.query_row(params![key.device as i64, key.inode as i64], |row| row.get(0)).optional()?;
        Ok(path.and_then(|bytes| TreePath::parse(&bytes).ok()))
    }

    fn spill(&mut self, key: &FileKey, path: &TreePath) -> rusqlite::Result<()> {
        let database = match &mut self.spilled {
            Some(database) => database,
            none => none.insert(open_spill()?),
        };
        let mut insert = database.prepare_cached("INSERT INTO leader (device, inode, path) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![key.device as i64, key.inode as i64, path.as_bytes()])?;
        Ok(())
    }
}

/// A private temporary database, deleted by SQLite when it is closed.
fn open_spill() -> rusqlite::Result<Connection> {
    let database = Connection::open("")?;
    database.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -4096; PRAGMA temp_store = FILE;
         CREATE TABLE leader (device INTEGER NOT NULL, inode INTEGER NOT NULL, path BLOB NOT NULL,
                              PRIMARY KEY (device, inode)) WITHOUT ROWID;
         BEGIN;",
    )?;
    Ok(database)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::FileKind;
    use iota_core::entry::Timestamp;

    fn status(inode: u64, links: u32) -> Status {
        let time = Timestamp::default();
        Status {
            kind: FileKind::File,
            mode: 0,
            uid: 0,
            gid: 0,
            key: FileKey { device: 7, inode },
            links,
            size: 0,
            allocated: 0,
            mtime: time,
            ctime: time,
            device: (0, 0),
            mount_point: false,
        }
    }

    fn path(text: &str) -> TreePath {
        TreePath::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_first_path_leads_also_when_there_are_more_groups_than_memory_holds() {
        let mut groups = LinkGroups::default();
        let count = MAX_IN_MEMORY as u64 + 20_000;
        for inode in 0..count {
            let first = path(&format!("a/{inode}"));
            assert_eq!(groups.leader(&status(inode, 3), &first).unwrap(), Some(first));
        }
        for inode in [0, 1, 99_999, 100_000, 100_001, count - 1] {
            for name in ["b", "c"] {
                let leader = groups.leader(&status(inode, 3), &path(name)).unwrap();
                assert_eq!(leader, Some(path(&format!("a/{inode}"))));
            }
        }
        assert_eq!(groups.leader(&status(count, 1), &path("single")).unwrap(), None);
        assert_eq!(groups.memory.len(), MAX_IN_MEMORY - 3);
    }
}
