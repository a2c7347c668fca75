use iota_agent::{
    backup::source::{Described, Event, Found, FoundKind, OpenFile, Segment, Source},
    state::Stamp,
};
use iota_core::{
    commit::GapReason,
    entry::{Metadata, Timestamp},
    path::{Key, TreePath},
};
use std::{cell::RefCell, collections::BTreeMap, io};

/// What a path holds: `None` is a directory.
pub type Content = Option<Vec<u8>>;

/// A file system in memory, in key order.
#[derive(Clone, Default)]
pub struct MemoryTree {
    pub nodes: BTreeMap<Vec<u8>, Node>,
    inode: u64,
    /// Every file whose content was read.
    pub reads: RefCell<Vec<TreePath>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    pub content: Content,
    pub stamp: Stamp,
    pub unreadable: bool,
    /// Why its attributes cannot be read.
    pub lacks: Option<GapReason>,
    /// Changes under the reader's eyes this often.
    pub restless: usize,
}

pub fn path(text: &str) -> TreePath {
    TreePath::parse(text.as_bytes()).unwrap()
}

impl MemoryTree {
    pub fn put(&mut self, at: &str, content: Content) {
        self.inode += 1;
        let time = Timestamp { seconds: 1_000_000 + self.inode as i64, nanoseconds: 5 };
        let size = content.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let stamp = Stamp { size, mtime: time, ctime: time, inode: self.inode, links: 1, mount: false };
        let node = Node { content, stamp, unreadable: false, lacks: None, restless: 0 };
        self.nodes.insert(path(at).key().as_bytes().to_vec(), node);
    }

    pub fn dir(&mut self, at: &str) {
        self.put(at, None);
    }

    pub fn file(&mut self, at: &str, content: impl Into<Vec<u8>>) {
        self.put(at, Some(content.into()));
    }

    pub fn remove(&mut self, at: &str) {
        let path = path(at);
        let (start, end) = (Key::subtree_start(Some(&path)), Key::subtree_end(&path));
        self.nodes.retain(|key, _| key != path.key().as_bytes() && !(&start <= key && key < &end));
    }

    pub fn node(&mut self, at: &str) -> &mut Node {
        self.nodes.get_mut(path(at).key().as_bytes()).unwrap()
    }

    /// Paths and contents, which is what a restore must give back.
    pub fn contents(&self) -> BTreeMap<Vec<u8>, Content> {
        self.nodes.iter().map(|(key, node)| (key.clone(), node.content.clone())).collect()
    }

    pub fn walk(&self) -> Walk<'_> {
        Walk { tree: self, keys: self.nodes.keys().cloned().collect(), restless: 0 }
    }
}

pub struct Walk<'a> {
    tree: &'a MemoryTree,
    keys: std::collections::VecDeque<Vec<u8>>,
    restless: usize,
}

impl Source for Walk<'_> {
    fn next(&mut self) -> io::Result<Option<Event>> {
        self.restless = 0;
        let Some(key) = self.keys.pop_front() else { return Ok(None) };
        let node = &self.tree.nodes[&key];
        let kind = if node.content.is_some() { FoundKind::File { link: None } } else { FoundKind::Dir };
        Ok(Some(Event::Found(Found { path: Key::parse(&key).unwrap(), kind, stamp: node.stamp })))
    }

    fn metadata(&mut self, found: &Found) -> Result<Described, GapReason> {
        let lacks = self.tree.nodes[found.path.key().as_bytes()].lacks;
        let metadata = Metadata { mode: 0o644, mtime: found.stamp.mtime, ..Metadata::default() };
        if lacks == Some(GapReason::Vanished) { Err(GapReason::Vanished) } else { Ok(Described { metadata, lacks }) }
    }

    fn open(&mut self, found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        let node = &self.tree.nodes[found.path.key().as_bytes()];
        if node.unreadable {
            return Err(GapReason::Permission);
        }
        self.tree.reads.borrow_mut().push(found.path.clone());
        self.restless += 1;
        let moving = self.restless <= node.restless;
        Ok(Some(Box::new(Reading {
            rest: node.content.as_ref().unwrap(),
            begun: false,
            stamp: node.stamp,
            asked: 0,
            moving,
        })))
    }
}

struct Reading<'a> {
    rest: &'a [u8],
    begun: bool,
    stamp: Stamp,
    asked: u64,
    moving: bool,
}

impl OpenFile for Reading<'_> {
    fn segment(&mut self) -> io::Result<Option<Segment>> {
        let first = !std::mem::replace(&mut self.begun, true);
        Ok((first && !self.rest.is_empty()).then_some(Segment::Data(self.rest.len() as u64)))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.rest.len()).min(100_000);
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }

    fn stamp(&mut self) -> io::Result<Stamp> {
        self.asked += 1;
        let mut stamp = self.stamp;
        if self.moving {
            stamp.mtime.seconds += self.asked as i64;
        }
        Ok(stamp)
    }
}
