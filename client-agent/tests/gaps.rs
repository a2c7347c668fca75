//! What cannot be read, or is not there today: it stays as it was, is told each time, and no commit hides it.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::Options,
    platform::{open_given_directory, own_user, set_attribute_of},
    rules::{RuleFile, RuleRoot, Rules},
    scan::Scan,
};
use iota_core::{
    api::json::SeenHead,
    commit::{Flags, GapReason},
    id::{HeaderHash, SetId},
    path::TreePath,
};
use std::{fs, os::fd::AsFd, path::Path, process::Command, time::Duration};
use support::{Rig, tree::MemoryTree};

const AT_EVERY_PATH: Options = Options { full: false, commit_every: Duration::ZERO };

/// A file system in memory at a path, until it is dropped.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    /// `None` where this user may not mount.
    fn new(path: &'a Path) -> Option<Self> {
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(path).status();
        (own_user() == 0 && status.is_ok_and(|status| status.success())).then_some(Self(path))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg(self.0).status().unwrap().success());
    }
}

fn restored(rig: &Rig, path: &Path) -> Option<String> {
    let target = tempfile::tempdir().unwrap();
    let options =
        iota_agent::restore::Options { devices: true, trust: true, keep_damaged: false, ..Default::default() };
    let report = rig.restore_to(rig.server.head_seq(), &[], target.path(), options);
    assert_eq!(report.loss_count, 0, "{:?}", report.losses);
    fs::read_to_string(target.path().join(path.strip_prefix("/").unwrap())).ok()
}

#[test]
fn what_is_not_mounted_today_is_not_deleted() {
    let source = tempfile::tempdir().unwrap();
    let (disk, file) = (source.path().join("disk"), source.path().join("disk/folder/file"));
    fs::create_dir(&disk).unwrap();
    fs::write(source.path().join("other"), "other").unwrap();
    let rig = Rig::new();
    for roots in [[source.path()], [&disk]] {
        let roots = RuleFile { roots: roots.map(RuleRoot::new).into(), one_file_system: false, ..RuleFile::default() };
        let rules = Rules::compile(&roots).unwrap();
        let back_up = || rig.run(|| Scan::start(rules.clone(), &[]), Options::default()).unwrap();
        let Some(mounted) = Mount::new(&disk) else {
            eprintln!("nothing can be mounted here: this is not tested");
            return;
        };
        fs::create_dir(disk.join("folder")).unwrap();
        fs::write(&file, "kept").unwrap();
        assert_eq!(back_up().gap_count, 0);
        drop(mounted);
        for _ in 0..2 {
            let report = back_up();
            assert_eq!(report.gaps.len(), 1, "{:?}", report.gaps);
            assert_eq!(
                (&*report.gaps[0].path, report.gaps[0].reason),
                (tree_path(&disk).as_bytes(), GapReason::Unmounted)
            );
            assert_eq!(restored(&rig, &file).as_deref(), Some("kept"), "{:?}", roots.roots);
        }
        // Mounted again with something else, it is what it is.
        let mounted = Mount::new(&disk).unwrap();
        fs::write(disk.join("new"), "new").unwrap();
        assert_eq!(back_up().gap_count, 0);
        assert_eq!((restored(&rig, &file), restored(&rig, &disk.join("new")).as_deref()), (None, Some("new")));
        drop(mounted);
        // Somebody has moved it into the directory itself.
        fs::write(disk.join("moved"), "moved").unwrap();
        assert_eq!(back_up().gap_count, 0);
        assert_eq!(
            (restored(&rig, &disk.join("new")), restored(&rig, &disk.join("moved")).as_deref()),
            (None, Some("moved"))
        );
        fs::remove_file(disk.join("moved")).unwrap();
        assert_eq!(back_up().gap_count, 0);
        assert_eq!(restored(&rig, &disk.join("moved")), None);
    }
}

#[test]
fn a_mount_point_that_goes_with_its_disk_is_kept_when_it_is_included_by_name() {
    for (by_name, kept) in [(true, Some("kept")), (false, None)] {
        let source = tempfile::tempdir().unwrap();
        let disk = source.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let roots = [source.path(), &disk].into_iter().take(1 + usize::from(by_name)).map(RuleRoot::new).collect();
        let rules = Rules::compile(&RuleFile { roots, one_file_system: false, ..RuleFile::default() }).unwrap();
        let rig = Rig::new();
        let back_up = || rig.run(|| Scan::start(rules.clone(), &[]), Options::default()).unwrap();
        let Some(mounted) = Mount::new(&disk) else {
            eprintln!("nothing can be mounted here: this is not tested");
            return;
        };
        fs::write(disk.join("file"), "kept").unwrap();
        back_up();
        drop(mounted);
        fs::remove_dir(&disk).unwrap();
        assert_eq!(back_up().gap_count > 0, by_name);
        assert_eq!(restored(&rig, &disk.join("file")).as_deref(), kept);
    }
}

#[test]
fn what_is_never_entered_is_not_missed() {
    let source = tempfile::tempdir().unwrap();
    let rig = Rig::new();
    let disk = source.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let Some(mounted) = Mount::new(&disk) else { return };
    assert_eq!(rig.backup_roots(&[source.path()]).unwrap().gap_count, 0);
    drop(mounted);
    assert_eq!(rig.backup_roots(&[source.path()]).unwrap().gap_count, 0);
}

#[test]
fn a_mount_point_that_is_a_link_now_is_that_link() {
    let source = tempfile::tempdir().unwrap();
    let (disk, empty) = (source.path().join("disk"), source.path().join("an empty folder"));
    [&disk, &empty].into_iter().for_each(|path| fs::create_dir(path).unwrap());
    let roots = RuleFile { roots: vec![RuleRoot::new(source.path())], one_file_system: false, ..RuleFile::default() };
    let rules = Rules::compile(&roots).unwrap();
    let rig = Rig::new();
    let back_up = || rig.run(|| Scan::start(rules.clone(), &[]), Options::default()).unwrap();
    let Some(mounted) = Mount::new(&disk) else {
        eprintln!("nothing can be mounted here: this is not tested");
        return;
    };
    back_up();
    drop(mounted);
    fs::remove_dir(&disk).unwrap();
    std::os::unix::fs::symlink("elsewhere", &disk).unwrap();
    for _ in 0..2 {
        assert_eq!(back_up().gaps, []);
        let target = tempfile::tempdir().unwrap();
        let options =
            iota_agent::restore::Options { devices: false, trust: false, keep_damaged: false, ..Default::default() };
        rig.restore_to(rig.server.head_seq(), &[], target.path(), options);
        let link = fs::read_link(target.path().join(disk.strip_prefix("/").unwrap())).unwrap();
        assert_eq!(link, Path::new("elsewhere"));
    }
}

fn tree_path(path: &Path) -> TreePath {
    TreePath::parse(&path.to_str().unwrap().as_bytes()[1..]).unwrap()
}

#[test]
fn attributes_that_the_format_cannot_hold_are_a_gap_each_time() {
    let source = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let folder = source.path().join("folder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("file"), "below").unwrap();
    let handle = open_given_directory(&folder).unwrap();
    // Five of this size are more than an entry may have.
    let value = vec![7; 60 << 10];
    let set = (0..5).map(|number| set_attribute_of(handle.as_fd(), format!("user.{number}").as_bytes(), &value));
    if set.collect::<Result<Vec<_>, _>>().is_err() {
        eprintln!("this file system has no room for large attributes: this is not tested");
        return;
    }
    let rig = Rig::new();
    for _ in 0..2 {
        let report = rig.backup_roots(&[source.path()]).unwrap();
        let gaps: Vec<_> = report.gaps.iter().map(|gap| (&*gap.path, gap.reason)).collect();
        assert_eq!(gaps, [(tree_path(&folder).as_bytes(), GapReason::Unsupported)]);
        assert!(rig.restore_latest().nodes.contains_key(tree_path(&folder.join("file")).key().as_bytes()));
    }
}

#[test]
fn what_has_no_readable_attributes_is_kept_with_all_below_it_and_told_each_time() {
    let rig = Rig::new();
    let mut tree = folders();
    tree.node("d20").lacks = Some(GapReason::Io);
    tree.node("d21/file").lacks = Some(GapReason::Permission);
    for _ in 0..2 {
        let report = rig.backup(&tree).unwrap();
        let gaps: Vec<_> = report.gaps.iter().map(|gap| (&*gap.path, gap.reason)).collect();
        assert_eq!(gaps, [(&b"d20"[..], GapReason::Io), (b"d21/file", GapReason::Permission)]);
        assert_eq!(rig.restore_latest().contents(), tree.contents());
    }
    tree.node("d20").lacks = None;
    tree.node("d21/file").lacks = None;
    assert_eq!(rig.backup(&tree).unwrap().gap_count, 0);
}

/// Fifty folders with a file each.
fn folders() -> MemoryTree {
    let mut tree = MemoryTree::default();
    for number in 10..60 {
        tree.dir(&format!("d{number}"));
        tree.file(&format!("d{number}/file"), format!("content {number}"));
    }
    tree
}

#[test]
fn a_commit_in_the_middle_of_a_scan_tells_the_gaps_that_are_still_ahead() {
    let rig = Rig::new();
    let mut tree = folders();
    rig.backup(&tree).unwrap();
    tree.file("d55/file", "changed, and closed");
    tree.node("d55/file").unreadable = true;
    rig.backup(&tree).unwrap();
    tree.file("d12/file", "changed");
    rig.backup_with(&tree, AT_EVERY_PATH).unwrap();
    tree.node("d55/file").unreadable = false;
    rig.backup_with(&tree, AT_EVERY_PATH).unwrap();
    let inner = rig.server.inner.lock().unwrap();
    let gaps: Vec<bool> =
        inner.commits.iter().map(|stored| stored.frame.header.header.flags.contains(Flags::GAPS)).collect();
    let last = gaps.iter().rposition(|&gap| gap).unwrap();
    assert!(!gaps[0]);
    assert!(gaps[1..=last].iter().all(|&gap| gap), "{gaps:?}");
    assert!(last > 100 && last < gaps.len() - 1, "{last} of {}", gaps.len());
}

#[test]
fn a_commit_in_the_middle_of_a_scan_has_no_orphans() {
    let rig = Rig::new();
    let mut tree = folders();
    rig.backup(&tree).unwrap();
    tree.remove("d20");
    tree.remove("d30");
    tree.file("d30", "a file in place of the folder");
    rig.backup_with(&tree, AT_EVERY_PATH).unwrap();
    assert_eq!(rig.restore_latest().contents(), tree.contents());
    for seq in 1..=rig.server.head_seq() {
        let nodes = rig.restore(seq).nodes;
        for key in nodes.keys() {
            let path = iota_core::path::Key::parse(key).unwrap();
            let Some(end) = path.as_bytes().iter().rposition(|&byte| byte == b'/') else { continue };
            let parent = TreePath::parse(&path.as_bytes()[..end]).unwrap();
            let above = nodes.get(parent.key().as_bytes());
            assert!(above.is_some_and(|node| node.content.is_none()), "commit {seq}: {path:?} hangs in the air");
        }
    }
}

#[test]
fn a_loss_on_the_server_stops_commits_until_the_scan_has_ended() {
    let rig = Rig::new();
    let mut tree = folders();
    rig.backup(&tree).unwrap();
    let before = rig.server.head_seq();
    tree.file("d10/file", "changed");
    rig.server.inner.lock().unwrap().objects.clear();
    let calls = i64::MAX / 2;
    rig.server.fail_in.store(calls, std::sync::atomic::Ordering::SeqCst);
    rig.backup_with(&tree, AT_EVERY_PATH).unwrap();
    let used = calls - rig.server.fail_in.load(std::sync::atomic::Ordering::SeqCst);
    assert!(used < 3000, "{used} calls for a hundred paths");
    assert!(rig.server.head_seq() > before);
    assert_eq!(rig.restore_latest().contents(), tree.contents());
}

#[test]
fn the_next_commit_names_the_heads_of_other_sets_once() {
    let rig = Rig::new();
    let mut tree = folders();
    let head = |seq: u64| SeenHead { set: SetId([9; 16]), seq, hash: HeaderHash([seq as u8; 32]) };
    let mut named = Vec::new();
    for round in 1..=5u64 {
        // What the server tells with each commit: a head that moves once.
        rig.server.inner.lock().unwrap().others = vec![head(1 + round / 4)];
        tree.file("d10/file", format!("round {round}"));
        rig.backup(&tree).unwrap();
        named.push(rig.body(round).seen.iter().map(|seen| seen.seq).collect::<Vec<_>>());
    }
    assert_eq!(named, [vec![], vec![1], vec![], vec![], vec![2]]);
}

/// Damages the object that holds a large file.
fn damage_film(rig: &Rig) -> iota_core::id::Cid {
    let mut inner = rig.server.inner.lock().unwrap();
    let film = inner.objects.iter().max_by_key(|(_, object)| object.len()).map(|(&cid, _)| cid).unwrap();
    inner.objects.remove(&film);
    inner.damaged.push(film);
    film
}

fn with_film() -> MemoryTree {
    let mut tree = folders();
    let mut noise = vec![0; 150_000];
    blake3::Hasher::new().update(b"film").finalize_xof().fill(&mut noise);
    tree.file("d10/film", noise);
    tree
}

#[test]
fn what_is_damaged_on_the_server_is_sent_again_though_nothing_has_changed() {
    let rig = Rig::new();
    let tree = with_film();
    rig.backup(&tree).unwrap();
    let film = damage_film(&rig);
    tree.reads.borrow_mut().clear();
    let report = rig.backup(&tree).unwrap();
    assert_eq!((report.seq, report.gap_count), (2, 0));
    assert_eq!(tree.reads.borrow().len(), 1, "only what is damaged is read");
    let inner = rig.server.inner.lock().unwrap();
    assert!(inner.objects.contains_key(&film) && inner.damaged.is_empty());
    drop(inner);
    assert_eq!(rig.restore_latest().contents(), tree.contents());
}

#[test]
fn what_is_damaged_there_and_unreadable_here_is_claimed_no_more() {
    let rig = Rig::new();
    let mut tree = with_film();
    rig.backup(&tree).unwrap();
    damage_film(&rig);
    tree.node("d10/film").unreadable = true;
    for seq in 2..4 {
        let report = rig.backup(&tree).unwrap();
        assert_eq!((report.seq, report.gap_count), (seq, 1));
    }
    let mut left = tree.contents();
    left.remove(iota_core::path::TreePath::parse(b"d10/film").unwrap().key().as_bytes());
    assert_eq!(rig.restore_latest().contents(), left);
    // And when it can be read again, it is there again.
    tree.node("d10/film").unreadable = false;
    assert_eq!(rig.backup(&tree).unwrap().gap_count, 0);
    assert_eq!(rig.restore_latest().contents(), tree.contents());
}
