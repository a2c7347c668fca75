//! The sealed channel with a machine, through a server that cannot read it.

use crate::support::{ACCOUNT, Rig, tree::MemoryTree};
use crate::tab::Tab;
use iota_core::{
    api::json::{Bytes, LiveState, SendOrder},
    live::{Order, Status, WaitingPath},
    rules::RuleFile,
    vault::{GiveOrder, LiveView, Problem, ProblemKind, ReadLive},
};
use iota_crypto::{
    keys::{LiveKey, MasterKey},
    live::{Direction, Place, open, seal},
    secret::system_random,
};

fn rig() -> Rig {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    tree.file("notes.txt", b"one".to_vec());
    rig.backup(&tree).unwrap();
    rig
}

fn key(rig: &Rig) -> LiveKey {
    MasterKey::from_bytes([9; 32]).live_key(ACCOUNT, rig.set, 1)
}

fn place(rig: &Rig) -> Place {
    Place { account: ACCOUNT, set: rig.set }
}

/// The server has this of the machine.
fn says(tab: &Tab, rig: &Rig, frame: Option<Vec<u8>>) {
    let state = LiveState { listens: true, status: frame.map(Bytes), received_ms: Some(5) };
    let answer = serde_json::to_vec(&state).unwrap();
    tab.browser.0.answers.borrow_mut().insert(("GET", format!("/sets/{}/live", rig.set)), Ok(answer));
}

fn word(rig: &Rig, seq: u64, status: &Status) -> Vec<u8> {
    let json = serde_json::to_string(status).unwrap();
    seal(&key(rig), Direction::ToOwner, &place(rig), seq, &json, &mut system_random()).unwrap()
}

fn read(tab: &Tab, rig: &Rig) -> Result<LiveView, Problem> {
    tab.ask(ReadLive { set: rig.set })
}

#[test]
fn the_word_of_a_machine_is_opened_made_safe_and_never_older_than_before() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    says(&tab, &rig, None);
    assert_eq!(read(&tab, &rig).unwrap(), LiveView { listens: true, received_ms: None, status: None });
    let path = |path: &str| WaitingPath {
        path: path.into(),
        first_ms: 1,
        last_ms: 1,
        settle_ms: 2,
        longest_wait_ms: 3,
        opens_ms: 0,
        goes_along: false,
    };
    let status = Status { first: vec![path("/a\u{202e}b")], current: Some("/c\n".into()), ..Status::default() };
    says(&tab, &rig, Some(word(&rig, 10, &status)));
    let seen = read(&tab, &rig).unwrap().status.unwrap();
    assert_eq!((seen.first[0].path.as_str(), seen.current.as_deref()), ("/a‹U+202E›b", Some("/c‹U+000A›")));
    // The same again is no older one; one before it is.
    assert!(read(&tab, &rig).is_ok());
    says(&tab, &rig, Some(word(&rig, 9, &status)));
    assert_eq!(read(&tab, &rig).unwrap_err().kind, ProblemKind::Altered);
    // What this machine did not seal is no word of it.
    says(&tab, &rig, Some(vec![7; 100]));
    assert_eq!(read(&tab, &rig).unwrap().status, None);
}

#[test]
fn an_order_opens_for_the_machine_only_and_is_above_all_that_it_took() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    let orders = format!("/sets/{}/orders", rig.set);
    tab.browser.0.answers.borrow_mut().insert(("POST", orders.clone()), Ok(Vec::new()));
    // Somebody with a faster clock gave orders before.
    let ahead = tab.browser.0.now_ms.get() + 1_000_000;
    says(&tab, &rig, Some(word(&rig, 1, &Status { last_order: ahead, ..Status::default() })));
    read(&tab, &rig).unwrap();
    let mut last = ahead;
    for order in [Order::BackUpNow, Order::Pause { for_ms: 7 }] {
        tab.ask(GiveOrder { set: rig.set, order: order.clone() }).unwrap();
        let (asked, body) = tab.browser.0.asked.borrow().last().cloned().unwrap();
        assert_eq!(asked, format!("POST {orders}"));
        let sent: SendOrder = serde_json::from_slice(&body).unwrap();
        let (seq, json) = open(&key(&rig), Direction::ToMachine, &place(&rig), last, &sent.order.0).unwrap();
        assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order);
        last = seq;
    }
    // Rules that the machine would refuse are not sent.
    let rules = |pattern: &str| RuleFile { exclude: vec![pattern.into()], ..RuleFile::default() };
    let set_rules =
        |rules: RuleFile| tab.ask(GiveOrder { set: rig.set, order: Order::SetRules { rules: Box::new(rules) } });
    assert!(set_rules(rules("*.tmp")).is_ok());
    let refused = set_rules(rules("a[")).unwrap_err();
    assert!(refused.kind == ProblemKind::Failed && refused.message.contains("a["), "{refused:?}");
    let many = RuleFile { exclude: vec!["x".repeat(4000); 10], ..RuleFile::default() };
    assert!(set_rules(many).unwrap_err().message.contains("too many rules"));
    tab.ask(iota_core::vault::Lock {}).unwrap();
    let locked = tab.ask(GiveOrder { set: rig.set, order: Order::Resume }).unwrap_err();
    assert_eq!(locked.kind, ProblemKind::Locked);
}
