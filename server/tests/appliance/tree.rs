//! A folder that changes at random, and what it looked like.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
};

/// Numbers that only depend on the seed.
pub struct Dice(blake3::OutputReader);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(blake3::Hasher::new().update(b"dice").update(&seed.to_le_bytes()).finalize_xof())
    }

    pub fn roll(&mut self, sides: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % sides
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.fill(&mut bytes);
        bytes
    }
}

/// What a path is: kind and mode, owner, modification time, and what it holds.
pub type Look = (u32, (u32, u32), (i64, i64), Vec<u8>);

/// Everything below `root`, by relative path.
pub fn look(root: &Path) -> BTreeMap<PathBuf, Look> {
    let mut seen = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            let full = root.join(&path);
            let metadata = fs::symlink_metadata(&full).unwrap();
            let holds = if metadata.is_symlink() {
                fs::read_link(&full).unwrap().into_os_string().into_encoded_bytes()
            } else if metadata.is_file() {
                blake3::hash(&fs::read(&full).unwrap()).as_bytes().to_vec()
            } else {
                Vec::new()
            };
            if metadata.is_dir() {
                folders.push(path.clone());
            }
            let time = (metadata.mtime(), metadata.mtime_nsec());
            seen.insert(path, (metadata.mode(), (metadata.uid(), metadata.gid()), time, holds));
        }
    }
    seen
}

/// Names of paths that look different in both.
pub fn differences(left: &BTreeMap<PathBuf, Look>, right: &BTreeMap<PathBuf, Look>) -> Vec<PathBuf> {
    let paths: std::collections::BTreeSet<_> = left.keys().chain(right.keys()).collect();
    paths.into_iter().filter(|&path| left.get(path) != right.get(path)).cloned().collect()
}

/// Makes some small and large files.
pub fn plant(root: &Path, dice: &mut Dice) {
    for folder in 0..6 {
        fs::create_dir_all(root.join(format!("folder {folder}/deep"))).unwrap();
    }
    for number in 0..120 {
        let bytes = dice.roll(9_000) as usize;
        fs::write(small(root, number), dice.bytes(bytes)).unwrap();
    }
    fs::write(root.join("large"), dice.bytes(3_000_000)).unwrap();
}

fn small(root: &Path, number: u64) -> PathBuf {
    root.join(format!("folder {}/file {number}", number % 6))
}

/// Changes a few things.
pub fn change(root: &Path, dice: &mut Dice) {
    for _ in 0..1 + dice.roll(6) {
        let file = small(root, dice.roll(140));
        let bytes = dice.roll(20_000) as usize;
        match dice.roll(7) {
            0 => drop(fs::remove_file(&file)),
            1 => drop(fs::rename(&file, small(root, dice.roll(140)))),
            2 => {
                let link = root.join(format!("folder {}/link", dice.roll(6)));
                let _ = fs::remove_file(&link);
                symlink(&file, &link).unwrap();
            }
            3 => {
                let length = 400_000 + dice.roll(1_500_000) as usize;
                let large = dice.bytes(length);
                fs::write(root.join(format!("large {}", dice.roll(3))), large).unwrap();
            }
            _ => fs::write(&file, dice.bytes(bytes)).unwrap(),
        }
    }
}
