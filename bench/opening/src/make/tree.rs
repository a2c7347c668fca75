//! A made-up home of folders with a hundred files each, and the walk over it: as a disk would tell it, without one.

use std::collections::VecDeque;
use std::io;

use anyhow::Result;
use iota_agent::backup::source::{Described, Event, Found, FoundKind, OpenFile, Segment, Source};
use iota_agent::state::Stamp;
use iota_core::commit::GapReason;
use iota_core::entry::{Metadata, Timestamp};
use iota_core::path::TreePath;

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

struct Node {
    path: TreePath,
    /// Of a file.
    number: Option<u64>,
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
fn mixed(number: u64) -> u64 {
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
struct File {
    segments: Vec<Segment>,
    seed: u64,
    mtime: Timestamp,
}

impl File {
    fn new(number: u64, changed: bool) -> Self {
        let seed = mixed(number) ^ u64::from(changed);
        let segments = if seed % 100 / 10 == 3 {
            let parts = 1 + seed / 100 % 3;
            let hole = (64 << 10) + seed / 1000 % (1 << 20);
            (0..parts).flat_map(|_| [Segment::Data(600), Segment::Hole(hole)]).collect()
        } else {
            vec![Segment::Data(200 + seed / 100 % 1600)]
        };
        let seconds = 1_300_000_000 + (seed / 7 % 500_000_000) as i64 + i64::from(changed) * 86_400;
        let mtime = Timestamp { seconds, nanoseconds: (seed % 1_000_000_000) as u32 };
        Self { segments, seed, mtime }
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

impl Scan<'_> {
    fn file(&self, number: u64) -> File {
        let changes_in = mixed(number ^ 0x5555) % ONE_CHANGED_IN;
        let changed = (1..=self.day_part.into()).contains(&changes_in);
        File::new(number, changed)
    }

    fn last(&self) -> &Node {
        &self.tree.nodes[self.next - 1]
    }

    fn mtime(&self) -> Timestamp {
        let folder = Timestamp { seconds: 1_700_000_000, nanoseconds: 7 };
        self.last().number.map_or(folder, |number| self.file(number).mtime)
    }

    fn stamp(&self) -> Stamp {
        let size = self.last().number.map_or(0, |number| self.file(number).bytes());
        let mtime = self.mtime();
        Stamp { size, mtime, ctime: mtime, inode: self.next as u64, links: 1, mount: false }
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
        let mode = if self.last().number.is_some() { 0o644 } else { 0o755 };
        let name: Box<[u8]> = b"ada"[..].into();
        let (uid, gid, user, group) = (1000, 1000, name.clone(), name);
        Ok(Metadata { mode, uid, gid, user, group, mtime: self.mtime(), ..Metadata::default() }.into())
    }

    fn open(&mut self, found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        let Some(number) = self.last().number else { return Ok(None) };
        let File { segments, seed, .. } = self.file(number);
        Ok(Some(Box::new(Open { segments: segments.into(), seed, rest: Vec::new(), stamp: found.stamp })))
    }
}

struct Open {
    segments: VecDeque<Segment>,
    seed: u64,
    rest: Vec<u8>,
    stamp: Stamp,
}

impl OpenFile for Open {
    fn segment(&mut self) -> io::Result<Option<Segment>> {
        let segment = self.segments.pop_front();
        if let Some(Segment::Data(bytes)) = segment {
            self.rest = vec![0; bytes as usize];
            self.seed = self.seed.wrapping_add(1);
            noise(self.seed, &mut self.rest);
        }
        Ok(segment)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.rest.len());
        for (to, from) in buffer.iter_mut().zip(self.rest.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }

    fn stamp(&mut self) -> io::Result<Stamp> {
        Ok(self.stamp)
    }
}
