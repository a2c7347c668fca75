//! Accounts, slots, enrolment, revocation: what the vault sends, and what it never does.

use crate::support::{ACCOUNT, DEVICE, Rig, tree::MemoryTree};
use crate::tab::{Lie, Tab, server};
use futures::FutureExt;
use iota_core::{
    api::{
        json::{
            Bytes, ChallengeAnswer, ChangeSlots, CreateAccount, EnrolGrant, Recover, RecoverySlots, Revoke, ServerInfo,
            SessionInfo, code,
        },
        normalise_login,
    },
    certificate::SignedCertificate,
    id::{AccountId, Challenge, ServerId},
    proof,
    slot::{SignedSlotList, SlotKind},
    vault::{
        AddPasskey, AddPassphrase, Admit, AskState, BeginEnrolment, ConfirmAccount, ConfirmKit, ConfirmSlot, Drill,
        HearEnrolment, KeyChoice, ListMachines, ListSlots, Lock, PrepareAccount, PrepareKeyFile, PrepareKit,
        PrepareShares, Problem, ProblemKind, ReadShare, RecoverAccount, RemoveSlot, RevokeMachine, Secret, ShareView,
        SignIn, SlotKindView, SuggestPassphrase, Touch, Unlock,
    },
};
use iota_crypto::{
    enrol::{EnrolCode, MachineFacts},
    keys::{AgreementSecret, SigningKey},
    kit::{KeyFile, Kit},
    login::auth_secret,
    secret::system_random,
    slot::{SlotSecret, open_any},
    words::fingerprint,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::rc::Rc;

const PASSWORD: &str = "tulip-harbour-nine-velvet";
const LOGIN: &str = "Ada@Example.org";

fn tab() -> Tab {
    Tab::new(&Rig::new())
}

fn answer(tab: &Tab, method: &'static str, path: &str, value: &impl Serialize) {
    let answers = &tab.browser.0.answers;
    answers.borrow_mut().insert((method, path.into()), Ok(serde_json::to_vec(value).unwrap()));
}

fn refuse(tab: &Tab, method: &'static str, path: &str, code: &str) {
    let problem = Problem { code: Some(code.into()), ..Problem::new(ProblemKind::Refused, "refused") };
    tab.browser.0.answers.borrow_mut().insert((method, path.into()), Err(problem));
}

/// The body of the last request to a route.
fn sent<T: DeserializeOwned>(tab: &Tab, route: &str) -> T {
    let asked = tab.browser.0.asked.borrow();
    let (_, body) = asked.iter().rev().find(|(asked, _)| asked == route).unwrap_or_else(|| panic!("no {route}"));
    serde_json::from_slice(body).unwrap()
}

fn session(account: AccountId) -> SessionInfo {
    SessionInfo { account, login: normalise_login(LOGIN), administrator: false }
}

fn sign_up(tab: &Tab, key: KeyChoice) -> Result<iota_core::vault::NewKey, Problem> {
    answer(tab, "POST", "/accounts/check", &());
    tab.ask(PrepareAccount { code: "CODE".into(), login: LOGIN.into(), password: PASSWORD.into(), key })
}

#[test]
fn an_account_is_made_when_two_words_came_back() {
    let tab = tab();
    let key = KeyChoice { password: true, passphrase: None, key_file: true };
    let new = sign_up(&tab, key).unwrap();
    let word = |number: usize| new.kit.words[number - 1].clone();
    let [first, second] = new.ask_back;
    assert!(first < second && second <= 12);
    answer(&tab, "POST", "/accounts", &session(AccountId([1; 16])));
    let wrong = tab.ask(ConfirmAccount { words: [word(second), word(first)] });
    assert_eq!(wrong.unwrap_err().kind, ProblemKind::WrongSecret);
    assert!(!tab.browser.0.asked.borrow().iter().any(|(asked, _)| asked == "POST /accounts"));
    tab.ask(ConfirmAccount { words: [format!(" {} ", word(first).to_uppercase()), word(second)] }).unwrap();

    let message: CreateAccount = sent(&tab, "POST /accounts");
    let secret = auth_secret(LOGIN, PASSWORD, server().server_id).unwrap();
    assert_eq!(message.auth_secret, secret);
    let login = normalise_login(LOGIN);
    let signed =
        proof::account_creation(server().server_id, message.account, &message.identity, &login, secret.as_bytes());
    message.identity.verify(&signed, &message.signature).unwrap();
    let slots = SignedSlotList::decode(&message.slot_list.0).unwrap();
    assert_eq!(slots.list.slots.len(), 3);
    // Each way opens the same vault.
    let kit = Kit::parse(&new.kit.text).unwrap();
    let file = KeyFile::parse(&new.key_file.unwrap().text).unwrap();
    let master = *kit.open().unwrap().expose();
    assert_eq!(*file.open().unwrap().expose(), master);
    let by_password = open_any(&slots, &SlotSecret::Passphrase(PASSWORD), &message.identity).unwrap();
    assert_eq!(*by_password.expose(), master);
    // And none of it went to the server.
    for (_, body) in tab.browser.0.asked.borrow().iter() {
        let text = String::from_utf8_lossy(body);
        assert!(!text.contains(PASSWORD) && !new.kit.words.iter().all(|word| text.contains(word)));
        assert!(!body.windows(32).any(|window| window == master));
    }
}

#[test]
fn keys_in_the_making_are_forgotten_when_nobody_is_there() {
    let tab = tab();
    let prepared = || {
        let new = sign_up(&tab, KeyChoice { key_file: true, ..KeyChoice::default() }).unwrap();
        new.ask_back.map(|number| new.kit.words[number - 1].clone())
    };
    let wait = |minutes: u64| tab.browser.0.now_ms.set(tab.browser.0.now_ms.get() + minutes * 60_000);
    answer(&tab, "POST", "/accounts", &session(AccountId([1; 16])));
    let words = prepared();
    wait(14);
    assert!(tab.ask(Touch {}).unwrap().locks_at_ms.is_some());
    wait(14);
    assert!(tab.ask(AskState {}).unwrap().locks_at_ms.is_some());
    wait(1);
    let forgotten = tab.ask(ConfirmAccount { words }).unwrap_err();
    assert!(forgotten.message.contains("15 minutes"), "{}", forgotten.message);
    let words = prepared();
    tab.ask(Lock {}).unwrap();
    assert_eq!(tab.ask(ConfirmAccount { words }).unwrap_err(), forgotten);
    assert!(!tab.browser.0.asked.borrow().iter().any(|(asked, _)| asked == "POST /accounts"));
    let words = prepared();
    tab.ask(ConfirmAccount { words }).unwrap();
    assert!(tab.ask(AskState {}).unwrap().is_open());
}

#[test]
fn weak_passwords_and_lonely_kits_are_refused_before_anything_is_made() {
    let tab = tab();
    let weak = PrepareAccount {
        code: "CODE".into(),
        login: LOGIN.into(),
        password: "password1234".into(),
        key: KeyChoice { password: true, ..KeyChoice::default() },
    };
    assert_eq!(tab.ask(weak).err().unwrap().kind, ProblemKind::WrongSecret);
    assert!(sign_up(&tab, KeyChoice::default()).is_err());
    let weak = KeyChoice { passphrase: Some("aaaaaaaaaaaaaaaa".into()), ..KeyChoice::default() };
    assert!(sign_up(&tab, weak).is_err());
    refuse(&tab, "POST", "/accounts/check", code::BAD_CODE);
    let question = PrepareAccount {
        code: "OLD".into(),
        login: LOGIN.into(),
        password: PASSWORD.into(),
        key: KeyChoice { password: true, ..KeyChoice::default() },
    };
    assert!(tab.ask(question).err().unwrap().has_code(code::BAD_CODE));
}

#[test]
fn a_lost_answer_does_not_lose_the_account() {
    let tab = tab();
    let new = sign_up(&tab, KeyChoice { key_file: true, ..KeyChoice::default() }).unwrap();
    let words = new.ask_back.map(|number| new.kit.words[number - 1].clone());
    let account = Kit::parse(&new.kit.text).unwrap().account();
    refuse(&tab, "POST", "/accounts", code::CONFLICT);
    // Somebody else's account under this login.
    answer(&tab, "POST", "/login", &session(AccountId([9; 16])));
    assert!(tab.ask(ConfirmAccount { words: words.clone() }).unwrap_err().has_code(code::CONFLICT));
    answer(&tab, "POST", "/login", &session(account));
    assert_eq!(tab.ask(ConfirmAccount { words }).unwrap().account, account);
    assert!(tab.ask(iota_core::vault::AskState {}).unwrap().is_open());
}

#[test]
fn signing_in_sends_what_the_command_line_sends() {
    let tab = tab();
    answer(&tab, "POST", "/login", &session(ACCOUNT));
    let question = SignIn { login: LOGIN.into(), password: PASSWORD.into(), second: Some("123456".into()), keep: true };
    tab.ask(question).unwrap();
    let login: iota_core::api::json::Login = sent(&tab, "POST /login");
    assert_eq!(login.auth_secret, auth_secret(LOGIN, PASSWORD, server().server_id).unwrap());
    assert_eq!((login.second.as_deref(), login.keep), (Some("123456"), true));
}

#[test]
fn another_server_at_the_same_address_gets_no_login_secret() {
    let tab = tab();
    answer(&tab, "POST", "/login", &session(ACCOUNT));
    answer(&tab, "POST", "/accounts/check", &());
    let sign_in = |tab: &Tab| {
        let question = SignIn { login: LOGIN.into(), password: PASSWORD.into(), second: None, keep: false };
        tab.ask(question).map(drop)
    };
    sign_in(&tab).unwrap();
    answer(&tab, "GET", "/server", &ServerInfo { server_id: ServerId([5; 16]), ..server() });
    let later = tab.reload();
    let before = tab.browser.0.asked.borrow().len();
    for tab in [&tab, &later, &later] {
        let problem = sign_in(tab).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Altered);
        assert!(problem.message.contains("another server"), "{}", problem.message);
    }
    assert!(sign_up(&later, KeyChoice { key_file: true, ..KeyChoice::default() }).is_err());
    let login = |(asked, _): &(String, Vec<u8>)| asked == "POST /login" || asked == "POST /accounts";
    assert!(!tab.browser.0.asked.borrow()[before..].iter().any(login));
    // The same server as before is nothing to speak of; neither is any at a first visit.
    answer(&tab, "GET", "/server", &server());
    sign_in(&later).unwrap();
    later.browser.0.kept.borrow_mut().clear();
    answer(&tab, "GET", "/server", &ServerInfo { server_id: ServerId([5; 16]), ..server() });
    sign_in(&later.reload()).unwrap();
}

#[test]
fn who_lost_the_password_proves_the_vault() {
    let tab = tab();
    let new = sign_up(&tab, KeyChoice { key_file: true, ..KeyChoice::default() }).unwrap();
    let kit = Kit::parse(&new.kit.text).unwrap();
    let identity = kit.open().unwrap().identity(kit.account()).verifying_key();
    answer(&tab, "POST", "/owner/challenge", &ChallengeAnswer { challenge: Challenge([6; 32]) });
    answer(&tab, "POST", "/recovery", &session(kit.account()));
    let words = new.kit.words.join(" ");
    let recover = |secret: Secret| {
        tab.ask(RecoverAccount {
            login: LOGIN.into(),
            secret,
            password: "velvet-nine-harbour-tulip".into(),
            second: None,
        })
    };
    // For an unknown login the server invents a slot.
    let slot = Kit::parse(&sign_up(&tab, KeyChoice { key_file: true, ..KeyChoice::default() }).unwrap().kit.text);
    let invented = Bytes(slot.unwrap().slot.encode());
    answer(&tab, "POST", "/recovery/slots", &RecoverySlots { slots: vec![invented.clone()] });
    assert_eq!(recover(Secret::Words(words.clone())).unwrap_err().kind, ProblemKind::WrongSecret);
    answer(&tab, "POST", "/recovery/slots", &RecoverySlots { slots: vec![invented, Bytes(kit.slot.encode())] });
    for secret in [Secret::Words(words), Secret::Kit(new.kit.text), Secret::KeyFile(new.key_file.unwrap().text)] {
        recover(secret).unwrap();
        let sent: Recover = sent(&tab, "POST /recovery");
        let login = normalise_login(LOGIN);
        let signed =
            proof::new_login(server().server_id, sent.account, sent.challenge, &login, sent.auth_secret.as_bytes());
        identity.verify(&signed, &sent.signature).unwrap();
        assert_eq!(tab.ask(iota_core::vault::AskState {}).unwrap().account, Some(kit.account()));
    }
    assert!(recover(Secret::Passphrase("x".into())).is_err());
    assert!(recover(Secret::Words("abandon".into())).is_err());
}

/// The list of slots that was put last becomes the server's.
fn take_over_slots(tab: &Tab) -> SignedSlotList {
    let change: ChangeSlots = sent(tab, "PUT /vault/slots");
    tab.browser.0.vault.borrow_mut().slot_list = change.slot_list.clone();
    SignedSlotList::decode(&change.slot_list.0).unwrap()
}

#[test]
fn ways_come_and_go_and_the_vault_keeps_enough() {
    let rig = Rig::new();
    let tab = Tab::unlocked(&rig);
    answer(&tab, "PUT", "/vault/slots", &());
    answer(&tab, "GET", "/session", &session(ACCOUNT));
    let file = tab.ask(PrepareKeyFile {}).unwrap();
    // Nothing counts before it is said to be saved, nor after a lock.
    assert!(!tab.browser.0.asked.borrow().iter().any(|(asked, _)| asked.starts_with("PUT")));
    let lost = tab.ask(PrepareKeyFile {}).unwrap();
    assert!(lost.text != file.text);
    tab.ask(Lock {}).unwrap();
    tab.unlock().unwrap();
    assert_eq!(tab.ask(ConfirmSlot {}).err().unwrap().kind, ProblemKind::Failed);
    let file = tab.ask(PrepareKeyFile {}).unwrap();
    let added = tab.ask(ConfirmSlot {}).unwrap();
    let list = take_over_slots(&tab);
    assert_eq!((list.list.version, list.list.slots.len(), added.len()), (2, 3, 3));
    assert!(tab.ask(Drill { secret: Secret::KeyFile(file.text.clone()) }).unwrap());
    assert!(tab.ask(ConfirmSlot {}).is_err(), "it was added once");
    let passphrase = tab.ask(SuggestPassphrase {}).unwrap();
    tab.ask(AddPassphrase { passphrase: passphrase.clone() }).unwrap();
    take_over_slots(&tab);
    assert!(tab.ask(AddPassphrase { passphrase: "short".into() }).is_err());

    let new = tab.ask(PrepareKit {}).unwrap();
    let words = new.ask_back.map(|number| new.kit.words[number - 1].clone());
    assert!(tab.ask(ConfirmKit { words: ["zoo".into(), "zoo".into()] }).is_err());
    let slots = tab.ask(ConfirmKit { words }).unwrap();
    let list = take_over_slots(&tab);
    assert_eq!(slots.iter().filter(|slot| slot.kind == SlotKindView::RecoveryWords).count(), 1);
    assert!(tab.ask(Drill { secret: Secret::Words(new.kit.words.join(" ")) }).unwrap());
    assert!(!tab.ask(Drill { secret: Secret::Words(["zoo"; 11].join(" ") + " wrong") }).unwrap());

    // Down to two, of which one is not in somebody's memory.
    let of = |kind: SlotKind| list.list.slots.iter().filter(move |slot| slot.header.kind == kind);
    for file in of(SlotKind::KeyFile) {
        tab.ask(RemoveSlot { slot: file.header.slot }).unwrap();
        take_over_slots(&tab);
    }
    let left = tab.ask(ListSlots {}).unwrap();
    assert_eq!(left.len(), 2);
    let before = tab.browser.0.asked.borrow().len();
    for slot in &left {
        assert!(tab.ask(RemoveSlot { slot: slot.slot }).is_err());
    }
    assert!(!tab.browser.0.asked.borrow()[before..].iter().any(|(asked, _)| asked.starts_with("PUT")));
    // The removed file opens nothing that the server shows.
    let removed = tab.ask(Unlock { secret: Secret::KeyFile(file.text) });
    assert_eq!(removed.unwrap_err().kind, ProblemKind::WrongSecret);
    tab.ask(Unlock { secret: Secret::Passphrase(passphrase) }).unwrap();
}

#[test]
fn shares_of_trusted_people_open_the_vault_together() {
    let rig = Rig::new();
    let tab = Tab::unlocked(&rig);
    answer(&tab, "PUT", "/vault/slots", &());
    answer(&tab, "GET", "/session", &session(ACCOUNT));
    for (threshold, count) in [(1, 3), (4, 3), (2, 17)] {
        assert_eq!(tab.ask(PrepareShares { threshold, count }).err().unwrap().kind, ProblemKind::Failed);
    }
    let sheets = tab.ask(PrepareShares { threshold: 2, count: 3 }).unwrap();
    assert_eq!(tab.ask(ListSlots {}).unwrap().len(), 2);
    // The server took it, and its answer was lost.
    let lost = Err(Problem::unreachable());
    tab.browser.0.answers.borrow_mut().insert(("PUT", "/vault/slots".into()), lost);
    assert_eq!(tab.ask(ConfirmSlot {}).err().unwrap().kind, ProblemKind::Unreachable);
    let list = take_over_slots(&tab);
    let puts = || tab.browser.0.asked.borrow().iter().filter(|(asked, _)| asked.starts_with("PUT")).count();
    let before = puts();
    let added = tab.ask(ConfirmSlot {}).unwrap();
    assert_eq!((puts(), sheets.len(), added.len(), list.list.slots.len()), (before, 3, 3, 3));
    answer(&tab, "PUT", "/vault/slots", &());
    let slot = added.iter().find(|slot| slot.kind == SlotKindView::Shares).unwrap().slot;
    for (number, sheet) in (1..).zip(&sheets) {
        assert!(sheet.text.contains(&normalise_login(LOGIN)) && sheet.name.ends_with(&format!("-{number}.txt")));
        let view = tab.ask(ReadShare { text: sheet.text.clone() }).unwrap();
        assert_eq!(view, ShareView { slot, number, threshold: 2, count: 3 });
    }
    // No sheet went to the server.
    for (_, body) in tab.browser.0.asked.borrow().iter() {
        assert!(!String::from_utf8_lossy(body).contains("IOTA-SHARE"));
    }

    tab.ask(Lock {}).unwrap();
    assert_eq!(tab.ask(PrepareShares { threshold: 2, count: 3 }).err().unwrap().kind, ProblemKind::Locked);
    let of =
        |numbers: &[usize]| Secret::Shares(numbers.iter().map(|&number| sheets[number - 1].text.clone()).collect());
    for (numbers, words) in
        [(&[][..], "no sheet"), (&[2], "2 of 3 sheets are needed, 1 given"), (&[3, 3], "sheet 3 is given twice")]
    {
        let problem = tab.ask(Unlock { secret: of(numbers) }).unwrap_err();
        assert!(problem.kind == ProblemKind::WrongSecret && problem.message.contains(words), "{}", problem.message);
        assert!(!tab.ask(Drill { secret: of(numbers) }).unwrap());
    }
    for numbers in [&[1, 2][..], &[3, 1], &[2, 3, 1]] {
        assert!(tab.ask(Drill { secret: of(numbers) }).unwrap());
        assert!(!tab.ask(AskState {}).unwrap().is_open());
        assert_eq!(tab.ask(Unlock { secret: of(numbers) }).unwrap().account, Some(ACCOUNT));
        tab.ask(Lock {}).unwrap();
    }

    // Without signing in, by their own slot; the server is not asked for one.
    answer(&tab, "POST", "/owner/challenge", &ChallengeAnswer { challenge: Challenge([6; 32]) });
    answer(&tab, "POST", "/recovery", &session(ACCOUNT));
    let recover = |secret: Secret| {
        let password = "velvet-nine-harbour-tulip".into();
        tab.ask(RecoverAccount { login: LOGIN.into(), secret, password, second: None })
    };
    assert_eq!(recover(of(&[2])).unwrap_err().kind, ProblemKind::WrongSecret);
    recover(of(&[2, 3])).unwrap();
    assert!(!tab.browser.0.asked.borrow().iter().any(|(asked, _)| asked == "POST /recovery/slots"));
    let sent: Recover = sent(&tab, "POST /recovery");
    let login = normalise_login(LOGIN);
    let proof = proof::new_login(server().server_id, ACCOUNT, sent.challenge, &login, sent.auth_secret.as_bytes());
    rig.master.identity(ACCOUNT).verifying_key().verify(&proof, &sent.signature).unwrap();

    // Removed, they open nothing that the server shows.
    tab.ask(RemoveSlot { slot }).unwrap();
    take_over_slots(&tab);
    assert_eq!(tab.ask(Unlock { secret: of(&[1, 2]) }).unwrap_err().kind, ProblemKind::WrongSecret);
}

#[test]
fn a_passkey_opens_the_vault_and_is_never_the_only_way_offline() {
    let rig = Rig::new();
    let tab = Tab::unlocked(&rig);
    answer(&tab, "PUT", "/vault/slots", &());
    let of = |byte: u8| iota_core::id::Digest([byte; 32]).to_string();
    for malformed in [String::new(), of(7)[2..].to_owned(), of(7) + "07", "x".repeat(64)] {
        let problem = tab.ask(AddPasskey { output: malformed }).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::WrongSecret);
    }
    // Two passkeys: either is found among them.
    tab.ask(AddPasskey { output: of(7) }).unwrap();
    take_over_slots(&tab);
    let slots = tab.ask(AddPasskey { output: of(8) }).unwrap();
    let list = take_over_slots(&tab);
    let passkeys: Vec<_> = slots.iter().filter(|slot| slot.kind == SlotKindView::Passkey).collect();
    assert_eq!((list.list.version, passkeys.len()), (3, 2));
    tab.ask(Lock {}).unwrap();
    assert_eq!(tab.ask(AddPasskey { output: of(9) }).unwrap_err().kind, ProblemKind::Locked);
    let wrong = tab.ask(Unlock { secret: Secret::Passkey(of(9)) }).unwrap_err();
    assert_eq!(wrong.kind, ProblemKind::WrongSecret);
    assert_eq!(tab.ask(AskState {}).unwrap().account, None);
    for byte in [7, 8] {
        let state = tab.ask(Unlock { secret: Secret::Passkey(of(byte)) }).unwrap();
        assert_eq!(state.account, Some(ACCOUNT));
        tab.ask(Lock {}).unwrap();
    }
    // What a passkey computes is asked for by the page and told to nobody.
    let asked = tab.browser.0.asked.borrow();
    let told = |byte: u8| asked.iter().any(|(_, body)| String::from_utf8_lossy(body).contains(&of(byte)));
    assert!(![7, 8, 9].into_iter().any(told));
    drop(asked);

    // Everything that is on paper or in a file goes, but the last.
    tab.ask(Unlock { secret: Secret::Passkey(of(7)) }).unwrap();
    let offline: Vec<_> = list.list.slots.iter().filter(|slot| slot.header.kind.works_offline()).collect();
    let (last, others) = offline.split_last().unwrap();
    for slot in others {
        tab.ask(RemoveSlot { slot: slot.header.slot }).unwrap();
        take_over_slots(&tab);
    }
    let problem = tab.ask(RemoveSlot { slot: last.header.slot }).unwrap_err();
    assert!(problem.message.contains("neither on memory nor on a device"), "{}", problem.message);
    // One passkey that is removed opens nothing more; the other does.
    let removed = tab.ask(AddPasskey { output: of(6) }).unwrap();
    let before: Vec<_> = slots.iter().map(|slot| slot.slot).collect();
    let added = removed.iter().find(|slot| !before.contains(&slot.slot)).unwrap();
    take_over_slots(&tab);
    tab.ask(Unlock { secret: Secret::Passkey(of(6)) }).unwrap();
    tab.ask(RemoveSlot { slot: added.slot }).unwrap();
    take_over_slots(&tab);
    assert_eq!(tab.ask(Unlock { secret: Secret::Passkey(of(6)) }).unwrap_err().kind, ProblemKind::WrongSecret);
    tab.ask(Unlock { secret: Secret::Passkey(of(8)) }).unwrap();
}

#[test]
fn a_passkey_cannot_set_a_new_password() {
    let tab = tab();
    let question = RecoverAccount {
        login: LOGIN.into(),
        secret: Secret::Passkey("07".repeat(32)),
        password: "velvet-nine-harbour-tulip".into(),
        second: None,
    };
    assert!(tab.ask(question).unwrap_err().message.contains("cannot prove the vault"));
    let recovery = |(asked, _): &(String, Vec<u8>)| asked.starts_with("POST /recovery");
    assert!(!tab.browser.0.asked.borrow().iter().any(recovery));
}

#[test]
fn a_machine_that_has_the_code_gets_its_keys_and_no_other() {
    let rig = Rig::new();
    let tab = Tab::unlocked(&rig);
    answer(&tab, "POST", "/enrolments", &());
    let view = tab.ask(BeginEnrolment { set: None }).unwrap();
    let path = format!("/enrolments/{}", view.enrol_id);
    answer(&tab, "GET", &format!("{path}/hello"), &None::<()>);
    assert_eq!(tab.ask(HearEnrolment { enrol_id: view.enrol_id }).unwrap(), None);

    let code = EnrolCode::parse(&view.code).unwrap();
    let mut random = system_random();
    let (signing, agreement) = (SigningKey::generate(&mut random), AgreementSecret::generate(&mut random));
    let facts = MachineFacts { name: "attic\u{202e}".into(), system: "Debian 13".into(), disk_bytes: 8 };
    let hello = code.hello(signing.verifying_key(), agreement.public(), &facts, &mut random);
    let mut foreign = hello.clone();
    foreign.signing_key = SigningKey::generate(&mut random).verifying_key();
    answer(&tab, "GET", &format!("{path}/hello"), &foreign);
    let question = || HearEnrolment { enrol_id: view.enrol_id };
    assert_eq!(tab.ask(question()).unwrap_err().kind, ProblemKind::Altered);
    answer(&tab, "PUT", &format!("{path}/grant"), &());
    let admit = || Admit { enrol_id: view.enrol_id, name: Some("Attic".into()) };
    assert_eq!(tab.ask(admit()).unwrap_err().kind, ProblemKind::Altered);

    answer(&tab, "GET", &format!("{path}/hello"), &hello);
    let shown = tab.ask(question()).unwrap().unwrap();
    assert_eq!(
        (shown.name.as_str(), shown.fingerprint),
        ("attic‹U+202E›", fingerprint(&signing.verifying_key(), &agreement.public()))
    );
    // Somebody else has the code as well: who was shown is let in, or nobody.
    let (thief, exchange) = (SigningKey::generate(&mut random), AgreementSecret::generate(&mut random));
    let other = code.hello(thief.verifying_key(), exchange.public(), &facts, &mut random);
    answer(&tab, "GET", &format!("{path}/hello"), &other);
    assert_eq!(tab.ask(admit()).unwrap_err().kind, ProblemKind::Altered);
    assert_eq!(tab.ask(question()).unwrap_err().kind, ProblemKind::Altered);
    answer(&tab, "GET", &format!("{path}/hello"), &hello);
    let set = tab.ask(admit()).unwrap();
    let grant: EnrolGrant = sent(&tab, &format!("PUT {path}/grant"));
    let certificate = SignedCertificate::decode(&grant.certificate.0).unwrap();
    certificate.verify(&rig.master.identity(ACCOUNT).verifying_key()).unwrap();
    assert_eq!((certificate.certificate.set, certificate.certificate.key_epoch), (set, 1));
    let keys = code.open_grant(&certificate, &grant.sealed.0, &agreement).unwrap();
    assert_eq!(keys.log_root.expose(), rig.master.log_root(ACCOUNT, set, 1).expose());
    // The code served once.
    assert!(tab.ask(admit()).is_err());
}

#[test]
fn a_machine_that_continues_a_set_follows_its_head() {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    for number in 0..6 {
        tree.file("file", vec![number; 10]);
        rig.backup(&tree).unwrap();
    }
    let tab = Tab::unlocked(&rig);
    answer(&tab, "POST", "/enrolments", &());
    let view = tab.ask(BeginEnrolment { set: Some(rig.set) }).unwrap();
    let path = format!("/enrolments/{}", view.enrol_id);
    let code = EnrolCode::parse(&view.code).unwrap();
    let mut random = system_random();
    let (signing, agreement) = (SigningKey::generate(&mut random), AgreementSecret::generate(&mut random));
    let facts = MachineFacts { name: "new disk".into(), system: "Debian 13".into(), disk_bytes: 8 };
    let hello = code.hello(signing.verifying_key(), agreement.public(), &facts, &mut random);
    answer(&tab, "GET", &format!("{path}/hello"), &hello);
    answer(&tab, "PUT", &format!("{path}/grant"), &());
    tab.ask(Admit { enrol_id: view.enrol_id, name: None }).unwrap();
    let grant: EnrolGrant = sent(&tab, &format!("PUT {path}/grant"));
    let certificate = SignedCertificate::decode(&grant.certificate.0).unwrap().certificate;
    assert_eq!((certificate.key_epoch, certificate.first_seq), (2, 7));
    let inner = rig.server.inner.lock().unwrap();
    let hash = |seq: usize| inner.commits[seq - 1].frame.header.header.hash();
    assert_eq!(certificate.skip_chain, [hash(6), hash(4)]);
}

#[test]
fn a_revocation_names_nobody_and_follows_the_head() {
    let (rig, mut tree) = (Rig::new(), MemoryTree::default());
    tree.file("file", b"x".to_vec());
    rig.backup(&tree).unwrap();
    let tab = Tab::unlocked(&rig);
    answer(&tab, "PUT", &format!("/sets/{}/certificate", rig.set), &());
    tab.ask(RevokeMachine { set: rig.set }).unwrap();
    let revoke: Revoke = sent(&tab, &format!("PUT /sets/{}/certificate", rig.set));
    let signed = SignedCertificate::decode(&revoke.certificate.0).unwrap();
    signed.verify(&rig.master.identity(ACCOUNT).verifying_key()).unwrap();
    assert!(signed.certificate.is_revocation());
    assert_eq!((signed.certificate.key_epoch, signed.certificate.first_seq), (2, 2));
    assert_ne!(signed.certificate.device, DEVICE);
}

/// A server that is slow to show the vault: meanwhile somebody locks.
fn lock_while_the_vault_is_fetched(tab: &Tab) {
    let desk = Rc::clone(&tab.desk);
    let lie: Lie = Box::new(move |request, answer| {
        if request.path == "/vault" {
            desk.answer(Lock {}.into()).now_or_never().unwrap().unwrap();
        }
        answer
    });
    tab.browser.0.lie.replace(Some(lie));
}

#[test]
fn who_locks_while_the_vault_is_being_opened_finds_it_locked() {
    let rig = Rig::new();
    let tab = Tab::new(&rig);
    lock_while_the_vault_is_fetched(&tab);
    tab.unlock().unwrap();
    assert_eq!(tab.ask(AskState {}).unwrap().account, None);
    assert_eq!(tab.ask(ListMachines {}).unwrap_err().kind, ProblemKind::Locked);
}

#[test]
fn nothing_is_signed_after_a_lock() {
    let rig = Rig::new();
    let tab = Tab::unlocked(&rig);
    tab.ask(PrepareKeyFile {}).unwrap();
    lock_while_the_vault_is_fetched(&tab);
    assert_eq!(tab.ask(ConfirmSlot {}).err().map(|problem| problem.kind), Some(ProblemKind::Locked));
    assert!(!tab.browser.0.asked.borrow().iter().any(|(asked, _)| asked.starts_with("PUT")));
}
