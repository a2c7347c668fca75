//! How much of the disk stays free, and the reserve for decisions when it is full after all.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::PackError;
use super::disk::{Disk, Space};
use super::name::RESERVE;

/// What must stay free of the disk, where nothing else is configured.
const FREE_PARTS: u64 = 20;
const MOST_FREE_BYTES: u64 = 10 << 30;

/// Watches the space of the disk on which the packs lie.
pub(crate) struct SpaceWatch {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    min_free_bytes: Option<u64>,
    reserve_bytes: u64,
}

impl SpaceWatch {
    pub(crate) fn new(disk: Arc<dyn Disk>, root: &Path, min_free_bytes: Option<u64>, reserve_bytes: u64) -> Self {
        Self { disk, root: root.to_owned(), min_free_bytes, reserve_bytes }
    }

    /// Whether objects may be added. Decisions go on into what stays free.
    pub(crate) fn allows_objects(&self) -> Result<bool, PackError> {
        let space = self.space()?;
        Ok(space.free_bytes >= self.min_free_bytes.unwrap_or_else(|| limit_of(space)))
    }

    pub(crate) fn space(&self) -> Result<Space, PackError> {
        self.disk.space(&self.root).map_err(PackError::file(&self.root))
    }

    /// Takes the reserve, when there is none and the disk has room for it.
    pub(crate) fn take_reserve(&self) -> Result<(), PackError> {
        let path = self.root.join(RESERVE);
        if self.reserve_bytes == 0 || self.disk.open(&path).is_ok() || !self.allows_objects()? {
            return Ok(());
        }
        self.fill(&path).map_err(PackError::file(&path))
    }

    fn fill(&self, path: &Path) -> std::io::Result<()> {
        let mut file = self.disk.create(path)?;
        let zeros = vec![0; 1 << 20];
        let mut left = self.reserve_bytes;
        while left > 0 {
            let count = left.min(zeros.len() as u64);
            file.write_all(&zeros[..count as usize])?;
            left -= count;
        }
        file.sync_all()
    }

    /// Gives the reserve back; says whether there was one.
    pub(crate) fn give_reserve(&self) -> bool {
        let given = self.disk.remove(&self.root.join(RESERVE)).is_ok();
        if given {
            tracing::warn!("the disk of the packs is full: its reserve was given back; free space on it soon");
        }
        given
    }
}

/// The smaller of a twentieth of the disk and 10 GiB.
pub fn limit_of(space: Space) -> u64 {
    (space.total_bytes / FREE_PARTS).min(MOST_FREE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_a_twentieth_but_never_more_than_ten_gib() {
        assert_eq!(limit_of(Space { free_bytes: 0, total_bytes: 100 << 30 }), 5 << 30);
        assert_eq!(limit_of(Space { free_bytes: 0, total_bytes: 16 << 40 }), 10 << 30);
    }
}
