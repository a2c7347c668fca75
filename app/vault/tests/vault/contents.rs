//! Small files that were stored again elsewhere, as a machine does that lost its cache.

use crate::support::{Rig, open_history, tree::MemoryTree};
use crate::tab::{Tab, about_object};
use iota_agent::{history::Moment, state::State};
use iota_core::vault::{
    Change, Compare, CompareListing, Comparison, DifferenceRow, Fate, FindVersions, PathToken, ReadDifferences,
};

const DAY_MS: u64 = 26 * 3_600_000;
const FILES: usize = 300;

fn name(file: usize) -> String {
    format!("notes/{file:03}.txt")
}

fn content(file: usize) -> Vec<u8> {
    format!("{file:03} ").repeat(500).into_bytes()
}

/// Small files that fill some bundles, and a large one.
fn notes() -> MemoryTree {
    let mut tree = MemoryTree::default();
    tree.dir("notes");
    (0..FILES).for_each(|file| tree.file(&name(file), content(file)));
    tree.file("large.bin", vec![1; 200_000]);
    tree
}

/// Other bytes of the same length.
fn alter(tree: &mut MemoryTree, file: usize) {
    let node = tree.node(&name(file));
    node.content.as_mut().unwrap().reverse();
}

/// Backs everything up again without knowing what is stored where.
fn store_again(rig: &Rig, tree: &MemoryTree) {
    State::discard(rig.state.path()).unwrap();
    rig.clock.advance_ms(60_000);
    rig.backup(tree).unwrap();
}

fn compare(tab: &Tab, rig: &Rig, from: u64, to: u64) -> (Comparison, Vec<DifferenceRow>) {
    let shown = tab.ask(Compare { set: rig.set, from, to, folder: None }).unwrap();
    let all = ReadDifferences { comparison: shown.comparison, only: None, from: 0, count: 1000 };
    let rows = tab.ask(all).unwrap();
    assert_eq!(rows.len() as u32, shown.counts.all());
    (shown, rows)
}

fn told(rows: &[DifferenceRow]) -> Vec<(&str, Change)> {
    rows.iter().map(|row| (row.path.as_str(), row.change)).collect()
}

/// Paths that entries of two snapshots tell apart, whatever the bytes are.
fn stored_apart(rig: &Rig, from: u64, to: u64) -> usize {
    let owner = rig.owner();
    let (before, after) = open_history(&owner).at_both(Moment::Seq(from), Moment::Seq(to)).unwrap();
    before.differences(&after, None).unwrap().count()
}

/// Two snapshots between which every third file was stored again, one was touched, and one altered in secret.
fn stored_again() -> (Rig, MemoryTree) {
    let (rig, mut tree) = (Rig::new(), notes());
    rig.backup(&tree).unwrap();
    (0..FILES).filter(|file| file % 3 == 1).for_each(|file| alter(&mut tree, file));
    store_again(&rig, &tree);
    (0..FILES).filter(|file| file % 3 == 1).for_each(|file| alter(&mut tree, file));
    tree.node(&name(4)).stamp.mtime.seconds += 1;
    alter(&mut tree, 7);
    store_again(&rig, &tree);
    (rig, tree)
}

#[test]
fn a_small_file_that_was_stored_again_has_not_changed() {
    let (rig, _) = stored_again();
    assert!(stored_apart(&rig, 1, 3) >= FILES / 3, "{}", stored_apart(&rig, 1, 3));
    let tab = Tab::unlocked(&rig);
    let expected = [("notes/004.txt", Change::Metadata), ("notes/007.txt", Change::Silent)];
    for (from, to) in [(1, 3), (3, 1)] {
        tab.browser.0.asked.borrow_mut().clear();
        let (shown, rows) = compare(&tab, &rig, from, to);
        assert_eq!(told(&rows), expected);
        let counts = shown.counts;
        assert_eq!((counts.all(), counts.metadata, counts.silent), (2, 1, 1));
        assert_eq!((shown.more_bytes, shown.fewer_bytes, shown.lost), (0, 0, 0));
        // Many files by each request.
        let asked = tab.browser.0.asked.borrow().iter().filter(|(asked, _)| asked == "POST /objects/read").count();
        assert!(asked < 10, "{asked}");
    }
    // So it is for a list of the first snapshot.
    let listing = tab.list(&rig, 1, Some(&tab.walk_to(&rig, 1, "notes"))).unwrap();
    let compared = tab.ask(CompareListing { listing: listing.listing }).unwrap();
    let fates: Vec<_> = (0..listing.count).filter_map(|index| Some((index, compared.fate(index)?))).collect();
    assert_eq!(fates, [(4, Fate::Metadata), (7, Fate::Changed)]);
    // What was altered in secret is told file by file.
    assert_eq!(compare(&tab, &rig, 1, 2).0.counts.silent as usize, FILES / 3);
}

#[test]
fn what_cannot_be_read_counts_as_changed() {
    let (rig, _) = stored_again();
    let objects: Vec<_> = rig.server.inner.lock().unwrap().objects.keys().copied().collect();
    let mut doubted = 0;
    for cid in objects {
        let tab = Tab::unlocked(&rig);
        tab.browser.0.lie.replace(Some(about_object(cid, |object| object.truncate(object.len() / 2))));
        let (shown, rows) = compare(&tab, &rig, 1, 3);
        if shown.lost == 0 {
            assert!(rows.iter().any(|row| row.path == name(7) && row.change == Change::Silent));
            doubted += usize::from(rows.len() > 2);
        }
    }
    assert!(doubted > 1, "{doubted}");
}

fn versions(tab: &Tab, rig: &Rig, path: &PathToken) -> Vec<u64> {
    let (mut told, mut last, mut before) = (Vec::<u64>::new(), None, None);
    loop {
        let page = tab.ask(FindVersions { set: rig.set, path: path.clone(), before, daily: false }).unwrap();
        // Where two parts meet, the page joins what has the same hash.
        for version in page.versions {
            if last == Some(version.hash) {
                told.pop();
            }
            (last, _) = (Some(version.hash), told.push(version.seq));
        }
        before = page.before;
        if before.is_none() {
            return told;
        }
    }
}

#[test]
fn what_was_stored_again_is_no_version() {
    let (rig, mut tree) = (Rig::new(), notes());
    rig.backup(&tree).unwrap();
    // In a base and in what follows it, there and back; of file 7 nothing but file 8 changes.
    for days in [0, 1, 0, 1] {
        rig.clock.advance_ms(days * DAY_MS);
        (0..FILES).filter(|file| file % 3 == 2).for_each(|file| alter(&mut tree, file));
        store_again(&rig, &tree);
    }
    let tab = Tab::unlocked(&rig);
    let path = |file| tab.walk_to(&rig, 1, &name(file));
    let entries: std::collections::BTreeSet<_> = (1..=5).map(|seq| hash_at(&rig, seq, 7)).collect();
    assert!(entries.len() > 1);
    assert_eq!(versions(&tab, &rig, &path(7)), [1]);
    assert_eq!(versions(&tab, &rig, &path(8)), [5, 4, 3, 2, 1]);
}

#[test]
fn a_search_for_single_changes_goes_on_from_what_was_told_by_day() {
    let (rig, mut tree) = (Rig::new(), notes());
    rig.backup(&tree).unwrap();
    (0..FILES).filter(|file| file % 3 == 2).for_each(|file| alter(&mut tree, file));
    store_again(&rig, &tree);
    assert_ne!(hash_at(&rig, 1, 7), hash_at(&rig, 2, 7), "its bytes moved");
    tree.file(&name(7), b"other".to_vec());
    rig.backup(&tree).unwrap();
    rig.clock.advance_ms(DAY_MS);
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    let path = tab.walk_to(&rig, 1, &name(7));
    let find = |before, daily| {
        tab.ask(FindVersions { set: rig.set, path: path.clone(), before: Some(before), daily }).unwrap().versions
    };
    let by_day = find(5, true);
    assert_eq!(by_day.iter().map(|version| version.seq).collect::<Vec<_>>(), [4, 1]);
    for _ in 0..2 {
        let single = find(by_day[0].single.unwrap(), false);
        // What was stored again is a base of its own.
        assert_eq!(single.iter().map(|version| version.seq).collect::<Vec<_>>(), [3, 2]);
        assert_eq!((single[0].hash, single[0].content), (by_day[0].hash, by_day[0].content));
        assert_eq!((single[1].hash, single[1].content), (by_day[1].hash, by_day[1].content));
    }
}

fn hash_at(rig: &Rig, seq: u64, file: usize) -> iota_core::id::Digest {
    let owner = rig.owner();
    let point = open_history(&owner).at(Moment::Seq(seq)).unwrap();
    let entry = point.walk(None).map(Result::unwrap).find(|entry| entry.path.as_bytes() == name(file).as_bytes());
    entry.unwrap().hash()
}
