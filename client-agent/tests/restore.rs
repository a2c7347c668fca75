//! Restoring from a server in memory onto a real file system: what comes back is what was there.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup,
    history::{Fault, Moment, ReadError},
    restore::{LossReason, Options, restore},
    witness::Witness,
};
use iota_core::history::HistoryError;
use std::{fs, os::unix::ffi::OsStrExt, path::Path};
use support::{
    ACCOUNT, Rig,
    compare::{Tree, differences, look},
    corpus::{self, Random},
    open_history,
};

fn tree_path(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes()[1..].to_vec()
}

fn below(target: &Path, root: &Path) -> std::path::PathBuf {
    target.join(root.strip_prefix("/").unwrap())
}

fn everything() -> Options {
    Options { devices: true, trust: true, keep_damaged: false }
}

#[test]
fn a_nasty_tree_comes_back_at_every_point_after_random_changes() {
    let rig = Rig::new();
    let source = tempfile::tempdir().unwrap();
    let root = source.path();
    let mut random = Random(42);
    corpus::build(root, 2000, &mut random);
    let mut points: Vec<(u64, Tree)> = Vec::new();
    for round in 0..8 {
        if round > 0 {
            corpus::change(root, &mut random);
        }
        if round == 5 {
            rig.clock.advance_ms(24 * 60 * 60 * 1000);
        }
        let report = rig.backup_roots(&[root]).unwrap();
        assert_eq!(report.gap_count, 0, "{:?}", report.gaps);
        points.push((report.seq, look(root)));
    }
    for (seq, was) in points {
        let target = tempfile::tempdir().unwrap();
        let report = rig.restore_to(seq, &[], target.path(), everything());
        assert_eq!(report.loss_count, 0, "{:?}", report.losses);
        let lines = differences(&was, &look(&below(target.path(), root)));
        assert!(lines.is_empty(), "commit {seq}: {} differences: {:#?}", lines.len(), &lines[..lines.len().min(5)]);
    }
}

/// A tree that anybody can back up and restore.
fn plain(root: &Path) {
    for dir in ["a/b", "a/c", "d"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    let mut random = Random(7);
    for number in 0..300 {
        fs::write(root.join(format!("a/b/f{number}")), random.text(200 + number * 17)).unwrap();
    }
    fs::write(root.join("a/big"), random.bytes(2_000_000)).unwrap();
    fs::write(root.join("d/last"), random.text(70_000)).unwrap();
    std::os::unix::fs::symlink("../d/last", root.join("a/c/link")).unwrap();
}

#[test]
fn a_second_restore_finds_everything_there_and_changes_nothing() {
    let rig = Rig::new();
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    plain(source.path());
    rig.backup_roots(&[source.path()]).unwrap();
    let first = rig.restore_to(1, &[], target.path(), Options::default());
    assert_eq!((first.files, first.kept, first.loss_count), (302, 0, 0));
    let restored = below(target.path(), source.path());
    fs::remove_file(restored.join("a/b/f7")).unwrap();
    fs::write(restored.join("a/b/f8"), "somebody else's").unwrap();
    let big = fs::File::options().write(true).open(restored.join("a/big")).unwrap();
    let times =
        fs::FileTimes::new().set_modified(fs::metadata(source.path().join("a/big")).unwrap().modified().unwrap());
    std::os::unix::fs::FileExt::write_all_at(&big, b"x", 1_000_000).unwrap();
    big.set_times(times).unwrap();
    let second = rig.restore_to(1, &[], target.path(), Options::default());
    assert_eq!((second.files, second.kept, second.loss_count), (1, 299, 2), "{:?}", second.losses);
    assert!(second.losses.iter().all(|loss| loss.reason == LossReason::Exists));
    assert_eq!(fs::read(restored.join("a/b/f8")).unwrap(), b"somebody else's");
    let lines = differences(&look(source.path()), &look(&restored));
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn parts_are_restored_at_their_full_path_with_the_directories_above() {
    let rig = Rig::new();
    let source = tempfile::tempdir().unwrap();
    plain(source.path());
    rig.backup_roots(&[source.path()]).unwrap();
    let target = tempfile::tempdir().unwrap();
    let (dir, file) = (tree_path(&source.path().join("a/c")), tree_path(&source.path().join("a/b/f3")));
    let report = rig.restore_to(1, &[&file, &dir, &file], target.path(), Options::default());
    assert_eq!((report.files, report.others, report.loss_count), (1, 1, 0));
    let (was, is) = (look(source.path()), look(&below(target.path(), source.path())));
    let paths: Vec<_> = is.keys().map(|path| path.escape_ascii().to_string()).collect();
    assert_eq!(paths, ["a", "a/b", "a/b/f3", "a/c", "a/c/link"]);
    assert!(is.iter().all(|(path, node)| was[path] == *node), "{:?}", differences(&was, &is));
    let owner = rig.owner();
    let point = open_history(&owner).at(Moment::Latest).unwrap();
    let nowhere = iota_core::path::TreePath::parse(b"no/where").unwrap();
    let error = restore(&point, &[nowhere], target.path(), Options::default(), &iota_agent::monitor::Silent);
    assert!(error.unwrap_err().to_string().contains("iota ls"));
}

#[test]
fn links_whose_first_path_is_not_selected_are_linked_to_each_other() {
    let rig = Rig::new();
    let source = tempfile::tempdir().unwrap();
    let root = source.path();
    fs::create_dir_all(root.join("z")).unwrap();
    fs::write(root.join("a"), "content").unwrap();
    for link in ["z/b", "z/c"] {
        fs::hard_link(root.join("a"), root.join(link)).unwrap();
    }
    rig.backup_roots(&[root]).unwrap();
    let target = tempfile::tempdir().unwrap();
    let report = rig.restore_to(1, &[&tree_path(&root.join("z"))], target.path(), Options::default());
    assert_eq!((report.files, report.loss_count), (2, 0), "{:?}", report.losses);
    let is = look(&below(target.path(), root));
    assert_eq!(is[&b"z/c"[..]].same_as.as_deref(), Some(&b"z/b"[..]));
    let again = rig.restore_to(1, &[&tree_path(&root.join("z"))], target.path(), Options::default());
    assert_eq!((again.files, again.kept, again.loss_count), (0, 2, 0), "{:?}", again.losses);
}

#[test]
fn names_of_a_file_that_changed_between_them_are_not_linked() {
    let rig = Rig::new();
    let mut tree = support::crafted::Crafted::default();
    tree.file("a", "before");
    for (path, content) in [("a", "before"), ("b", "before"), ("c", "after!"), ("d", "after!")] {
        tree.hard_link(path, "a", content.as_bytes());
    }
    rig.run(|| Ok(tree.walk()), Default::default()).unwrap();
    let target = tempfile::tempdir().unwrap();
    let report = rig.restore_to(1, &[], target.path(), Options::default());
    assert_eq!((report.files, report.loss_count), (4, 0), "{:?}", report.losses);
    let is = look(target.path());
    let linked = |name: &str| is[name.as_bytes()].same_as.as_deref().map(<[u8]>::to_vec);
    assert_eq!([linked("b"), linked("c"), linked("d")], [b"a", b"c", b"c"].map(|first| Some(first.to_vec())));
    for (name, content) in [("a", "before"), ("b", "before"), ("c", "after!"), ("d", "after!")] {
        assert_eq!(fs::read_to_string(target.path().join(name)).unwrap(), content);
    }
}

#[test]
fn the_latest_point_is_that_of_a_scan_that_has_finished() {
    let rig = Rig::new();
    let mut tree = support::tree::MemoryTree::default();
    for number in 0..40 {
        tree.file(&format!("file {number}"), vec![number; 100]);
    }
    let at_every_path = backup::Options { commit_every: std::time::Duration::ZERO, ..Default::default() };
    let stop_soon = || {
        rig.server.fail_in.store(40, std::sync::atomic::Ordering::SeqCst);
        rig.backup_with(&tree, at_every_path).unwrap_err();
        rig.server.fail_in.store(-1, std::sync::atomic::Ordering::SeqCst);
        rig.server.head_seq()
    };
    let latest = || {
        let owner = rig.owner();
        open_history(&owner).at(Moment::Latest).unwrap().header().seq
    };
    // Before there is any, what there is.
    let first = stop_soon();
    assert!(first > 1);
    assert_eq!(latest(), first);
    let whole = rig.backup(&tree).unwrap().seq;
    assert_eq!(latest(), whole);
    // A machine without its cache begins anew.
    iota_agent::state::State::discard(rig.state.path()).unwrap();
    let head = stop_soon();
    assert!(head > whole);
    assert_eq!(latest(), whole);
}

#[test]
fn each_lost_object_costs_what_it_holds_and_is_named() {
    let rig = Rig::new();
    let source = tempfile::tempdir().unwrap();
    plain(source.path());
    rig.backup_roots(&[source.path()]).unwrap();
    let was = look(source.path());
    let all: Vec<_> = rig.server.inner.lock().unwrap().objects.clone().into_iter().collect();
    assert!(all.len() > 15);
    for (number, (cid, object)) in all.into_iter().enumerate() {
        let fault = if number % 2 == 0 { Fault::Missing } else { Fault::Damaged };
        {
            let mut inner = rig.server.inner.lock().unwrap();
            inner.objects.remove(&cid);
            if fault == Fault::Damaged {
                let mut damaged = object.clone();
                damaged[number * 37 % object.len()] ^= 1 << (number % 8);
                inner.objects.insert(cid, damaged);
            }
        }
        let target = tempfile::tempdir().unwrap();
        let report = rig.restore_to(1, &[], target.path(), Options::default());
        assert!(report.loss_count > 0);
        let named =
            |reason: &LossReason| matches!(reason, LossReason::Object(lost) if lost.cid == cid && lost.fault == fault);
        assert!(report.losses.iter().all(|loss| named(&loss.reason)), "{:?}", report.losses);
        let restored = below(target.path(), source.path());
        let is = if restored.exists() { look(&restored) } else { Tree::new() };
        // What is there is right, but for the metadata of a directory whose page is lost.
        assert!(is.iter().all(|(path, node)| node.content == was[path].content));
        assert!(was.len() - is.len() <= report.loss_count as usize, "{} {} {}", was.len(), is.len(), report.loss_count);
        rig.server.inner.lock().unwrap().objects.insert(cid, object);
    }
}

#[test]
fn a_damaged_file_is_written_with_zeros_when_asked() {
    let rig = Rig::new();
    let source = tempfile::tempdir().unwrap();
    let content = Random(3).bytes(2_000_000);
    fs::write(source.path().join("big"), &content).unwrap();
    rig.backup_roots(&[source.path()]).unwrap();
    {
        let mut inner = rig.server.inner.lock().unwrap();
        let largest = *inner.objects.iter().max_by_key(|(_, object)| object.len()).unwrap().0;
        inner.objects.remove(&largest);
    }
    let target = tempfile::tempdir().unwrap();
    let options = Options { keep_damaged: true, ..Options::default() };
    let report = rig.restore_to(1, &[], target.path(), options);
    assert_eq!((report.files, report.loss_count), (1, 1), "{:?}", report.losses);
    let restored = fs::read(below(target.path(), source.path()).join("big")).unwrap();
    assert_eq!(restored.len(), content.len());
    let wrong = restored.iter().zip(&content).filter(|(is, was)| is != was && **is != 0).count();
    assert_eq!(wrong, 0);
    assert_ne!(restored, content);
}

#[test]
fn points_are_numbers_and_times_and_the_list_is_proved() {
    let rig = Rig::new();
    let source = tempfile::tempdir().unwrap();
    for number in 0..5 {
        fs::write(source.path().join("file"), format!("version {number}")).unwrap();
        rig.backup_roots(&[source.path()]).unwrap();
        rig.clock.advance_ms(3_600_000);
    }
    let owner = rig.owner();
    let history = open_history(&owner);
    let list = history.snapshots().unwrap();
    assert_eq!(list.iter().map(|snapshot| snapshot.header.seq).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
    for snapshot in &list {
        let point = history.at(Moment::Until(snapshot.received_ms)).unwrap();
        assert_eq!(point.header().seq, snapshot.header.seq);
        assert_eq!(point.totals().files, 1);
    }
    let seq = |moment| history.at(moment).map(|point| point.header().seq);
    assert_eq!(seq(Moment::Latest).unwrap(), 5);
    assert!(matches!(seq(Moment::Seq(6)), Err(ReadError::NoPoint(_))));
    assert!(matches!(seq(Moment::Until(1000)), Err(ReadError::NoPoint(_))));
    // A server that tells another time of receipt is not believed where the next commit has it signed.
    rig.server.inner.lock().unwrap().commits[2].received_ms = 5;
    assert_eq!(history.snapshots().unwrap(), list);
    // One that leaves a commit out, or shows another, is found out.
    rig.server.inner.lock().unwrap().commits.remove(2);
    assert!(matches!(history.snapshots(), Err(ReadError::History(_))));
}

#[test]
fn an_older_state_than_was_seen_raises_the_alarm() {
    let rig = Rig::new();
    let source = tempfile::tempdir().unwrap();
    let memory = tempfile::tempdir().unwrap();
    let open = |rig: &Rig| {
        let owner = rig.owner();
        let mut witness = Witness::load(memory.path(), ACCOUNT).unwrap();
        let info = owner.archive.sets().unwrap().remove(0);
        let opened =
            iota_agent::history::History::open(&owner, &info, &mut witness).map(|history| history.head().header.seq);
        witness.save().unwrap();
        opened
    };
    assert!(matches!(open(&rig), Err(ReadError::NoCommit)));
    for number in 0..4 {
        fs::write(source.path().join("file"), format!("version {number}")).unwrap();
        rig.backup_roots(&[source.path()]).unwrap();
        assert_eq!(open(&rig).unwrap(), number + 1);
    }
    let hidden = rig.server.inner.lock().unwrap().commits.pop().unwrap();
    assert!(matches!(open(&rig), Err(ReadError::History(HistoryError::Rollback(4)))));
    rig.server.inner.lock().unwrap().commits.push(hidden);
    assert_eq!(open(&rig).unwrap(), 4);
    rig.server.inner.lock().unwrap().commits.clear();
    assert!(matches!(open(&rig), Err(ReadError::History(HistoryError::Rollback(4)))));
}
