//! A made-up home of folders with a hundred files each, and the walk over it: as a disk would tell it, without one.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::Range;

use anyhow::Result;
use iota_agent::backup::source::{Described, Event, Found, FoundKind, OpenFile, Segment, Source};
use iota_agent::state::Stamp;
use iota_core::commit::GapReason;
use iota_core::entry::{Metadata, Timestamp};
use iota_core::path::{Key, TreePath};

use super::noise;

/// Files in each folder.
pub const FILES_PER_FOLDER: u32 = 100;
/// One of so many files changes in each part of the day.
const ONE_CHANGED_IN: u64 = 160;
const AREAS: [&str; 5] = ["Documents", "Music", "Pictures", "Projects", "Archive"];
const WORDS: [&str; 16] = [
    "report", "invoice", "notes", "harbour", "parser", "summer", "letter", "budget", "garden", "draft", "minutes",
    "contract", "sketch", "orchard", "station", "winter",
];

/// Everything below `home/ada`, in key order.
pub struct Tree {
    nodes: Vec<Node>,
    folders: Vec<TreePath>,
}

/// A directory or file.
#[derive(Clone)]
pub struct Node {
    /// Where.
    pub path: TreePath,
    /// Of a file.
    pub number: Option<u64>,
}

impl Tree {
    /// A tree of `folders` folders with files.
    ///
    /// # Errors
    /// None, as long as the names of this module are names.
    pub fn grown(folders: u32) -> Result<Self> {
        let mut tree = Self { nodes: Vec::new(), folders: Vec::new() };
        tree.directory("home")?;
        let home = tree.directory("home/ada")?;
        for area in AREAS {
            tree.directory(&format!("{home}/{area}"))?;
        }
        // Forty folders to a year or client, as many of those as it takes.
        let groups = folders.div_ceil(40);
        for group in 0..groups {
            let area = AREAS[group as usize % AREAS.len()];
            let parent = tree.directory(&format!("{home}/{area}/{}", group_name(group)))?;
            for folder in group * 40..folders.min(group * 40 + 40) {
                let path = tree.directory(&format!("{parent}/{}", folder_name(folder)))?;
                tree.folders.push(TreePath::parse(path.as_bytes())?);
                for file in 0..FILES_PER_FOLDER {
                    let number = u64::from(folder) * u64::from(FILES_PER_FOLDER) + u64::from(file);
                    tree.add(&format!("{path}/{}", file_name(area, number)), Some(number))?;
                }
            }
        }
        tree.nodes.sort_by_cached_key(|node| node.path.key());
        Ok(tree)
    }

    fn directory(&mut self, path: &str) -> Result<String> {
        self.add(path, None)?;
        Ok(path.to_owned())
    }

    fn add(&mut self, path: &str, number: Option<u64>) -> Result<()> {
        self.nodes.push(Node { path: TreePath::parse(path.as_bytes())?, number });
        Ok(())
    }

    /// Everything, in key order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The folders with files, in the order in which they were made.
    pub fn folders(&self) -> &[TreePath] {
        &self.folders
    }

    /// Where the files of a folder are among [`Tree::nodes`].
    pub fn files_in(&self, folder: &TreePath) -> Range<usize> {
        let place = |key: &[u8]| self.nodes.partition_point(|node| node.path.key().as_bytes() < key);
        place(&Key::subtree_start(Some(folder)))..place(&Key::subtree_end(folder))
    }

    /// At most `count` folders all over the tree, in no order.
    pub fn walk(&self, count: usize) -> Vec<&TreePath> {
        let mut shuffled: Vec<(u64, &TreePath)> = (0..).map(mixed).zip(&self.folders).collect();
        shuffled.sort();
        shuffled.into_iter().take(count).map(|(_, path)| path).collect()
    }

    /// A walk over it, in a part of the day: in each after the first, other files change.
    pub fn scan(&self, day_part: u32) -> Scan<'_> {
        Scan { tree: self, next: 0, day_part }
    }
}

fn group_name(group: u32) -> String {
    format!("{} {:02}", 1996 + group % 30, group / 30)
}

fn folder_name(folder: u32) -> String {
    format!("{} {folder:05}", WORDS[mixed(folder.into()) as usize % WORDS.len()])
}

/// What a new file in folder `folder` is called.
pub fn new_name(folder: usize, number: u64) -> String {
    // Names of some areas are the same for many numbers.
    format!("{number} {}", file_name(AREAS[folder / 40 % AREAS.len()], number))
}

fn file_name(area: &str, number: u64) -> String {
    let random = mixed(number);
    let word = |shift: u32| WORDS[(random >> shift) as usize % WORDS.len()];
    match area {
        "Pictures" => format!("IMG_{:08}_{number:06}.jpg", 20_100_101 + random % 90_000),
        "Music" => format!("{:02} {} {} {:04}.flac", number % 100, word(8), word(16), random % 10_000),
        "Projects" => format!("{}_{}_{:02}.rs", word(8), word(16), number % 100),
        _ => format!("{} {} {number:06}.pdf", word(8), word(16)),
    }
}

/// splitmix64.
pub fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A walk over a tree.
pub struct Scan<'t> {
    tree: &'t Tree,
    next: usize,
    day_part: u32,
}

/// What a file is like. Nine of ten are small and share bundles; the others have chunks of their own, whose references are what pages
/// are full of. Holes make them long without much work.
pub struct File {
    segments: Vec<Segment>,
    seed: u64,
    mtime: Timestamp,
}

impl File {
    /// A file after `version` changes.
    pub fn new(number: u64, version: u64) -> Self {
        let seed = mixed(number) ^ version;
        let segments = if seed % 100 / 10 == 3 {
            let parts = 1 + seed / 100 % 3;
            let hole = (64 << 10) + seed / 1000 % (1 << 20);
            (0..parts).flat_map(|_| [Segment::Data(600), Segment::Hole(hole)]).collect()
        } else {
            vec![Segment::Data(200 + seed / 100 % 1600)]
        };
        let seconds = 1_300_000_000 + (seed / 7 % 500_000_000) as i64 + version as i64 * 86_400;
        let mtime = Timestamp { seconds, nanoseconds: (seed % 1_000_000_000) as u32 };
        Self { segments, seed, mtime }
    }

    /// How often a file of the tree has changed by then.
    pub fn version(number: u64, day_part: u32) -> u64 {
        let changes_in = mixed(number ^ 0x5555) % ONE_CHANGED_IN;
        (1..=day_part.into()).contains(&changes_in).into()
    }

    /// What a listing says of it.
    pub fn stamp(&self, inode: u64) -> Stamp {
        Stamp { size: self.bytes(), mtime: self.mtime, ctime: self.mtime, inode, links: 1, mount: false }
    }

    /// The file, to be read.
    pub fn open(self, stamp: Stamp) -> Open {
        Open { segments: self.segments.into(), content: Filling::Noise(self.seed), rest: VecDeque::new(), stamp }
    }

    fn bytes(&self) -> u64 {
        self.segments
            .iter()
            .map(|segment| match segment {
                Segment::Data(bytes) | Segment::Hole(bytes) => bytes,
            })
            .sum()
    }
}

/// What a listing says of any folder.
pub fn folder_stamp(inode: u64) -> Stamp {
    let mtime = Timestamp { seconds: 1_700_000_000, nanoseconds: 7 };
    Stamp { size: 0, mtime, ctime: mtime, inode, links: 1, mount: false }
}

/// What a file or folder is like apart from its content.
pub fn described(is_file: bool, mtime: Timestamp) -> Described {
    let mode = if is_file { 0o644 } else { 0o755 };
    let name: Box<[u8]> = b"ada"[..].into();
    let (uid, gid, user, group) = (1000, 1000, name.clone(), name);
    Metadata { mode, uid, gid, user, group, mtime, ..Metadata::default() }.into()
}

impl Scan<'_> {
    fn file(&self, number: u64) -> File {
        File::new(number, File::version(number, self.day_part))
    }

    fn last(&self) -> &Node {
        &self.tree.nodes[self.next - 1]
    }

    fn stamp(&self) -> Stamp {
        let inode = self.next as u64;
        self.last().number.map_or_else(|| folder_stamp(inode), |number| self.file(number).stamp(inode))
    }
}

impl Source for Scan<'_> {
    fn next(&mut self) -> io::Result<Option<Event>> {
        let Some(node) = self.tree.nodes.get(self.next) else { return Ok(None) };
        self.next += 1;
        let kind = if node.number.is_some() { FoundKind::File { link: None } } else { FoundKind::Dir };
        Ok(Some(Event::Found(Found { path: node.path.clone(), kind, stamp: self.stamp() })))
    }

    fn metadata(&mut self, _found: &Found) -> Result<Described, GapReason> {
        Ok(described(self.last().number.is_some(), self.stamp().mtime))
    }

    fn open(&mut self, found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        let Some(number) = self.last().number else { return Ok(None) };
        Ok(Some(Box::new(self.file(number).open(found.stamp))))
    }
}

/// A file that is being read.
pub struct Open {
    segments: VecDeque<Segment>,
    content: Filling,
    rest: VecDeque<u8>,
    stamp: Stamp,
}

/// What its segments hold.
enum Filling {
    /// Each its own.
    Noise(u64),
    /// The only one holds these.
    Bytes(Vec<u8>),
}

impl Open {
    /// A file with this content.
    pub fn whole(content: Vec<u8>, stamp: Stamp) -> Self {
        let segments = [Segment::Data(content.len() as u64)].into();
        Self { segments, content: Filling::Bytes(content), rest: VecDeque::new(), stamp }
    }
}

impl OpenFile for Open {
    fn segment(&mut self) -> io::Result<Option<Segment>> {
        let segment = self.segments.pop_front();
        if let Some(Segment::Data(bytes)) = segment {
            self.rest = match &mut self.content {
                Filling::Noise(seed) => {
                    let mut filled = vec![0; bytes as usize];
                    *seed = seed.wrapping_add(1);
                    noise(*seed, &mut filled);
                    filled.into()
                }
                Filling::Bytes(content) => std::mem::take(content).into(),
            };
        }
        Ok(segment)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.rest.read(buffer)
    }

    fn stamp(&mut self) -> io::Result<Stamp> {
        Ok(self.stamp)
    }
}
