//! The sealed channel with a machine, through a server that cannot read it.

use crate::support::{ACCOUNT, Rig, tree::MemoryTree};
use crate::tab::Tab;
use iota_core::{
    api::json::{Bytes, LiveState, SendOrder, SetLive},
    id::SetId,
    live::{Order, Resting, Stage, Status, Trouble, WaitingPath},
    rules::RuleFile,
    vault::{Doing, GiveOrder, ListMachines, LiveView, MachineWord, Problem, ProblemKind, ReadLive, ReadWords},
};
use iota_crypto::{
    keys::{LiveKey, MasterKey},
    live::{Direction, Place, open, seal},
    secret::system_random,
};
use iota_vault::platform::Store;

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
    let status = Status {
        first: vec![path("/a\u{202e}b")],
        current: Some("/c\n".into()),
        roots: vec!["/d\u{200b}".into()],
        ..Status::default()
    };
    says(&tab, &rig, Some(word(&rig, 10, &status)));
    let seen = read(&tab, &rig).unwrap().status.unwrap();
    assert_eq!((seen.first[0].path.as_str(), seen.current.as_deref()), ("/a‹U+202E›b", Some("/c‹U+000A›")));
    assert_eq!(seen.roots, ["/d‹U+200B›"]);
    // The same again is no older one; one before it is.
    assert!(read(&tab, &rig).is_ok());
    says(&tab, &rig, Some(word(&rig, 9, &status)));
    assert_eq!(read(&tab, &rig).unwrap_err().kind, ProblemKind::Altered);
    // What this machine did not seal is no word of it.
    says(&tab, &rig, Some(vec![7; 100]));
    assert_eq!(read(&tab, &rig).unwrap().status, None);
}

/// The server has these of machines, which arrived at 1,000,000.
fn all_say(tab: &Tab, said: &[(SetId, Vec<u8>)]) {
    let state =
        |frame: &[u8]| LiveState { listens: true, status: Some(Bytes(frame.to_vec())), received_ms: Some(1_000_000) };
    let said: Vec<_> = said.iter().map(|(set, frame)| SetLive { set: *set, state: state(frame) }).collect();
    let answer = serde_json::to_vec(&said).unwrap();
    tab.browser.0.answers.borrow_mut().insert(("GET", "/sets/live".into()), Ok(answer));
}

#[test]
fn what_all_machines_are_at_is_one_question_and_by_the_servers_clock() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    tab.ask(ListMachines {}).unwrap();
    let mut seq = 10;
    let mut told = |status: Status| {
        seq += 1;
        all_say(&tab, &[(rig.set, word(&rig, seq, &status)), (SetId([99; 16]), vec![5; 90])]);
        let asked = tab.browser.0.asked.borrow().len();
        let mut words = tab.ask(ReadWords {}).unwrap();
        assert_eq!(tab.browser.0.asked.borrow().len(), asked + 1);
        assert_eq!(words.len(), 1, "of an unknown set nothing is believed");
        words.remove(0)
    };
    let works = MachineWord { set: rig.set, received_ms: 1_000_000, doing: Doing::Works, gap_count: 3 };
    assert_eq!(told(Status { stage: Stage::Idle, gap_count: 3, ..Status::default() }), works);
    // A clock that is far behind: the word was written at 500 and arrived at 1,000,000.
    let paused = Status {
        stage: Stage::Paused,
        written_ms: 500,
        since_ms: 200,
        until_ms: Some(700),
        resting: Some(Resting::OnBattery),
        ..Status::default()
    };
    let rests = |resting| Doing::Rests { since_ms: 999_700, until_ms: Some(1_000_200), resting };
    assert_eq!(told(paused.clone()).doing, rests(Some(Resting::OnBattery)));
    // Who rests after a failure rests.
    assert_eq!(told(Status { failing_since_ms: Some(1), resting: None, ..paused.clone() }).doing, rests(None));
    let by_itself = told(Status { failing_since_ms: Some(1), ..paused });
    assert!(matches!(by_itself.doing, Doing::Fails { .. }), "nobody asked it to rest");
    let trouble = |reason: &str| Trouble { reason: reason.into(), count: 1, last_ms: 1 };
    let fails = Status {
        stage: Stage::FullScan,
        written_ms: 500,
        since_ms: 490,
        failing_since_ms: Some(100),
        troubles: vec![trouble("no space\u{202e}"), trouble("older")],
        ..Status::default()
    };
    let why = |reason: &str, since_ms| Doing::Fails { since_ms, reason: reason.into() };
    assert_eq!(told(fails.clone()).doing, why("no space‹U+202E›", 999_600), "also while it tries again");
    let before = Status { stage: Stage::Offline, failing_since_ms: None, troubles: vec![], ..fails.clone() };
    assert_eq!(told(before).doing, why("", 999_990));
    assert_eq!(told(Status { failing_since_ms: None, ..fails }).doing, Doing::Works);
}

#[test]
fn a_word_that_cannot_be_read_is_none_among_those_of_all_and_an_older_one_is_told() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    let all = |frame: Vec<u8>| {
        all_say(&tab, &[(rig.set, frame)]);
        tab.ask(ReadWords {}).unwrap().into_iter().map(|word| word.doing).collect::<Vec<_>>()
    };
    assert_eq!(all(word(&rig, 10, &Status::default())), [], "no log was verified yet");
    tab.ask(ListMachines {}).unwrap();
    assert_eq!(all(word(&rig, 10, &Status::default())), [Doing::Works]);
    assert_eq!(all(word(&rig, 9, &Status::default())), [Doing::Unproven], "it is older than one before");
    assert_eq!(all(vec![7; 100]), []);
    // Heard here it counts on the machine's own page, too.
    says(&tab, &rig, Some(word(&rig, 9, &Status::default())));
    assert_eq!(read(&tab, &rig).unwrap_err().kind, ProblemKind::Altered);
    tab.ask(iota_core::vault::Lock {}).unwrap();
    assert_eq!(tab.ask(ReadWords {}).unwrap_err().kind, ProblemKind::Locked);
}

/// The number that is kept for later visits.
fn kept(tab: &Tab, rig: &Rig) -> Option<u64> {
    let kept = tab.browser.0.kept.borrow();
    let word = kept.get(&(Store::Witness, format!("{ACCOUNT}/{}", rig.set)))?;
    serde_json::from_slice::<serde_json::Value>(word).unwrap()["status"].as_u64()
}

/// What a later visit says to a word.
fn later(tab: &Tab, rig: &Rig, seq: u64) -> Result<LiveView, Problem> {
    let later = tab.reload();
    later.unlock().unwrap();
    says(&later, rig, Some(word(rig, seq, &Status::default())));
    read(&later, rig)
}

#[test]
fn a_word_is_never_older_than_in_an_earlier_visit() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    let now = tab.browser.0.now_ms.get();
    says(&tab, &rig, Some(word(&rig, now, &Status::default())));
    read(&tab, &rig).unwrap();
    assert_eq!(kept(&tab, &rig), Some(now));
    let refused = later(&tab, &rig, now - 1).unwrap_err();
    assert!(refused.kind == ProblemKind::Altered && refused.message.contains("older word"), "{refused:?}");
    assert!(later(&tab, &rig, now).is_ok());
    // An order first is no way around it.
    let visit = tab.reload();
    visit.unlock().unwrap();
    visit.browser.0.answers.borrow_mut().insert(("POST", format!("/sets/{}/orders", rig.set)), Ok(Vec::new()));
    visit.ask(GiveOrder { set: rig.set, order: Order::Resume }).unwrap();
    says(&visit, &rig, Some(word(&rig, now - 1, &Status::default())));
    assert_eq!(read(&visit, &rig).unwrap_err().kind, ProblemKind::Altered);
    // The machine that took its place begins anew.
    for kept in tab.browser.0.kept.borrow_mut().values_mut() {
        let text = String::from_utf8(kept.clone()).unwrap_or_default();
        *kept = text.replace("\"key_epoch\":1,\"status\"", "\"key_epoch\":0,\"status\"").into_bytes();
    }
    assert!(later(&tab, &rig, 5).is_ok());
    assert_eq!(kept(&tab, &rig), Some(5));
    // What cannot be read is no first visit.
    let visit = tab.reload();
    visit.unlock().unwrap();
    visit.browser.0.cannot_read.set(true);
    assert_eq!(read(&visit, &rig).unwrap_err().kind, ProblemKind::Failed);
}

#[test]
fn of_many_words_few_are_kept_and_none_that_was_not_heard() {
    let rig = rig();
    let tab = Tab::unlocked(&rig);
    let now = tab.browser.0.now_ms.get();
    let hear = |seq: u64| {
        says(&tab, &rig, Some(word(&rig, seq, &Status::default())));
        read(&tab, &rig).unwrap();
        kept(&tab, &rig)
    };
    says(&tab, &rig, Some(vec![7; 100]));
    read(&tab, &rig).unwrap();
    assert_eq!(kept(&tab, &rig), None);
    let other = tab.reload();
    other.unlock().unwrap();
    read(&other, &rig).unwrap();
    assert_eq!(hear(now), Some(now));
    assert!((1..=60).all(|second| hear(now + second * 1000) == Some(now)));
    assert_eq!(hear(now + 60_001), Some(now + 60_001));
    // Nothing else was forgotten meanwhile, and in the same visit each word counts.
    says(&tab, &rig, Some(word(&rig, now + 60_000, &Status::default())));
    assert_eq!(read(&tab, &rig).unwrap_err().kind, ProblemKind::Altered);
    // A tab that hears less than another leaves what that one kept.
    says(&other, &rig, Some(word(&rig, now + 30_000, &Status::default())));
    read(&other, &rig).unwrap();
    assert_eq!(kept(&tab, &rig), Some(now + 60_001));
    // A machine whose clock is years ahead is still heard once that was put right.
    assert_eq!(hear(now + 100_000_000_000), Some(now + 60_001));
    assert!(later(&tab, &rig, now + 60_002).is_ok());
    // A browser that keeps nothing notices nothing later.
    let private = Tab::unlocked(&rig);
    private.browser.0.keeps_nothing.set(true);
    says(&private, &rig, Some(word(&rig, now, &Status::default())));
    read(&private, &rig).unwrap();
    assert!(later(&private, &rig, now - 1).is_ok());
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
