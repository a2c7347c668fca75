//! Orders to restore: sealed to the machine, signed for the server, and what the machine says of them.

use crate::support::{
    ACCOUNT, DEVICE, Rig,
    archive::AGREEMENT,
    compare::{differences, look},
    crafted::Crafted,
    open_history,
    tree::MemoryTree,
};
use crate::tab::{Tab, about_object};
use iota_agent::{
    backup::{Options, source::FoundKind},
    history::{Fault, Moment, Objects, Point},
    monitor::Silent,
    remote::{Archive, ObjectSource, RemoteError},
    restore::{self, LossReason, Report},
};
use iota_core::{
    api::json::{Bytes, NewRestore, RestoreInfo, RestoreOrder},
    extent::Extent,
    id::{Cid, Digest},
    path::TreePath,
    refs::Reference,
    restore::{
        Ending, FILES_LIFE_MS, Grant, LIFE_MS, MAX_LISTED_OBJECTS, Opened, Opens, Outcome, Overwrite, SignedGrant,
        Target, ToldLoss,
    },
    vault::{
        CancelRestore, ListFolder, ListRestores, MAX_CHOSEN, Order, OrderRestore, ProblemKind, ReadRows, Row,
        Selection, Standing,
    },
};
use iota_crypto::{
    keys::{AgreementSecret, DedupKey, LiveKey, MasterKey},
    live::Place,
    restore::{Wish, open_order, seal_order, seal_outcome},
    secret::system_random,
};
use iota_vault::platform::Store;
use std::{collections::BTreeSet, path::Path, sync::Mutex};

fn master() -> MasterKey {
    MasterKey::from_bytes([9; 32])
}

fn live(rig: &Rig) -> LiveKey {
    master().live_key(ACCOUNT, rig.set, 1)
}

fn rig() -> Rig {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    tree.dir("home");
    tree.dir("home/ada");
    tree.file("home/ada/one", b"first".to_vec());
    tree.file("home/ada/two", vec![3; 300_000]);
    tree.file("home/bob", b"bob".to_vec());
    rig.backup(&tree).unwrap();
    tree.file("home/ada/one", b"second".to_vec());
    rig.backup(&tree).unwrap();
    tree.remove("home/ada/two");
    rig.backup(&tree).unwrap();
    rig
}

fn path(rig: &Rig) -> String {
    format!("/sets/{}/restores", rig.set)
}

fn show(tab: &Tab, rig: &Rig, infos: &[RestoreInfo]) {
    let mut answers = tab.browser.0.answers.borrow_mut();
    answers.insert(("GET", path(rig)), Ok(serde_json::to_vec(infos).unwrap()));
    answers.insert(("POST", path(rig)), Ok(Vec::new()));
}

/// What was sent last, opened as the machine does.
fn sent(tab: &Tab, rig: &Rig) -> (SignedGrant, Wish, RestoreOrder) {
    let asked = tab.browser.0.asked.borrow();
    let (_, body) = asked.iter().rev().find(|(request, _)| request.starts_with("POST ")).unwrap();
    let NewRestore { order, .. } = serde_json::from_slice(body).unwrap();
    let signed = SignedGrant::decode(&order.grant.0).unwrap();
    signed.verify(&master().identity(ACCOUNT).verifying_key(), &order.sealed.0).unwrap();
    let secret = AgreementSecret::from_bytes(AGREEMENT);
    (signed, open_order(&signed.grant, &order.sealed.0, &secret, &live(rig)).unwrap(), order)
}

/// The list of objects that was sent last.
fn listed(tab: &Tab) -> Vec<u8> {
    let asked = tab.browser.0.asked.borrow();
    let (_, body) = asked.iter().rev().find(|(request, _)| request.starts_with("POST /sets/")).unwrap();
    serde_json::from_slice::<NewRestore>(body).unwrap().objects.0
}

/// A server that opens what an order opens, and notes what was asked beyond that.
struct Opening<'a> {
    rig: &'a Rig,
    opened: Opened,
    beyond: Mutex<BTreeSet<Cid>>,
}

impl ObjectSource for Opening<'_> {
    fn read_objects(&self, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError> {
        let answer = self.rig.archive().read_objects(references)?;
        let one = |(object, asked): (_, &Reference)| {
            if self.opened.contains(&asked.cid) {
                return object;
            }
            self.beyond.lock().unwrap().insert(asked.cid);
            None
        };
        Ok(answer.into_iter().zip(references).map(one).collect())
    }
}

/// Gives the order and carries it out as a machine does, with what its grant opens; returns what the machine asked for beyond that.
fn carry_out(tab: &Tab, rig: &Rig, order: OrderRestore, to: &Path) -> (Report, Opened, BTreeSet<Cid>) {
    let at = order.at;
    tab.ask(order).unwrap();
    let (signed, wish, _) = sent(tab, rig);
    let opened = signed.grant.opens.with_list(&listed(tab)).unwrap();
    let opening = Opening { rig, opened, beyond: Mutex::default() };
    let dedup = DedupKey::from_bytes(*master().dedup_key(ACCOUNT, 1).expose());
    let commits = rig.archive().segment(rig.set, at).unwrap().commits;
    let point = Point::ordered(&commits, &wish, Objects::new(&opening, dedup)).unwrap();
    let options = restore::Options::default();
    restore::forecast(&point, &wish.paths, to, options).unwrap();
    let report = restore::restore(&point, &wish.paths, to, options, &Silent).unwrap();
    drop(point);
    (report, opening.opened, opening.beyond.into_inner().unwrap())
}

/// The objects that hold the content of a path, and the pages that describe it.
fn content_of(rig: &Rig, at: u64, path: &str) -> (BTreeSet<Cid>, Vec<Cid>) {
    let owner = rig.owner();
    let point = open_history(&owner).at(Moment::Seq(at)).unwrap();
    let entry = point.entry(&tree_path(path)).unwrap().unwrap();
    let mut extents = point.extents(&entry);
    let mut chunks = BTreeSet::new();
    while let Some(extent) = extents.next_extent().unwrap() {
        if let Extent::Slice { chunk, .. } = extent.unwrap() {
            chunks.insert(chunk.cid);
        }
    }
    (chunks, extents.take_pages())
}

fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut noise);
    noise
}

/// Many files in several pages, long ones, one with two names, and a second backup that changes some.
fn large() -> Rig {
    let (rig, mut tree) = (Rig::new(), Crafted::default());
    for dir in ["home", "home/ada", "home/ada/docs", "home/ada/empty", "home/bob", "srv", "srv/many"] {
        tree.dir(dir);
    }
    tree.file("home/ada/docs/long.qcow2", noise(1, 1 << 20));
    tree.file("home/ada/docs/one", b"first");
    tree.file("home/ada/docs/other.qcow2", noise(2, 1 << 20));
    tree.file("home/ada/docs/two", noise(3, 300_000));
    tree.link("home/ada/docs/way", "one");
    let shared = noise(4, 200_000);
    tree.hard_link("home/bob/leader", "home/bob/leader", &shared);
    tree.hard_link("home/ada/second", "home/bob/leader", &shared);
    tree.put("home/ada/pipe", FoundKind::Fifo);
    for number in 0..3000 {
        tree.file(format!("srv/many/{number:04}"), noise(1000 + number, 600));
    }
    rig.run(|| Ok(tree.walk()), Options::default()).unwrap();
    tree.file("home/ada/docs/one", b"second");
    tree.file("home/ada/docs/new", noise(5, 100_000));
    tree.0.remove(&tree_path("srv/many/0007"));
    rig.run(|| Ok(tree.walk()), Options::default()).unwrap();
    rig
}

/// What the owner keeps of the newest.
fn noted(tab: &Tab) -> Vec<u8> {
    let asked = tab.browser.0.asked.borrow();
    let (_, body) = asked.iter().rev().find(|(request, _)| request.starts_with("POST ")).unwrap();
    serde_json::from_slice::<NewRestore>(body).unwrap().note.0
}

fn order(rig: &Rig, at: u64, selection: Selection) -> OrderRestore {
    OrderRestore {
        set: rig.set,
        at,
        selection,
        machine: rig.set,
        target: Target::Beside("/srv/back".into()),
        overwrite: Overwrite::Never,
        dry_run: false,
    }
}

fn tree_path(text: &str) -> TreePath {
    TreePath::parse(text.as_bytes()).unwrap()
}

#[test]
fn an_order_brings_what_the_machine_needs_and_nothing_else() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    show(&tab, &rig, &[]);
    let folder = tab.walk_to(&rig, 2, "home/ada");
    let listing = tab.ask(ListFolder {
        set: rig.set,
        at: 2,
        folder: Some(folder.clone()),
        order: Order::Name,
        descending: false,
    });
    let rows = tab.rows(&listing.unwrap());
    let choices = [
        (Selection::default(), vec![]),
        (Selection { folder: Some(folder.clone()), only: vec![] }, vec![tree_path("home/ada")]),
        (
            Selection { folder: Some(folder.clone()), only: vec![rows[1].token.clone()] },
            vec![tree_path("home/ada/two")],
        ),
        (
            Selection { folder: Some(folder), only: vec![rows[1].token.clone(), rows[0].token.clone()] },
            vec![tree_path("home/ada/one"), tree_path("home/ada/two")],
        ),
    ];
    for (selection, paths) in choices {
        let restore = tab.ask(order(&rig, 2, selection)).unwrap();
        let (signed, wish, _) = sent(&tab, &rig);
        let ordered_ms = signed.grant.ordered_ms;
        let (opens, life_ms) = match &listed(&tab)[..] {
            [] => (Opens::Snapshot, LIFE_MS),
            list => (Opens::Files(Digest::of(list)), FILES_LIFE_MS),
        };
        assert_eq!(opens == Opens::Snapshot, paths.is_empty(), "everything needs no list");
        let expected = Grant {
            account: ACCOUNT,
            restore,
            machine: rig.set,
            device: DEVICE,
            source: rig.set,
            seq: 2,
            ordered_ms,
            until_ms: ordered_ms + life_ms,
            opens,
        };
        assert_eq!((signed.grant, &wish.paths), (expected, &paths));
        // Keys up to this commit open it, and there is none for the next.
        let archive = rig.archive();
        let commits = archive.segment(rig.set, 2).unwrap().commits;
        assert_eq!(wish.body_keys.len(), commits.len());
        let dedup = DedupKey::from_bytes(*master().dedup_key(ACCOUNT, 1).expose());
        let point = Point::ordered(&commits, &wish, Objects::new(&archive, dedup)).unwrap();
        assert!(point.entry(&tree_path("home/ada/two")).unwrap().is_some());
        let later = archive.segment(rig.set, 3).unwrap().commits;
        let dedup = DedupKey::from_bytes(*master().dedup_key(ACCOUNT, 1).expose());
        assert!(Point::ordered(&later, &wish, Objects::new(&archive, dedup)).is_err());
    }
}

#[test]
fn orders_rise_and_what_makes_no_sense_is_not_sent() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    show(&tab, &rig, &[]);
    tab.ask(order(&rig, 1, Selection::default())).unwrap();
    let (mut signed, _, _) = sent(&tab, &rig);
    // A device whose clock goes ahead ordered before.
    signed.grant.ordered_ms += 1_000_000;
    signed.grant.until_ms += 1_000_000;
    signed.signature = master().identity(ACCOUNT).sign(&SignedGrant::signed_bytes(&signed.grant, &signed.sealed));
    let before = info(&signed, None);
    show(&tab, &rig, &[before]);
    tab.ask(order(&rig, 1, Selection::default())).unwrap();
    assert_eq!(sent(&tab, &rig).0.grant.ordered_ms, signed.grant.ordered_ms + 1);
    let one = tab.walk_to(&rig, 1, "home/ada/one");
    let too_much = Selection { folder: Some(tab.walk_to(&rig, 1, "home/ada")), only: vec![one; MAX_CHOSEN + 1] };
    let sent_before = tab.browser.0.asked.borrow().len();
    for target in ["back", "/a/../b", ""] {
        let wrong = OrderRestore { target: Target::Beside(target.into()), ..order(&rig, 1, Selection::default()) };
        assert_eq!(tab.ask(wrong).unwrap_err().kind, ProblemKind::Failed, "{target}");
    }
    assert_eq!(tab.ask(order(&rig, 1, too_much)).unwrap_err().kind, ProblemKind::Failed);
    assert_eq!(tab.browser.0.asked.borrow().len(), sent_before);
    assert_eq!(tab.ask(order(&rig, 9, Selection::default())).unwrap_err().kind, ProblemKind::Missing);
}

fn info(signed: &SignedGrant, outcome: Option<Vec<u8>>) -> RestoreInfo {
    let ended_ms = outcome.as_ref().map(|_| 7);
    let note = Bytes::default();
    RestoreInfo { grant: Bytes(signed.encode()), note, cancelled_ms: None, ended_ms, outcome: outcome.map(Bytes) }
}

#[test]
fn what_the_machine_says_is_opened_and_made_safe_and_forged_orders_are_an_alarm() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    show(&tab, &rig, &[]);
    tab.ask(order(&rig, 1, Selection::default())).unwrap();
    let (signed, wish, _) = sent(&tab, &rig);
    let note = noted(&tab);
    let outcome = Outcome {
        began_ms: 1,
        ended_ms: 2,
        paths: vec!["/a\u{202e}b".into()],
        path_count: 1,
        target: Target::InPlace,
        overwrite: Overwrite::Never,
        ending: Ending::Done {
            files: 3,
            dirs: 1,
            others: 0,
            bytes: 9,
            kept: 0,
            replaced: 0,
            owners_left: 0,
            losses: vec![ToldLoss { path: "/x\u{7}".into(), reason: "it could not be written".into() }],
            loss_count: 1,
            gaps: 0,
        },
    };
    let place = Place { account: ACCOUNT, set: rig.set };
    let json = serde_json::to_string(&outcome).unwrap();
    let seal = |key: &LiveKey| seal_outcome(key, &place, signed.grant.restore, &json, &mut system_random()).unwrap();
    let standing = |tab: &Tab, info: RestoreInfo| {
        show(tab, &rig, &[info]);
        tab.ask(ListRestores { machine: rig.set }).map(|views| views[0].standing.clone())
    };
    let Standing::Ended(told) = standing(&tab, info(&signed, Some(seal(&live(&rig))))).unwrap() else { panic!() };
    let Ending::Done { files: 3, losses, .. } = &told.ending else { panic!("{told:?}") };
    assert!(!told.paths[0].contains('\u{202e}') && !losses[0].path.contains('\u{7}'), "{told:?}");
    assert_eq!(standing(&tab, info(&signed, Some(seal(&LiveKey::from_bytes([1; 32]))))), Ok(Standing::Unreadable));
    assert_eq!(standing(&tab, info(&signed, None)), Ok(Standing::Open));
    let cancelled = RestoreInfo { cancelled_ms: Some(5), ..info(&signed, None) };
    assert_eq!(standing(&tab, cancelled), Ok(Standing::Cancelled));
    // What was ordered comes back to its owner, whatever became of it.
    assert_eq!(tab.ask(ListRestores { machine: rig.set }).unwrap()[0].ordered, None, "there is no note");
    let noted = RestoreInfo { note: Bytes(note.clone()), cancelled_ms: Some(5), ..info(&signed, None) };
    show(&tab, &rig, &[noted]);
    let ordered = tab.ask(ListRestores { machine: rig.set }).unwrap()[0].ordered.clone().unwrap();
    let asked = order(&rig, 1, Selection::default());
    assert_eq!((ordered.target, ordered.overwrite, ordered.dry_run), (asked.target, asked.overwrite, asked.dry_run));
    assert_eq!((ordered.paths.len(), ordered.path_count), (0, 0), "everything");
    let mut other = note.clone();
    other[40] ^= 1;
    show(&tab, &rig, &[RestoreInfo { note: Bytes(other), ..info(&signed, None) }]);
    assert_eq!(tab.ask(ListRestores { machine: rig.set }).unwrap()[0].ordered, None);
    // One that the account did not sign, and one that it signed for another machine.
    let stranger = MasterKey::from_bytes([8; 32]).identity(ACCOUNT);
    let elsewhere = Grant { machine: iota_core::id::SetId([99; 16]), ..signed.grant };
    let agreement = AgreementSecret::from_bytes(AGREEMENT).public();
    for (grant, identity) in [(&signed.grant, &stranger), (&elsewhere, &master().identity(ACCOUNT))] {
        let sealed = seal_order(grant, &wish, &agreement, &live(&rig), identity, &mut system_random()).unwrap();
        assert_eq!(standing(&tab, info(&sealed.0, None)).unwrap_err().kind, ProblemKind::Altered);
    }
    let cancel = format!("{}/{}", path(&rig), signed.grant.restore);
    tab.browser.0.answers.borrow_mut().insert(("DELETE", cancel.clone()), Ok(Vec::new()));
    tab.ask(CancelRestore { machine: rig.set, order: signed.grant.restore }).unwrap();
    assert!(tab.browser.0.asked.borrow().iter().any(|(request, _)| *request == format!("DELETE {cancel}")));
    tab.browser.0.now_ms.set(signed.grant.until_ms);
    tab.unlock().unwrap();
    assert_eq!(standing(&tab, info(&signed, None)), Ok(Standing::Expired));
}

/// What is chosen in a folder by name; no names: the folder.
fn choose(tab: &Tab, rig: &Rig, at: u64, folder: &str, names: &[&str]) -> Selection {
    let folder = tab.walk_to(rig, at, folder);
    let listing = tab.list(rig, at, Some(&folder)).unwrap();
    let read = |from| tab.ask(ReadRows { listing: listing.listing, from, count: 500 }).unwrap();
    let rows: Vec<Row> = (0..listing.count).step_by(500).flat_map(read).collect();
    let token = |name: &&str| rows.iter().find(|row| row.name == *name).unwrap().token.clone();
    Selection { only: names.iter().map(token).collect(), folder: Some(folder) }
}

#[test]
fn an_order_of_some_files_opens_what_the_machine_asks_for_and_no_other_file() {
    let rig = large();
    let tab = Tab::unlocked(&rig);
    show(&tab, &rig, &[]);
    let docs = "home/ada/docs";
    let cases: [(&str, &[&str], usize); 12] = [
        (docs, &["one"], 1),
        (docs, &["two"], 1),
        (docs, &["long.qcow2"], 1),
        (docs, &["long.qcow2", "way"], 2),
        (docs, &["new"], 1),
        (docs, &[], 6),
        ("home/ada", &["empty"], 0),
        ("home/ada", &["second", "pipe"], 2),
        ("home/ada", &[], 8),
        ("srv/many", &["0100"], 1),
        ("srv/many", &["0001", "0008", "1500", "2999"], 4),
        ("srv/many", &[], 2999),
    ];
    for (folder, names, leaves) in cases {
        let (to, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let selection = choose(&tab, &rig, 2, folder, names);
        let (report, opened, beyond) = carry_out(&tab, &rig, order(&rig, 2, selection), to.path());
        assert!(matches!(opened, Opened::Files(_)), "{folder} {names:?}");
        assert_eq!((beyond, report.loss_count), (BTreeSet::new(), 0), "{folder} {names:?}");
        assert!(names != ["0100"] || listed(&tab).len() / 32 < 10, "a file of many needs few pages");
        assert_eq!((report.files + report.others) as usize, leaves, "{folder} {names:?}");
        let paths: Vec<String> = match names {
            [] => vec![folder.to_owned()],
            names => names.iter().map(|name| format!("{folder}/{name}")).collect(),
        };
        let paths: Vec<&[u8]> = paths.iter().map(String::as_bytes).collect();
        rig.restore_to(2, &paths, whole.path(), restore::Options::default());
        assert_eq!(differences(&look(whole.path()), &look(to.path())), Vec::<String>::new(), "{folder} {names:?}");
        for neighbour in ["long.qcow2", "other.qcow2", "two", "new"].map(|name| format!("{docs}/{name}")) {
            let is_chosen = paths.iter().any(|path| neighbour.as_bytes().starts_with(path));
            let (chunks, pages) = content_of(&rig, 2, &neighbour);
            assert!(chunks.iter().chain(&pages).all(|cid| opened.contains(cid) == is_chosen), "{neighbour} {paths:?}");
        }
    }
    assert!(content_of(&rig, 2, "home/ada/docs/long.qcow2").1.len() == 1, "it is described by a page");
}

#[test]
fn what_a_browser_cannot_read_is_a_loss_that_the_machine_tells() {
    let rig = large();
    let (chunks, pages) = content_of(&rig, 2, "home/ada/docs/long.qcow2");
    let owner = rig.owner();
    let index = open_history(&owner).at(Moment::Seq(2)).unwrap().top()[0].chunk.cid;
    for (lost, folder, names) in
        [(pages[0], "home/ada/docs", &["long.qcow2", "two"][..]), (index, "home/ada/docs", &["two"])]
    {
        let (tab, to) = (Tab::unlocked(&rig), tempfile::tempdir().unwrap());
        show(&tab, &rig, &[]);
        let selection = choose(&tab, &rig, 2, folder, names);
        tab.browser.0.kept.borrow_mut().retain(|(store, _), _| *store != Store::Pages);
        *tab.browser.0.lie.borrow_mut() = Some(about_object(lost, |object| object[9] ^= 1));
        let (report, opened, beyond) = carry_out(&tab, &rig, order(&rig, 2, selection), to.path());
        assert!(matches!(opened, Opened::Files(_)) && opened.contains(&lost) && !beyond.is_empty());
        assert!(report.loss_count > 0 && report.losses.iter().all(|loss| {
            matches!(&loss.reason, LossReason::Object(object) if object.fault == Fault::Missing && beyond.contains(&object.cid))
        }));
        assert!(lost == index || beyond.is_subset(&chunks) && report.files == 1, "what is known comes back");
    }
}

#[test]
fn a_selection_that_needs_more_than_a_list_holds_opens_the_snapshot() {
    let (rig, mut tree) = (Rig::new(), Crafted::default());
    tree.dir("all");
    // About 32 pieces each, described by a page, and then such that are one piece.
    let bytes = 118 << 20;
    let many = noise(6, bytes);
    many.chunks(1 << 20).enumerate().for_each(|(number, bytes)| {
        tree.file(format!("all/a{number:03}.qcow2"), bytes);
    });
    (0..400).for_each(|number| {
        tree.file(format!("all/b{number:03}"), noise(10_000 + number, 64 << 10));
    });
    rig.run(|| Ok(tree.walk()), Options::default()).unwrap();
    let tab = Tab::unlocked(&rig);
    show(&tab, &rig, &[]);
    let folder = tab.walk_to(&rig, 1, "all");
    let rows = tab.rows(&tab.list(&rig, 1, Some(&folder)).unwrap());
    let listed_for = |count: usize| {
        let only = rows[..count].iter().map(|row| row.token.clone()).collect();
        tab.ask(order(&rig, 1, Selection { folder: Some(folder.clone()), only })).unwrap();
        match sent(&tab, &rig).0.grant {
            Grant { opens: Opens::Snapshot, ordered_ms, until_ms, .. } => {
                assert_eq!((until_ms - ordered_ms, listed(&tab)), (LIFE_MS, vec![]));
                None
            }
            Grant { ordered_ms, until_ms, .. } => {
                assert_eq!(until_ms - ordered_ms, FILES_LIFE_MS);
                Some(listed(&tab).len() / 32)
            }
        }
    };
    let (first, all) = (listed_for(118).unwrap(), listed_for(rows.len()));
    assert!(all.is_none() && (MAX_LISTED_OBJECTS - 400..MAX_LISTED_OBJECTS).contains(&first), "{first}");
    let counts: Vec<usize> = (118..=rows.len()).collect();
    let fits = 118 + counts.partition_point(|count| listed_for(*count).is_some());
    assert_eq!((listed_for(fits - 1), listed_for(fits)), (Some(MAX_LISTED_OBJECTS), None));
    // Everything is the snapshot, however little that is; so is a folder that is too much, of which no content was read to find that out.
    let whole = Selection { folder: Some(folder), only: vec![] };
    let before = tab.browser.0.fetched_bytes.get();
    for selection in [Selection::default(), whole] {
        tab.ask(order(&rig, 1, selection)).unwrap();
        assert_eq!((sent(&tab, &rig).0.grant.opens, listed(&tab)), (Opens::Snapshot, vec![]));
    }
    assert!(tab.browser.0.fetched_bytes.get() - before < 1 << 20);
}
