//! The agent against a server that speaks HTTP, answers wrongly, breaks off, and is not who it should be.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

mod appliance;
mod command;
#[path = "../support/server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod server;
mod service;
mod terminal;

use appliance::{Appliance, Fault, INVITE, SERVER_ID};
use iota_agent::{
    account::{self, AccountError, NewAccount, slots},
    enrol::{
        EnrolError,
        admit::{Doorkeeper, Wanted, wait_for_hello},
        facts,
        machine::Joining,
    },
    history::choose_set,
    identity::Identity,
    owner::Owner,
    ratchet::Ratchet,
    remote::{
        Remote, RemoteError,
        http::{Http, HttpRemote, Patience, Server, ServerPin, Sleeper, Speaker, Throttle, WebSession},
    },
    vault::{self, Pinned, VaultError},
    witness::Witness,
};
use iota_core::{
    api::json::code,
    history::HistoryError,
    id::{AccountId, DeviceId, HeaderHash, SetId},
    refs::Reference,
};
use iota_crypto::{
    enrol::EnrolCode,
    error::{CryptoError, SharesError},
    keys::SigningKey,
    kit::{KeyFile, Kit, KitPlace},
    secret::system_random,
    shares::Share,
    slot::SlotSecret,
};
use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

const LOGIN: &str = "Ada@Example.org";
const PASSWORD: &str = "correct horse battery";

/// Notes how long it should have slept.
#[derive(Default)]
struct Awake(Mutex<Vec<Duration>>);

impl Awake {
    fn waits(&self) -> usize {
        std::mem::take(&mut *self.0.lock().unwrap()).len()
    }
}

impl Sleeper for Awake {
    fn sleep(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration);
    }
}

fn connect(url: &str, pin: Option<[u8; 32]>) -> (Arc<Http>, Arc<Awake>) {
    let (server, awake) =
        (Server { address: url.parse().unwrap(), pin: pin.map(ServerPin) }, Arc::new(Awake::default()));
    let patience = Patience { attempts: 4, ..Patience::PERSON };
    (Arc::new(Http::with_sleeper(server, patience, awake.clone()).unwrap()), awake)
}

/// An account with a machine.
struct Rig {
    appliance: Appliance,
    http: Arc<Http>,
    awake: Arc<Awake>,
    directory: tempfile::TempDir,
}

impl Rig {
    fn new() -> Self {
        let appliance = Appliance::start();
        let (http, awake) = connect(&appliance.url, None);
        Self { appliance, http, awake, directory: tempfile::tempdir().unwrap() }
    }

    fn with_account() -> Self {
        let rig = Self::new();
        rig.create_account(&rig.directory.path().join("kit")).unwrap();
        rig
    }

    fn create_account(&self, kit: &Path) -> Result<WebSession, AccountError> {
        let key_file = kit.with_extension("key");
        let new = NewAccount {
            code: INVITE,
            login: LOGIN,
            password: PASSWORD,
            passphrase: None,
            kit,
            key_file: Some(&key_file),
        };
        account::create(&self.http, &new)
    }

    fn sign_in(&self) -> (WebSession, vault::OpenVault) {
        let session = vault::sign_in(&self.http, SERVER_ID, " ada@example.ORG ", PASSWORD).unwrap();
        let opened = vault::open(&session.vault().unwrap(), &SlotSecret::Passphrase(PASSWORD), &Pinned::default());
        (session, opened.unwrap())
    }

    fn owner(&self) -> Owner {
        let (_, opened) = self.sign_in();
        vault::owner(&self.http, SERVER_ID, opened.account, opened.master)
    }

    fn enrol(&self, name: Option<&str>, wanted: &Wanted) -> Result<(Identity, Ratchet), EnrolError> {
        let (session, opened) = self.sign_in();
        let owner = vault::owner(&self.http, SERVER_ID, opened.account, opened.master);
        let mut witness = Witness::load(self.directory.path(), owner.account)?;
        let code = EnrolCode::generate(None, &mut system_random());
        session.create_enrolment(code.enrol_id)?;
        let theirs = EnrolCode::parse(&code.to_text())?;
        let joining = Joining::begin(&self.http, theirs, facts::of_this_machine(Some("attic")))?;
        let hello = wait_for_hello(&session, &code)?;
        let mut door = Doorkeeper { owner: &owner, session: &session, server_id: SERVER_ID, witness: &mut witness };
        door.admit(&code, &hello, name, wanted, 5)?;
        joining.wait()
    }

    fn remote(&self) -> HttpRemote {
        let (identity, _) = self.enrol(None, &Wanted::New).unwrap();
        HttpRemote::new(self.http.clone(), identity.speaker())
    }
}

#[test]
fn what_passes_is_tried_again_and_what_does_not_pass_is_not() {
    let rig = Rig::with_account();
    let remote = rig.remote();
    let site = &rig.appliance.site;
    assert!(remote.head().unwrap().is_none());
    rig.awake.waits();
    let passing = [
        Fault::Refused(503, code::UNAVAILABLE, Some(3)),
        Fault::Status(502, "<html>bad gateway</html>"),
        Fault::Refused(429, code::TOO_MANY_REQUESTS, Some(7)),
    ];
    site.fail(passing);
    assert!(remote.head().unwrap().is_none());
    let waits = rig.awake.0.lock().unwrap().clone();
    assert_eq!((site.count("GET /agent/head"), waits.len()), (4, 3));
    assert!(waits[0] >= Duration::from_secs(3) && waits[2] >= Duration::from_secs(7), "{waits:?}");
    rig.awake.waits();

    site.fail([Fault::LoseAnswer, Fault::LoseAnswer]);
    assert!(remote.head().unwrap().is_none());
    assert_eq!(rig.awake.waits(), 2);

    for (status, code) in
        [(403, code::DEVICE_REPLACED), (409, code::HEAD_MOVED), (507, code::NO_SPACE), (500, code::INTERNAL)]
    {
        site.fail([Fault::Refused(status, code, None)]);
        assert_eq!(remote.head().unwrap_err().code(), Some(code));
        assert_eq!((site.count("GET /agent/head"), rig.awake.waits()), (1, 0), "{code}");
    }
}

#[test]
fn patience_ends() {
    let rig = Rig::with_account();
    let remote = rig.remote();
    let site = &rig.appliance.site;
    remote.head().unwrap();
    rig.awake.waits();
    site.fail(vec![Fault::Refused(503, code::UNAVAILABLE, None); 9]);
    assert_eq!(remote.head().unwrap_err().code(), Some(code::UNAVAILABLE));
    assert_eq!((site.count("GET /agent/head"), rig.awake.waits()), (4, 3));
    // A server that asks for an hour is told to the user at once.
    site.fail([Fault::Refused(429, code::TOO_MANY_REQUESTS, Some(3600))]);
    assert_eq!(remote.head().unwrap_err().code(), Some(code::TOO_MANY_REQUESTS));
    assert_eq!(rig.awake.waits(), 0);

    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (http, awake) = connect(&format!("http://{gone}"), None);
    let error = http.server_info().unwrap_err();
    assert!(matches!(error, RemoteError::Unreachable { .. }), "{error}");
    assert_eq!(awake.waits(), 3);
}

#[test]
fn a_server_that_falls_silent_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let server = Server { address: url.parse().unwrap(), pin: None };
    let patience = Patience { attempts: 2, idle: Duration::from_millis(50), ..Patience::PERSON };
    let http = Http::with_sleeper(server, patience, Arc::new(Awake::default())).unwrap();
    let error = http.server_info().unwrap_err();
    assert!(matches!(error, RemoteError::Unreachable { .. }), "{error}");
}

#[test]
fn answers_that_make_no_sense_are_told_as_such() {
    let rig = Rig::with_account();
    let remote = rig.remote();
    remote.head().unwrap();
    let long = Box::leak(format!("\"{}\"", "x".repeat(2 << 20)).into_boxed_str());
    let faults = [
        Fault::Status(200, "null and more"),
        Fault::Status(200, "{\"seq\": 1}"),
        Fault::Status(200, long),
        Fault::Status(404, "<html>not an appliance</html>"),
        Fault::Redirect,
    ];
    for fault in faults {
        rig.appliance.site.fail([fault.clone()]);
        let error = remote.head().unwrap_err();
        assert!(matches!(error, RemoteError::Malformed { .. }), "{error}");
        assert_eq!(rig.appliance.site.count("GET /agent/head"), 1);
    }
}

#[test]
fn tokens_are_renewed_and_earned_anew_when_an_answer_was_lost() {
    let rig = Rig::with_account();
    let remote = rig.remote();
    let site = &rig.appliance.site;
    remote.head().unwrap();
    remote.head().unwrap();
    assert_eq!(site.count("POST /agent/session"), 1);
    site.inner().tokens.clear();
    remote.head().unwrap();
    assert_eq!(site.count("POST /agent/session"), 2);
    // The session's answer is lost: its challenge is spent, so another one is asked for.
    site.inner().tokens.clear();
    site.fail([Fault::Refused(401, code::UNAUTHENTICATED, None)]);
    site.inner().faults.push_back(Fault::Status(503, ""));
    site.inner().faults.push_back(Fault::LoseAnswer);
    site.inner().faults.push_back(Fault::LoseAnswer);
    remote.head().unwrap();
    // A stranger gets none, however often it asks.
    let key = SigningKey::generate(&mut system_random());
    let speaker = Speaker::Machine { server_id: SERVER_ID, device: DeviceId([7; 16]), key };
    let error = HttpRemote::new(rig.http.clone(), speaker).head().unwrap_err();
    assert_eq!(error.code(), Some(code::DEVICE_REPLACED));
}

#[test]
fn uploads_go_through_from_several_threads() {
    let rig = Rig::with_account();
    let remote = rig.remote();
    let upload = remote.begin_upload().unwrap().upload;
    let objects: Vec<Vec<u8>> = (0..12u8).map(|number| vec![number; 700_000]).collect();
    let reference = |object: &[u8]| Reference::private(iota_core::id::Cid::of(object));
    let references: Vec<Reference> = objects.iter().map(|object| reference(object)).collect();
    assert_eq!(remote.have(upload, &references).unwrap(), vec![false; 12]);
    std::thread::scope(|scope| {
        for part in objects.chunks(4) {
            let remote = &remote;
            scope.spawn(move || {
                let mut writer = iota_core::wire::Writer::new();
                for object in part {
                    let frame = iota_core::api::frames::ObjectFrame { reference: reference(object), object };
                    frame.write(&mut writer);
                }
                assert_eq!(remote.put_objects(upload, writer.finish().into()).unwrap().stored, 4);
            });
        }
    });
    assert_eq!(remote.have(upload, &references).unwrap(), vec![true; 12]);
    remote.end_upload(upload).unwrap();
    assert_eq!(remote.begin_upload().map(|info| info.upload != upload).ok(), Some(true));
}

#[test]
fn only_the_pinned_key_is_spoken_to() {
    let (appliance, pin) = Appliance::start_tls();
    let (http, _) = connect(&appliance.url, Some(pin));
    assert_eq!(http.server_info().unwrap().server_id, SERVER_ID);
    for wrong in [None, Some([1; 32])] {
        let (http, awake) = connect(&appliance.url, wrong);
        let error = http.server_info().unwrap_err();
        assert!(matches!(error, RemoteError::Unreachable { .. }), "{error}");
        assert_eq!(awake.waits(), 0, "a wrong key does not become right: {error}");
    }
    assert_eq!(appliance.site.inner().requests.len(), 1);
}

#[test]
fn an_account_opens_by_password_kit_and_key_file() {
    let rig = Rig::with_account();
    let (_, opened) = rig.sign_in();
    let kit = Kit::parse(&std::fs::read_to_string(rig.directory.path().join("kit")).unwrap()).unwrap();
    let file = KeyFile::parse(&std::fs::read_to_string(rig.directory.path().join("kit.key")).unwrap()).unwrap();
    let pinned = Pinned {
        server_id: Some(SERVER_ID),
        account: Some((opened.account, opened.master.identity(opened.account).verifying_key())),
        ..Pinned::default()
    };
    let owners = [vault::owner_by_kit(&rig.http, &kit, &pinned), vault::owner_by_key_file(&rig.http, &file, &pinned)];
    for owner in owners {
        let owner = owner.unwrap();
        assert_eq!(owner.master.expose(), opened.master.expose());
        assert!(owner.archive.sets().unwrap().is_empty());
    }
    let elsewhere = Pinned { server_id: Some(iota_core::id::ServerId([1; 16])), ..pinned };
    let refused = vault::owner_by_kit(&rig.http, &kit, &elsewhere);
    assert!(matches!(refused, Err(VaultError::OtherServer { .. })));
    let wrong = vault::sign_in(&rig.http, SERVER_ID, LOGIN, "another password");
    assert!(matches!(wrong, Err(VaultError::Remote(error)) if error.code() == Some(code::BAD_CREDENTIALS)));
}

#[test]
fn the_kit_is_there_exactly_when_the_account_may_be() {
    let rig = Rig::new();
    let site = &rig.appliance.site;
    let kit = rig.directory.path().join("kit");
    site.fail([]);
    site.inner().faults.extend([Fault::Status(
        200,
        r#"{"server_id":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","version":"1","api":[1],"needs_setup":false}"#,
    )]);
    site.inner().faults.extend([Fault::Refused(429, code::TOO_MANY_REQUESTS, Some(3600))]);
    assert!(matches!(rig.create_account(&kit), Err(AccountError::Remote(_))));
    assert!(!kit.exists() && !kit.with_extension("key").exists());

    // The account is made, but no answer comes through: the kit stays.
    site.fail([]);
    let info = r#"{"server_id":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","version":"1","api":[1],"needs_setup":false}"#;
    site.inner().faults.extend([Fault::Status(200, info)]);
    site.inner().faults.extend(vec![Fault::LoseAnswer; 4]);
    assert!(matches!(rig.create_account(&kit), Err(AccountError::Unsure { .. })));
    assert!(kit.exists());
    assert!(matches!(rig.create_account(&kit), Err(AccountError::Exists(_))));
    let (_, opened) = rig.sign_in();
    assert_eq!(Kit::parse(&std::fs::read_to_string(&kit).unwrap()).unwrap().account(), opened.account);

    // The login is taken: the second account is refused, and its kit is gone.
    let second = rig.directory.path().join("second");
    let refused = rig.create_account(&second);
    assert!(matches!(refused, Err(AccountError::Remote(error)) if error.code() == Some(code::CONFLICT)));
    assert!(!second.exists());
}

#[test]
fn an_account_whose_first_answer_was_lost_is_recognised() {
    let rig = Rig::new();
    let info = r#"{"server_id":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","version":"1","api":[1],"needs_setup":false}"#;
    rig.appliance.site.fail([Fault::Status(200, info), Fault::LoseAnswer]);
    let kit = rig.directory.path().join("kit");
    let session = rig.create_account(&kit).unwrap();
    assert_eq!(Kit::parse(&std::fs::read_to_string(&kit).unwrap()).unwrap().account(), session.info.account);
}

#[test]
fn slots_come_and_go() {
    let rig = Rig::with_account();
    let open = |secret: &SlotSecret<'_>| {
        let (session, _) = rig.sign_in();
        vault::open(&session.vault().unwrap(), secret, &Pinned::default())
    };
    let (session, opened) = rig.sign_in();
    let id = slots::add_passphrase(&session, &opened, "another passphrase").unwrap();
    let secret = SlotSecret::Passphrase("another passphrase");
    assert_eq!(open(&secret).unwrap().slots.list.version, 2);
    // The list that was opened is stale now.
    let stale = slots::remove(&session, &opened, opened.slots.list.slots[0].header.slot);
    assert!(matches!(stale, Err(slots::SlotsError::Remote(error)) if error.code() == Some(code::CONFLICT)));
    let (session, opened) = rig.sign_in();
    slots::remove(&session, &opened, id).unwrap();
    assert!(matches!(open(&secret), Err(VaultError::Crypto(CryptoError::Slot))));

    let path = rig.directory.path().join("second.key");
    let (session, opened) = rig.sign_in();
    // A proof of identity that is too old is renewed.
    rig.appliance.site.fail([Fault::Refused(403, code::REAUTHENTICATE, None)]);
    slots::add_key_file(&session, &opened, &path).unwrap();
    assert_eq!(rig.appliance.site.count("POST /login"), 1);
    let file = KeyFile::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(open(&SlotSecret::KeyFile(&file.secret)).unwrap().slots.list.slots.len(), 4);
}

#[test]
fn shares_are_written_and_open_the_account_together() {
    let rig = Rig::with_account();
    let (session, opened) = rig.sign_in();
    let place = KitPlace { server: "https://backup.example", server_id: SERVER_ID, login: LOGIN };
    let sheets = rig.directory.path().join("people").join("sheets");
    let files = || std::fs::read_dir(&sheets).map_or(0, Iterator::count);
    let impossible = slots::add_shares(&session, &opened, (1, 3), &sheets, &place);
    assert!(matches!(impossible, Err(slots::SlotsError::Crypto(CryptoError::Shares(SharesError::Numbers)))));
    assert!(!sheets.exists());
    // Refused, they are gone; when the answer was lost, they may be good.
    rig.appliance.site.fail([Fault::Refused(409, code::CONFLICT, None)]);
    assert!(slots::add_shares(&session, &opened, (2, 3), &sheets, &place).is_err());
    assert_eq!(files(), 0);
    let id = slots::add_shares(&session, &opened, (2, 3), &sheets, &place).unwrap();
    assert_eq!(files(), 3);
    let read = |number: u8| {
        let path = sheets.join(format!("iotabackup-sheet-{}-{number}.txt", &id.to_string()[..8]));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        Share::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let owner = |shares: &[Share], pinned: &Pinned| vault::owner_by_shares(&rig.http, shares, pinned);
    let owned = owner(&[read(3), read(1)], &Pinned::default()).unwrap();
    assert_eq!(owned.master.expose(), opened.master.expose());
    assert!(owned.archive.sets().unwrap().is_empty());
    let few = owner(&[read(3)], &Pinned::default()).err();
    let expected = SharesError::TooFew { threshold: 2, count: 3, given: 1 };
    assert!(matches!(few, Some(VaultError::Crypto(CryptoError::Shares(error))) if error == expected));
    // A machine of another account does not take them.
    let other = AccountId([9; 16]);
    let elsewhere =
        Pinned { account: Some((other, opened.master.identity(other).verifying_key())), ..Pinned::default() };
    assert!(matches!(owner(&[read(1), read(2)], &elsewhere), Err(VaultError::OtherAccount { .. })));
}

#[test]
fn a_proof_that_is_too_old_is_renewed_by_another_code_of_the_second_factor() {
    let rig = Rig::with_account();
    let site = &rig.appliance.site;
    site.inner().second = Some("first".into());
    let sign_in = || vault::sign_in_with(&rig.http, SERVER_ID, LOGIN, PASSWORD, Some("first")).unwrap();
    let sessions = [
        sign_in(),
        sign_in().asking(Box::new(|| None)),
        sign_in().asking(Box::new(|| Some(" next\n".to_owned().into()))),
    ];
    site.inner().second = Some("next".into());
    for (session, renewed) in sessions.iter().zip([false, false, true]) {
        site.fail([Fault::Refused(403, code::REAUTHENTICATE, None)]);
        let answer = session.vault();
        assert_eq!(answer.is_ok(), renewed);
        assert_eq!(site.count("POST /login"), usize::from(renewed), "a code that was used is not sent again");
        assert!(renewed || answer.is_err_and(|error| error.code() == Some(code::REAUTHENTICATE)));
    }
}

#[test]
fn answers_come_no_faster_than_the_limit() {
    let rig = Rig::new();
    let info = r#"{"server_id":"5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","version":"1","api":[1],"needs_setup":false}"#;
    let long: &'static str = format!("{}{info}", " ".repeat(40_000)).leak();
    rig.appliance.site.fail([Fault::Status(200, long)]);
    let server = rig.http.server().clone();
    let slowed = Http::new(server, Patience::PERSON).unwrap().slowed(Throttle::new(|| Some(100_000)));
    let begun = Instant::now();
    slowed.server_info().unwrap();
    // A quarter of a second's worth comes at once.
    assert!(begun.elapsed() >= Duration::from_millis(140), "{:?}", begun.elapsed());
}

#[test]
fn a_set_is_taken_over_with_its_history_or_not_at_all() {
    let rig = Rig::with_account();
    let (first, ratchet) = rig.enrol(None, &Wanted::New).unwrap();
    assert_eq!((first.key_epoch, ratchet.chain.head().0, first.name.as_str()), (1, 0, "attic"));
    let named = |name: &str| choose_set(&rig.owner(), Some(name), None).map(|named| named.info.set).ok();
    assert_eq!((named("attic"), named("cellar")), (Some(first.set), None));

    // Six commits, so that the head's skip path has two hashes.
    let cache = tempfile::tempdir().unwrap();
    let config_dir = cache.path().join("config");
    first.save(&config_dir, &ratchet).unwrap();
    for _ in 0..6 {
        backup(&rig, &config_dir, cache.path());
    }
    let over = |known| Wanted::TakeOver { set: first.set, known };
    let (second, ratchet) = rig.enrol(Some("cellar"), &over(None)).unwrap();
    assert_eq!((second.set, second.key_epoch), (first.set, 2));
    assert_ne!(second.device, first.device);
    assert_eq!((ratchet.chain.head().0, ratchet.chain.hashes().len(), ratchet.n), (6, 2, 0));
    assert_eq!((named("attic"), named("cellar")), (None, Some(first.set)));
    // The one before may not any more.
    let error = HttpRemote::new(rig.http.clone(), first.speaker()).head().unwrap_err();
    assert_eq!(error.code(), Some(code::DEVICE_REPLACED));
    second.save(&config_dir, &ratchet).unwrap();
    assert_eq!(backup(&rig, &config_dir, cache.path()), 7);

    // A commit that somebody knows and the server does not show stops it.
    let rollback = rig.enrol(None, &over(Some((9, HeaderHash([1; 32])))));
    assert!(matches!(rollback, Err(EnrolError::History(HistoryError::Rollback(9)))));
    let other = rig.enrol(None, &over(Some((2, HeaderHash([1; 32])))));
    assert!(matches!(other, Err(EnrolError::History(HistoryError::Rollback(2)))));
    // Nor does a new machine continue a head of another branch, whatever paths are shown for it.
    let memory = Arc::clone(&rig.appliance.site.inner().sets[&first.set].memory);
    let mut forged = memory.inner.lock().unwrap().commits[6].frame.header.clone();
    forged.header.prev = HeaderHash([1; 32]);
    forged.signature = second.signing.sign(&forged.header.encode());
    rig.appliance.site.inner().forged_head = Some(forged);
    let fork = rig.enrol(None, &over(None));
    assert!(matches!(fork, Err(EnrolError::History(HistoryError::OtherCommits))));
    rig.appliance.site.inner().forged_head = None;
    let mut witness = Witness::load(rig.directory.path(), first.account).unwrap();
    assert_eq!(witness.seen(first.set).map(|seen| (seen.seq, seen.certificates)), Some((6, 1)));
    witness.remember(first.set, 8, HeaderHash([1; 32]), 1);
    witness.save().unwrap();
    assert!(matches!(rig.enrol(None, &over(None)), Err(EnrolError::History(HistoryError::Rollback(8)))));
    let unknown = rig.enrol(None, &Wanted::TakeOver { set: SetId([1; 16]), known: None });
    assert!(matches!(unknown, Err(EnrolError::UnknownSet(_))));
}

/// One backup of a small directory; returns its number.
fn backup(rig: &Rig, config_dir: &Path, place: &Path) -> u64 {
    let (root, state_dir) = (place.join("data"), place.join("state"));
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("file"), "contents").unwrap();
    let identity = Identity::load(config_dir).unwrap();
    use iota_agent::rules::Edit;
    let mut rules = iota_agent::rules::RuleFile::default();
    rules.include(&root).unwrap();
    let rules = iota_agent::rules::Rules::compile(&rules).unwrap();
    let domains = identity.domains();
    let machine = identity.machine(&domains, config_dir, &state_dir);
    let remote = HttpRemote::new(rig.http.clone(), identity.speaker());
    let report = iota_agent::backup::run(
        &machine,
        &remote,
        || iota_agent::scan::Scan::start(rules.clone(), &[config_dir, &state_dir]),
        iota_agent::backup::Options::default(),
        &iota_agent::monitor::SystemClock,
        &iota_agent::monitor::Silent,
    );
    let report = report.unwrap();
    assert_eq!(report.gap_count, 0);
    report.seq
}
