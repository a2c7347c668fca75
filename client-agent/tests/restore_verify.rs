//! Verifying: whatever is lost is found, and nothing else is said to be.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::source::FoundKind,
    history::{Fault, Moment, ReadError},
    monitor::Silent,
    owner::Owner,
    verify::{Problem, Report, verify},
};
use iota_core::id::Cid;
use iota_crypto::keys::MasterKey;
use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};
use support::{
    ACCOUNT, Rig,
    archive::{Failing, Then},
    corpus::Random,
    crafted::Crafted,
    open_history,
};

fn verified(rig: &Rig, data: bool) -> Report {
    let owner = rig.owner();
    let point = open_history(&owner).at(Moment::Latest).unwrap();
    verify(&point, data, &Silent).unwrap()
}

/// Bundles, shared chunks, extent pages, several pages of entries, and changes since the base.
fn backed_up() -> Rig {
    let rig = Rig::new();
    let mut random = Random(11);
    let mut tree = Crafted::default();
    tree.dir("d");
    for number in 0..900 {
        let bytes = random.roll(900) as usize;
        tree.file(format!("d/f{number}"), random.text(bytes));
    }
    let big = random.bytes(4_000_000);
    tree.file("big", &big);
    tree.file("copy", &big);
    tree.link("link", "big");
    rig.run(|| Ok(tree.walk()), Default::default()).unwrap();
    tree.file("d/f7", random.bytes(200_000));
    tree.0.remove(&iota_core::path::TreePath::parse(b"d/f8").unwrap());
    rig.run(|| Ok(tree.walk()), Default::default()).unwrap();
    rig
}

#[test]
fn what_is_whole_is_found_whole() {
    let rig = backed_up();
    for data in [false, true] {
        let report = verified(&rig, data);
        assert_eq!(report.problems, []);
        assert_eq!((report.totals.files, report.totals.dirs, report.totals.others), (901, 1, 1));
        assert_eq!(report.objects, rig.server.inner.lock().unwrap().commits[1].frame.header.header.live_count);
        assert_eq!(report.read_bytes > 4_000_000, data);
        // Equal content is read once.
        assert!(report.read_bytes < 6_000_000, "{}", report.read_bytes);
    }
}

#[test]
fn each_lost_object_is_named_with_what_it_held() {
    let rig = backed_up();
    let live: Vec<Cid> =
        rig.server.inner.lock().unwrap().commits[1].live.iter().map(|reference| reference.cid).collect();
    let (mut pages, mut contents, mut shared) = (0, 0, 0);
    for (number, cid) in live.into_iter().enumerate() {
        let object = rig.server.inner.lock().unwrap().objects.remove(&cid).unwrap();
        let fault = if number % 2 == 0 { Fault::Missing } else { Fault::Damaged };
        if fault == Fault::Damaged {
            let mut damaged = object.clone();
            damaged[number * 31 % object.len()] ^= 4;
            rig.server.inner.lock().unwrap().objects.insert(cid, damaged);
        }
        let report = verified(&rig, true);
        let mut named = BTreeSet::new();
        for problem in &report.problems {
            match problem {
                Problem::Content { object, paths, files } => {
                    assert!(*files as usize >= paths.len());
                    assert!(!paths.is_empty());
                    shared += usize::from(*files > 1);
                    contents += 1;
                    named.insert((object.cid, object.fault));
                }
                Problem::Page { object, entries, .. } => {
                    assert!(*entries > 0);
                    pages += 1;
                    named.insert((object.cid, object.fault));
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(named, BTreeSet::from([(cid, fault)]));
        let without_data = verified(&rig, false);
        let is_page = report.problems.iter().any(|problem| matches!(problem, Problem::Page { .. }));
        assert!(!is_page || without_data.problem_count > 0, "pages are read without data, too");
        rig.server.inner.lock().unwrap().objects.insert(cid, object);
    }
    assert!(pages >= 3 && contents >= 15 && shared >= 3, "{pages} {contents} {shared}");
    assert_eq!(verified(&rig, true).problem_count, 0);
}

/// Verifies content with a server that answers `after` reads of objects; says how many are left.
fn verified_by(rig: &Rig, after: usize, then: Then) -> (Result<Report, ReadError>, usize) {
    let inner = rig.archive();
    let after = Arc::new(after.into());
    let failing = Failing { inner, after: Arc::clone(&after), then };
    let owner = Owner::new(ACCOUNT, MasterKey::from_bytes(*rig.master.expose()), Box::new(failing));
    let point = open_history(&owner).at(Moment::Latest).unwrap();
    let report = verify(&point, true, &Silent);
    (report, after.load(Ordering::SeqCst))
}

#[test]
fn what_was_lost_counts_whatever_happens_to_the_server_then() {
    let rig = backed_up();
    {
        let mut inner = rig.server.inner.lock().unwrap();
        let largest = *inner.objects.iter().max_by_key(|(_, object)| object.len()).unwrap().0;
        inner.objects.remove(&largest);
    }
    const MANY: usize = 1 << 20;
    let (report, left) = verified_by(&rig, MANY, Then::Falls);
    assert_eq!(report.unwrap().problem_count, 1);
    let reads = MANY - left;
    assert!(reads > 10, "{reads}");
    for after in 0..reads {
        let (report, _) = verified_by(&rig, after, Then::Falls);
        assert!(matches!(report, Err(ReadError::Remote(_))), "after {after} of {reads}: {report:?}");
        let (report, _) = verified_by(&rig, after, Then::Forgets);
        assert!(report.unwrap().problem_count > 0, "after {after} of {reads}");
    }
}

#[test]
fn paths_without_a_directory_are_told() {
    let rig = Rig::new();
    let mut tree = Crafted::default();
    tree.put("pipe", FoundKind::Fifo);
    tree.file("pipe/below", "x");
    tree.file("none/below", "x");
    tree.dir("good");
    tree.file("good/file", "x");
    rig.run(|| Ok(tree.walk()), Default::default()).unwrap();
    let report = verified(&rig, false);
    let parent = |path: &[u8]| Problem::Parent(path.into());
    assert_eq!(report.problems, [parent(b"none/below"), parent(b"pipe/below")]);
}
