//! What is kept: what a server shows of it is checked, and what is decided is signed.

use crate::support::{ACCOUNT, Rig, tree::MemoryTree};
use crate::tab::Tab;
use iota_agent::remote::Archive;
use iota_core::{
    api::{
        json::{Bytes, SnapshotInfo},
        retention::{Decide, DueDeletion, HiddenSet, Retention},
    },
    retention::{Decision, Deletion, Policy, SignedDecision, UNDO_MS, What},
    vault::{CheckPoints, DecideRetention, LastingPolicy, ListMachines, ProblemKind, ReadRetention, Wish},
};
use iota_crypto::keys::MasterKey;

const PATH: &str = "/account/retention";

fn show(tab: &Tab, decisions: &[SignedDecision]) {
    let decisions = decisions.iter().map(|signed| Bytes(signed.encode())).collect();
    let answer = serde_json::to_vec(&Retention { decisions, ..Retention::default() }).unwrap();
    tab.browser.0.answers.borrow_mut().insert(("GET", PATH.into()), Ok(answer));
    tab.browser.0.answers.borrow_mut().insert(("PUT", PATH.into()), Ok(Vec::new()));
}

/// What was sent last, as the server would take it.
fn sent(tab: &Tab) -> SignedDecision {
    let asked = tab.browser.0.asked.borrow();
    let (_, body) = asked.iter().rev().find(|(request, _)| request.starts_with("PUT ")).unwrap();
    SignedDecision::decode(&serde_json::from_slice::<Decide>(body).unwrap().decision.0).unwrap()
}

#[test]
fn decisions_follow_each_other_and_fewer_are_an_alarm() {
    let rig = Rig::new();
    let tab = Tab::unlocked(&rig);
    let identity = MasterKey::from_bytes([9; 32]).identity(ACCOUNT).verifying_key();
    show(&tab, &[]);
    let before = tab.ask(ReadRetention {}).unwrap();
    assert_eq!((before.policy.parse::<Policy>().unwrap(), before.deletions.len()), (Policy::default(), 0));

    tab.ask(DecideRetention { wish: Wish::Keep("30d,31d,366d,400d".into()) }).unwrap();
    let first = sent(&tab);
    first.verify(&identity).unwrap();
    assert_eq!((first.decision.version, first.decision.account), (1, ACCOUNT));
    show(&tab, std::slice::from_ref(&first));
    let view = tab.ask(ReadRetention {}).unwrap();
    assert_eq!(view.policy, "30d,31d,366d,400d");
    // For two weeks what the one before kept stays, too.
    let until_ms = first.decision.decided_ms + UNDO_MS;
    assert_eq!(view.lasting, Some(LastingPolicy { policy: "30d,31d,366d,forever".into(), until_ms }));

    tab.ask(DecideRetention { wish: Wish::Delete { set: rig.set, first: 3, last: 4 } }).unwrap();
    let second = sent(&tab);
    assert!(matches!(second.decision.what, What::Delete(gone) if (gone.first, gone.last) == (3, 4)));
    show(&tab, &[first.clone(), second.clone()]);
    let deletions = tab.ask(ReadRetention {}).unwrap().deletions;
    assert_eq!((deletions.len(), deletions[0].version), (1, 2));
    tab.ask(DecideRetention { wish: Wish::Undo(2) }).unwrap();
    let third = sent(&tab);
    show(&tab, &[first.clone(), second.clone(), third.clone()]);
    assert!(tab.ask(ReadRetention {}).unwrap().deletions.is_empty());

    // Fewer than were seen, also by a visit before; another order; another's signature.
    let later = tab.reload();
    later.unlock().unwrap();
    for (tab, shown) in [(&tab, vec![first.clone(), second.clone()]), (&later, vec![first.clone()])] {
        show(tab, &shown);
        assert_eq!(tab.ask(ReadRetention {}).unwrap_err().kind, ProblemKind::Altered);
    }
    let mut forged = third.clone();
    forged.signature.0[5] ^= 1;
    for wrong in [vec![second.clone(), first.clone(), third], vec![first, second, forged]] {
        show(&tab, &wrong);
        assert_eq!(tab.ask(ReadRetention {}).unwrap_err().kind, ProblemKind::Altered);
        assert!(tab.ask(DecideRetention { wish: Wish::Undo(2) }).is_err());
    }
    // What no account may have is refused here already.
    assert_eq!(
        tab.ask(DecideRetention { wish: Wish::Keep("6d,31d,366d,forever".into()) }).unwrap_err().kind,
        ProblemKind::Failed
    );
}

#[test]
fn a_deletion_that_is_too_old_to_be_taken_back_is_not_offered() {
    let rig = Rig::new();
    let tab = Tab::unlocked(&rig);
    show(&tab, &[]);
    tab.ask(DecideRetention { wish: Wish::Delete { set: rig.set, first: 1, last: 1 } }).unwrap();
    let first = sent(&tab);
    show(&tab, &[first]);
    assert_eq!(tab.ask(ReadRetention {}).unwrap().deletions.len(), 1);
    tab.browser.0.now_ms.set(tab.browser.0.now_ms.get() + 14 * 24 * 3_600_000);
    tab.unlock().unwrap();
    assert!(tab.ask(ReadRetention {}).unwrap().deletions.is_empty());
}

/// A server that leaves commits out of its lists.
fn hide(tab: &Tab, hidden: &'static [u64]) {
    *tab.browser.0.lie.borrow_mut() = Some(Box::new(move |request, answer| {
        if !request.path.contains("/snapshots?") {
            return answer;
        }
        let mut infos: Vec<SnapshotInfo> = serde_json::from_slice(&answer).unwrap();
        infos.retain(|info| !hidden.contains(&info.seq));
        serde_json::to_vec(&infos).unwrap()
    }));
}

#[test]
fn clocks_that_disagree_are_told() {
    let rig = Rig::new();
    let mut tree = MemoryTree::default();
    let mut apart = |skew_ms: i64| {
        rig.server.inner.lock().unwrap().ahead_ms = skew_ms;
        for number in 0..3_u8 {
            tree.file("notes", vec![number, skew_ms as u8]);
            rig.clock.advance_ms(3_600_000);
            rig.backup(&tree).unwrap();
        }
        rig.clock.advance_ms(80 * 3_600_000);
        let tab = Tab::unlocked(&rig);
        show(&tab, &[]);
        tab.ask(CheckPoints { set: rig.set }).unwrap().apart_ms
    };
    // That it takes 17 ms to get there counts, too.
    assert_eq!(apart(0), None);
    assert_eq!(apart(3_600_000 - 17), None);
    assert_eq!(apart(5 * 3_600_000), Some(5 * 3_600_000 + 17));
    // The machine's clock says that it is long after.
    assert_eq!(apart(-24 * 3_600_000), Some(17 - 24 * 3_600_000));
}

#[test]
fn snapshots_that_nobody_let_go_are_missed() {
    let rig = Rig::new();
    let mut tree = MemoryTree::default();
    for number in 0..9_u8 {
        tree.file("notes", vec![number]);
        rig.clock.advance_ms(60_000);
        rig.backup(&tree).unwrap();
    }
    let tab = Tab::unlocked(&rig);
    show(&tab, &[]);
    let missing = |tab: &Tab| {
        let check = tab.ask(CheckPoints { set: rig.set });
        check.map(|check| check.missing.iter().map(|one| (one.first, one.last)).collect::<Vec<_>>())
    };
    assert_eq!(missing(&tab), Ok(vec![]));
    hide(&tab, &[2, 5, 6]);
    assert_eq!(missing(&tab), Ok(vec![(2, 2), (5, 6)]));
    hide(&tab, &[1]);
    assert_eq!(missing(&tab), Ok(vec![(1, 1)]));
    // What the account deleted is explained, and not a commit more.
    let identity = MasterKey::from_bytes([9; 32]).identity(ACCOUNT);
    let what = What::Delete(Deletion { set: rig.set, first: 5, last: 6 });
    let decided_ms = tab.browser.0.now_ms.get();
    let decision = Decision { account: ACCOUNT, version: 1, decided_ms, what };
    show(&tab, &[iota_crypto::retention::sign(decision, &identity)]);
    hide(&tab, &[5, 6]);
    assert_eq!(missing(&tab), Ok(vec![]));
    hide(&tab, &[3, 5, 6]);
    assert_eq!(missing(&tab), Ok(vec![(3, 3)]));
    // A commit of another log in the list.
    let other = Rig::of_set(rig.set);
    tree.file("other", b"other".to_vec());
    other.backup(&tree).unwrap();
    let foreign = other.archive().snapshots(rig.set, None, 1).unwrap().remove(0);
    *tab.browser.0.lie.borrow_mut() = Some(Box::new(move |request, answer| {
        if !request.path.contains("/snapshots?") {
            return answer;
        }
        let mut infos: Vec<SnapshotInfo> = serde_json::from_slice(&answer).unwrap();
        infos.iter_mut().filter(|info| info.seq == 1).for_each(|info| *info = foreign.clone());
        serde_json::to_vec(&infos).unwrap()
    }));
    assert_eq!(missing(&tab).unwrap_err().kind, ProblemKind::Altered);
}

fn signed(tab: &Tab, version: u64, what: What) -> SignedDecision {
    let decision = Decision { account: ACCOUNT, version, decided_ms: tab.browser.0.now_ms.get(), what };
    iota_crypto::retention::sign(decision, &MasterKey::from_bytes([9; 32]).identity(ACCOUNT))
}

#[test]
fn the_end_of_the_account_is_signed_and_taken_back() {
    let rig = Rig::new();
    let tab = Tab::unlocked(&rig);
    show(&tab, &[]);
    assert_eq!(tab.ask(ReadRetention {}).unwrap().closing, None);
    tab.ask(DecideRetention { wish: Wish::Close }).unwrap();
    let first = sent(&tab);
    assert_eq!((first.decision.version, first.decision.what), (1, What::Close));
    show(&tab, std::slice::from_ref(&first));
    let closing = tab.ask(ReadRetention {}).unwrap().closing.unwrap();
    assert_eq!((closing.version, closing.undo_until_ms), (1, first.decision.decided_ms + UNDO_MS));
    tab.ask(DecideRetention { wish: Wish::Undo(1) }).unwrap();
    show(&tab, &[first, sent(&tab)]);
    assert_eq!(tab.ask(ReadRetention {}).unwrap().closing, None);
}

#[test]
fn a_machine_of_which_all_is_deleted_is_named_and_not_missed() {
    let rig = Rig::new();
    let mut tree = MemoryTree::default();
    tree.file("notes", vec![1]);
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    show(&tab, &[]);
    let sets = rig.archive().sets().unwrap();
    let head = sets[0].head.as_ref().unwrap().seq;
    assert_eq!(tab.ask(ListMachines {}).unwrap().len(), 1);
    *tab.browser.0.lie.borrow_mut() =
        Some(Box::new(|request, answer| if request.path == "/sets" { b"[]".to_vec() } else { answer }));
    let alarm =
        |tab: &Tab| tab.ask(ListMachines {}).unwrap().into_iter().map(|view| view.alarm.is_some()).collect::<Vec<_>>();
    assert_eq!(alarm(&tab), [true], "nobody deleted it");
    show(&tab, &[signed(&tab, 1, What::Delete(Deletion { set: rig.set, first: 1, last: head }))]);
    assert_eq!(alarm(&tab), [false; 0]);
    // The server says which sets are hidden, and the vault what they are called.
    let decisions =
        vec![Bytes(signed(&tab, 1, What::Delete(Deletion { set: rig.set, first: 1, last: head })).encode())];
    let hidden = vec![HiddenSet { set: rig.set, label: sets[0].label.clone() }];
    let answer = Retention { decisions, hidden, ..Retention::default() };
    let shown = |answer: &Retention| {
        let answer = serde_json::to_vec(answer).unwrap();
        tab.browser.0.answers.borrow_mut().insert(("GET", PATH.into()), Ok(answer));
        tab.ask(ReadRetention {}).unwrap().deletions.remove(0)
    };
    assert_eq!(shown(&answer).whole.as_deref(), Some("attic"));
    // Until when it can be brought back is as the server carries it out; of another deletion it says nothing.
    let due = DueDeletion { version: 1, set: rig.set, first: 1, last: head, due_ms: tab.browser.0.now_ms.get() + 77 };
    let until = |due: DueDeletion| shown(&Retention { deletions: vec![due], ..answer.clone() }).undo_until_ms;
    assert_eq!(until(due), due.due_ms);
    assert_eq!(until(DueDeletion { version: 2, ..due }), shown(&answer).undo_until_ms);
}
