//! What changed below folders, against states that were recorded.

use crate::support::{
    Rig,
    tree::{MemoryTree, Node},
};
use crate::tab::{Tab, about_object};
use iota_agent::remote::Archive;
use iota_core::api::json::SnapshotInfo;
use iota_core::commit::CommitKind;
use iota_core::path::Key;
use iota_core::vault::{ChildChange, FindFolderChanges, FolderChange, FolderChangesPage, Lock, PathToken, ProblemKind};
use iota_vault::platform::Request;
use std::collections::BTreeMap;

const DAY_MS: u64 = 26 * 3_600_000;

/// Paths and what they held.
type Paths = BTreeMap<String, Node>;

/// A machine, and what it had at each commit.
struct Past {
    rig: Rig,
    tree: MemoryTree,
    states: Vec<Paths>,
}

impl Past {
    fn new(tree: MemoryTree) -> Self {
        let mut past = Self { rig: Rig::new(), tree, states: Vec::new() };
        past.then(0, |_| {});
        past
    }

    fn then(&mut self, days: u64, change: impl FnOnce(&mut MemoryTree)) {
        self.rig.clock.advance_ms(days * DAY_MS + 1000);
        change(&mut self.tree);
        self.rig.backup(&self.tree).unwrap();
        let text = |key: &[u8]| String::from_utf8(Key::parse(key).unwrap().as_bytes().to_vec()).unwrap();
        self.states.push(self.tree.nodes.iter().map(|(key, node)| (text(key), node.clone())).collect());
    }

    /// What the snapshots `kept` differ in below `folder`, from the newest on: seq, put, removed, bytes, and by child.
    fn truth(&self, kept: &[u64], folder: &str) -> Vec<Shown> {
        let below = |seq: u64| -> BTreeMap<&str, &Node> {
            let state = self.states[seq as usize - 1].iter();
            state.filter_map(|(path, node)| Some((path.strip_prefix(folder)?, node))).collect()
        };
        let mut truth: Vec<_> = kept.windows(2).map(|two| shown_of(two[1], &below(two[0]), &below(two[1]))).collect();
        truth.retain(|shown| !shown.children.is_empty());
        truth.reverse();
        truth
    }

    /// What the vault says, part by part.
    fn told(&self, tab: &Tab, folder: Option<&PathToken>) -> Vec<FolderChange> {
        let (mut told, mut before, mut from_ms) = (Vec::new(), None, u64::MAX);
        loop {
            let page = self.ask(tab, folder, before).unwrap();
            assert!(page.from_ms < from_ms);
            from_ms = page.from_ms;
            assert!(page.changes.iter().all(|change| change.device_time_ms >= from_ms));
            told.extend(page.changes);
            assert!(page.before.is_none_or(|next| before.is_none_or(|before| next < before)));
            before = page.before;
            if before.is_none() {
                return told;
            }
        }
    }

    fn ask(
        &self,
        tab: &Tab,
        folder: Option<&PathToken>,
        before: Option<u64>,
    ) -> Result<FolderChangesPage, iota_core::vault::Problem> {
        tab.ask(FindFolderChanges { set: self.rig.set, folder: folder.cloned(), before })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Shown {
    seq: u64,
    put: u64,
    removed: u64,
    bytes: u64,
    /// Put, removed, gone.
    children: BTreeMap<String, (u64, u64, bool)>,
}

fn shown_of(seq: u64, before: &BTreeMap<&str, &Node>, after: &BTreeMap<&str, &Node>) -> Shown {
    let put = after.iter().filter(|(path, node)| before.get(*path) != Some(*node)).map(|(path, _)| *path);
    let removed: Vec<_> = before.keys().copied().filter(|path| !after.contains_key(path)).collect();
    let put: Vec<_> = put.collect();
    let holds_changed = |folder: &str| {
        put.iter().chain(&removed).any(|path| path.rsplit_once('/').is_some_and(|(parent, _)| parent == folder))
    };
    let mut shown = Shown { seq, put: 0, removed: removed.len() as u64, bytes: 0, children: BTreeMap::new() };
    let child = |path: &str| path.split('/').next().unwrap().to_owned();
    for path in &put {
        let counted = shown.children.entry(child(path)).or_default();
        let content = &after[path].content;
        if content.is_some() || !holds_changed(path) {
            counted.0 += 1;
            shown.put += 1;
            shown.bytes += content.as_ref().map_or(0, |content| content.len() as u64);
        }
    }
    for path in &removed {
        let counted = shown.children.entry(child(path)).or_default();
        counted.1 += 1;
        counted.2 |= !path.contains('/');
    }
    shown
}

fn shown(told: &[FolderChange]) -> Vec<Shown> {
    let child = |child: &ChildChange| (child.name.clone(), (child.put, child.removed, child.gone));
    told.iter()
        .map(|told| {
            assert_eq!((told.more_children, told.lost), (0, 0));
            let children = told.children.iter().map(child).collect();
            let FolderChange { seq, put, removed, bytes, .. } = *told;
            Shown { seq, put, removed, bytes, children }
        })
        .collect()
}

/// The server lists all but these, a few at a time.
fn thinned(rig: &Rig, gone: Vec<u64>) -> impl Fn(&Request) -> Option<Vec<u8>> + use<> {
    let (archive, mut kept) = (rig.archive(), Vec::new());
    loop {
        let before = kept.last().map(|info: &SnapshotInfo| info.seq);
        let page = archive.snapshots(rig.set, before, 1000).unwrap();
        if page.is_empty() {
            break;
        }
        kept.extend(page);
    }
    kept.retain(|info| !gone.contains(&info.seq));
    move |request| {
        let before: u64 =
            request.path.contains("/snapshots?").then(|| request.path.rsplit('=').next())??.parse().unwrap();
        let page: Vec<_> = kept.iter().filter(|info| info.seq < before).take(3).collect();
        Some(serde_json::to_vec(&page).unwrap())
    }
}

fn thin(tab: &Tab, rig: &Rig, gone: Vec<u64>) {
    let thinned = thinned(rig, gone);
    tab.browser.0.lie.replace(Some(Box::new(move |request, answer| thinned(request).unwrap_or(answer))));
}

fn small() -> MemoryTree {
    let mut tree = MemoryTree::default();
    ["a", "a/b", "a/b/c", "d"].iter().for_each(|folder| tree.dir(folder));
    for file in ["top.txt", "a/one.txt", "a/b/two.txt", "a/b/c/three.txt", "d/four.txt"] {
        tree.file(file, file.as_bytes());
    }
    // Beside a folder, with a name that begins like its own.
    tree.file("a.txt", b"beside".to_vec());
    tree
}

/// Some of everything, the same each time.
fn lived() -> Past {
    let mut past = Past::new(small());
    let mut seed = 7_u64;
    let mut dice = move |sides: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    for step in 0..60_u64 {
        let days = u64::from(dice(6) == 0);
        let paths =
            ["a/one.txt", "a/b/two.txt", "a/b/new.txt", "a/b/c/brief.txt", "d/four.txt", "top.txt", "a/b/c", "a.txt"];
        let picked: Vec<_> = (0..1 + dice(3)).map(|_| (paths[dice(8) as usize], dice(3))).collect();
        past.then(days, |tree| {
            for (path, what) in picked {
                match what {
                    0 => tree.remove(path),
                    // What is in it would be lost otherwise.
                    _ if path == "a/b/c" => tree.dir(path),
                    _ if path.starts_with("a/b/c/") => {
                        tree.dir("a/b/c");
                        tree.file(path, vec![1; step as usize + 1]);
                    }
                    _ => tree.file(path, vec![2; step as usize + 1]),
                }
            }
        });
    }
    past
}

#[test]
fn what_is_told_is_what_the_snapshots_differ_in_whichever_are_kept() {
    let past = lived();
    let all: Vec<u64> = (1..=past.states.len() as u64).collect();
    let tab = Tab::unlocked(&past.rig);
    let folders = [("a/", Some("a")), ("a/b/", Some("a/b")), ("a/b/c/", Some("a/b/c")), ("d/", Some("d")), ("", None)];
    let folders = folders.map(|(prefix, path)| (prefix, path.map(|path| tab.walk_to(&past.rig, 1, path))));
    let mut told = 0;
    for gone in
        [vec![], vec![1, 2, 3], (2..60).filter(|seq| seq % 3 > 0).collect(), (5..50).collect(), (1..60).collect()]
    {
        let kept: Vec<_> = all.iter().copied().filter(|seq| !gone.contains(seq)).collect();
        thin(&tab, &past.rig, gone);
        for (prefix, folder) in &folders {
            let truth = past.truth(&kept, prefix);
            assert_eq!(shown(&past.told(&tab, folder.as_ref())), truth, "{prefix} of {kept:?}");
            told += truth.len();
        }
    }
    assert!(told > 150, "{told}");
}

#[test]
fn what_a_server_does_not_list_is_not_hidden_and_nothing_is_claimed_of_what_it_hides() {
    let past = lived();
    let newest = past.states.len() as u64;
    let tab = Tab::unlocked(&past.rig);
    let bases = {
        let history = past.rig.server.inner.lock().unwrap();
        let bases = history.commits.iter().map(|commit| &commit.frame.header.header);
        bases.filter(|header| header.kind == CommitKind::Base).map(|header| header.seq).collect::<Vec<_>>()
    };
    let last = *bases.last().unwrap();
    assert!(bases.len() > 3 && last > 1 && last < newest, "{bases:?}");
    // Less and less of the end: the newest, the part that it is of, and all but the first.
    for first_gone in [newest, newest - 1, last + 1, last, 2] {
        thin(&tab, &past.rig, (first_gone..=newest).collect());
        let kept: Vec<_> = (1..first_gone).chain([newest]).collect();
        assert_eq!(shown(&past.told(&tab, None)), past.truth(&kept, ""), "{kept:?}");
    }
    // Of the beginning: where the list ends nothing is known, rather than nothing changed.
    let known_from = |gone: Vec<u64>| {
        thin(&tab, &past.rig, gone);
        let (mut page, mut pages) = (past.ask(&tab, None, None).unwrap(), 1);
        while let Some(before) = page.before {
            assert_eq!(page.from_seq, before);
            page = past.ask(&tab, None, Some(before)).unwrap();
            pages += 1;
        }
        (page.from_seq, page.from_ms, pages)
    };
    let time_of =
        |seq: u64| past.rig.server.inner.lock().unwrap().commits[seq as usize - 1].frame.header.header.device_time_ms;
    assert_eq!(known_from(vec![]), (2, time_of(1), bases.len()));
    assert_eq!(known_from((1..last + 2).collect()), (last + 3, time_of(last + 2), 1));
    assert_eq!(known_from((1..=newest).collect()), (newest + 1, time_of(newest), 1));
}

#[test]
fn what_came_and_went_between_two_snapshots_is_not_told_and_what_was_there_is_gone() {
    let mut past = Past::new(small());
    past.then(0, |tree| {
        tree.file("a/brief.txt", b"brief".to_vec());
        tree.file("a/one.txt", b"other".to_vec());
    });
    past.then(0, |tree| {
        tree.remove("a/brief.txt");
        tree.remove("a/one.txt");
    });
    let tab = Tab::unlocked(&past.rig);
    let a = tab.walk_to(&past.rig, 1, "a");
    let counts =
        |told: &[FolderChange]| -> Vec<_> { told.iter().map(|told| (told.seq, told.put, told.removed)).collect() };
    assert_eq!(counts(&past.told(&tab, Some(&a))), [(3, 0, 2), (2, 2, 0)]);
    thin(&tab, &past.rig, vec![2]);
    let told = past.told(&tab, Some(&a));
    assert_eq!(counts(&told), [(3, 0, 1)]);
    assert_eq!(
        (told[0].children.len(), told[0].children[0].name.as_str(), told[0].children[0].gone),
        (1, "one.txt", true)
    );
}

#[test]
fn a_child_leads_where_its_row_does() {
    let mut past = Past::new(small());
    past.then(0, |tree| {
        tree.file("a/b/c/three.txt", b"other".to_vec());
        tree.file("a/one.txt", b"other".to_vec());
    });
    let tab = Tab::unlocked(&past.rig);
    let a = tab.walk_to(&past.rig, 1, "a");
    let told = past.told(&tab, Some(&a));
    let token = |path| tab.walk_to(&past.rig, 2, path);
    let child =
        |name: &str, path| ChildChange { name: name.into(), token: token(path), put: 1, removed: 0, gone: false };
    assert_eq!(told[0].children, [child("b", "a/b"), child("one.txt", "a/one.txt")]);
    let top = past.told(&tab, None);
    assert_eq!((top[0].children.len(), &top[0].children[0].token), (1, &a));
}

#[test]
fn a_thousand_children_are_named_and_the_others_counted() {
    let mut past = Past::new(small());
    past.then(0, |tree| (0..1200).for_each(|file| tree.file(&format!("d/{file:04}"), vec![1; 3])));
    past.then(1, |tree| (0..1001).for_each(|file| tree.remove(&format!("d/{file:04}"))));
    let tab = Tab::unlocked(&past.rig);
    let told = past.told(&tab, Some(&tab.walk_to(&past.rig, 1, "d")));
    let counts = |told: &FolderChange| (told.put, told.removed, told.bytes, told.children.len(), told.more_children);
    assert_eq!(told.iter().map(counts).collect::<Vec<_>>(), [(0, 1001, 0, 1000, 1), (1200, 0, 3600, 1000, 200)]);
    assert_eq!(told[1].children[999].name, "0999");
}

#[test]
fn names_of_one_answer_are_bounded() {
    let mut past = Past::new(small());
    for round in 0..21 {
        past.then(0, |tree| (0..1000).for_each(|file| tree.file(&format!("d/{file:04}"), vec![round; 3])));
    }
    let tab = Tab::unlocked(&past.rig);
    let page = past.ask(&tab, Some(&tab.walk_to(&past.rig, 1, "d")), None).unwrap();
    let counts: Vec<_> = page.changes.iter().map(|told| (told.put, told.children.len(), told.more_children)).collect();
    assert_eq!(counts[..20], [(1000, 1000, 0); 20]);
    assert_eq!(counts[20..], [(1000, 0, 1000)]);
}

#[test]
fn a_lost_page_is_told_and_nothing_in_it_is_called_new_or_gone() {
    let mut tree = MemoryTree::default();
    for folder in 0..20 {
        tree.dir(&format!("f{folder:02}"));
        (0..100).for_each(|file| {
            tree.file(&format!("f{folder:02}/file {file:02}.txt"), format!("{folder} {file}").into_bytes())
        });
    }
    let mut past = Past::new(tree);
    past.then(1, |tree| (0..20).for_each(|folder| tree.file(&format!("f{folder:02}/file 00.txt"), b"other".to_vec())));
    // Of what came and went, too.
    past.then(0, |tree| tree.file("f05/brief.txt", b"brief".to_vec()));
    past.then(0, |tree| tree.remove("f05/brief.txt"));
    let objects: Vec<_> = past.rig.server.inner.lock().unwrap().objects.keys().copied().collect();
    let (mut lost, mut whole) = (0, 0);
    for cid in objects {
        let tab = Tab::unlocked(&past.rig);
        let (thinned, about) = (thinned(&past.rig, vec![3]), about_object(cid, Vec::clear));
        let lie = move |request: &Request, answer| thinned(request).unwrap_or_else(|| about(request, answer));
        tab.browser.0.lie.replace(Some(Box::new(lie)));
        let told = past.told(&tab, None);
        assert!(told.iter().all(|told| told.removed == 0), "{told:?}");
        let base = told.iter().find(|told| told.seq == 2).unwrap();
        assert!(base.put <= 20 && (base.lost > 0 || base.put == 20), "{base:?}");
        let last = told.iter().find(|told| told.seq == 4);
        assert!(last.is_none_or(|last| last.put == 0 && last.lost > 0), "{last:?}");
        lost += u32::from(base.lost > 0);
        whole += u32::from(base.lost == 0 && last.is_none());
    }
    assert!(lost > 2 && whole > 2, "{lost} {whole}");
}

#[test]
fn what_is_not_there_is_said() {
    let past = Past::new(small());
    let tab = Tab::unlocked(&past.rig);
    assert_eq!(past.told(&tab, None), []);
    let kind = |folder: Option<&str>, before| {
        let folder = folder.map(|text| PathToken(text.into()));
        past.ask(&tab, folder.as_ref(), before).unwrap_err().kind
    };
    assert_eq!(kind(Some("no token"), None), ProblemKind::Missing);
    for before in [0, 1, 3, u64::MAX] {
        assert_eq!(kind(None, Some(before)), ProblemKind::Missing, "{before}");
    }
    tab.ask(Lock {}).unwrap();
    assert_eq!(kind(None, None), ProblemKind::Locked);
}
