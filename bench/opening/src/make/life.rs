//! What becomes of a tree: in each commit some files of one folder change, come and go. And a reference work, one folder of files that
//! can be taken out.

use std::collections::{HashMap, HashSet};
use std::io;
use std::rc::Rc;

use anyhow::Result;
use iota_agent::backup::source::{Described, Event, Found, FoundKind, KeyRange, OpenFile, Source};
use iota_agent::state::Stamp;
use iota_bench_opening::fixture::Sought;
use iota_core::commit::GapReason;
use iota_core::path::TreePath;

use super::machine::DELTAS;
use super::noise;
use super::pieces::source_text;
use super::tree::{File, Open, Tree, described, folder_stamp, mixed, new_name};

/// Folders that are worked in at a time.
const AT_WORK: u32 = 10;
/// Commits after which work goes on elsewhere.
const AT_WORK_COMMITS: u32 = 100;
/// Files that change in a commit.
const CHANGED: usize = 3;
/// In one of so many commits a file goes as well.
const ONE_GOES_IN: u32 = 3;
/// Numbers and inodes of new files begin here.
const FIRST_NEW: u64 = 50_000_000;
/// Nothing is called so.
const NOWHERE: &str = "zeppelin";

/// See the module.
pub struct Life<'t> {
    /// What it began with.
    pub tree: &'t Tree,
    /// The reference work.
    pub reference: Reference,
    /// By number, the folders that were worked in.
    folders: HashMap<usize, Folder>,
    files: u64,
    new: u64,
    gone: Vec<TreePath>,
}

/// What a commit does.
pub struct Edited {
    /// The folder.
    pub folder: TreePath,
    /// Entries in it then.
    pub entries: u32,
    /// Paths that were added, changed or removed.
    pub changes: u32,
    /// Files everywhere then.
    pub files: u64,
}

struct Folder {
    path: TreePath,
    files: Vec<Kept>,
    /// By path, the versions that there were when work began here, and then at each later mark.
    marks: Vec<HashMap<TreePath, u64>>,
}

struct Kept {
    path: TreePath,
    number: u64,
    version: u64,
    inode: u64,
}

impl<'t> Life<'t> {
    /// A tree after its first day, and a reference work of `bytes` that is still to come.
    ///
    /// # Errors
    /// When the sources of the workspace cannot be read.
    pub fn new(tree: &'t Tree, bytes: usize) -> Result<Self> {
        let files = tree.nodes().iter().filter(|node| node.number.is_some()).count() as u64;
        let reference = Reference::new(bytes)?;
        Ok(Self { tree, reference, folders: HashMap::new(), files, new: 0, gone: Vec::new() })
    }

    /// The reference work appears.
    ///
    /// # Errors
    /// None, as long as the names of this module are names.
    pub fn reference_work(&mut self) -> Result<(Edited, Part)> {
        let Reference { folder, lengths, text } = &self.reference;
        let mut items = vec![Item { path: folder.clone(), content: Content::Folder, inode: FIRST_NEW }];
        for (number, &length) in lengths.iter().enumerate() {
            let path = folder.join(Reference::name(number).as_bytes())?;
            let content = Content::Reference { text: Rc::clone(text), number, length };
            items.push(Item { path, content, inode: FIRST_NEW + 1 + number as u64 });
        }
        let itself = folder.key().as_bytes().to_vec();
        let behind = [&itself[..], &[0]].concat();
        let ranges = vec![KeyRange { start: itself, end: Some(behind) }, KeyRange::below(folder)];
        items[1..].sort_by_cached_key(|item| item.path.key());
        let entries = lengths.len() as u32;
        self.files += u64::from(entries);
        let edited = Edited { folder: folder.clone(), entries, changes: entries + 1, files: self.files };
        Ok((edited, Part { ranges, items, next: 0 }))
    }

    /// Some files of a folder change, one comes, and now and then one goes.
    ///
    /// # Errors
    /// When the tree has no folder.
    pub fn edit(&mut self, day: u64, commit: u32) -> Result<(Edited, Part)> {
        let place = u64::from(commit % AT_WORK + AT_WORK * (commit / AT_WORK_COMMITS));
        let number = mixed(day << 32 | place) as usize % self.tree.folders().len();
        let tree = self.tree;
        let folder = self.folders.entry(number).or_insert_with(|| Folder::of(tree, number));
        let random = mixed(self.new ^ 0xaaaa) as usize;
        let mut changes = 0;
        let count = folder.files.len();
        for nth in 0..CHANGED.min(count) {
            let change = &mut folder.files[(random + nth * count / CHANGED) % count];
            change.version += 1;
            changes += 1;
        }
        if commit.is_multiple_of(ONE_GOES_IN) && count > 2 * CHANGED {
            // Just behind one that has changed, which is none of the others.
            self.gone.push(folder.files.remove((random + 1) % count).path);
            self.files -= 1;
            changes += 1;
        }
        let name = new_name(number, FIRST_NEW + self.new);
        let path = folder.path.join(name.as_bytes())?;
        let inode = 2 * FIRST_NEW + self.new;
        folder.files.push(Kept { path, number: FIRST_NEW + self.new, version: 0, inode });
        folder.files.sort_by_cached_key(|kept| kept.path.key());
        self.new += 1;
        self.files += 1;
        let entries = folder.files.len() as u32;
        let edited = Edited { folder: folder.path.clone(), entries, changes: changes + 1, files: self.files };
        let items = folder.files.iter().map(|kept| Item {
            path: kept.path.clone(),
            content: Content::Made { number: kept.number, version: kept.version },
            inode: kept.inode,
        });
        Ok((edited, Part { ranges: vec![KeyRange::below(&folder.path)], items: items.collect(), next: 0 }))
    }

    /// Marks a moment, from which on changes can be counted; the first is the end of the first day.
    pub fn mark(&mut self) {
        self.folders.values_mut().for_each(Folder::mark);
    }

    /// Paths that are not what they were at a mark, counted from 0, but for the reference work.
    pub fn changes_since(&self, mark: usize) -> u32 {
        let none = HashMap::new();
        let of_folder = |folder: &Folder| {
            let now: HashMap<_, _> = folder.files.iter().map(|kept| (&kept.path, kept.version)).collect();
            // Where work began after the mark, it was then as it was at first.
            let before = folder.marks.get(mark).or(folder.marks.last()).unwrap_or(&none);
            let gone = before.keys().filter(|path| !now.contains_key(path)).count();
            gone + now.iter().filter(|(path, version)| before.get(**path) != Some(version)).count()
        };
        self.folders.values().map(of_folder).sum::<usize>() as u32
    }

    /// Every path that there ever was, and whether it is gone.
    pub fn names(&self) -> impl Iterator<Item = (String, bool)> {
        let text = |path: &TreePath| String::from_utf8_lossy(path.as_bytes()).into_owned();
        let gone: HashSet<&TreePath> = self.gone.iter().collect();
        let first = self.tree.nodes().iter().map(|node| &node.path).filter(move |path| !gone.contains(path));
        let is_new = |kept: &&Kept| kept.number >= FIRST_NEW;
        let new = self.folders.values().flat_map(|folder| &folder.files).filter(is_new).map(|kept| &kept.path);
        let there = first.chain(new).chain([&self.reference.folder]).map(move |path| (text(path), false));
        let below = (0..self.reference.files() as usize)
            .map(move |number| (format!("{}/{}", text(&self.reference.folder), Reference::name(number)), false));
        there.chain(below).chain(self.gone.iter().map(move |path| (text(path), true)))
    }

    /// What is looked for, and how much of it there is.
    pub fn searches(&self) -> Vec<Sought> {
        type Finds = fn(&str, &str) -> bool;
        fn name(path: &str) -> &str {
            path.rsplit('/').next().unwrap_or_default()
        }
        let all: Vec<(String, bool)> = self.names().collect();
        let rare = all.iter().rev().find(|(path, gone)| *gone && path.contains("/Documents/"));
        let rare = rare.map_or(NOWHERE, |(path, _)| name(path));
        let searches: [(&str, &str, Finds); 6] = [
            ("for one name", rare, |path, text| name(path) == text),
            ("for a common word", "report", |path, text| name(path).contains(text)),
            ("for a kind of file, `*.flac`", "*.flac", |path, _| path.ends_with(".flac")),
            ("by a pattern, `IMG_2010*.jpg`", "IMG_2010*.jpg", |path, _| {
                name(path).starts_with("IMG_2010") && name(path).ends_with(".jpg")
            }),
            ("in whole paths, `music/1997`", "music/1997", |path, _| path.contains("/Music/1997")),
            ("for what there is not", NOWHERE, |_, _| false),
        ];
        searches
            .into_iter()
            .map(|(what, text, finds)| {
                let count = |gone| all.iter().filter(|(path, is_gone)| *is_gone == gone && finds(path, text)).count();
                Sought { what: what.into(), text: text.into(), there: count(false) as u32, gone: count(true) as u32 }
            })
            .collect()
    }
}

impl Folder {
    fn of(tree: &Tree, number: usize) -> Self {
        let path = tree.folders()[number].clone();
        let places = tree.files_in(&path);
        let inodes = places.start as u64 + 1..;
        let files: Vec<Kept> = tree.nodes()[places]
            .iter()
            .zip(inodes)
            .filter_map(|(node, inode)| {
                let number = node.number?;
                Some(Kept { path: node.path.clone(), number, version: File::version(number, DELTAS), inode })
            })
            .collect();
        let mut folder = Self { path, files, marks: Vec::new() };
        folder.mark();
        folder
    }

    fn mark(&mut self) {
        self.marks.push(self.files.iter().map(|kept| (kept.path.clone(), kept.version)).collect());
    }
}

/// A folder of files that have content: half of the bytes is source text (this project's own), half is noise.
pub struct Reference {
    /// Where.
    pub folder: TreePath,
    lengths: Vec<usize>,
    text: Rc<[u8]>,
}

impl Reference {
    /// The mean length of its files.
    const FILE_BYTES: usize = 200_000;

    fn new(bytes: usize) -> Result<Self> {
        // From a few kilobytes up, two by two of the same length.
        let length = |pair: usize| 4_000 + mixed(pair as u64) as usize % (2 * Self::FILE_BYTES);
        let (mut lengths, mut sum) = (Vec::new(), 0);
        while sum < bytes {
            let length = length(lengths.len() / 2);
            lengths.extend([length; 2]);
            sum += 2 * length;
        }
        Ok(Self { folder: TreePath::parse(b"home/ada/Reference")?, lengths, text: source_text()?.into() })
    }

    fn name(number: usize) -> String {
        if number.is_multiple_of(2) { format!("chapter {number:04}.txt") } else { format!("figure {number:04}.raw") }
    }

    /// How many files there are.
    pub fn files(&self) -> u32 {
        self.lengths.len() as u32
    }

    /// Their bytes.
    pub fn bytes(&self) -> u64 {
        self.lengths.iter().map(|&length| length as u64).sum()
    }
}

/// Text whose lines stand elsewhere in each file, so that no two files share a piece; or noise.
fn content(text: &[u8], number: usize, length: usize) -> Vec<u8> {
    const LINES_BYTES: usize = 1500;
    let mut content = Vec::with_capacity(length + LINES_BYTES);
    if number % 2 == 1 {
        content.resize(length, 0);
        noise(1 << 40 | number as u64, &mut content);
    }
    let mut random = mixed(number as u64);
    while content.len() < length {
        random = mixed(random);
        let start = random as usize % (text.len() - LINES_BYTES);
        content.extend_from_slice(&text[start..start + LINES_BYTES]);
    }
    content.truncate(length);
    content
}

/// A walk over a part of the tree.
#[derive(Clone)]
pub struct Part {
    ranges: Vec<KeyRange>,
    items: Vec<Item>,
    next: usize,
}

#[derive(Clone)]
struct Item {
    path: TreePath,
    content: Content,
    inode: u64,
}

#[derive(Clone)]
enum Content {
    Folder,
    Made { number: u64, version: u64 },
    Reference { text: Rc<[u8]>, number: usize, length: usize },
}

impl Item {
    fn stamp(&self) -> Stamp {
        match self.content {
            Content::Folder => folder_stamp(self.inode),
            Content::Made { number, version } => File::new(number, version).stamp(self.inode),
            Content::Reference { length, .. } => Stamp { size: length as u64, ..folder_stamp(self.inode) },
        }
    }

    fn is_file(&self) -> bool {
        !matches!(self.content, Content::Folder)
    }
}

impl Source for Part {
    fn ranges(&self) -> Vec<KeyRange> {
        self.ranges.clone()
    }

    fn next(&mut self) -> io::Result<Option<Event>> {
        let Some(item) = self.items.get(self.next) else { return Ok(None) };
        self.next += 1;
        let kind = if item.is_file() { FoundKind::File { link: None } } else { FoundKind::Dir };
        Ok(Some(Event::Found(Found { path: item.path.clone(), kind, stamp: item.stamp() })))
    }

    fn metadata(&mut self, found: &Found) -> Result<Described, GapReason> {
        Ok(described(found.kind != FoundKind::Dir, found.stamp.mtime))
    }

    fn open(&mut self, found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        let item = &self.items[self.next - 1];
        Ok(match &item.content {
            Content::Folder => None,
            Content::Made { number, version } => Some(Box::new(File::new(*number, *version).open(found.stamp))),
            Content::Reference { text, number, length } => {
                Some(Box::new(Open::whole(content(text, *number, *length), found.stamp)))
            }
        })
    }
}
