//! What is kept: what a server shows of it is checked, and what is decided is signed.

use crate::support::{ACCOUNT, Rig};
use crate::tab::Tab;
use iota_core::{
    api::{
        json::Bytes,
        retention::{Decide, Retention},
    },
    retention::{Policy, SignedDecision, What},
    vault::{DecideRetention, ProblemKind, ReadRetention, Wish},
};
use iota_crypto::keys::MasterKey;

const PATH: &str = "/account/retention";

fn show(tab: &Tab, decisions: &[SignedDecision]) {
    let decisions = decisions.iter().map(|signed| Bytes(signed.encode())).collect();
    let answer = serde_json::to_vec(&Retention { decisions }).unwrap();
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
    assert_eq!(tab.ask(ReadRetention {}).unwrap().policy, "30d,31d,366d,400d");

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
