//! Backups of a part: what changed, and nothing else, is looked at, and the state is as after a walk of everything.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::{Options, Report},
    rules::{RuleFile, RuleRoot, Rules},
    scan::{Scan, Scope},
};
use iota_core::path::TreePath;
use std::{fs, os::unix::ffi::OsStrExt, path::Path, sync::Arc, time::Duration};
use support::{
    Rig,
    compare::{Tree, look},
    mutator::{Mutator, Touched},
};

fn rules(root: &Path) -> Rules {
    Rules::compile(&RuleFile { roots: vec![RuleRoot::new(root)], ..RuleFile::default() }).unwrap()
}

fn tree_path(path: &Path) -> TreePath {
    TreePath::parse(&path.as_os_str().as_bytes()[1..]).unwrap()
}

/// Backs up what was touched, or everything if nothing was.
fn back_up(rig: &Rig, root: &Path, touched: &[Touched]) -> Report {
    let mut scope = Scope::default();
    touched.iter().for_each(|touched| scope.add(&tree_path(&touched.path), touched.below));
    let mut scope = (!touched.is_empty()).then(|| Arc::new(scope));
    let open = || Scan::start_in(rules(root), &[], scope.take().unwrap_or_else(|| Arc::new(Scope::whole())), None);
    rig.run(open, Options { commit_every: Duration::MAX, ..Options::default() }).unwrap()
}

fn restored(rig: &Rig, root: &Path) -> Tree {
    let target = tempfile::tempdir().unwrap();
    let options =
        iota_agent::restore::Options { devices: true, trust: true, keep_damaged: false, ..Default::default() };
    let report = rig.restore_to(rig.server.head_seq(), &[], target.path(), options);
    assert_eq!(report.loss_count, 0, "{:?}", report.losses);
    look(&target.path().join(root.strip_prefix("/").unwrap()))
}

#[test]
fn parts_add_up_to_the_whole() {
    for seed in 0..10 {
        let source = tempfile::tempdir().unwrap();
        let (rig, mut mutator) = (Rig::new(), Mutator::new(source.path(), seed));
        (0..30).for_each(|_| drop(mutator.change()));
        back_up(&rig, source.path(), &[]);
        for _ in 0..8 {
            let count = 1 + mutator.below(6);
            let mut touched: Vec<_> = (0..count).flat_map(|_| mutator.change()).collect();
            touched.push(Touched { path: source.path().to_owned(), below: false });
            let before = rig.server.head_seq();
            let report = back_up(&rig, source.path(), &touched);
            assert_eq!((report.gap_count, report.wants_whole), (0, false));
            assert_eq!(rig.server.head_seq() > before, report.changes > 0, "seed {seed}");
            assert_eq!(restored(&rig, source.path()), look(source.path()), "seed {seed}: {touched:?}");
        }
    }
}

#[test]
fn what_was_not_touched_is_not_looked_at() {
    let source = tempfile::tempdir().unwrap();
    let rig = Rig::new();
    for name in ["a", "b", "c"] {
        fs::create_dir(source.path().join(name)).unwrap();
        fs::write(source.path().join(name).join("file"), name).unwrap();
    }
    back_up(&rig, source.path(), &[]);
    fs::write(source.path().join("a/file"), "changed").unwrap();
    fs::write(source.path().join("b/file"), "changed too").unwrap();
    fs::remove_dir_all(source.path().join("c")).unwrap();
    let touched = |name: &str| Touched { path: source.path().join(name), below: false };
    let report = back_up(&rig, source.path(), &[touched("a/file")]);
    assert_eq!((report.read_bytes, report.files), (7, 3));
    assert_eq!(back_up(&rig, source.path(), &[touched("a/file"), touched("nothing/at/all")]).read_bytes, 0);
    back_up(&rig, source.path(), &[touched("b/file"), touched("c")]);
    assert_eq!(restored(&rig, source.path()), look(source.path()));
}

#[test]
fn a_part_of_nothing_known_is_everything() {
    let source = tempfile::tempdir().unwrap();
    let rig = Rig::new();
    fs::write(source.path().join("file"), "1").unwrap();
    let touched = Touched { path: source.path().join("else"), below: false };
    assert_eq!(back_up(&rig, source.path(), std::slice::from_ref(&touched)).files, 1);
    // The cache is lost, or somebody else's: the same.
    iota_agent::state::State::discard(rig.state.path()).unwrap();
    fs::write(source.path().join("file"), "other").unwrap();
    back_up(&rig, source.path(), &[touched]);
    assert_eq!(restored(&rig, source.path()), look(source.path()));
}

#[test]
fn another_link_to_a_known_file_asks_for_a_walk_of_everything() {
    let source = tempfile::tempdir().unwrap();
    let rig = Rig::new();
    let (first, second) = (source.path().join("a"), source.path().join("d"));
    fs::write(&first, "text").unwrap();
    back_up(&rig, source.path(), &[]);
    fs::hard_link(&first, &second).unwrap();
    let touched = |path: &Path| Touched { path: path.to_owned(), below: false };
    assert!(back_up(&rig, source.path(), &[touched(&second)]).wants_whole);
    assert!(!back_up(&rig, source.path(), &[]).wants_whole);
    assert_eq!(restored(&rig, source.path()), look(source.path()));
    // Now the group is known, and a change of one of its paths needs nobody else.
    fs::write(&second, "other text").unwrap();
    let report = back_up(&rig, source.path(), &[touched(&first), touched(&second)]);
    assert!(!report.wants_whole);
    assert_eq!(restored(&rig, source.path()), look(source.path()));
}

#[test]
fn a_cache_is_left_out_in_a_part_as_well() {
    let source = tempfile::tempdir().unwrap();
    let rig = Rig::new();
    let cache = source.path().join("cache");
    fs::create_dir(&cache).unwrap();
    fs::write(cache.join("CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55").unwrap();
    back_up(&rig, source.path(), &[]);
    fs::write(cache.join("left out"), "x").unwrap();
    let touched = Touched { path: cache.join("left out"), below: false };
    let report = back_up(&rig, source.path(), &[touched]);
    assert_eq!(report.files, 1);
}
