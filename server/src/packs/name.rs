//! Where a pack of a number lies, and the other way round.

use std::path::{Path, PathBuf};

use super::PackError;
use super::disk::Disk;

const PACKS_IN_FOLDER_BITS: u32 = 8;
const END: &str = ".pack";
/// Space that is given back when the disk is full; lies beside the folders.
pub(crate) const RESERVE: &str = "reserve";

/// The folder of pack `number` below `root`.
pub(crate) fn folder_of(root: &Path, number: u64) -> PathBuf {
    root.join(format!("{:016x}", number >> PACKS_IN_FOLDER_BITS))
}

/// The file of pack `number` below `root`.
pub fn path_of(root: &Path, number: u64) -> PathBuf {
    folder_of(root, number).join(format!("{number:016x}{END}"))
}

/// The packs below a folder, ascending, and what lies there and is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PackList {
    /// Their numbers.
    pub numbers: Vec<u64>,
    /// Paths of files that do not belong there.
    pub foreign: Vec<PathBuf>,
}

/// Lists the packs below `root`; none when there is no such folder.
pub(crate) fn list_packs(disk: &dyn Disk, root: &Path) -> Result<PackList, PackError> {
    let mut list = PackList::default();
    let folders = match disk.list(root) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(list),
        listed => listed.map_err(PackError::file(root))?,
    };
    for folder in folders {
        let path = root.join(&folder.name);
        if folder.folder && parse_number(&folder.name).is_some() {
            list_folder(disk, root, &path, &mut list)?;
        } else if folder.folder || folder.name != RESERVE {
            list.foreign.push(path);
        }
    }
    list.numbers.sort_unstable();
    list.foreign.sort_unstable();
    Ok(list)
}

fn list_folder(disk: &dyn Disk, root: &Path, folder: &Path, list: &mut PackList) -> Result<(), PackError> {
    for file in disk.list(folder).map_err(PackError::file(folder))? {
        let path = folder.join(&file.name);
        let number = file.name.strip_suffix(END).and_then(parse_number).filter(|&number| path_of(root, number) == path);
        match number {
            Some(number) if !file.folder => list.numbers.push(number),
            _ => list.foreign.push(path),
        }
    }
    Ok(())
}

fn parse_number(text: &str) -> Option<u64> {
    let digits = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    digits.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packs::disk::RealDisk;

    #[test]
    fn what_is_no_pack_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(list_packs(&RealDisk, &root.join("none")).unwrap(), PackList::default());
        for number in [1, 255, 256, 0x1234_5678_9abc] {
            std::fs::create_dir_all(folder_of(root, number)).unwrap();
            std::fs::write(path_of(root, number), "").unwrap();
        }
        std::fs::write(root.join(RESERVE), "").unwrap();
        let foreign =
            [folder_of(root, 1).join(format!("{:016x}.pack", 256)), folder_of(root, 1).join("2.pack"), root.join("x")];
        foreign.iter().for_each(|path| std::fs::write(path, "").unwrap());
        let list = list_packs(&RealDisk, root).unwrap();
        assert_eq!(list.numbers, [1, 255, 256, 0x1234_5678_9abc]);
        assert_eq!(list.foreign.len(), 3);
        assert!(foreign.iter().all(|path| list.foreign.contains(path)));
    }
}
