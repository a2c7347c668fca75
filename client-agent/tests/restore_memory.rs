//! A restore's memory grows neither with the number of files nor with their size.
//!
//! `IOTABACKUP_FILES` sets how many small files there are (20,000), `IOTABACKUP_MB` how large the one large file is (200).

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::{
        self, Machine, Options,
        source::{Described, Event, Found, FoundKind, OpenFile, Segment, Source},
    },
    history::{History, Moment},
    monitor::Silent,
    owner::Owner,
    remote::{Archive, ObjectSource, Remote, RemoteError},
    restore::{self, restore},
    state::Stamp,
    verify::verify,
    witness::Witness,
};
use iota_core::{
    api::{
        frames::{CommitFrame, Segment as Commits},
        json::{CommitAnswer, HeadInfo, SetInfo, SnapshotInfo, UploadAnswer, UploadInfo},
        retention::Retention,
    },
    commit::{GapReason, SignedHeader},
    entry::{Metadata, Timestamp},
    id::{SetId, UploadId},
    path::TreePath,
    refs::Reference,
};
use iota_crypto::keys::MasterKey;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};
use support::{
    ACCOUNT, DEVICE, Rig, SET,
    archive::MemoryArchive,
    server::{MemoryServer, Stored},
};

const FILES_PER_DIRECTORY: u64 = 100;
const MAX_RSS_KB: u64 = 150 << 10;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// Directories of small files, and one large file; all made up as it is read.
struct Endless {
    files: u64,
    next: u64,
    large_bytes: u64,
}

impl Endless {
    fn directories(&self) -> u64 {
        self.files.div_ceil(FILES_PER_DIRECTORY)
    }
}

impl Source for Endless {
    fn next(&mut self) -> io::Result<Option<Event>> {
        let (at, directories) = (self.next, self.directories());
        self.next += 1;
        let (path, kind, size) = if at < directories {
            (format!("d{at:06}"), FoundKind::Dir, 0)
        } else if at == directories {
            ("large".to_owned(), FoundKind::File { link: None }, self.large_bytes)
        } else if at <= directories + self.files {
            let file = at - directories - 1;
            (
                format!("d{:06}/f{file:09}", file / FILES_PER_DIRECTORY),
                FoundKind::File { link: None },
                500 + file * 7 % 20_000,
            )
        } else {
            return Ok(None);
        };
        let time = Timestamp { seconds: 1_000_000, nanoseconds: 1 };
        let stamp = Stamp { size, mtime: time, ctime: time, inode: at + 1, links: 1, mount: false };
        Ok(Some(Event::Found(Found { path: TreePath::parse(path.as_bytes()).unwrap(), kind, stamp })))
    }

    fn metadata(&mut self, found: &Found) -> Result<Described, GapReason> {
        Ok(Metadata { mode: 0o755, mtime: found.stamp.mtime, ..Metadata::default() }.into())
    }

    fn open(&mut self, found: &Found) -> Result<Option<Box<dyn OpenFile + '_>>, GapReason> {
        let stream = blake3::Hasher::new().update(found.path.as_bytes()).finalize_xof();
        Ok(Some(Box::new(Noise { stream, begun: false, left: found.stamp.size, stamp: found.stamp })))
    }
}

struct Noise {
    stream: blake3::OutputReader,
    begun: bool,
    left: u64,
    stamp: Stamp,
}

impl OpenFile for Noise {
    fn segment(&mut self) -> io::Result<Option<Segment>> {
        let first = !std::mem::replace(&mut self.begun, true);
        Ok(first.then_some(Segment::Data(self.left)))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.left as usize);
        self.stream.fill(&mut buffer[..count]);
        self.left -= count as u64;
        Ok(count)
    }

    fn stamp(&mut self) -> io::Result<Stamp> {
        Ok(self.stamp)
    }
}

/// The server in memory, with its objects on disk.
struct OnDisk {
    server: Arc<MemoryServer>,
    directory: PathBuf,
}

impl OnDisk {
    fn spill(&self, from: usize) {
        let mut inner = self.server.inner.lock().unwrap();
        let inner = &mut *inner;
        for cid in &inner.sent[from..] {
            let object = std::mem::take(inner.objects.get_mut(cid).unwrap());
            if !object.is_empty() {
                fs::write(self.directory.join(cid.to_string()), object).unwrap();
            }
        }
    }
}

impl Remote for OnDisk {
    fn head(&self) -> Result<Option<HeadInfo>, RemoteError> {
        self.server.head()
    }

    fn begin_upload(&self) -> Result<UploadInfo, RemoteError> {
        self.server.begin_upload()
    }

    fn renew_upload(&self, upload: UploadId) -> Result<UploadInfo, RemoteError> {
        self.server.renew_upload(upload)
    }

    fn end_upload(&self, upload: UploadId) -> Result<(), RemoteError> {
        self.server.end_upload(upload)
    }

    fn have(&self, upload: UploadId, references: &[Reference]) -> Result<Vec<bool>, RemoteError> {
        self.server.have(upload, references)
    }

    fn put_objects(&self, upload: UploadId, frames: bytes::Bytes) -> Result<UploadAnswer, RemoteError> {
        let before = self.server.sent_count();
        let answer = self.server.put_objects(upload, frames);
        self.spill(before);
        answer
    }

    fn put_references(&self, upload: UploadId, part: u32, references: Vec<u8>) -> Result<(), RemoteError> {
        self.server.put_references(upload, part, references)
    }

    fn commit(&self, upload: UploadId, frame: Vec<u8>) -> Result<CommitAnswer, RemoteError> {
        self.server.commit(upload, frame)
    }
}

struct DiskArchive {
    archive: MemoryArchive,
    directory: PathBuf,
}

impl Archive for DiskArchive {
    fn sets(&self) -> Result<Vec<SetInfo>, RemoteError> {
        self.archive.sets()
    }

    fn snapshots(&self, set: SetId, before: Option<u64>, limit: usize) -> Result<Vec<SnapshotInfo>, RemoteError> {
        self.archive.snapshots(set, before, limit)
    }

    fn retention(&self) -> Result<Retention, RemoteError> {
        self.archive.retention()
    }

    fn freed(&self, set: SetId, gone: &[u64]) -> Result<u64, RemoteError> {
        self.archive.freed(set, gone)
    }

    fn segment(&self, set: SetId, at: u64) -> Result<Commits, RemoteError> {
        self.archive.segment(set, at)
    }

    fn path(&self, set: SetId, from: u64, to: u64) -> Result<Vec<SignedHeader>, RemoteError> {
        self.archive.path(set, from, to)
    }
}

impl ObjectSource for DiskArchive {
    /// One answer of all objects, in one piece of memory, as over HTTP.
    fn read_objects(&self, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError> {
        let read = |one: &Reference| fs::read(self.directory.join(one.cid.to_string())).unwrap();
        let objects: Vec<Vec<u8>> = references.iter().map(read).collect();
        let answer = bytes::Bytes::from(objects.concat());
        let mut start = 0;
        let slice = |object: &Vec<u8>| {
            start += object.len();
            Some(answer.slice(start - object.len()..start))
        };
        Ok(objects.iter().map(slice).collect())
    }
}

fn memory_kb(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Runs something and returns the most memory that the process had meanwhile.
fn peak_kb(what: &str, run: impl FnOnce()) -> u64 {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (begun, before) = (Instant::now(), memory_kb("VmRSS:"));
    run();
    let peak = memory_kb("VmHWM:");
    eprintln!("{what}: {:.2} s, {} MB, from {} MB", begun.elapsed().as_secs_f64(), peak / 1024, before / 1024);
    peak
}

fn back_up(rig: &Rig, remote: &OnDisk, files: u64, large_bytes: u64) {
    let machine = Machine {
        account: ACCOUNT,
        set: SET,
        device: DEVICE,
        signing: &rig.signing,
        domains: &rig.domains,
        config_dir: rig.config.path(),
        state_dir: rig.state.path(),
    };
    let open = || Ok(Endless { files, next: 0, large_bytes });
    backup::run(&machine, remote, open, Options::default(), &rig.clock, &Silent).unwrap();
}

const READER: &str = "IOTA_TEST_READS_FROM";

/// The backup is made by one process and read by another: what the first holds does not count.
#[test]
fn many_files_and_a_large_one_come_back_in_little_memory() {
    let (files, large_bytes) = (number("IOTABACKUP_FILES", 20_000), number("IOTABACKUP_MB", 200) << 20);
    let rig = Rig::new();
    if let Some(base) = std::env::var_os(READER) {
        let frame = CommitFrame::decode(&fs::read(Path::new(&base).join("commit")).unwrap()).unwrap();
        rig.server.inner.lock().unwrap().commits.push(Stored { frame, received_ms: 17, live: Default::default() });
        return read_back(&rig, Path::new(&base), files, large_bytes);
    }
    let base = tempfile::tempdir().unwrap();
    let directory = base.path().join("objects");
    fs::create_dir(&directory).unwrap();
    back_up(&rig, &OnDisk { server: Arc::clone(&rig.server), directory }, files, large_bytes);
    fs::write(base.path().join("commit"), rig.server.inner.lock().unwrap().commits[0].frame.encode()).unwrap();
    let mut reader = std::process::Command::new(std::env::current_exe().unwrap());
    reader.args(["--exact", "many_files_and_a_large_one_come_back_in_little_memory", "--nocapture"]);
    assert!(reader.env(READER, base.path()).status().unwrap().success());
}

fn read_back(rig: &Rig, base: &Path, files: u64, large_bytes: u64) {
    let archive = rig.archive();
    let archive = DiskArchive { archive, directory: base.join("objects") };
    let owner = Owner::new(ACCOUNT, MasterKey::from_bytes([9; 32]), Box::new(archive));
    let mut witness = Witness::load(base, ACCOUNT).unwrap();
    let history = History::open(&owner, &owner.archive.sets().unwrap()[0], &mut witness).unwrap();
    let point = history.at(Moment::Latest).unwrap();
    let target = base.join("target");
    let run = || restore(&point, &[], &target, restore::Options::default(), &Silent).unwrap();
    let restored = peak_kb("restore", || {
        let report = run();
        assert_eq!((report.files, report.loss_count), (files + 1, 0), "{:?}", report.losses);
    });
    let resumed = peak_kb("restore again", || assert_eq!(run().kept, files + 1));
    let verified = peak_kb("verify", || assert_eq!(verify(&point, true, &Silent).unwrap().problem_count, 0));
    assert_eq!(fs::metadata(target.join("large")).unwrap().len(), large_bytes);
    for (what, peak) in [("restore", restored), ("restore again", resumed), ("verify", verified)] {
        assert!(peak < MAX_RSS_KB, "{what}: {peak} KB");
    }
}
