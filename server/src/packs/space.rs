//! How much of the disk stays free, and the reserve for decisions when it is full after all.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Disk, Space};
use super::name::RESERVE;
use super::{PackError, RecordKind};

/// What must stay free of the disk, where nothing else is configured.
const FREE_PARTS: u64 = 20;
const MOST_FREE_BYTES: u64 = 10 << 30;

/// How much of the space that is kept free must be left by what is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reserve {
    /// Nothing: what decides about accounts and machines, which is small and nobody can send without end.
    Nothing,
    /// Half: commits, which only machines of the server send.
    Half,
    /// All of it: objects.
    Limit,
}

impl Reserve {
    pub(crate) fn of(kind: RecordKind) -> Self {
        match kind {
            RecordKind::Object => Self::Limit,
            RecordKind::Body | RecordKind::References | RecordKind::Commit => Self::Half,
            RecordKind::Account
            | RecordKind::Slots
            | RecordKind::Certificate
            | RecordKind::Label
            | RecordKind::SecondFactor
            | RecordKind::Alerts
            | RecordKind::Watch
            | RecordKind::Decision
            | RecordKind::Thinning
            | RecordKind::Closed => Self::Nothing,
        }
    }
}

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

    /// What may be added.
    pub(crate) fn allowed(&self) -> Result<Reserve, PackError> {
        let space = self.space()?;
        let limit_bytes = self.min_free_bytes.unwrap_or_else(|| limit_of(space));
        Ok(match space.free_bytes {
            free if free >= limit_bytes => Reserve::Limit,
            free if free >= limit_bytes / 2 => Reserve::Half,
            _ => Reserve::Nothing,
        })
    }

    pub(crate) fn space(&self) -> Result<Space, PackError> {
        self.disk.space(&self.root).map_err(PackError::file(&self.root))
    }

    /// Takes the reserve, when there is none and the disk has room for it.
    pub(crate) fn take_reserve(&self) -> Result<(), PackError> {
        let path = self.root.join(RESERVE);
        if self.reserve_bytes == 0 || self.disk.open(&path).is_ok() || self.allowed()? < Reserve::Limit {
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
