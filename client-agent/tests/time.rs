//! Time, read from a server in memory: what the log says of every path, and what lies between any two snapshots, is what was so.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::Options,
    backup::source::FoundKind,
    history::{Contents, Findings, Moment, Place, ReadError, Versions, WalkError},
    owner::Owner,
    remote::{Archive, ObjectSource, RemoteError},
    state::State,
};
use iota_core::{
    api::{frames::Segment, json::SetInfo, json::SnapshotInfo, retention::Retention},
    commit::{CommitKind, SignedHeader},
    difference::{Aspect, Difference},
    entry::{Entry, Timestamp},
    id::SetId,
    page::decode_index,
    path::TreePath,
    refs::Reference,
    rules::Search,
};
use std::{collections::BTreeMap, sync::atomic::Ordering};
use support::{
    ACCOUNT, Rig,
    archive::MemoryArchive,
    corpus::Random,
    crafted::{Crafted, Made},
    open_history,
};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const COMMITS: u64 = 18;
/// Files that stay as they are, so that bases have several pages and share most of them.
const STILL: u64 = 1200;
const MOVING: u64 = 60;

/// A machine whose files changed for some days, and what they were at each commit.
struct Past {
    rig: Rig,
    was: Vec<Crafted>,
}

fn path_of(number: u64) -> Vec<u8> {
    let mut path = format!("d{}/s{:04}", number % 4, number * 17 % STILL).into_bytes();
    path.extend_from_slice(if number.is_multiple_of(5) { b"\xffm" } else { b"m" });
    path
}

fn change(tree: &mut Crafted, time: i64, random: &mut Random) {
    for action in 0..random.roll(9) {
        let path = path_of(random.roll(MOVING));
        let known = TreePath::parse(&path).unwrap();
        let mtime = Timestamp { seconds: 1_700_000_000 + time * 100 + action as i64, nanoseconds: 0 };
        match random.roll(8) {
            0 | 1 => drop(tree.0.remove(&known)),
            2 => tree.dir(&path).metadata.mtime = mtime,
            3 => tree.link(&path, format!("target {time}")).metadata.mtime = mtime,
            4 => {
                if let Some(made) = tree.0.get_mut(&known) {
                    made.metadata.mode ^= 0o022;
                    made.metadata.mtime = mtime;
                }
            }
            5 => {
                // Other bytes, and the time says nothing of it.
                if let Some(made) = tree.0.get_mut(&known)
                    && matches!(made.kind, FoundKind::File { .. })
                {
                    made.content.push(b'x');
                }
            }
            _ => {
                let length = if random.roll(6) == 0 { 90_000 } else { random.roll(300) };
                let content = random.bytes(length as usize);
                tree.file(&path, content).metadata.mtime = mtime;
            }
        }
    }
}

impl Past {
    fn new(seed: u64) -> Self {
        let (rig, mut tree, mut random) = (Rig::new(), Crafted::default(), Random(seed));
        for directory in 0..4 {
            tree.dir(format!("d{directory}"));
        }
        for number in 0..STILL {
            tree.file(format!("d{}/s{number:04}", number % 4), format!("still {number}"));
        }
        let mut was = Vec::new();
        for commit in 1..=COMMITS {
            change(&mut tree, commit as i64, &mut random);
            if commit.is_multiple_of(6) {
                rig.clock.advance_ms(DAY_MS);
            }
            if commit == COMMITS / 2 {
                // What is small and changed is stored once more, elsewhere.
                State::discard(rig.state.path()).unwrap();
            }
            rig.clock.advance_ms(60_000);
            let report = rig.run(|| Ok(tree.walk()), Options::default()).unwrap();
            assert_eq!((report.seq, report.gap_count), (commit, 0));
            was.push(tree.clone());
        }
        let inner = rig.server.inner.lock().unwrap();
        let is_base = |stored: &&support::server::Stored| stored.frame.header.header.kind == CommitKind::Base;
        assert!((4..COMMITS as usize / 2).contains(&inner.commits.iter().filter(is_base).count()));
        drop(inner);
        Self { rig, was }
    }

    fn at(&self, seq: u64) -> &Crafted {
        &self.was[seq as usize - 1]
    }

    fn paths(&self) -> Vec<TreePath> {
        (0..MOVING).map(|number| TreePath::parse(&path_of(number)).unwrap()).collect()
    }

    /// What lies between two trees.
    fn between(&self, before: &Crafted, after: &Crafted) -> BTreeMap<TreePath, Aspect> {
        let of = |path: TreePath| {
            let aspect = aspect(before.0.get(&path), after.0.get(&path))?;
            Some((path, aspect))
        };
        before.0.keys().chain(after.0.keys()).cloned().filter_map(of).collect()
    }
}

fn aspect(before: Option<&Made>, after: Option<&Made>) -> Option<Aspect> {
    let (before, after) = match (before, after) {
        (None, None) => return None,
        (Some(before), Some(after)) => (before, after),
        _ => return Some(Aspect::Existence),
    };
    if std::mem::discriminant(&before.kind) != std::mem::discriminant(&after.kind) {
        return Some(Aspect::Kind);
    }
    match (before.content == after.content && before.kind == after.kind, before.metadata == after.metadata) {
        (true, true) => None,
        (true, false) => Some(Aspect::Metadata),
        (false, _) if before.metadata.mtime == after.metadata.mtime => Some(Aspect::SilentContent),
        (false, _) => Some(Aspect::Content),
    }
}

/// A server that keeps some commits only as what others need.
struct Thinned {
    inner: MemoryArchive,
    is_kept: fn(u64) -> bool,
}

impl Archive for Thinned {
    fn sets(&self) -> Result<Vec<SetInfo>, RemoteError> {
        self.inner.sets()
    }

    fn snapshots(&self, set: SetId, before: Option<u64>, limit: usize) -> Result<Vec<SnapshotInfo>, RemoteError> {
        let mut before = before;
        loop {
            let mut listed = self.inner.snapshots(set, before, limit)?;
            let Some(last) = listed.last() else { return Ok(listed) };
            before = Some(last.seq);
            listed.retain(|info| (self.is_kept)(info.seq));
            if !listed.is_empty() {
                return Ok(listed);
            }
        }
    }

    fn retention(&self) -> Result<Retention, RemoteError> {
        self.inner.retention()
    }

    fn freed(&self, set: SetId, gone: &[u64]) -> Result<u64, RemoteError> {
        self.inner.freed(set, gone)
    }

    fn segment(&self, set: SetId, at: u64) -> Result<Segment, RemoteError> {
        self.inner.segment(set, at)
    }

    fn path(&self, set: SetId, from: u64, to: u64) -> Result<Vec<SignedHeader>, RemoteError> {
        self.inner.path(set, from, to)
    }
}

impl ObjectSource for Thinned {
    fn read_objects(&self, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError> {
        self.inner.read_objects(references)
    }
}

const KEEPINGS: [fn(u64) -> bool; 3] =
    [|_| true, |seq| seq == COMMITS || !seq.is_multiple_of(3), |seq| seq == COMMITS || seq.is_multiple_of(5)];

#[test]
fn the_log_tells_of_every_path_what_was_so() {
    let past = Past::new(3);
    for is_kept in KEEPINGS {
        let master = iota_crypto::keys::MasterKey::from_bytes([9; 32]);
        let owner = Owner::new(ACCOUNT, master, Box::new(Thinned { inner: past.rig.archive(), is_kept }));
        let history = open_history(&owner);
        let snapshots = history.snapshots().unwrap();
        let kept: Vec<u64> = snapshots.iter().rev().map(|snapshot| snapshot.header.seq).collect();
        assert_eq!(kept, (1..=COMMITS).filter(|&seq| is_kept(seq)).collect::<Vec<_>>());
        for path in past.paths() {
            let (mut expected, mut last) = (Vec::new(), None);
            for &seq in &kept {
                let made = past.at(seq).0.get(&path);
                expected.extend(aspect(last, made).map(|aspect| (seq, aspect, made.is_some())));
                last = made;
            }
            let versions = match history.versions(&snapshots, &path) {
                Ok(Versions { versions, losses }) => {
                    assert!(losses.is_empty());
                    versions
                }
                Err(ReadError::NeverThere(_)) => Vec::new(),
                Err(error) => panic!("{error}"),
            };
            let found: Vec<_> = versions
                .iter()
                .map(|version| {
                    let is_there = version.change.entries().1.is_some();
                    (version.snapshot.header.seq, version.change.aspect(), is_there)
                })
                .collect();
            assert_eq!(found, expected, "{path:?}");
        }
        find_what_was_there(&past, &owner, &kept);
    }
}

fn find_what_was_there(past: &Past, owner: &Owner, kept: &[u64]) {
    let history = open_history(owner);
    let snapshots = history.snapshots().unwrap();
    let search = Search::parse("*m").unwrap();
    let fits = |entry: &Entry| entry.size() != 0;
    let Findings { found, losses } = history.find(&snapshots, &search, fits).unwrap();
    assert!(losses.is_empty());
    let mut expected = BTreeMap::new();
    for path in past.paths() {
        let was = |seq: &u64| past.at(*seq).0.get(&path).is_some_and(|made| !made.content.is_empty());
        let runs = kept.chunk_by(|one, other| was(one) == was(other)).filter(|run| was(&run[0]));
        let runs: Vec<(u64, u64)> = runs.map(|run| (run[0], run[run.len() - 1])).collect();
        if !runs.is_empty() {
            expected.insert(path.clone(), (runs, was(kept.last().unwrap())));
        }
    }
    let seqs = |place: Place| place.seq;
    let found: Vec<_> = found
        .into_iter()
        .map(|found| {
            let runs = found.stretches.iter().map(|stretch| (seqs(stretch.first), seqs(stretch.last))).collect();
            (found.path, (runs, found.is_there))
        })
        .collect();
    assert_eq!(found, expected.into_iter().collect::<Vec<(_, (Vec<_>, _))>>());
}

#[test]
fn what_lies_between_any_two_snapshots_is_what_changed() {
    let past = Past::new(4);
    let owner = past.rig.owner();
    let history = open_history(&owner);
    let directory = TreePath::parse(b"d1").unwrap();
    for from in 1..=COMMITS {
        for to in [from, 1, (from + 1).min(COMMITS), COMMITS, from * 7 % COMMITS + 1] {
            let (before, after) = history.at_both(Moment::Seq(from), Moment::Seq(to)).unwrap();
            assert_eq!((before.header().seq, after.header().seq), (from, to));
            let mut contents = Contents::new(after.objects());
            let expected = past.between(past.at(from), past.at(to));
            for path in [None, Some(&directory)] {
                let expected = expected.iter().filter(|(known, _)| path.is_none_or(|path| known.starts_with(path)));
                let found = before.differences(&after, path).unwrap();
                let found = found.filter_map(|difference| contents.settle(difference.unwrap()).unwrap());
                let found: Vec<_> = found.map(|difference| (difference.path().clone(), difference.aspect())).collect();
                let expected: Vec<_> = expected.map(|(path, aspect)| (path.clone(), *aspect)).collect();
                assert_eq!(found, expected, "{from} to {to}, {path:?}");
            }
        }
    }
}

#[test]
fn what_did_not_change_is_not_read() {
    let past = Past::new(5);
    let archive = past.rig.archive();
    let reads = std::sync::Arc::clone(&archive.reads);
    let owner = Owner::new(ACCOUNT, iota_crypto::keys::MasterKey::from_bytes([9; 32]), Box::new(archive));
    let history = open_history(&owner);
    let count = || reads.swap(0, Ordering::SeqCst);
    let snapshots = history.snapshots().unwrap();
    let all = history.at(Moment::Seq(1)).unwrap().walk(None).count();
    let whole = count();
    assert!(all as u64 > STILL && whole >= 6, "{all} entries in {whole} objects");
    let path = TreePath::parse(b"d2/s0002").unwrap();
    assert_eq!(history.versions(&snapshots, &path).unwrap().versions.len(), 1);
    // Of each base at most its index and one page, and those of the base before.
    assert!(count() <= 20);
    let (before, after) = history.at_both(Moment::Seq(1), Moment::Seq(1)).unwrap();
    assert_eq!((before.differences(&after, None).unwrap().count(), count()), (0, 0));
}

#[test]
fn a_lost_page_costs_what_stood_in_it_and_is_told() {
    let past = Past::new(6);
    let owner = past.rig.owner();
    let history = open_history(&owner);
    let (before, after) = history.at_both(Moment::Seq(1), Moment::Seq(COMMITS)).unwrap();
    let expected = past.between(past.at(1), past.at(COMMITS));
    let pages: Vec<_> = before
        .top()
        .iter()
        .flat_map(|index| decode_index(&before.objects().read(&index.chunk).unwrap().unwrap()).unwrap())
        .collect();
    assert!(pages.len() >= 4);
    let mut told = 0;
    for page in &pages {
        let removed = past.rig.server.inner.lock().unwrap().objects.remove(&page.chunk.cid).unwrap();
        let (mut found, mut losses) = (0, 0);
        let mut contents = Contents::new(after.objects());
        for difference in before.differences(&after, None).unwrap() {
            match difference {
                Ok(difference) => {
                    let Some(difference) = contents.settle(difference).unwrap() else { continue };
                    assert_eq!(expected.get(difference.path()), Some(&difference.aspect()), "{difference:?}");
                    found += 1;
                }
                Err(WalkError::Lost(range)) => {
                    assert_eq!(range.object.cid, page.chunk.cid);
                    losses += 1;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        assert!(losses <= 1 && (losses == 1 || found == expected.len()), "{losses} losses, {found} found");
        told += losses;
        // Names and versions that stood there are told as lost, too, and the others are found.
        let snapshots = history.snapshots().unwrap();
        let findings = history.find(&snapshots, &Search::parse("s00").unwrap(), |_| true).unwrap();
        assert!(!findings.losses.is_empty() && !findings.found.is_empty());
        past.rig.server.inner.lock().unwrap().objects.insert(page.chunk.cid, removed);
    }
    assert!(told > 0);
}

#[test]
fn a_path_that_was_never_there_is_said() {
    let past = Past::new(7);
    let owner = past.rig.owner();
    let history = open_history(&owner);
    let path = TreePath::parse(b"d1/nothing\xff").unwrap();
    let error = history.versions(&history.snapshots().unwrap(), &path).unwrap_err();
    assert!(matches!(error, ReadError::NeverThere(_)) && error.to_string().contains("/d1/nothing\\xff"), "{error}");
    assert!(matches!(history.at_both(Moment::Seq(1), Moment::Seq(99)), Err(ReadError::NoPoint(_))));
    // One that was there at the beginning and never changed has one version.
    let versions = history.versions(&history.snapshots().unwrap(), &TreePath::parse(b"d1").unwrap()).unwrap().versions;
    assert_eq!(versions.len(), 1);
    assert!(matches!(&versions[0].change, Difference::Added(entry) if entry.path.as_bytes() == b"d1"));
}
