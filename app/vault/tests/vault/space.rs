//! Folders by what they weigh, against what is in the tree.

use crate::support::{Rig, crafted::Crafted, tree::MemoryTree};
use crate::tab::{Tab, about_object};
use iota_agent::backup::Options;
use iota_core::{
    path::Key,
    vault::{FolderWeights, Lock, PathToken, ProblemKind, WeighFolders},
};
use std::collections::BTreeMap;

const DAY_MS: u64 = 26 * 3_600_000;

/// A tree of some pages: folders of folders of files, and a chain.
fn wide() -> MemoryTree {
    let mut tree = MemoryTree::default();
    for folder in 0..20 {
        tree.dir(&format!("f{folder:02}"));
        for inner in ["left", "right"] {
            tree.dir(&format!("f{folder:02}/{inner}"));
            for file in 0..50 {
                let size = 10 + folder * 7 + file % 5 + inner.len();
                tree.file(&format!("f{folder:02}/{inner}/file {file:02}.txt"), vec![folder as u8; size]);
            }
        }
    }
    tree.dir("home");
    tree.dir("home/ada");
    tree.file("home/ada/letter.txt", vec![1; 9000]);
    tree.file("home/note.txt", vec![2; 10]);
    tree.file("top.txt", vec![3; 100]);
    tree
}

/// Files and bytes by folder, everything at the empty path.
fn truth(tree: &MemoryTree) -> BTreeMap<String, (u64, u64)> {
    let mut sums = BTreeMap::<String, (u64, u64)>::new();
    for (key, content) in tree.contents() {
        let Some(bytes) = content else { continue };
        let mut at = Key::parse(&key).unwrap().parent();
        loop {
            let folder =
                at.as_ref().map_or_else(String::new, |path| String::from_utf8(path.as_bytes().into()).unwrap());
            let sum = sums.entry(folder).or_default();
            *sum = (sum.0 + 1, sum.1 + bytes.len() as u64);
            match at {
                Some(path) => at = path.parent(),
                None => break,
            }
        }
    }
    sums
}

fn weigh(tab: &Tab, rig: &Rig, at: u64, since: Option<u64>, folder: Option<PathToken>) -> FolderWeights {
    tab.ask(WeighFolders { set: rig.set, at, since, folder }).unwrap()
}

#[test]
fn sums_are_those_of_the_tree() {
    let (rig, mut tree) = (Rig::new(), wide());
    rig.backup(&tree).unwrap();
    tree.file("f00/left/large.bin", vec![7; 5000]);
    tree.remove("f19/right");
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    let shown = weigh(&tab, &rig, 2, None, None);
    let truth = truth(&tree);
    assert_eq!((shown.files, shown.bytes, shown.lost), (truth[""].0, truth[""].1, 0));
    assert_eq!(shown.growth, None);
    let told: Vec<_> = shown.largest.iter().map(|folder| folder.path.as_str()).collect();
    // What one folder stands for is passed over: home, and f19 with one of two left.
    let expected = ["f18", "f17", "f16", "f15", "f14", "f13", "f12", "f11", "home/ada", "f10", "f09", "f19/left"];
    assert_eq!(told, expected);
    for folder in &shown.largest {
        assert_eq!((folder.files, folder.bytes), truth[&folder.path], "{}", folder.path);
    }
    assert!(shown.largest.is_sorted_by(|one, next| one.bytes >= next.bytes));

    assert_eq!(shown.largest[8].token, tab.walk_to(&rig, 2, "home/ada"));

    let below = weigh(&tab, &rig, 2, None, Some(tab.walk_to(&rig, 2, "f00")));
    assert_eq!((below.files, below.bytes), truth["f00"]);
    let told: Vec<_> = below.largest.iter().map(|folder| folder.path.as_str()).collect();
    assert_eq!(told, ["f00/left", "f00/right"]);
    assert_eq!(below.largest[0].token, tab.walk_to(&rig, 2, "f00/left"));
    let gone = tab.walk_to(&rig, 1, "f19/right");
    let question = WeighFolders { set: rig.set, at: 2, since: None, folder: Some(gone.clone()) };
    assert_eq!(tab.ask(question).unwrap_err().kind, ProblemKind::Missing);
    assert_eq!(weigh(&tab, &rig, 1, None, Some(gone)).files, 50);
    let home = tab.walk_to(&rig, 2, "home");
    assert_eq!(weigh(&tab, &rig, 2, None, Some(home)).largest[0].path, "home/ada");
}

#[test]
fn growth_over_several_commits_and_a_base_is_that_of_the_tree() {
    let (rig, mut tree) = (Rig::new(), wide());
    rig.backup(&tree).unwrap();
    let mut trees = vec![tree.clone()];
    let mut day = |change: &dyn Fn(&mut MemoryTree), days: u64| {
        rig.clock.advance_ms(days * DAY_MS + 1000);
        change(&mut tree);
        rig.backup(&tree).unwrap();
        trees.push(tree.clone());
    };
    day(&|tree| tree.file("f03/left/new.bin", vec![1; 5000]), 0);
    day(&|tree| tree.file("home/ada/letter.txt", vec![1; 4000]), 0);
    day(&|tree| tree.remove("f07"), 1);
    day(&|tree| tree.file("f03/left/new.bin", vec![1; 7000]), 0);
    day(
        &|tree| {
            tree.dir("fresh");
            tree.file("fresh/one.bin", vec![4; 3000]);
        },
        1,
    );
    let tab = Tab::unlocked(&rig);
    for (since, at) in [(1, 2), (1, 3), (2, 4), (4, 5), (1, 6), (6, 6)] {
        let (then, now) = (truth(&trees[since as usize - 1]), truth(&trees[at as usize - 1]));
        let growth = weigh(&tab, &rig, at, Some(since), None).growth.unwrap();
        assert_eq!((growth.files_then, growth.bytes_then, growth.lost), (then[""].0, then[""].1, 0), "{since} {at}");
        for folder in &growth.folders {
            let then = then.get(&folder.path).copied().unwrap_or_default();
            assert_eq!((folder.bytes_then, folder.bytes), (then.1, now[&folder.path].1), "{}", folder.path);
            assert!(folder.bytes > folder.bytes_then);
        }
        let grows = |path: &&String| now[*path].1 > then.get(*path).copied().unwrap_or_default().1;
        let is_some = now.keys().filter(|path| !path.is_empty()).any(|path| grows(&path));
        assert_eq!(growth.folders.is_empty(), !is_some, "{since} {at}");
    }
    let growth = weigh(&tab, &rig, 6, Some(1), None).growth.unwrap();
    let told: Vec<_> = growth.folders.iter().map(|folder| folder.path.as_str()).collect();
    assert_eq!(told, ["f03/left", "fresh"]);
    let below = weigh(&tab, &rig, 6, Some(1), Some(tab.walk_to(&rig, 6, "f03"))).growth.unwrap();
    assert_eq!((below.folders.len(), below.folders[0].path.as_str()), (1, "f03/left"));
}

#[test]
fn growth_costs_what_changed() {
    let (rig, mut tree) = (Rig::new(), wide());
    rig.backup(&tree).unwrap();
    rig.clock.advance_ms(DAY_MS);
    tree.file("f09/left/file 00.txt", b"other".to_vec());
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    let fetched = |since| {
        let tab = tab.reload();
        tab.browser.0.kept.borrow_mut().retain(|(store, _), _| *store != iota_vault::platform::Store::Pages);
        tab.unlock().unwrap();
        weigh(&tab, &rig, 2, since, None);
        tab.browser.0.fetched_objects.get()
    };
    let (plain, compared) = (fetched(None), fetched(Some(1)));
    assert!(plain > 0 && compared > plain && compared <= plain + 3, "{plain} {compared}");
}

#[test]
fn a_file_with_several_names_counts_once_where_the_first_is() {
    let (rig, mut tree) = (Rig::new(), Crafted::default());
    tree.dir("a");
    tree.dir("b");
    tree.file("a/own", [1; 100]);
    tree.hard_link("a/shared", "a/shared", &[2; 500]);
    tree.hard_link("b/shared", "a/shared", &[2; 500]);
    tree.file("b/own", [3; 10]);
    rig.run(|| Ok(tree.walk()), Options::default()).unwrap();
    let tab = Tab::unlocked(&rig);
    let shown = weigh(&tab, &rig, 1, None, None);
    assert_eq!((shown.files, shown.bytes), (3, 610));
    let told: Vec<_> = shown.largest.iter().map(|folder| (folder.path.as_str(), folder.files, folder.bytes)).collect();
    assert_eq!(told, [("a", 2, 600), ("b", 1, 10)]);
    let below = weigh(&tab, &rig, 1, None, Some(tab.walk_to(&rig, 1, "b")));
    assert_eq!((below.files, below.bytes), (1, 10));
}

#[test]
fn a_lost_page_is_told_and_nothing_in_it_has_grown_or_shrunk() {
    let (rig, mut tree) = (Rig::new(), wide());
    rig.backup(&tree).unwrap();
    rig.clock.advance_ms(DAY_MS);
    for folder in 0..20 {
        tree.file(&format!("f{folder:02}/left/file 00.txt"), vec![5; 400]);
    }
    rig.backup(&tree).unwrap();
    let all = truth(&tree)[""];
    let objects: Vec<_> = rig.server.inner.lock().unwrap().objects.keys().copied().collect();
    let (mut lost, mut not_compared) = (0, 0);
    for cid in objects {
        let tab = Tab::unlocked(&rig);
        tab.browser.0.lie.replace(Some(about_object(cid, |object| object.clear())));
        let shown = weigh(&tab, &rig, 2, Some(1), None);
        let growth = shown.growth.unwrap();
        assert_eq!(shown.lost == 0, shown.files == all.0, "{} {}", shown.lost, shown.files);
        assert!(shown.files <= all.0 && shown.lost + shown.files >= all.0);
        // A file has grown by at most 400 bytes, a folder by one of them.
        assert!(growth.folders.iter().all(|folder| folder.bytes - folder.bytes_then < 400), "{:?}", growth.folders);
        lost += u32::from(shown.lost > 0);
        not_compared += u32::from(growth.lost > 0);
    }
    assert!(lost > 2 && not_compared > 2, "{lost} {not_compared}");
}

#[test]
fn a_locked_vault_says_nothing() {
    let (rig, tree) = (Rig::new(), wide());
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    tab.ask(Lock {}).unwrap();
    let question = WeighFolders { set: rig.set, at: 1, since: None, folder: None };
    assert_eq!(tab.ask(question).unwrap_err().kind, ProblemKind::Locked);
    tab.unlock().unwrap();
    let question = WeighFolders { set: rig.set, at: 9, since: None, folder: None };
    assert_eq!(tab.ask(question).unwrap_err().kind, ProblemKind::Missing);
    assert_eq!(weigh(&tab, &rig, 1, Some(1), None).growth.unwrap().folders, []);
}
