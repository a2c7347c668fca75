//! Changes a directory by a seed, as programs do, and tells which paths changed: what a watcher would say.

use super::corpus::Random;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// A path that changed; with `below`, everything below it may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    pub path: PathBuf,
    pub below: bool,
}

/// See the module.
pub struct Mutator {
    root: PathBuf,
    random: Random,
    number: u64,
}

impl Mutator {
    pub fn new(root: &Path, seed: u64) -> Self {
        Self { root: root.to_owned(), random: Random(seed * 2 + 1), number: 0 }
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.random.roll(limit)
    }

    fn paths(&self, directories: bool) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut stack = vec![self.root.clone()];
        while let Some(directory) = stack.pop() {
            for entry in fs::read_dir(&directory).unwrap().map(Result::unwrap) {
                let is_dir = entry.file_type().unwrap().is_dir();
                if is_dir {
                    stack.push(entry.path());
                }
                if is_dir == directories {
                    found.push(entry.path());
                }
            }
        }
        found.sort();
        found
    }

    fn one_of(&mut self, mut paths: Vec<PathBuf>) -> Option<PathBuf> {
        let count = paths.len() as u64;
        (count > 0).then(|| paths.swap_remove(self.below(count) as usize))
    }

    /// A directory, the root included.
    fn directory(&mut self) -> PathBuf {
        let mut all = self.paths(true);
        all.push(self.root.clone());
        self.one_of(all).unwrap()
    }

    fn new_path(&mut self) -> PathBuf {
        self.number += 1;
        let name = format!("{}{}", ["f", "note.", "Ä ", "z-"][self.below(4) as usize], self.number);
        self.directory().join(name)
    }

    fn content(&mut self) -> Vec<u8> {
        let length = [0, 10, 3000, 70_000, 500_000][self.below(5) as usize];
        self.random.bytes(length)
    }

    /// One change, and what it touched.
    pub fn change(&mut self) -> Vec<Touched> {
        let at = |path: &Path, below| Touched { path: path.to_owned(), below };
        match self.below(13) {
            0..=2 => {
                let (path, content) = (self.new_path(), self.content());
                fs::write(&path, content).unwrap();
                vec![at(&path, false)]
            }
            3 => {
                let Some(path) = self.one_of(self.paths(false)) else { return Vec::new() };
                fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"more").unwrap();
                vec![at(&path, false)]
            }
            4 => {
                let path = self.new_path();
                fs::create_dir(&path).unwrap();
                let file = path.join("inside");
                fs::write(&file, self.content()).unwrap();
                // A watcher hears of the directory; whether it hears of the file is a matter of time.
                vec![at(&path, true)]
            }
            5 => {
                let Some(from) = self.one_of(self.paths(false)) else { return Vec::new() };
                let to = self.new_path();
                fs::rename(&from, &to).unwrap();
                vec![at(&from, false), at(&to, false)]
            }
            6 => {
                let Some(from) = self.one_of(self.paths(true)) else { return Vec::new() };
                let to = self.new_path();
                if to.starts_with(&from) {
                    return Vec::new();
                }
                fs::rename(&from, &to).unwrap();
                vec![at(&from, true), at(&to, true)]
            }
            7 => {
                let (Some(old), content) = (self.one_of(self.paths(false)), self.content()) else { return Vec::new() };
                let draft = self.new_path();
                fs::write(&draft, content).unwrap();
                fs::rename(&draft, &old).unwrap();
                vec![at(&draft, false), at(&old, false)]
            }
            8 => {
                let Some(path) = self.one_of(self.paths(false)) else { return Vec::new() };
                fs::remove_file(&path).unwrap();
                vec![at(&path, false)]
            }
            // Rewritten where it is, again and again.
            9 => {
                let Some(path) = self.one_of(self.paths(false)) else { return Vec::new() };
                for _ in 0..=self.below(4) {
                    fs::write(&path, self.content()).unwrap();
                }
                vec![at(&path, false)]
            }
            // Cut off, or made longer with a hole.
            10 => {
                let Some(path) = self.one_of(self.paths(false)) else { return Vec::new() };
                let length = [0, 1, 5000, 600_000][self.below(4) as usize];
                fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
                vec![at(&path, false)]
            }
            // Made and removed, over and over, until it is there or not.
            11 => {
                let path = self.new_path();
                for _ in 0..=self.below(3) {
                    fs::write(&path, self.content()).unwrap();
                    fs::remove_file(&path).unwrap();
                }
                if self.below(2) == 0 {
                    fs::write(&path, self.content()).unwrap();
                }
                vec![at(&path, false)]
            }
            _ => {
                let directories = self.paths(true);
                if directories.len() < 4 {
                    return Vec::new();
                }
                let path = self.one_of(directories).unwrap();
                fs::remove_dir_all(&path).unwrap();
                vec![at(&path, true)]
            }
        }
    }
}
