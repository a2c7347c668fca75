//! What uses the space: sizes of files added up by folder, at one point and between two.
//!
//! Entries come in the order of their keys, so that the files of a folder follow one another; only the sums of folders are kept.

use std::cmp::Reverse;
use std::collections::HashMap;

use iota_core::entry::{Entry, Kind};
use iota_core::path::{Key, TreePath};
use iota_core::vault::{FolderGrowth, FolderWeight, FolderWeights, GrownFolder, WeighFolders};

use crate::compare::Between;
use crate::keys::OpenVault;
use crate::platform::Platform;
use crate::point::{self, Point};
use crate::problem::{Result, Tell, missing};
use crate::show;

/// Most folders of one list.
const MOST: usize = 12;

/// Answers [`WeighFolders`]. What lies between the points is read at the cost of what changed.
///
/// # Errors
/// When one of the points cannot be opened, or the folder is not there at the later one.
pub async fn weigh(platform: &impl Platform, open: &OpenVault, question: &WeighFolders) -> Result<FolderWeights> {
    let folder = question.folder.as_ref().map(|token| open.path(token)).transpose()?;
    let point = point::open_at(platform, open, question.set, question.at).await?;
    let (now, lost) = at(platform, open, &point, folder.as_ref()).await?;
    let growth = match question.since {
        None => None,
        Some(since) => {
            let since = point::open_at(platform, open, question.set, since).await?;
            Some(grown(platform, open, (&since, &point), folder.as_ref(), &now).await?)
        }
    };
    let weight = |path: &[u8]| {
        let (path, sum) = (TreePath::parse(path).tell()?, now.of(path));
        let token = open.token(&path)?;
        Ok(FolderWeight { path: show::text(path.as_bytes()), token, files: sum.files(), bytes: sum.bytes() })
    };
    Ok(FolderWeights {
        at_ms: point.header.device_time_ms,
        files: now.all.files(),
        bytes: now.all.bytes(),
        lost,
        largest: now.heaviest(MOST).into_iter().map(weight).collect::<Result<_>>()?,
        growth,
    })
}

/// The sums at a point, and how many entries are lost.
async fn at(
    platform: &impl Platform,
    open: &OpenVault,
    point: &Point,
    folder: Option<&TreePath>,
) -> Result<(Sums, u64)> {
    let (mut sums, mut is_empty) = (Sums::below(folder), true);
    let mut walk = point.walk(platform, open, Key::subtree_start(folder), folder.map(Key::subtree_end)).await?;
    while let Some(entries) = walk.next().await? {
        is_empty &= entries.is_empty();
        entries.iter().for_each(|entry| sums.add(&entry.path, Sum::of(entry)));
    }
    sums.flush();
    if let Some(folder) = folder.filter(|_| is_empty && walk.lost() == 0) {
        let entry = point.entry(platform, open, folder).await?;
        entry.filter(|entry| entry.kind == Kind::Dir).ok_or_else(|| missing("folder at this point in time"))?;
    }
    Ok((sums, walk.lost()))
}

/// What has grown between two points, of which the later one has the sums `now`.
async fn grown(
    platform: &impl Platform,
    open: &OpenVault,
    (since, point): (&Point, &Point),
    folder: Option<&TreePath>,
    now: &Sums,
) -> Result<FolderGrowth> {
    let mut more = Sums::below(folder);
    let mut between = Between::begin(platform, open, (since, point), folder).await?;
    while let Some(difference) = between.next().await? {
        let (before, after) = difference.entries();
        let before = before.map(Sum::of).unwrap_or_default();
        more.add(difference.path(), after.map(Sum::of).unwrap_or_default().minus(before));
    }
    more.flush();
    let then = now.all.minus(more.all);
    let folder = |path: &[u8]| {
        let (parsed, now) = (TreePath::parse(path).tell()?, now.of(path));
        let then = now.minus(more.of(path));
        let token = open.token(&parsed)?;
        Ok(GrownFolder { path: show::text(path), token, bytes_then: then.bytes(), bytes: now.bytes() })
    };
    Ok(FolderGrowth {
        since_ms: since.header.device_time_ms,
        files_then: then.files(),
        bytes_then: then.bytes(),
        lost: between.lost(),
        folders: more.heaviest(MOST).into_iter().map(folder).collect::<Result<_>>()?,
    })
}

/// The size of a file; none for other entries, and for all but the first of several names of a file.
pub fn bytes_counted(entry: &Entry) -> Option<u64> {
    match &entry.kind {
        Kind::File { size, link, .. } if link.as_ref().is_none_or(|first| *first == entry.path) => Some(*size),
        _ => None,
    }
}

/// Files and their bytes, or how many more there are; below 0 when fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sum {
    files: i64,
    bytes: i128,
}

impl Sum {
    fn of(entry: &Entry) -> Self {
        bytes_counted(entry).map_or_else(Self::default, |bytes| Self { files: 1, bytes: bytes.into() })
    }

    fn plus(self, other: Self) -> Self {
        Self { files: self.files + other.files, bytes: self.bytes + other.bytes }
    }

    fn minus(self, other: Self) -> Self {
        Self { files: self.files - other.files, bytes: self.bytes - other.bytes }
    }

    fn files(self) -> u64 {
        u64::try_from(self.files).unwrap_or_default()
    }

    fn bytes(self) -> u64 {
        u64::try_from(self.bytes.max(0)).unwrap_or(u64::MAX)
    }
}

/// A sum for each folder that has something, with everything below it.
#[derive(Default)]
struct Sums {
    /// Of everything.
    all: Sum,
    folders: HashMap<Box<[u8]>, Sum>,
    /// Where the paths of folders below the one that is asked for differ.
    skip: usize,
    /// The folder of the files that were added last, and what it does not have yet.
    last: (Vec<u8>, Sum),
}

impl Sums {
    fn below(folder: Option<&TreePath>) -> Self {
        Self { skip: folder.map_or(0, |folder| folder.as_bytes().len() + 1), ..Self::default() }
    }

    /// Adds what there is at `path` to the folders that it is in.
    fn add(&mut self, path: &TreePath, sum: Sum) {
        let path = path.as_bytes();
        let folder = parent(path).unwrap_or_default();
        if self.last.0 != folder {
            self.flush();
            self.last.0.clear();
            self.last.0.extend_from_slice(folder);
        }
        self.last.1 = self.last.1.plus(sum);
    }

    /// Adds what was kept back; the sums are good after it.
    fn flush(&mut self) {
        let sum = std::mem::take(&mut self.last.1);
        if sum == Sum::default() {
            return;
        }
        self.all = self.all.plus(sum);
        let mut folder = Some(&self.last.0[..]).filter(|folder| !folder.is_empty());
        while let Some(path) = folder.filter(|path| path.len() > self.skip) {
            match self.folders.get_mut(path) {
                Some(kept) => *kept = kept.plus(sum),
                None => drop(self.folders.insert(path.into(), sum)),
            }
            folder = parent(path);
        }
    }

    fn of(&self, folder: &[u8]) -> Sum {
        self.folders.get(folder).copied().unwrap_or_default()
    }

    /// The folders with the most bytes, above 0, the first `most`; ties by path. One that has nine tenths or more from a single
    /// folder that is listed instead is passed over.
    fn heaviest(&self, most: usize) -> Vec<&[u8]> {
        let mut folders: Vec<(&[u8], i128)> = self.folders.iter().map(|(path, sum)| (&path[..], sum.bytes)).collect();
        folders.retain(|(_, bytes)| *bytes > 0);
        // What is in a folder has a longer path.
        folders.sort_unstable_by_key(|(path, _)| Reverse(path.len()));
        let mut within: HashMap<&[u8], i128> = HashMap::new();
        folders.retain(|&(path, bytes)| {
            let listed = within.get(path).copied().unwrap_or_default();
            let is_listed = listed * 10 < bytes * 9;
            if let Some(above) = parent(path) {
                let largest = within.entry(above).or_default();
                *largest = (*largest).max(if is_listed { bytes } else { listed });
            }
            is_listed
        });
        folders.sort_unstable_by(|(one, bytes), (other, more)| more.cmp(bytes).then_with(|| one.cmp(other)));
        folders.into_iter().take(most).map(|(path, _)| path).collect()
    }
}

/// The folder that a path is in; none at the top.
fn parent(path: &[u8]) -> Option<&[u8]> {
    path.iter().rposition(|&byte| byte == b'/').map(|slash| &path[..slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(folder: Option<&str>, files: &[(&str, i128)]) -> Sums {
        let folder = folder.map(|folder| TreePath::parse(folder.as_bytes()).unwrap());
        let mut sums = Sums::below(folder.as_ref());
        for (path, bytes) in files {
            sums.add(&TreePath::parse(path.as_bytes()).unwrap(), Sum { files: 1, bytes: *bytes });
        }
        sums.flush();
        sums
    }

    fn heaviest(sums: &Sums, most: usize) -> Vec<&str> {
        sums.heaviest(most).into_iter().map(|path| std::str::from_utf8(path).unwrap()).collect()
    }

    #[test]
    fn a_folder_has_what_is_below_it() {
        let sums = sums(None, &[("top.txt", 1), ("a/one", 10), ("a/two", 20), ("b/c/three", 5), ("a/d/four", 7)]);
        assert_eq!(sums.all, Sum { files: 5, bytes: 43 });
        assert_eq!(sums.of(b"a"), Sum { files: 3, bytes: 37 });
        assert_eq!(sums.of(b"a/d"), Sum { files: 1, bytes: 7 });
        assert_eq!(sums.of(b"b"), sums.of(b"b/c"));
        assert_eq!(sums.of(b""), Sum::default());
    }

    #[test]
    fn below_a_folder_only_what_is_in_it_is_listed() {
        let sums = sums(Some("a/b"), &[("a/b/one", 10), ("a/b/c/two", 20), ("a/b/d/e/three", 5)]);
        assert_eq!(sums.all, Sum { files: 3, bytes: 35 });
        assert_eq!(heaviest(&sums, 9), ["a/b/c", "a/b/d/e"]);
    }

    #[test]
    fn of_a_chain_that_says_the_same_the_innermost_is_listed() {
        let files = [("home/ada/Pictures/1", 600), ("home/ada/Music/1", 400), ("home/notes", 90), ("etc/passwd", 1)];
        assert_eq!(heaviest(&sums(None, &files), 9), ["home/ada", "home/ada/Pictures", "home/ada/Music", "etc"]);
        // With a tenth and more of its own it says something else.
        let files = [("home/ada/Pictures/1", 600), ("home/ada/Music/1", 400), ("home/notes", 112)];
        assert_eq!(heaviest(&sums(None, &files), 2), ["home", "home/ada"]);
    }

    #[test]
    fn what_stands_for_a_folder_has_nine_tenths_of_it_however_long_the_chain() {
        let files = [("a/b/c/d/file", 729), ("a/b/c/file", 81), ("a/b/file", 90), ("a/file", 100)];
        // d is nine tenths of c, but not of b.
        assert_eq!(heaviest(&sums(None, &files), 9), ["a/b", "a/b/c/d"]);
    }

    #[test]
    fn growth_that_others_made_up_for_is_found_and_what_shrank_is_not() {
        let files = [("a/new/file", 100), ("a/old/file", -90), ("gone/file", -5), ("same/one", 3), ("same/two", -3)];
        assert_eq!(heaviest(&sums(None, &files), 9), ["a/new"]);
    }

    #[test]
    fn equal_folders_come_in_the_order_of_their_paths() {
        assert_eq!(heaviest(&sums(None, &[("b/x", 1), ("c/x", 1), ("a/x", 1)]), 2), ["a", "b"]);
    }
}
