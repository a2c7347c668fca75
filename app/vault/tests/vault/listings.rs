//! Lists at one point in time, and what became of their rows until the newest.

use crate::support::{Rig, tree::MemoryTree};
use crate::tab::{Lie, Tab, about_object};
use iota_core::vault::{
    CompareListing, Fate, FindRows, ListFolder, Listing, ListingComparison, MAX_FOUND_ROWS, MAX_THUMB_BYTES, Order,
    PathToken, ProblemKind,
};
use std::collections::BTreeMap;

fn home() -> (Rig, MemoryTree) {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    for folder in ["home", "home/deep", "home/deep/er", "home/gone", "home/turned", "elsewhere"] {
        tree.dir(folder);
    }
    for (file, content) in [("home/edited", "1"), ("home/kept", "2"), ("home/removed", "3"), ("home/touched", "4")] {
        tree.file(file, content.as_bytes().to_vec());
    }
    tree.file("home/deep/er/inside", b"a".to_vec());
    tree.file("elsewhere/kept", b"of the same name".to_vec());
    rig.backup(&tree).unwrap();
    (rig, tree)
}

fn fates(tab: &Tab, listing: &Listing) -> (BTreeMap<String, Fate>, ListingComparison) {
    let compared = tab.ask(CompareListing { listing: listing.listing }).unwrap();
    let rows = (0..).zip(tab.rows(listing));
    (rows.filter_map(|(index, row)| Some((row.name, compared.fate(index)?))).collect(), compared)
}

fn expected(fates: &[(&str, Fate)]) -> BTreeMap<String, Fate> {
    fates.iter().map(|&(name, fate)| (name.to_owned(), fate)).collect()
}

fn changed() -> (Rig, MemoryTree) {
    let (rig, mut tree) = home();
    tree.file("home/edited", b"one".to_vec());
    tree.node("home/touched").stamp.mtime.seconds += 9;
    tree.remove("home/removed");
    tree.remove("home/gone");
    tree.remove("home/turned");
    tree.file("home/turned", b"a file now".to_vec());
    tree.file("home/deep/er/inside", b"b".to_vec());
    tree.file("home/new", b"n".to_vec());
    rig.clock.advance_ms(60_000);
    rig.backup(&tree).unwrap();
    (rig, tree)
}

#[test]
fn paths_have_places_in_a_list_where_they_are() {
    let (rig, _) = changed();
    let tab = Tab::unlocked(&rig);
    let token = |at, path: &str| tab.walk_to(&rig, at, path);
    let tokens: Vec<PathToken> = vec![
        token(1, "home/removed"),
        token(1, "home/kept"),
        token(1, "home/turned"),
        token(1, "elsewhere/kept"),
        token(1, "home"),
        token(1, "home/deep/er/inside"),
        token(1, "home/kept"),
    ];
    let home = token(1, "home");
    for at in [1, 2] {
        let listing = tab.list(&rig, at, Some(&home)).unwrap();
        let rows = tab.rows(&listing);
        let found = tab.ask(FindRows { listing: listing.listing, tokens: tokens.clone() }).unwrap();
        let truth = tokens.iter().map(|token| rows.iter().position(|row| row.token == *token));
        assert_eq!(
            truth.clone().map(|place| place.is_some()).collect::<Vec<_>>(),
            [at == 1, true, true, false, false, false, true]
        );
        for (found, place) in found.iter().zip(truth) {
            assert_eq!(found.as_ref().map(|found| found.index as usize), place);
            assert_eq!(found.as_ref().map(|found| &found.row), place.map(|place| &rows[place]));
        }
    }
    let top = tab.list(&rig, 1, None).unwrap();
    let found = tab.ask(FindRows { listing: top.listing, tokens: vec![home.clone(), tokens[1].clone()] }).unwrap();
    assert_eq!(found.iter().map(|found| found.as_ref().map(|found| found.index)).collect::<Vec<_>>(), [Some(1), None]);
    let ask = |listing, tokens| tab.ask(FindRows { listing, tokens }).unwrap_err().kind;
    assert_eq!(ask(top.listing - 1, vec![home.clone()]), ProblemKind::Missing);
    assert_eq!(ask(top.listing, vec![PathToken("nobody-sealed-this".into())]), ProblemKind::Missing);
    assert_eq!(ask(top.listing, vec![home; MAX_FOUND_ROWS + 1]), ProblemKind::Failed);
}

#[test]
fn rows_of_the_past_say_what_became_of_them() {
    let (rig, mut tree) = changed();
    let tab = Tab::unlocked(&rig);
    let home = tab.walk_to(&rig, 1, "home");
    let truth = expected(&[
        ("edited", Fate::Changed),
        ("gone", Fate::Gone),
        ("removed", Fate::Gone),
        ("touched", Fate::Metadata),
        ("turned", Fate::OtherKind),
    ]);
    for (order, descending) in [(Order::Name, false), (Order::Size, true), (Order::Changed, false)] {
        let question = ListFolder { set: rig.set, at: 1, folder: Some(home.clone()), order, descending };
        let listing = tab.ask(question).unwrap();
        let (told, compared) = fates(&tab, &listing);
        assert_eq!((&told, compared.seq, compared.lost), (&truth, 2, 0));
        assert_eq!(compared.fate(listing.count), None);
    }
    let top = tab.list(&rig, 1, None).unwrap();
    assert_eq!(fates(&tab, &top).0, BTreeMap::new());
    // The newest point is as it is.
    let now = tab.list(&rig, 2, Some(&home)).unwrap();
    let (told, compared) = fates(&tab, &now);
    assert_eq!((told, compared.seq, compared.fates.len()), (BTreeMap::new(), 2, 0));
    // A list that another took the place of is no longer compared.
    let older = CompareListing { listing: now.listing - 1 };
    assert_eq!(tab.ask(older).unwrap_err().kind, ProblemKind::Missing);
    tree.remove("home/kept");
    for name in ["home/edited", "home/touched", "home/turned", "home/new", "home/deep", "home"] {
        tree.remove(name);
    }
    rig.clock.advance_ms(60_000);
    rig.backup(&tree).unwrap();
    let later = Tab::unlocked(&rig);
    let listing = later.list(&rig, 1, Some(&home)).unwrap();
    let (told, compared) = fates(&later, &listing);
    assert!(told.len() == 7 && told.values().all(|&fate| fate == Fate::Gone), "{told:?}");
    assert_eq!((compared.seq, compared.fates.len()), (3, 1));
}

#[test]
fn what_is_lost_now_is_not_called_gone() {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    tree.dir("many");
    let name = |file: u32| format!("many/{file:04}");
    (0..990).for_each(|file| tree.file(&name(file), vec![7; 9]));
    rig.backup(&tree).unwrap();
    // Another day begins with a base of its own pages.
    rig.clock.advance_ms(26 * 3_600_000);
    (0..990).filter(|file| file % 2 == 0).for_each(|file| tree.file(&name(file), vec![8; 10]));
    tree.remove("many/0501");
    rig.backup(&tree).unwrap();
    let whole = Tab::unlocked(&rig);
    let many = whole.walk_to(&rig, 1, "many");
    let listing = whole.list(&rig, 1, Some(&many)).unwrap();
    let (truth, _) = fates(&whole, &listing);
    assert_eq!(truth.len(), 496);
    let objects: Vec<_> = rig.server.inner.lock().unwrap().objects.keys().copied().collect();
    let (mut lost_once, mut whole_once) = (0, 0);
    for lost in objects {
        let tab = Tab::unlocked(&rig);
        let Ok(listing) = tab.list(&rig, 1, Some(&many)) else { continue };
        if listing.count < 990 {
            continue;
        }
        let names: Vec<_> = tab.rows(&listing).into_iter().map(|row| row.name).collect();
        // What the list needed was read, and is kept; what follows is not.
        tab.browser.0.kept.borrow_mut().clear();
        let lie: Lie = about_object(lost, Vec::clear);
        tab.browser.0.lie.replace(Some(lie));
        let Ok(compared) = tab.ask(CompareListing { listing: listing.listing }) else { continue };
        let told = (0..).zip(&names).filter_map(|(index, name)| Some((name, compared.fate(index)?)));
        let mut count = 0;
        for (name, fate) in told {
            assert_eq!(truth.get(name), Some(&fate), "{name} without {lost}");
            count += 1;
        }
        if compared.lost > 0 {
            lost_once += 1;
            assert!(count < truth.len());
        } else {
            whole_once += 1;
            assert_eq!(count, truth.len());
        }
    }
    assert!(lost_once >= 2 && whole_once >= 1, "{lost_once} {whole_once}");
}

#[test]
fn small_pictures_are_told_by_their_content() {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    for (name, content) in
        [("a.png", "one"), ("b.JPEG", "two"), ("notes.txt", "one"), (".png", "three"), ("png", "four")]
    {
        tree.file(name, content.as_bytes().to_vec());
    }
    tree.file("empty.png", Vec::new());
    tree.file("long.webp", vec![0; MAX_THUMB_BYTES as usize + 1]);
    tree.dir("folder.png");
    rig.backup(&tree).unwrap();
    tree.node("a.png").stamp.mtime.seconds += 5;
    tree.file("b.JPEG", b"new".to_vec());
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    let pictures = |at| {
        let rows = tab.rows(&tab.list(&rig, at, None).unwrap());
        BTreeMap::from_iter(rows.into_iter().filter_map(|row| Some((row.name, row.picture?))))
    };
    let (before, after) = (pictures(1), pictures(2));
    assert_eq!(before.keys().collect::<Vec<_>>(), [".png", "a.png", "b.JPEG"]);
    assert_eq!(after.keys().collect::<Vec<_>>(), [".png", "a.png", "b.JPEG"]);
    assert!(before["a.png"] == after["a.png"] && before["b.JPEG"] != after["b.JPEG"]);
}
