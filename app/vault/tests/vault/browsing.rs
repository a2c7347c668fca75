//! Points, folders, entries, versions.

use crate::support::{
    Rig,
    crafted::Crafted,
    tree::{MemoryTree, path},
};
use crate::tab::{Lie, Tab, about_object};
use iota_agent::backup::Options;
use iota_core::vault::{
    AskState, EntryKind, FindVersions, Jump, ListFolder, ListMachines, Lock, OpenPoint, Order, ProblemKind, ReadRows,
    ShowEntry, Touch, VaultEvent, Version,
};
use std::{cell::RefCell, rc::Rc};

fn small() -> (Rig, MemoryTree) {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    tree.dir("home");
    tree.dir("home/ada");
    tree.file("home/ada/notes.txt", b"first".to_vec());
    tree.file("home/ada/Album 10.jpg", vec![1; 3000]);
    tree.file("home/ada/album 9.jpg", vec![2; 2000]);
    tree.dir("home/ada/empty");
    rig.backup(&tree).unwrap();
    (rig, tree)
}

#[test]
fn a_point_opens_and_its_folders_list() {
    let (rig, mut tree) = small();
    tree.file("home/ada/new.txt", b"new".to_vec());
    tree.remove("home/ada/notes.txt");
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    let machines = tab.ask(ListMachines {}).unwrap();
    assert_eq!((machines[0].name.as_str(), machines[0].head.unwrap().seq, machines[0].first_visit), ("attic", 2, true));
    assert!(!tab.ask(ListMachines {}).unwrap()[0].first_visit);
    let point = tab.ask(OpenPoint { set: rig.set, at: None }).unwrap();
    assert_eq!((point.seq, point.newest_seq, point.files, point.dirs, point.bytes), (2, 2, 3, 3, 5003));

    let ada = tab.walk_to(&rig, 2, "home/ada");
    let listing = tab.list(&rig, 2, Some(&ada)).unwrap();
    assert_eq!((listing.count, listing.folders, listing.bytes, listing.exists), (4, 1, 5003, true));
    assert_eq!(listing.crumbs.iter().map(|crumb| crumb.name.as_str()).collect::<Vec<_>>(), ["home", "ada"]);
    let names: Vec<_> = tab.rows(&listing).into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["empty", "album 9.jpg", "Album 10.jpg", "new.txt"]);
    assert_eq!(tab.ask(Jump { listing: listing.listing, typed: "ALBUM 1".into() }).unwrap(), Some(2));
    assert_eq!(tab.ask(Jump { listing: listing.listing, typed: "x".into() }).unwrap(), None);
    // The older list is gone; that is no mistake of the vault.
    let old = ReadRows { listing: listing.listing - 1, from: 0, count: 10 };
    assert_eq!(tab.ask(old).unwrap_err().kind, ProblemKind::Missing);

    let question = ListFolder { set: rig.set, at: 2, folder: Some(ada), order: Order::Size, descending: true };
    let by_size = tab.ask(question).unwrap();
    assert_eq!(tab.rows(&by_size)[1].name, "Album 10.jpg");
}

#[test]
fn steps_back_from_a_point_ask_for_no_history() {
    let (rig, mut tree) = small();
    for number in 0..6_u8 {
        tree.file("notes", vec![number; 9 + usize::from(number)]);
        rig.clock.advance_ms(60_000);
        rig.backup(&tree).unwrap();
    }
    let tab = Tab::unlocked(&rig);
    let segments = || {
        let asked = tab.browser.0.asked.borrow();
        asked.iter().filter(|(request, _)| request.contains("/segment?")).count()
    };
    let newest = tab.ask(OpenPoint { set: rig.set, at: None }).unwrap();
    let fetched = segments();
    for seq in (2..newest.seq).rev() {
        let point = tab.ask(OpenPoint { set: rig.set, at: Some(seq) }).unwrap();
        assert_eq!((point.seq, newest.bytes - point.bytes), (seq, newest.seq - seq));
    }
    assert_eq!(segments(), fetched);
    let again = tab.reload();
    again.unlock().unwrap();
    assert_eq!(again.ask(OpenPoint { set: rig.set, at: Some(3) }).unwrap().seq, 3);
    assert_eq!(again.ask(OpenPoint { set: rig.set, at: Some(4) }).unwrap().bytes, newest.bytes - (newest.seq - 4));
}

#[test]
fn a_slow_answer_does_not_take_the_place_of_a_newer_one() {
    let (rig, mut tree) = small();
    tree.file("later.txt", b"x".to_vec());
    rig.backup(&tree).unwrap();
    let tab = Rc::new(Tab::unlocked(&rig));
    let newer = Rc::new(RefCell::new(None));
    let (asking, kept, set) = (Rc::clone(&tab), Rc::clone(&newer), rig.set);
    let lie: Lie = Box::new(move |request, answer| {
        if request.path.ends_with("segment?at=1") && kept.borrow().is_none() {
            let question = ListFolder { set, at: 2, folder: None, order: Order::Name, descending: false };
            let listing = asking.ask(question).unwrap();
            kept.replace(Some(listing));
        }
        answer
    });
    tab.browser.0.lie.replace(Some(lie));
    let older = tab.list(&rig, 1, None).unwrap();
    let newer = newer.take().unwrap();
    assert_eq!((older.count, newer.count, tab.rows(&newer).len()), (1, 2, 2));
}

#[test]
fn the_past_is_as_it_was() {
    let (rig, mut tree) = small();
    tree.file("home/later/x.txt", b"x".to_vec());
    tree.dir("home/later");
    tree.file("home/ada/notes.txt", b"second, longer".to_vec());
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    let notes = tab.walk_to(&rig, 1, "home/ada/notes.txt");
    let shown = |at| tab.ask(ShowEntry { set: rig.set, at, path: notes.clone() }).unwrap();
    assert_eq!((shown(1).bytes, shown(2).bytes, shown(2).kind), (5, 14, EntryKind::File));
    let later = tab.walk_to(&rig, 2, "home/later");
    let nothing = tab.list(&rig, 1, Some(&later)).unwrap();
    assert_eq!((nothing.exists, nothing.count), (false, 0));
    let empty = tab.walk_to(&rig, 2, "home/ada/empty");
    let empty = tab.list(&rig, 2, Some(&empty)).unwrap();
    assert_eq!((empty.exists, empty.count), (true, 0));
    for seq in [0, 3, u64::MAX >> 1] {
        let beyond = tab.ask(OpenPoint { set: rig.set, at: Some(seq) });
        assert_eq!(beyond.unwrap_err().kind, ProblemKind::Missing, "{seq}");
    }
}

#[test]
fn versions_tell_when_a_file_changed_went_and_came_back() {
    let (rig, mut tree) = small();
    tree.file("home/ada/other.txt", b"no change of the notes".to_vec());
    rig.backup(&tree).unwrap();
    tree.file("home/ada/notes.txt", b"second".to_vec());
    rig.backup(&tree).unwrap();
    let key = path("home/ada/notes.txt").key().as_bytes().to_vec();
    let kept = tree.nodes.remove(&key).unwrap();
    rig.backup(&tree).unwrap();
    // The next day begins with a base.
    rig.clock.advance_ms(26 * 3_600_000);
    rig.backup(&tree).unwrap();
    tree.nodes.insert(key, kept);
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    let path = tab.walk_to(&rig, 1, "home/ada/notes.txt");
    let mut versions: Vec<Version> = Vec::new();
    let (mut before, mut parts) = (None, 0);
    loop {
        let page = tab.ask(FindVersions { set: rig.set, path: path.clone(), before, daily: false }).unwrap();
        versions.extend(page.versions);
        parts += 1;
        before = page.before;
        if before.is_none() {
            break;
        }
    }
    let told: Vec<_> = versions.iter().map(|version| (version.seq, version.bytes, version.hash.is_some())).collect();
    // The base of the second day says "not there" again, with the same absence of a hash as the commit before.
    assert_eq!(told, [(6, 6, true), (5, 0, false), (4, 0, false), (3, 6, true), (1, 5, true)]);
    assert_eq!(versions[0].hash, versions[3].hash);
    assert_eq!(parts, 2);
}

/// Ten days with a base each, of which `change` says what happens after it.
fn ten_days(change: impl Fn(u64, &mut MemoryTree)) -> (Rig, MemoryTree) {
    let (rig, mut tree) = small();
    for day in 1..10 {
        rig.clock.advance_ms(3_600_000);
        change(day, &mut tree);
        rig.backup(&tree).unwrap();
        rig.clock.advance_ms(23 * 3_600_000);
        rig.backup(&tree).unwrap();
    }
    (rig, tree)
}

#[test]
fn a_look_a_day_finds_what_bases_say_and_single_changes_follow_on_request() {
    // Bases are 1, 3, 5, … 19. On the third day the file changes, on the fifth another one, on the sixth it goes and comes back.
    let (rig, mut tree) = ten_days(|day, tree| match day {
        3 => tree.file("home/ada/notes.txt", b"the second".to_vec()),
        5 => tree.file("home/ada/else.txt", b"something".to_vec()),
        _ => {}
    });
    let key = path("home/ada/notes.txt").key().as_bytes().to_vec();
    let kept = tree.nodes.remove(&key).unwrap();
    rig.backup(&tree).unwrap();
    tree.nodes.insert(key, kept);
    rig.clock.advance_ms(60_000);
    rig.backup(&tree).unwrap();
    rig.clock.advance_ms(24 * 3_600_000);
    rig.backup(&tree).unwrap();

    let tab = Tab::unlocked(&rig);
    let notes = tab.walk_to(&rig, 1, "home/ada/notes.txt");
    let find = |before: Option<u64>, daily| {
        let page = tab.ask(FindVersions { set: rig.set, path: notes.clone(), before, daily }).unwrap();
        let told: Vec<_> = page.versions.iter().map(|version| (version.seq, version.bytes, version.single)).collect();
        (told, page.before, page.lost)
    };
    assert_eq!(find(None, false), (vec![(22, 10, None)], Some(22), 0));
    tab.browser.0.asked.borrow_mut().clear();
    // It went and came back between two bases; it changed between those of the third day and the fourth.
    assert_eq!(find(Some(22), true), (vec![(7, 10, Some(7)), (1, 5, None)], None, 0));
    let asked: Vec<_> = tab.browser.0.asked.borrow().iter().map(|(asked, _)| asked.clone()).collect();
    assert_eq!(asked.iter().filter(|asked| asked.contains("/segment")).count(), 10, "a base each");
    assert!(asked.iter().filter(|asked| asked.contains("/objects")).count() <= 2, "{asked:?}");

    assert_eq!(find(Some(7), false), (vec![(6, 10, None), (5, 5, None)], Some(5), 0));
    let (gone, ..) = find(Some(22), false);
    assert_eq!(gone, [(21, 10, None), (20, 0, None), (19, 10, None)]);
    // Each change says the same of all, from one hash to the next.
    let all = |daily| {
        let (mut hashes, mut before) = (Vec::new(), None);
        loop {
            let question = FindVersions { set: rig.set, path: notes.clone(), before, daily };
            let page = tab.ask(question).unwrap();
            hashes.extend(page.versions.iter().map(|version| (version.hash, version.content)));
            before = page.before;
            if before.is_none() {
                break;
            }
        }
        hashes.dedup();
        hashes
    };
    let (by_day, each) = (all(true), all(false));
    assert_eq!((by_day.len(), each.len()), (2, 4));
    assert_eq!((by_day[0], by_day[1]), (each[0], each[3]));
}

#[test]
fn a_day_whose_page_is_lost_is_counted_and_the_others_are_told() {
    let (rig, _) = ten_days(|day, tree| tree.file("home/ada/notes.txt", vec![day as u8; 10 + day as usize]));
    let tab = Tab::unlocked(&rig);
    let notes = tab.walk_to(&rig, 1, "home/ada/notes.txt");
    let objects: Vec<_> = rig.server.inner.lock().unwrap().objects.keys().copied().collect();
    let mut lost_days = 0;
    for lost in objects {
        let tab = Tab::unlocked(&rig);
        tab.browser.0.lie.replace(Some(about_object(lost, Vec::clear)));
        let question = FindVersions { set: rig.set, path: notes.clone(), before: Some(20), daily: true };
        let Ok(page) = tab.ask(question) else { continue };
        assert_eq!(page.versions.len() + page.lost as usize, 10, "{lost}");
        lost_days += page.lost;
    }
    assert!(lost_days >= 10, "{lost_days}");
}

#[test]
fn versions_tell_content_from_what_stands_beside_it() {
    let (rig, mut tree) = small();
    tree.node("home/ada/notes.txt").stamp.mtime.seconds += 5;
    rig.backup(&tree).unwrap();
    tree.file("home/ada/notes.txt", b"other".to_vec());
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    let notes = tab.walk_to(&rig, 1, "home/ada/notes.txt");
    let page = tab.ask(FindVersions { set: rig.set, path: notes, before: None, daily: false }).unwrap();
    let [third, second, first] = &page.versions[..] else { panic!("{:?}", page.versions) };
    assert!(first.hash != second.hash && first.content == second.content);
    assert!(second.hash != third.hash && second.content != third.content);
}

#[test]
fn a_step_through_time_fetches_what_it_does_not_know_and_nothing_twice() {
    let (rig, mut tree) = small();
    let mut change = |number: u64| {
        rig.clock.advance_ms(60_000);
        tree.file("home/ada/notes.txt", vec![7; number as usize]);
        rig.backup(&tree).unwrap();
    };
    (2..=4).for_each(&mut change);
    let tab = Tab::unlocked(&rig);
    let notes = tab.walk_to(&rig, 1, "home/ada/notes.txt");
    let asked = |at: u64| {
        tab.browser.0.asked.borrow_mut().clear();
        let entry = tab.ask(ShowEntry { set: rig.set, at, path: notes.clone() }).unwrap();
        assert_eq!(entry.bytes, if at == 1 { 5 } else { at }, "{at}");
        let asked = tab.browser.0.asked.borrow();
        let segments = asked.iter().filter(|(asked, _)| asked.contains("/segment"));
        segments.map(|(asked, _)| asked.split('?').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    // The walk opened the first commit; what follows comes as it is needed.
    assert_eq!(asked(3), ["after=1&at=3"]);
    for at in [2, 1, 3, 2] {
        assert!(asked(at).is_empty(), "{at}");
    }
    assert_eq!(asked(4), ["after=3&at=4"]);
    (5..=7).for_each(&mut change);
    tab.ask(ListMachines {}).unwrap();
    assert_eq!(asked(7), ["after=4&at=7"]);
    assert!(asked(5).is_empty() && asked(6).is_empty() && asked(1).is_empty());
    // Another base begins another stretch.
    rig.clock.advance_ms(25 * 3_600_000);
    change(8);
    change(9);
    tab.ask(ListMachines {}).unwrap();
    assert_eq!(asked(9), ["after=7&at=9"]);
    assert!(asked(8).is_empty() && asked(7).is_empty());
    // Two are kept; a third takes the place of the one that was left longest ago.
    rig.clock.advance_ms(25 * 3_600_000);
    change(10);
    tab.ask(ListMachines {}).unwrap();
    assert_eq!(asked(10), ["after=9&at=10"]);
    (1..=4).for_each(|at| assert!(asked(at).is_empty(), "{at}"));
    assert_eq!(asked(9), ["after=7&at=9"]);
}

#[test]
fn a_lock_forgets_everything_and_idleness_locks() {
    let (rig, _) = small();
    let tab = Tab::unlocked(&rig);
    let listing = tab.list(&rig, 1, None).unwrap();
    tab.browser.0.now_ms.set(tab.browser.0.now_ms.get() + 14 * 60_000);
    assert!(tab.ask(Touch {}).unwrap().is_open());
    tab.browser.0.now_ms.set(tab.browser.0.now_ms.get() + 14 * 60_000);
    assert_eq!(tab.rows(&listing).len(), 1);
    tab.browser.0.now_ms.set(tab.browser.0.now_ms.get() + 60_000);
    // Reading is not being there; only a person is.
    assert_eq!(tab.list(&rig, 1, None).unwrap_err().kind, ProblemKind::Locked);
    assert!(!tab.ask(AskState {}).unwrap().is_open());
    tab.unlock().unwrap();
    assert!(matches!(tab.browser.0.events.borrow().last(), Some(VaultEvent::State(state)) if state.is_open()));
    assert!(!tab.ask(Lock {}).unwrap().is_open());
    for problem in [
        tab.ask(ListMachines {}).unwrap_err(),
        tab.ask(ReadRows { listing: listing.listing, from: 0, count: 1 }).unwrap_err(),
        tab.ask(OpenPoint { set: rig.set, at: None }).unwrap_err(),
    ] {
        assert_eq!(problem.kind, ProblemKind::Locked);
    }
}

#[test]
fn a_lock_reaches_all_tabs_and_an_unlock_only_its_own() {
    let (rig, _) = small();
    let (one, other) = (Tab::unlocked(&rig), Tab::new(&rig));
    one.browser.0.others.borrow_mut().push(other.desk.clone());
    other.browser.0.others.borrow_mut().push(one.desk.clone());
    assert!(!other.ask(AskState {}).unwrap().is_open());
    other.unlock().unwrap();
    assert!(!one.ask(Lock {}).unwrap().is_open());
    assert!(!other.ask(AskState {}).unwrap().is_open());
    assert!(matches!(other.browser.0.events.borrow().last(), Some(VaultEvent::State(state)) if !state.is_open()));
    // Nobody was in one tab, somebody was in the other.
    one.unlock().unwrap();
    other.unlock().unwrap();
    one.browser.0.now_ms.set(one.browser.0.now_ms.get() + 15 * 60_000);
    assert!(!one.ask(AskState {}).unwrap().is_open());
    assert!(other.ask(AskState {}).unwrap().is_open());
}

#[test]
fn names_that_mean_harm_are_shown_and_opened_by_what_they_are() {
    let (rig, mut tree) = (Rig::new(), Crafted::default());
    tree.dir("d");
    let names: [&[u8]; 5] =
        [b"a\x1b[2J", "x\u{202e}gpj.exe".as_bytes(), b"\xff\xfe", b"<img src=x onerror=alert(1)>", b"-rf"];
    for name in names {
        tree.file([b"d/", name].concat(), name);
    }
    tree.link("d/link", "../../etc/\u{202e}passwd");
    rig.run(|| Ok(tree.walk()), Options::default()).unwrap();
    let tab = Tab::unlocked(&rig);
    let d = tab.walk_to(&rig, 1, "d");
    let rows = tab.rows(&tab.list(&rig, 1, Some(&d)).unwrap());
    assert_eq!(rows.len(), 6);
    for row in rows {
        assert!(!row.name.chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", row.name);
        let shown = tab.ask(ShowEntry { set: rig.set, at: 1, path: row.token.clone() }).unwrap();
        assert_eq!(shown.name, row.name);
        if row.kind == EntryKind::Link {
            assert_eq!(shown.target.as_deref(), Some("../../etc/‹U+202E›passwd"));
        }
    }
}

#[test]
fn a_folder_of_a_large_set_costs_the_pages_that_it_needs_and_no_more() {
    let (rig, mut tree) = (Rig::new(), Crafted::default());
    for folder in 0..100 {
        tree.dir(format!("folder {folder:02}"));
        for file in 0..300 {
            tree.file(format!("folder {folder:02}/file {file:03}.txt"), b"");
        }
    }
    rig.run(|| Ok(tree.walk()), Options::default()).unwrap();
    let tab = Tab::unlocked(&rig);
    tab.ask(OpenPoint { set: rig.set, at: None }).unwrap();
    let opening = tab.browser.0.fetched_bytes.get();
    let folder = tab.walk_to(&rig, 1, "folder 42");
    let listing = tab.list(&rig, 1, Some(&folder)).unwrap();
    assert_eq!((listing.count, listing.lost), (300, 0));
    // Index pages, the page of the top, and those of the folder: a few of more than a hundred.
    let objects = tab.browser.0.fetched_objects.get();
    assert!(objects <= 12, "{objects} objects");
    assert!(opening < 100_000, "{opening} bytes to open");
    // What was fetched once is not fetched again at the next visit.
    let later = tab.reload();
    later.unlock().unwrap();
    later.list(&rig, 1, Some(&folder)).unwrap();
    assert_eq!(later.browser.0.fetched_objects.get(), 0);
    // A browser that keeps nothing works the same.
    let private = later.reload();
    private.browser.0.keeps_nothing.set(true);
    private.browser.0.kept.borrow_mut().clear();
    private.unlock().unwrap();
    assert_eq!(private.list(&rig, 1, Some(&folder)).unwrap().count, 300);
}
