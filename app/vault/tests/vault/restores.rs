//! Orders to restore: sealed to the machine, signed for the server, and what the machine says of them.

use crate::support::{ACCOUNT, DEVICE, Rig, archive::AGREEMENT, tree::MemoryTree};
use crate::tab::Tab;
use iota_agent::{
    history::{Objects, Point},
    remote::Archive,
};
use iota_core::{
    api::json::{Bytes, NewRestore, RestoreInfo, RestoreOrder},
    path::TreePath,
    restore::{Ending, Grant, LIFE_MS, Outcome, Overwrite, SignedGrant, Target, ToldLoss},
    vault::{
        CancelRestore, ListFolder, ListRestores, MAX_CHOSEN, Order, OrderRestore, ProblemKind, Selection, Standing,
    },
};
use iota_crypto::{
    keys::{AgreementSecret, DedupKey, LiveKey, MasterKey},
    live::Place,
    restore::{Wish, open_order, seal_order, seal_outcome},
    secret::system_random,
};

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
        let expected = Grant {
            account: ACCOUNT,
            restore,
            machine: rig.set,
            device: DEVICE,
            source: rig.set,
            seq: 2,
            ordered_ms,
            until_ms: ordered_ms + LIFE_MS,
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
