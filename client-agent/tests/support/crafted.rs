//! A backup of whatever a test makes up: states that no real file system would give.

use iota_agent::{
    backup::source::{Described, Event, Found, FoundKind, OpenFile, Segment, Source},
    state::Stamp,
};
use iota_core::{
    commit::GapReason,
    entry::{Metadata, Timestamp},
    path::TreePath,
};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    os::unix::fs::MetadataExt,
};

/// One made-up path.
#[derive(Clone)]
pub struct Made {
    pub kind: FoundKind,
    pub metadata: Metadata,
    pub content: Vec<u8>,
    /// Zeros behind the content that take no space.
    pub hole: u64,
}

/// A made-up tree, in key order.
#[derive(Clone, Default)]
pub struct Crafted(pub BTreeMap<TreePath, Made>);

impl Crafted {
    pub fn put(&mut self, path: impl AsRef<[u8]>, kind: FoundKind) -> &mut Made {
        let path = TreePath::parse(path.as_ref()).unwrap();
        let mode = if kind == FoundKind::Dir { 0o755 } else { 0o644 };
        let mtime = Timestamp { seconds: 1_600_000_000, nanoseconds: 7 };
        // Of whoever runs the test, so that everybody can give it back.
        let own = std::fs::metadata("/proc/self").unwrap();
        let metadata = Metadata { mode, mtime, uid: own.uid(), gid: own.gid(), ..Metadata::default() };
        self.0.insert(path.clone(), Made { kind, metadata, content: vec![], hole: 0 });
        self.0.get_mut(&path).unwrap()
    }

    pub fn dir(&mut self, path: impl AsRef<[u8]>) -> &mut Made {
        self.put(path, FoundKind::Dir)
    }

    pub fn file(&mut self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> &mut Made {
        let made = self.put(path, FoundKind::File { link: None });
        made.content = content.as_ref().to_vec();
        made
    }

    pub fn link(&mut self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> &mut Made {
        self.put(path, FoundKind::Symlink { target: target.as_ref().into() })
    }

    pub fn hard_link(&mut self, path: impl AsRef<[u8]>, leader: impl AsRef<[u8]>, content: &[u8]) -> &mut Made {
        let made = self.put(path, FoundKind::File { link: Some(TreePath::parse(leader.as_ref()).unwrap()) });
        made.content = content.to_vec();
        made
    }

    pub fn walk(&self) -> Walk<'_> {
        Walk { tree: self, paths: self.0.keys().cloned().collect(), number: 0 }
    }
}

pub struct Walk<'a> {
    tree: &'a Crafted,
    paths: VecDeque<TreePath>,
    number: u64,
}

impl Source for Walk<'_> {
    fn next(&mut self) -> io::Result<Option<Event>> {
        let Some(path) = self.paths.pop_front() else { return Ok(None) };
        self.number += 1;
        let made = &self.tree.0[&path];
        let stamp = Stamp {
            size: made.content.len() as u64 + made.hole,
            mtime: made.metadata.mtime,
            ctime: made.metadata.mtime,
            inode: self.number,
            links: 1,
            mount: false,
        };
        Ok(Some(Event::Found(Found { path, kind: made.kind.clone(), stamp })))
    }

    fn metadata(&mut self, found: &Found) -> Result<Described, GapReason> {
        Ok(self.tree.0[&found.path].metadata.clone().into())
    }

    fn open(&mut self, found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        let made = &self.tree.0[&found.path];
        let data = (!made.content.is_empty()).then_some(Segment::Data(made.content.len() as u64));
        let hole = (made.hole > 0).then_some(Segment::Hole(made.hole));
        Ok(Some(Box::new(Open {
            segments: data.into_iter().chain(hole).collect(),
            rest: &made.content,
            stamp: found.stamp,
        })))
    }
}

struct Open<'a> {
    segments: VecDeque<Segment>,
    rest: &'a [u8],
    stamp: Stamp,
}

impl OpenFile for Open<'_> {
    fn segment(&mut self) -> io::Result<Option<Segment>> {
        Ok(self.segments.pop_front())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.rest.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }

    fn stamp(&mut self) -> io::Result<Stamp> {
        Ok(self.stamp)
    }
}
