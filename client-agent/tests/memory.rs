//! A run never holds the whole tree: its memory does not grow with the number of files.
//!
//! `IOTABACKUP_FILES` sets how many files there are (200,000).

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::{
        self, Machine, Options,
        source::{Described, Event, Found, FoundKind, OpenFile, Segment, Source},
    },
    monitor::Silent,
    remote::{Remote, RemoteError},
    state::Stamp,
};
use iota_core::{
    api::{
        frames::{CommitFrame, decode_objects},
        json::{CommitAnswer, HeadInfo, UploadAnswer, UploadInfo},
    },
    commit::GapReason,
    entry::{Metadata, Timestamp},
    id::UploadId,
    path::TreePath,
    refs::Reference,
};
use std::{
    collections::HashSet,
    io,
    sync::{Mutex, atomic::Ordering},
};
use support::{ACCOUNT, DEVICE, Rig, SET};

const FILES_PER_DIRECTORY: u64 = 500;
const MAX_RSS_BYTES: u64 = 150 << 20;

/// Makes a tree up as it is walked: directories, and then small files in them, all different.
struct Endless {
    files: u64,
    next: u64,
}

impl Source for Endless {
    fn next(&mut self) -> io::Result<Option<Event>> {
        let directories = self.files.div_ceil(FILES_PER_DIRECTORY);
        let number = self.next;
        if number == directories + self.files {
            return Ok(None);
        }
        self.next += 1;
        let (path, kind, size) = match number.checked_sub(directories) {
            None => (format!("d{number:08}"), FoundKind::Dir, 0),
            Some(file) => {
                let directory = file / FILES_PER_DIRECTORY;
                let path = format!("d{directory:08}/a file with a name of usual length {file:010}");
                (path, FoundKind::File { link: None }, 40)
            }
        };
        let time = Timestamp { seconds: 1_000_000, nanoseconds: 5 };
        let stamp = Stamp { size, mtime: time, ctime: time, inode: number + 1, links: 1, mount: false };
        Ok(Some(Event::Found(Found { path: TreePath::parse(path.as_bytes()).unwrap(), kind, stamp })))
    }

    fn metadata(&mut self, found: &Found) -> Result<Described, GapReason> {
        Ok(Metadata { mode: 0o644, user: (*b"ada").into(), mtime: found.stamp.mtime, ..Metadata::default() }.into())
    }

    fn open(&mut self, found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        let mut content = found.path.name().to_vec();
        content.truncate(found.stamp.size as usize);
        content.reverse();
        Ok(Some(Box::new(Content { rest: content, begun: false, stamp: found.stamp })))
    }
}

struct Content {
    rest: Vec<u8>,
    begun: bool,
    stamp: Stamp,
}

impl OpenFile for Content {
    fn segment(&mut self) -> io::Result<Option<Segment>> {
        Ok((!std::mem::replace(&mut self.begun, true)).then_some(Segment::Data(self.rest.len() as u64)))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.rest.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }

    fn stamp(&mut self) -> io::Result<Stamp> {
        Ok(self.stamp)
    }
}

/// Remembers ids only, so that what is measured is the agent.
#[derive(Default)]
struct Forgetful {
    known: Mutex<HashSet<Reference>>,
    commits: Mutex<Vec<CommitFrame>>,
}

impl Remote for Forgetful {
    fn head(&self) -> Result<Option<HeadInfo>, RemoteError> {
        let commits = self.commits.lock().unwrap();
        Ok(commits.last().map(|frame| HeadInfo {
            seq: frame.header.header.seq,
            hash: frame.header.header.hash(),
            received_ms: frame.header.header.device_time_ms,
            header: iota_core::api::json::Bytes(frame.header.encode()),
            skip_chain: vec![],
        }))
    }

    fn begin_upload(&self) -> Result<UploadInfo, RemoteError> {
        Ok(UploadInfo { upload: UploadId([1; 16]), lease_s: 1, life_s: 1, damaged: vec![] })
    }

    fn renew_upload(&self, upload: UploadId) -> Result<UploadInfo, RemoteError> {
        Ok(UploadInfo { upload, lease_s: 1, life_s: 1, damaged: vec![] })
    }

    fn end_upload(&self, _: UploadId) -> Result<(), RemoteError> {
        Ok(())
    }

    fn have(&self, _: UploadId, references: &[Reference]) -> Result<Vec<bool>, RemoteError> {
        let known = self.known.lock().unwrap();
        Ok(references.iter().map(|reference| known.contains(reference)).collect())
    }

    fn put_objects(&self, _: UploadId, frames: bytes::Bytes) -> Result<UploadAnswer, RemoteError> {
        let frames = decode_objects(&frames, iota_core::api::MAX_UPLOAD_OBJECTS).unwrap();
        self.known.lock().unwrap().extend(frames.iter().map(|frame| frame.reference));
        Ok(UploadAnswer { stored: frames.len() as u32, known: 0 })
    }

    fn put_references(&self, _: UploadId, _: u32, _: Vec<u8>) -> Result<(), RemoteError> {
        Ok(())
    }

    fn commit(&self, _: UploadId, frame: Vec<u8>) -> Result<CommitAnswer, RemoteError> {
        let frame = CommitFrame::decode(&frame).unwrap();
        let received_ms = frame.header.header.device_time_ms;
        self.commits.lock().unwrap().push(frame);
        Ok(CommitAnswer { received_ms, seen: vec![] })
    }
}

fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() << 10
}

/// A tree of one file, which is nothing but holes beside each other: much to list and nothing to read.
struct Holes {
    left: u64,
    told: bool,
}

const HOLE_BYTES: u64 = 1 << 20;

impl Source for Holes {
    fn next(&mut self) -> io::Result<Option<Event>> {
        let path = TreePath::parse(b"huge").unwrap();
        let found = Found { path, kind: FoundKind::File { link: None }, stamp: Self::listed() };
        Ok((!std::mem::replace(&mut self.told, true)).then_some(Event::Found(found)))
    }

    fn metadata(&mut self, _: &Found) -> Result<Described, GapReason> {
        Ok(Metadata::default().into())
    }

    fn open(&mut self, _: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        Ok(Some(Box::new(Self { ..*self })))
    }
}

impl Holes {
    fn listed() -> Stamp {
        let time = Timestamp { seconds: 1_000_000, nanoseconds: 5 };
        Stamp { size: HUGE_EXTENTS * HOLE_BYTES, mtime: time, ctime: time, inode: 1, links: 1, mount: false }
    }
}

impl OpenFile for Holes {
    fn segment(&mut self) -> io::Result<Option<Segment>> {
        let more = self.left > 0;
        self.left -= u64::from(more);
        Ok(more.then_some(Segment::Hole(HOLE_BYTES)))
    }

    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }

    fn stamp(&mut self) -> io::Result<Stamp> {
        Ok(Self::listed())
    }
}

const HUGE_EXTENTS: u64 = 3_000_000;

#[test]
fn memory_does_not_grow_with_the_extents_of_a_file() {
    let rig = Rig::new();
    let open = || Ok(Holes { left: HUGE_EXTENTS, told: false });
    let report = rig.run(open, Options::default()).unwrap();
    assert_eq!((report.files, report.state_bytes, report.gap_count), (1, HUGE_EXTENTS * HOLE_BYTES, 0));
    let peak = peak_rss_bytes();
    println!("{HUGE_EXTENTS} extents, {} MB at most", peak >> 20);
    assert!(peak < MAX_RSS_BYTES, "{} MB for {HUGE_EXTENTS} extents", peak >> 20);
}

#[test]
fn memory_does_not_grow_with_the_tree() {
    let files = std::env::var("IOTABACKUP_FILES").map_or(200_000, |count| count.parse().unwrap());
    let rig = Rig::new();
    let server = Forgetful::default();
    let machine = Machine {
        account: ACCOUNT,
        set: SET,
        device: DEVICE,
        signing: &rig.signing,
        domains: &rig.domains,
        config_dir: rig.config.path(),
        state_dir: rig.state.path(),
    };
    let run = |full| {
        let options = Options { full, ..Options::default() };
        backup::run(&machine, &server, || Ok(Endless { files, next: 0 }), options, &rig.clock, &Silent).unwrap()
    };
    let first = run(false);
    assert_eq!((first.files, first.dirs), (files, files.div_ceil(FILES_PER_DIRECTORY)));
    let unchanged = run(false);
    assert_eq!((unchanged.read_bytes, unchanged.sent_bytes), (0, 0));
    rig.clock.0.fetch_add(24 * 60 * 60 * 1000, Ordering::SeqCst);
    assert_eq!(run(true).seq, 3);
    let peak = peak_rss_bytes();
    println!("{files} files, {} MB at most", peak >> 20);
    assert!(peak < MAX_RSS_BYTES, "{} MB for {files} files", peak >> 20);
}
