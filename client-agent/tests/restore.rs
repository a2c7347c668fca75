//! Restoring from a server in memory onto a real file system: what comes back is what was there.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup,
    history::{Fault, Moment, ReadError},
    monitor::Monitor,
    platform::{own_user, set_attribute_of},
    restore::{LossReason, Options, RestoreError, restore},
    witness::Witness,
};
use iota_core::{commit::Flags, history::HistoryError};
use std::{
    fs,
    os::{
        fd::AsFd,
        unix::{
            ffi::OsStrExt,
            fs::{MetadataExt, PermissionsExt, chown, lchown},
        },
    },
    path::Path,
    sync::atomic::Ordering,
    time::Duration,
};
use support::{
    ACCOUNT, Rig, as_nobody,
    compare::{Tree, differences, look},
    corpus::{self, Random},
    open_history,
    tree::MemoryTree,
};

fn tree_path(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes()[1..].to_vec()
}

fn below(target: &Path, root: &Path) -> std::path::PathBuf {
    target.join(root.strip_prefix("/").unwrap())
}

fn everything() -> Options {
    Options { devices: true, trust: true, keep_damaged: false, ..Default::default() }
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
        rig.clock.advance_ms(8 * 3_600_000);
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
    let totals = history.totals(&list).unwrap();
    assert_eq!(totals.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(history.totals(&list[..1]).unwrap().len() < 5, "there are several segments");
    assert!(totals.iter().all(|(&seq, totals)| history.at(Moment::Seq(seq)).unwrap().totals() == *totals));
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
fn owners_that_only_root_can_give_back_are_no_loss_of_others() {
    let rig = Rig::new();
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    plain(source.path());
    if own_user() == 0 {
        for path in ["a", "a/b/f0", "d/last"] {
            chown(source.path().join(path), Some(1234), Some(4321)).unwrap();
        }
        lchown(source.path().join("a/c/link"), Some(1234), None).unwrap();
    }
    rig.backup_roots(&[source.path()]).unwrap();
    let restored = below(target.path(), source.path());
    let (first, again) = as_nobody(target.path(), || {
        let restore = || rig.restore_to(1, &[], target.path(), Options::default());
        (restore(), restore())
    });
    // The directories that lead to the source are root's in any case.
    assert!(first.owners_left > 0);
    assert_eq!((first.files, first.loss_count, first.losses), (302, 0, vec![]));
    assert_eq!((again.kept, again.loss_count, again.owners_left), (302, 0, first.owners_left));
    let (mut was, mut is) = (look(source.path()), look(&restored));
    was.values_mut().chain(is.values_mut()).for_each(|node| (node.uid, node.gid) = (0, 0));
    assert_eq!(differences(&was, &is), Vec::<String>::new());
    if own_user() == 0 {
        assert_eq!(first.owners_left, was.len() as u64 + 2, "everything, and the two directories above");
        let as_root = rig.restore_to(1, &[], tempfile::tempdir().unwrap().path(), Options::default());
        assert_eq!((as_root.owners_left, as_root.loss_count), (0, 0));
    }
}

#[test]
fn what_is_there_keeps_its_metadata_if_it_is_a_file_and_is_told() {
    let rig = Rig::new();
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    plain(source.path());
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let note = |path: &Path, value: &[u8]| {
        set_attribute_of(fs::File::open(path).unwrap().as_fd(), b"user.note", value).unwrap();
    };
    note(&source.path().join("a/b/f1"), b"mine");
    mode(&source.path().join("a/b/f3"), 0o4755);
    rig.backup_roots(&[source.path()]).unwrap();
    let withheld = |report: &iota_agent::restore::Report| {
        report.losses.iter().filter(|loss| matches!(loss.reason, LossReason::Withheld(_))).count()
    };
    let first = rig.restore_to(1, &[], target.path(), Options::default());
    assert_eq!((first.loss_count, withheld(&first)), (1, 1));
    let restored = below(target.path(), source.path());
    let modes = |path: &str| fs::metadata(restored.join(path)).unwrap().mode() & 0o7777;
    mode(&restored.join("a/b/f0"), 0o611);
    mode(&restored.join("a/b"), 0o711);
    note(&restored.join("a/b/f1"), b"theirs");
    let again = rig.restore_to(1, &[], target.path(), Options::default());
    assert_eq!((again.files, again.kept, again.loss_count, withheld(&again)), (0, 302, 3, 1), "{:?}", again.losses);
    let mut told: Vec<_> =
        again.losses.iter().map(|loss| (loss.path.ends_with(b"f1"), loss.reason.to_string())).collect();
    told.retain(|(_, reason)| reason.contains("could not be set"));
    told.sort();
    assert!(told[0].1.contains("the mode") && told[1].1.contains("user.note") && told[1].0, "{told:?}");
    // The file is as it was found; the directory is as it was backed up, as one of a restore that was cut off has to be.
    assert_eq!(modes("a/b/f0"), 0o611);
    assert_eq!(modes("a/b"), fs::metadata(source.path().join("a/b")).unwrap().mode() & 0o7777);
    assert_eq!(look(&restored)[&b"a/b"[..]].mtime, look(source.path())[&b"a/b"[..]].mtime);
    mode(&restored.join("a/b/f3"), 0o4755);
    assert_eq!(withheld(&rig.restore_to(1, &[], target.path(), Options::default())), 0, "it has what it had");
}

/// Fails when a file is done, as a fault of the program would.
struct Faulty;

impl Monitor for Faulty {
    fn file(&self, path: &iota_core::path::TreePath, _bytes: u64) {
        assert!(!path.as_bytes().ends_with(b"/a"), "injected");
    }
}

#[test]
fn a_fault_in_a_worker_ends_the_restore_and_does_not_hang_it() {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let rig = Rig::new();
        let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(source.path().join("a"), "content").unwrap();
        // Links wait for the first file, which is never done.
        fs::hard_link(source.path().join("a"), source.path().join("b")).unwrap();
        rig.backup_roots(&[source.path()]).unwrap();
        let owner = rig.owner();
        let point = open_history(&owner).at(Moment::Latest).unwrap();
        tell.send(restore(&point, &[], target.path(), Options::default(), &Faulty)).unwrap();
    });
    let ended = told.recv_timeout(Duration::from_secs(60)).expect("it hangs, or the fault spread");
    assert!(matches!(ended, Err(RestoreError::Stopped)), "{ended:?}");
}

#[test]
fn the_latest_is_the_newest_that_is_not_partial() {
    let rig = Rig::new();
    let mut tree = MemoryTree::default();
    (0..20).for_each(|number| tree.file(&format!("f{number:02}"), Random(number).bytes(100_000)));
    // Commits after each path, until the server is cut off.
    let hurried = backup::Options { commit_every: Duration::ZERO, ..Default::default() };
    let cut_off = |after: i64| {
        rig.server.fail_in.store(after, Ordering::SeqCst);
        assert!(rig.backup_with(&tree, hurried).is_err());
        rig.server.fail_in.store(-1, Ordering::SeqCst);
        rig.server.head_seq()
    };
    let found = |moment| {
        let owner = rig.owner();
        let point = open_history(&owner).at(moment).unwrap();
        (point.header().seq, point.header().flags.contains(Flags::PARTIAL))
    };
    let partial = cut_off(40);
    assert!((2..20).contains(&partial), "{partial}");
    assert_eq!(found(Moment::Latest), (partial, true), "there is no other");
    rig.clock.advance_ms(1000);
    let complete = rig.backup(&tree).unwrap().seq;
    assert_eq!(found(Moment::Latest), (complete, false));
    // A machine that lost its cache begins as if nothing had been backed up.
    iota_agent::state::State::discard(rig.state.path()).unwrap();
    let head = cut_off(40);
    assert!(head > complete + 1, "{head}");
    assert_eq!(found(Moment::Seq(head)), (head, true));
    assert_eq!(found(Moment::Latest), (complete, false));
    assert_eq!(found(Moment::Until(u64::MAX)), (complete, false));
    let early = rig.server.inner.lock().unwrap().commits[0].received_ms;
    assert!(found(Moment::Until(early)).1, "nothing was complete by then");
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
