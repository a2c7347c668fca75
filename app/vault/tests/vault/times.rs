//! What lies between points, and names across all of them, against what was done.

use crate::support::{Rig, tree::MemoryTree};
use crate::tab::{Tab, about_object};
use iota_core::vault::{
    Change, Compare, Comparison, DifferenceRow, EntryKind, FindVersions, FoundRow, LoadNames, Lock, NameFilter,
    OpenPoint, ProblemKind, ReadDifferences, ReadFound, SearchNames, VaultEvent,
};
use iota_core::{api::json::SnapshotInfo, commit::SignedHeader, id::Cid};
use std::collections::BTreeMap;

const DAY_MS: u64 = 26 * 3_600_000;

/// A tree of some pages.
fn wide() -> MemoryTree {
    let mut tree = MemoryTree::default();
    for folder in 0..20 {
        tree.dir(&format!("f{folder:02}"));
        for file in 0..100 {
            tree.file(&format!("f{folder:02}/file {file:02}.txt"), format!("{folder} {file}").into_bytes());
        }
    }
    tree
}

fn compare(tab: &Tab, rig: &Rig, from: u64, to: u64) -> (Comparison, Vec<DifferenceRow>) {
    let shown = tab.ask(Compare { set: rig.set, from, to, folder: None }).unwrap();
    let all = ReadDifferences { comparison: shown.comparison, only: None, from: 0, count: 1000 };
    let rows = tab.ask(all).unwrap();
    assert_eq!(rows.len() as u32, shown.counts.all());
    (shown, rows)
}

#[test]
fn what_lies_between_two_points_is_what_was_done() {
    let (rig, mut tree) = (Rig::new(), wide());
    rig.backup(&tree).unwrap();
    tree.file("f03/new.txt", vec![7; 4000]);
    tree.remove("f05/file 07.txt");
    tree.file("f09/file 00.txt", b"other and longer".to_vec());
    let stamp = tree.node("f11/file 01.txt").stamp;
    tree.file("f11/file 01.txt", b"11 9".to_vec());
    let node = tree.node("f11/file 01.txt");
    node.stamp.mtime = stamp.mtime;
    rig.backup(&tree).unwrap();
    rig.clock.advance_ms(DAY_MS);
    tree.remove("f19");
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    let (shown, rows) = compare(&tab, &rig, 1, 2);
    let counts = shown.counts;
    assert_eq!((counts.added, counts.removed, counts.content, counts.silent, counts.metadata), (1, 1, 1, 1, 0));
    assert_eq!((shown.more_bytes, shown.fewer_bytes, shown.lost), (4000 + 16 - 3, 3, 0));
    let told: BTreeMap<&str, Change> = rows.iter().map(|row| (row.path.as_str(), row.change)).collect();
    let expected = [
        ("f03/new.txt", Change::Added),
        ("f05/file 07.txt", Change::Removed),
        ("f09/file 00.txt", Change::Content),
        ("f11/file 01.txt", Change::Silent),
    ];
    assert_eq!(told, BTreeMap::from(expected));
    let only = ReadDifferences { comparison: shown.comparison, only: Some(Change::Silent), from: 0, count: 9 };
    assert_eq!(tab.ask(only).unwrap().len(), 1);

    // Over a base, and back.
    assert_eq!(compare(&tab, &rig, 2, 3).0.counts.removed, 101);
    assert_eq!(compare(&tab, &rig, 3, 2).0.counts.added, 101);
    assert_eq!(compare(&tab, &rig, 1, 3).0.counts.all(), 105);
    assert_eq!(compare(&tab, &rig, 3, 3).0.counts.all(), 0);

    let folder = Some(tab.walk_to(&rig, 1, "f09"));
    let below = tab.ask(Compare { set: rig.set, from: 1, to: 3, folder }).unwrap();
    assert_eq!((below.counts.all(), below.crumbs.len()), (1, 1));
    let all = ReadDifferences { comparison: below.comparison, only: None, from: 0, count: 9 };
    assert_eq!(tab.ask(all).unwrap()[0].path, "file 00.txt");
    let old = ReadDifferences { comparison: shown.comparison, only: None, from: 0, count: 9 };
    assert_eq!(tab.ask(old).unwrap_err().kind, ProblemKind::Missing);
}

#[test]
fn a_comparison_costs_what_changed() {
    let (rig, mut tree) = (Rig::new(), wide());
    rig.backup(&tree).unwrap();
    rig.clock.advance_ms(DAY_MS);
    tree.file("f09/file 00.txt", b"other".to_vec());
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    let fetched = |from, to| {
        let tab = tab.reload();
        tab.browser.0.kept.borrow_mut().retain(|(store, _), _| *store != iota_vault::platform::Store::Pages);
        tab.unlock().unwrap();
        compare(&tab, &rig, from, to);
        tab.browser.0.fetched_objects.get()
    };
    let (one, pages) = (fetched(1, 2), 2000 / 1024);
    assert!(one > 0 && one < 3 + 2 + pages, "{one}");
}

#[test]
fn a_lost_page_is_told_and_nothing_in_it_is_called_new_or_gone() {
    let (rig, mut tree) = (Rig::new(), wide());
    rig.backup(&tree).unwrap();
    rig.clock.advance_ms(DAY_MS);
    for folder in 0..20 {
        tree.file(&format!("f{folder:02}/file 00.txt"), b"other".to_vec());
    }
    rig.backup(&tree).unwrap();
    let objects: Vec<_> = rig.server.inner.lock().unwrap().objects.keys().copied().collect();
    let mut lost = 0;
    for cid in objects {
        let tab = Tab::new(&rig);
        tab.unlock().unwrap();
        tab.browser.0.lie.replace(Some(about_object(cid, |object| object.clear())));
        let (shown, _) = compare(&tab, &rig, 1, 2);
        assert_eq!((shown.counts.added, shown.counts.removed), (0, 0));
        assert!(shown.lost > 0 || shown.counts.content == 20, "{shown:?}");
        lost += u32::from(shown.lost > 0);
    }
    assert!(lost > 2, "{lost}");
}

fn find(tab: &Tab, rig: &Rig, text: &str, filter: NameFilter) -> (u32, Vec<FoundRow>) {
    let found = tab.ask(SearchNames { set: rig.set, text: text.into(), filter }).unwrap();
    let rows = tab.ask(ReadFound { found: found.found, from: 0, count: 1000 }).unwrap();
    assert_eq!(rows.len() as u32, found.there + found.gone);
    assert!(rows.iter().take(found.there as usize).all(|row| row.gone_ms.is_none()));
    assert!(rows.iter().skip(found.there as usize).all(|row| row.gone_ms.is_some() || row.unread));
    (found.there, rows)
}

#[test]
fn every_name_that_there_ever_was_is_found_once_and_opens() {
    let (rig, mut tree) = (Rig::new(), wide());
    rig.backup(&tree).unwrap();
    let day = |tree: &mut MemoryTree, change: &dyn Fn(&mut MemoryTree), days: u64| {
        rig.clock.advance_ms(days * DAY_MS + 1000);
        change(tree);
        rig.backup(tree).unwrap();
    };
    // Within a day, over a base, in a base, and back again.
    day(&mut tree, &|tree| tree.file("f00/brief.txt", b"brief".to_vec()), 0);
    day(&mut tree, &|tree| tree.remove("f00/brief.txt"), 0);
    day(&mut tree, &|tree| tree.remove("f01/file 01.txt"), 0);
    day(&mut tree, &|tree| tree.remove("f02"), 1);
    day(&mut tree, &|tree| tree.file("f03/Invoice.PDF", vec![1; 9000]), 0);
    day(&mut tree, &|tree| tree.remove("f03/Invoice.PDF"), 1);
    day(&mut tree, &|tree| tree.file("f01/file 01.txt", b"again".to_vec()), 1);
    day(&mut tree, &|tree| tree.file("f04/now.pdf", b"now".to_vec()), 0);
    let tab = Tab::unlocked(&rig);
    assert_eq!(find_error(&tab, &rig), ProblemKind::Failed);
    let read = tab.ask(LoadNames { set: rig.set }).unwrap();
    assert!(read.complete && read.lost == 0);
    // 20 folders with 100 files each, and three files that came later.
    assert_eq!(read.names, 20 + 2000 + 3);
    let told = tab.browser.0.events.borrow().iter().filter(|event| matches!(event, VaultEvent::Names { .. })).count();
    assert!(told >= 4, "{told}");

    let (there, rows) = find(&tab, &rig, ".pdf", NameFilter::default());
    assert_eq!((there, rows.len()), (1, 2));
    assert_eq!((rows[1].name.as_str(), rows[1].folder.as_str(), rows[1].bytes), ("Invoice.PDF", "f03", 9000));
    let (there, rows) = find(&tab, &rig, "brief", NameFilter::default());
    assert_eq!((there, rows.len()), (0, 1));
    // It opens where it was.
    let row = &rows[0];
    let point = tab.ask(OpenPoint { set: rig.set, at: Some(row.at) }).unwrap();
    assert!(point.device_time_ms < row.gone_ms.unwrap());
    assert_eq!(tab.download(&rig, row.at, &row.token).1.bytes, b"brief");
    let (there, rows) = find(&tab, &rig, "f02/", NameFilter::default());
    assert_eq!((there, rows.len()), (0, 1));
    let (there, rows) = find(&tab, &rig, "f02/file", NameFilter::default());
    assert_eq!((there, rows.len()), (0, 100));
    let (there, rows) = find(&tab, &rig, "f01/file 01", NameFilter::default());
    assert_eq!((there, rows.len()), (1, 1));
    let large = NameFilter { min_bytes: Some(1000), ..NameFilter::default() };
    assert_eq!(find(&tab, &rig, "", large).1.len(), 1);
    let gone = NameFilter { gone: true, kind: Some(EntryKind::File), ..NameFilter::default() };
    assert_eq!(find(&tab, &rig, "", gone).1.len(), 102);
    let since = NameFilter { since_s: Some(i64::MAX), ..NameFilter::default() };
    assert_eq!(find(&tab, &rig, "", since).1.len(), 0);
    assert_eq!(
        tab.ask(SearchNames { set: rig.set, text: "[".into(), filter: NameFilter::default() }).unwrap_err().kind,
        ProblemKind::Failed
    );
    tab.ask(Lock {}).unwrap();
    assert_eq!(find_error(&tab, &rig), ProblemKind::Locked);
}

fn find_error(tab: &Tab, rig: &Rig) -> ProblemKind {
    tab.ask(SearchNames { set: rig.set, text: "x".into(), filter: NameFilter::default() }).unwrap_err().kind
}

#[test]
fn names_of_shared_pages_are_read_once() {
    let (rig, mut tree) = (Rig::new(), wide());
    for day in 0..10 {
        rig.clock.advance_ms(DAY_MS);
        tree.file("f09/file 00.txt", format!("day {day}").into_bytes());
        rig.backup(&tree).unwrap();
    }
    let tab = Tab::unlocked(&rig);
    tab.ask(LoadNames { set: rig.set }).unwrap();
    let all = tab.browser.0.fetched_objects.get();
    let pages_of_one = {
        let (rig, tree) = (Rig::new(), wide());
        rig.backup(&tree).unwrap();
        let tab = Tab::unlocked(&rig);
        tab.ask(LoadNames { set: rig.set }).unwrap();
        tab.browser.0.fetched_objects.get()
    };
    // An index and one page a day.
    assert!(all <= pages_of_one + 9 * 2, "{all} {pages_of_one}");
}

#[test]
fn what_no_snapshot_has_any_more_is_not_told_and_all_that_is_told_opens() {
    let (rig, mut tree) = (Rig::new(), wide());
    let mut day = |change: &dyn Fn(&mut MemoryTree), days: u64| {
        rig.clock.advance_ms(days * DAY_MS + 1000);
        change(&mut tree);
        rig.backup(&tree).unwrap();
    };
    day(&|_| {}, 0);
    day(&|tree| tree.file("f00/brief.txt", b"brief".to_vec()), 0);
    day(&|tree| tree.remove("f00/brief.txt"), 0);
    day(&|tree| tree.file("f00/file 00.txt", b"second".to_vec()), 0);
    day(&|tree| tree.file("f00/file 00.txt", b"the third".to_vec()), 0);
    day(&|tree| tree.file("f00/longer.txt", b"longer".to_vec()), 0);
    day(&|tree| tree.file("f00/longer.txt", b"longer, changed".to_vec()), 1);
    day(&|tree| tree.remove("f00/longer.txt"), 0);
    let tab = Tab::unlocked(&rig);
    // The server lists neither 2 nor 4 nor 7 any more.
    tab.browser.0.lie.replace(Some(Box::new(|request, answer| {
        if !request.path.contains("/snapshots?") {
            return answer;
        }
        let mut listed: Vec<SnapshotInfo> = serde_json::from_slice(&answer).unwrap();
        listed.retain(|info| {
            let seq = SignedHeader::decode(&info.header.0).unwrap().header.seq;
            ![2, 4, 7].contains(&seq)
        });
        serde_json::to_vec(&listed).unwrap()
    })));
    tab.ask(LoadNames { set: rig.set }).unwrap();
    assert!(find(&tab, &rig, "brief", NameFilter::default()).1.is_empty());
    let longer = find(&tab, &rig, "longer", NameFilter::default()).1;
    assert_eq!((longer.len(), longer[0].at, longer[0].bytes), (1, 6, 6));
    assert_eq!(tab.download(&rig, 6, &longer[0].token).1.bytes, b"longer");

    let path = tab.walk_to(&rig, 1, "f00/file 00.txt");
    let (mut told, mut before) = (Vec::new(), None);
    loop {
        let page = tab.ask(FindVersions { set: rig.set, path: path.clone(), before, daily: false }).unwrap();
        told.extend(page.versions.iter().map(|version| (version.seq, version.bytes)));
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    // That of the second base is the third one again; the page joins both.
    assert_eq!(told, [(8, 9), (5, 9), (1, 3)]);
}

#[test]
fn what_stands_in_a_damaged_part_of_the_newest_state_is_not_called_gone() {
    let (rig, mut tree) = (Rig::new(), wide());
    rig.backup(&tree).unwrap();
    let before: Vec<Cid> = rig.server.inner.lock().unwrap().objects.keys().copied().collect();
    rig.clock.advance_ms(DAY_MS);
    for folder in 0..20 {
        tree.file(&format!("f{folder:02}/file 50.txt"), b"changed".to_vec());
    }
    rig.backup(&tree).unwrap();
    let newer: Vec<Cid> = rig.server.inner.lock().unwrap().objects.keys().copied().collect();
    let mut unread = 0;
    for lost in newer.into_iter().filter(|cid| !before.contains(cid)) {
        let tab = Tab::unlocked(&rig);
        tab.browser.0.lie.replace(Some(about_object(lost, Vec::clear)));
        let read = tab.ask(LoadNames { set: rig.set }).unwrap();
        let (there, rows) = find(&tab, &rig, "file 5", NameFilter::default());
        assert!(rows.iter().all(|row| row.gone_ms.is_none()), "{lost}");
        let not_read = rows.iter().filter(|row| row.unread).count();
        assert_eq!((rows.len(), there as usize + not_read), (200, 200), "{lost}");
        assert!(not_read == 0 || read.lost > 0);
        unread += not_read;
    }
    assert!(unread > 20, "{unread}");
}
