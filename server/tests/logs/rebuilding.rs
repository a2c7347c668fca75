//! The database is emptied and made again from the packs: it is the same, and everybody goes on.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use iota_core::api::alerts::{ChangeAlerts, ChangeWatch};
use iota_core::api::json::{
    Bytes, ChangeLabel, ChangePassword, HeadInfo, Login, Revoke, SetInfo, SnapshotInfo, UploadInfo, code,
};
use iota_core::api::retention::Decide;
use iota_core::certificate::SignedCertificate;
use iota_core::id::{Cid, Digest};
use iota_core::pack::CommitRecord;
use iota_core::retention::{Decision, Deletion, Policy, SignedDecision, UNDO_MS, What};
use iota_server::doctor::examine;
use iota_server::host_key::HostKey;
use iota_server::packs::{self, PackOptions, RecordKind};
use iota_server::rebuild::{RebuildError, Report, rebuild};
use iota_server::retention::round;
use iota_server::test_support::{
    TestAccount, TestLog, TestMachine, TestServer, authenticator_code, object, revocation,
};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::histories::{play, states_of, turns};
use super::reading::machine_of;

/// Every table whose rows matter, with ids in place of row numbers.
const DUMPS: [&str; 10] = [
    "SELECT concat_ws(' ', account_id, login, identity, slot_list, slots_version, administrator, created_ms,
         record_version, recovered_ms, closing_version, closes_ms) FROM account",
    "SELECT concat_ws(' ', account_id, second_factor.record_version, secret IS NOT NULL, (
         SELECT string_agg(code_hash::text, ' ' ORDER BY code_hash) FROM recovery_code
         WHERE recovery_code.account_no = account.account_no)) FROM second_factor JOIN account USING (account_no)",
    "SELECT concat_ws(' ', account_id, address, mails, limit_hours) FROM alerts JOIN account USING (account_no)",
    "SELECT concat_ws(' ', account_id, set_id, label, head_seq, head_hash, head_received_ms, base_seq, live_count, live_xor,
         live_bytes, complete_ms, limit_hours, public_name)
     FROM backup_set JOIN account USING (account_no)",
    "SELECT concat_ws(' ', set_id, device_id, key_epoch, first_seq, signing_key, certificate, revoked)
     FROM device JOIN backup_set USING (set_no)",
    "SELECT concat_ws(' ', account_id, kind, cid, pack, position, object_bytes, condemned, damaged)
     FROM chunk JOIN domain USING (domain_no) JOIN account USING (account_no)",
    "SELECT concat_ws(' ', set_id, cid, from_seq, to_seq) FROM reference JOIN backup_set USING (set_no)",
    "SELECT concat_ws(' ', set_id, seq, hash, received_ms, commit.base_seq, pack, position, record_bytes, body_pack,
         body_position, body_bytes, commit.live_bytes, device_ms, kept, cleared) FROM commit JOIN backup_set USING (set_no)",
    "SELECT concat_ws(' ', account_id, version, signed, received_ms, policy) FROM decision JOIN account USING (account_no)",
    "SELECT concat_ws(' ', account_id, version, set_id, first_seq, last_seq, due_ms)
     FROM deletion JOIN account USING (account_no) JOIN backup_set ON backup_set.set_no = deletion.set_no",
];

async fn dump(server: &TestServer) -> Vec<Vec<String>> {
    let mut tables = Vec::new();
    for query in DUMPS {
        let mut rows: Vec<String> = sqlx::query_scalar(query).fetch_all(server.pool()).await.unwrap();
        rows.sort();
        tables.push(rows);
    }
    tables
}

async fn empty(server: &TestServer) {
    sqlx::raw_sql(
        "TRUNCATE server, account, code, web_session, attempt, backup_set, device, token, challenge, enrolment, domain,
         chunk, reference, commit, upload, staged_part, decision, deletion, sweep RESTART IDENTITY CASCADE",
    )
    .execute(server.pool())
    .await
    .unwrap();
}

async fn rebuild_here(server: &TestServer) -> Result<Report, RebuildError> {
    rebuild(server.pool(), &server.data.path().join("packs"), server.state.host_key(), 1).await
}

/// Empties the database and makes it again: the same.
async fn rebuild_the_same(server: &TestServer) {
    let before = dump(server).await;
    empty(server).await;
    let report = rebuild_here(server).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    let after = dump(server).await;
    before.iter().zip(&after).for_each(|(before, after)| assert_eq!(before, after));
}

#[tokio::test]
async fn everything_comes_back_from_the_packs() {
    let server = TestServer::start().await;
    let (ada, bob) = (TestAccount::first(&server).await, TestAccount::invited(&server, "bob@example.org").await);
    let mut logs = [machine_of(&server, &ada).await, machine_of(&server, &ada).await, machine_of(&server, &bob).await];
    let mut runner = TestRunner::deterministic();
    let mut states = Vec::new();
    for (log, account) in logs.iter_mut().zip([&ada, &ada, &bob]) {
        let turns = turns().new_tree(&mut runner).unwrap().current();
        states.push(play(&server, account, log, &turns).await);
    }
    let unused = TestMachine::enrol(&server, &bob).await;
    assert!(matches!(rebuild_here(&server).await, Err(RebuildError::NotEmpty)));
    rebuild_the_same(&server).await;

    // Passwords and machines are who they were, and go on.
    assert!(ada.sign_in(&server.stranger()).await.status.is_success());
    let owner = bob.owner(&server).await;
    let sets = owner.get("/sets").await.json::<Vec<SetInfo>>();
    assert_eq!(sets.iter().map(|set| set.set).collect::<Vec<_>>().len(), 2);
    assert!(sets.iter().any(|set| set.set == unused.set && set.head.is_none()));
    for (log, states) in logs.iter_mut().zip(states) {
        assert_eq!(states_of(server.pool(), log).await, states);
        log.machine.browser = log.machine.session(&server).await;
        log.delta(&[object(1_000_000, 200)], &[]).await;
    }
    rebuild_the_same(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn decisions_and_what_went_by_them_come_back_too() {
    const DAY_MS: u64 = 86_400_000;
    let server = TestServer::start().await;
    let ada = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &ada).await;
    let decide = async |version, what| {
        let decided_ms = server.state.now_ms();
        let decision = Decision { account: ada.account, version, decided_ms, what };
        let signed = SignedDecision { signature: ada.sign(&decision.encode()), decision };
        ada.sign_in(&ada.browser).await.ok();
        ada.browser.put("/account/retention", &Decide { decision: Bytes(signed.encode()) }).await.ok();
    };
    decide(1, What::Keep(Policy::new(7, 7, 7, None).unwrap())).await;
    // Two weeks, after which it is carried out, and a bit.
    for number in 0..44 {
        log.device_ms = server.state.now_ms();
        if number == 0 {
            log.base(&[object(0, 300)]).await;
        } else {
            log.delta(&[object(number, 300)], &[Cid::of(&object(number - 1, 300))]).await;
        }
        server.clock.advance_ms(DAY_MS / 3);
        log.machine.browser = log.machine.session(&server).await;
    }
    let delete = |first, last| What::Delete(Deletion { set: log.machine.set, first, last });
    decide(2, delete(30, 31)).await;
    decide(3, delete(35, 35)).await;
    decide(4, What::Undo(2)).await;
    round(&server.state).await.unwrap();
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM commit WHERE kept").fetch_one(server.pool()).await.unwrap();
    assert!((20..39).contains(&kept), "{kept} snapshots are left");
    // What nothing uses is marked anew.
    sqlx::query("UPDATE chunk SET condemned = 0").execute(server.pool()).await.unwrap();
    rebuild_the_same(&server).await;
    log.machine.browser = log.machine.session(&server).await;
    log.delta(&[object(99, 300)], &[]).await;
    rebuild_the_same(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn a_closing_comes_back_until_it_is_final_and_then_nothing_does() {
    let server = TestServer::start().await;
    let (ada, bob) = (TestAccount::first(&server).await, TestAccount::invited(&server, "bob@example.org").await);
    let mut logs = [machine_of(&server, &ada).await, machine_of(&server, &bob).await];
    for log in &mut logs {
        log.device_ms = server.state.now_ms();
        log.base(&[object(1, 300)]).await;
    }
    let decide = async |version, what| {
        let decision = Decision { account: bob.account, version, decided_ms: server.state.now_ms(), what };
        let signed = SignedDecision { signature: bob.sign(&decision.encode()), decision };
        bob.sign_in(&bob.browser).await.ok();
        bob.browser.put("/account/retention", &Decide { decision: Bytes(signed.encode()) }).await.ok();
    };
    decide(1, What::Close).await;
    rebuild_the_same(&server).await;
    // A record whose transaction failed; then the owner took it back.
    let record = [&b"iotabackup/closed-record/v1\0"[..], &[1; 8]].concat();
    let transaction = server.pool().begin().await.unwrap();
    server.state.decide(transaction, bob.account, vec![(RecordKind::Closed, record)]).await.unwrap();
    decide(2, What::Undo(1)).await;
    rebuild_the_same(&server).await;
    decide(3, What::Close).await;

    server.clock.advance_ms(UNDO_MS);
    logs[0].machine.browser = logs[0].machine.session(&server).await;
    logs[0].device_ms = server.state.now_ms();
    logs[0].delta(&[object(2, 300)], &[]).await;
    round(&server.state).await.unwrap();
    let accounts = || sqlx::query_scalar::<_, i64>("SELECT count(*) FROM account").fetch_one(server.pool());
    assert_eq!(accounts().await.unwrap(), 1);
    rebuild_the_same(&server).await;
    assert_eq!(accounts().await.unwrap(), 1);
    TestAccount::invited(&server, "bob@example.org").await;
    server.stop().await;
}

#[tokio::test]
async fn logins_and_revocations_come_back_too() {
    let server = TestServer::start().await;
    let (mut ada, mut bob) =
        (TestAccount::first(&server).await, TestAccount::invited(&server, "bob@example.org").await);
    let (secret, codes) = ada.turn_on_second_factor(&server).await;
    let current = std::mem::replace(&mut ada.auth_secret, Digest([9; 32]));
    ada.browser.put("/account/password", &ChangePassword { current, auth_secret: ada.auth_secret }).await.ok();
    let login = |second: Option<String>| Login {
        login: "ada@example.org".into(),
        auth_secret: Digest([9; 32]),
        second,
        keep: false,
    };
    server.stranger().post("/login", &login(Some(codes[0].clone()))).await.ok();
    let mut log = machine_of(&server, &bob).await;
    log.base(&[object(1, 300)]).await;
    let certificate = revocation(&bob, &log.machine, 2, &log.chain);
    let signed = SignedCertificate { signature: bob.sign(&certificate.encode()), certificate };
    let path = format!("/sets/{}/certificate", log.machine.set);
    bob.browser.put(&path, &Revoke { certificate: Bytes(signed.encode()) }).await.ok();
    let named = ChangeLabel { label: Bytes(vec![9; 60]) };
    bob.browser.put(&format!("/sets/{}/label", log.machine.set), &named).await.ok();
    let alerts = ChangeAlerts { address: "bob@example.org".into(), mails: true, limit_hours: 48 };
    bob.browser.put("/account/alerts", &ChangeAlerts { mails: false, ..alerts.clone() }).await.ok();
    bob.browser.put("/account/alerts", &alerts).await.ok();
    let watch = ChangeWatch { limit_hours: Some(5), public_name: "Attic".into() };
    bob.browser.put(&format!("/sets/{}/watch", log.machine.set), &watch).await.ok();
    bob.auth_secret = Digest([7; 32]);
    let recovery = bob.recovery(&server, bob.auth_secret).await;
    server.stranger().post("/recovery", &recovery).await.ok();
    rebuild_the_same(&server).await;

    assert_eq!(server.stranger().post("/login", &login(None)).await.code(), code::SECOND_FACTOR);
    assert_eq!(server.stranger().post("/login", &login(Some(codes[0].clone()))).await.code(), code::SECOND_FACTOR);
    server.stranger().post("/login", &login(Some(codes[1].clone()))).await.ok();
    server.clock.advance_ms(60_000);
    let shown = authenticator_code(&secret, server.state.now_ms());
    server.stranger().post("/login", &login(Some(shown))).await.ok();
    assert_eq!(log.machine.try_session(&server).await.code(), code::DEVICE_REPLACED);
    bob.sign_in(&bob.browser).await.ok();
    let (decided_ms, what) = (server.state.now_ms(), What::Close);
    let decision = Decision { account: bob.account, version: 1, decided_ms, what };
    let signed = SignedDecision { signature: bob.sign(&decision.encode()), decision };
    let close = Decide { decision: Bytes(signed.encode()) };
    assert_eq!(bob.browser.put("/account/retention", &close).await.code(), code::FORBIDDEN, "it rests as before");
    TestMachine::enrol_in(&server, &bob, log.machine.set, 3, log.chain.clone()).await;
    rebuild_the_same(&server).await;
    server.stop().await;
}

/// A commit whose record stands in the packs and whose transaction failed.
async fn orphan(server: &TestServer, log: &TestLog, added: &[Cid], received_ms: u64) {
    let frame = log.changes(added, &[]);
    let record = CommitRecord { received_ms, header: frame.header.clone(), full: false, references: Vec::new() };
    let decisions = vec![(RecordKind::Body, frame.body), (RecordKind::Commit, record.encode())];
    let transaction = server.pool().begin().await.unwrap();
    server.state.decide(transaction, log.account, decisions).await.unwrap();
}

#[tokio::test]
async fn what_was_never_acknowledged_is_ignored() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    log.base(&[object(1, 100)]).await;
    // Another commit took its place.
    orphan(&server, &log, &[Cid([9; 32])], 7).await;
    log.delta(&[object(2, 100)], &[]).await;
    rebuild_the_same(&server).await;
    // The same commit came again later.
    log.machine.browser = log.machine.session(&server).await;
    orphan(&server, &log, &[], 7).await;
    log.delta(&[], &[]).await;
    rebuild_the_same(&server).await;
    log.machine.browser = log.machine.session(&server).await;
    log.delta(&[], &[]).await;
    rebuild_the_same(&server).await;
    // Another machine was let in, but that failed, and the old one went on.
    let machine = TestMachine::draft(&server, log.machine.set, 2, log.chain.clone());
    let certificate = machine.certificate(&account);
    let signature = account.sign(&certificate.encode());
    let payload = SignedCertificate { certificate, signature }.encode();
    let transaction = server.pool().begin().await.unwrap();
    server.state.decide(transaction, log.account, vec![(RecordKind::Certificate, payload)]).await.unwrap();
    log.machine.browser = log.machine.session(&server).await;
    log.delta(&[], &[]).await;
    rebuild_the_same(&server).await;
    // A machine that was replaced had a commit under way.
    account.sign_in(&account.browser).await.ok();
    orphan(&server, &log, &[], 7).await;
    let machine = TestMachine::enrol_in(&server, &account, log.machine.set, 2, log.chain.clone()).await;
    let mut new = TestLog::new(machine, account.account, log.received_ms, log.live.clone());
    rebuild_the_same(&server).await;
    new.machine.browser = new.machine.session(&server).await;
    new.base(&[object(3, 100)]).await;
    rebuild_the_same(&server).await;
    server.stop().await;
}

/// Flips a byte of every record of a kind.
fn damage(server: &TestServer, kind: RecordKind) -> usize {
    let root = server.data.path().join("packs");
    let mut damaged = 0;
    for number in packs::list(&root).unwrap().numbers {
        let walk = packs::walk(&root, number, false).unwrap();
        let mut bytes = std::fs::read(&walk.path).unwrap();
        for (place, _) in walk.of_kind(kind) {
            bytes[place.position as usize + 68 + place.payload_bytes as usize / 2] ^= 1;
            damaged += 1;
        }
        std::fs::write(&walk.path, bytes).unwrap();
    }
    damaged
}

#[tokio::test]
async fn what_is_damaged_is_said_and_the_rest_comes_back() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    log.base(&[object(1, 100), object(2, 100)]).await;
    log.delta(&[object(3, 100)], &[]).await;
    assert_eq!(damage(&server, RecordKind::References), 2);
    empty(&server).await;
    let report = rebuild_here(&server).await.unwrap();
    assert_eq!((report.commits, report.objects, report.problems.len()), (2, 3, 5), "{report}");
    // The machine brings its references again.
    log.machine.browser = log.machine.session(&server).await;
    let head = log.machine.browser.get("/agent/head").await.json::<Option<HeadInfo>>().unwrap();
    assert_eq!((head.seq, head.hash), log.chain.head());
    let upload = log.begin().await;
    let changes = log.changes(&[], &[]);
    assert_eq!(log.commit(upload, &changes).await.code(), "need_full_references");
    log.base(&[object(1, 100), object(3, 100)]).await;
    log.delta(&[object(4, 100)], &[]).await;
    server.stop().await;
}

#[tokio::test]
async fn lost_objects_are_asked_for_again() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    let objects = [object(1, 100), object(2, 100)];
    log.base(&objects).await;
    // As if a whole pack of objects were gone: heads no longer verify, so nothing says what was there.
    let root = server.data.path().join("packs");
    for number in packs::list(&root).unwrap().numbers {
        let walk = packs::walk(&root, number, false).unwrap();
        let mut bytes = std::fs::read(&walk.path).unwrap();
        walk.of_kind(RecordKind::Object).for_each(|(place, _)| bytes[place.position as usize] ^= 1);
        std::fs::write(&walk.path, bytes).unwrap();
    }
    empty(&server).await;
    let report = rebuild_here(&server).await.unwrap();
    assert_eq!((report.commits, report.objects, report.lost_objects), (1, 0, 2), "{report}");
    log.machine.browser = log.machine.session(&server).await;
    let upload = log.begin().await;
    let cids = [Cid::of(&objects[0]), Cid::of(&objects[1])];
    assert_eq!(log.have(upload, &cids).await, [false, false]);
    log.put(upload, &objects).await.ok();
    assert_eq!(log.have(upload, &cids).await, [true, true]);
    log.delta(&[], &[]).await;
    server.stop().await;
}

#[tokio::test]
async fn what_was_never_synced_is_not_believed_and_what_is_damaged_is_asked_for() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    let objects = [object(1, 5000), object(2, 5000)];
    log.base(&objects).await;
    // The pack has no index yet: its heads alone prove nothing.
    assert_eq!(damage(&server, RecordKind::Object), 2);
    empty(&server).await;
    let report = rebuild_here(&server).await.unwrap();
    assert_eq!((report.commits, report.objects, report.lost_objects), (1, 0, 2), "{report}");
    log.machine.browser = log.machine.session(&server).await;
    let begun = async |log: &TestLog| log.machine.browser.post("/agent/uploads", &()).await.json::<UploadInfo>();
    let info = begun(&log).await;
    let cids: Vec<Cid> = info.damaged.iter().map(|object| object.cid).collect();
    let mut wanted = [Cid::of(&objects[0]), Cid::of(&objects[1])];
    wanted.sort();
    assert_eq!(cids, wanted);
    log.put(info.upload, &objects).await.ok();
    assert!(begun(&log).await.damaged.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn above_a_lost_commit_the_log_goes_on() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    log.base(&[object(1, 100)]).await;
    for number in 2..6 {
        log.delta(&[object(number, 100)], &[]).await;
    }
    // The record of commit 4, over which no link leads: what is below cannot be proved any more.
    let place: (i64, i64) =
        sqlx::query_as("SELECT pack, position FROM commit WHERE seq = 4").fetch_one(server.pool()).await.unwrap();
    let path = packs::path_of(&server.data.path().join("packs"), place.0 as u64);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[place.1 as usize + 100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    empty(&server).await;
    let report = rebuild_here(&server).await.unwrap();
    assert_eq!(report.commits, 1, "{report}");
    let owner = account.owner(&server).await;
    let sets = owner.get("/sets").await.json::<Vec<SetInfo>>();
    assert_eq!(sets[0].head.as_ref().unwrap().seq, 5);
    let listed = owner.get(&format!("/sets/{}/snapshots", sets[0].set)).await.json::<Vec<SnapshotInfo>>();
    assert_eq!(listed.iter().map(|snapshot| snapshot.seq).collect::<Vec<_>>(), [5]);
    log.machine.browser = log.machine.session(&server).await;
    // The skip link of the next one leads to it.
    let live: Vec<_> = (1..6).map(|number| object(number, 100)).collect();
    log.base(&live).await;
    for number in 6..12 {
        log.delta(&[object(number, 100)], &[]).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn with_another_host_key_nothing_is_made() {
    let server = TestServer::start().await;
    TestAccount::first(&server).await;
    empty(&server).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let key = HostKey::load_or_create(elsewhere.path()).unwrap();
    let refused = rebuild(server.pool(), &server.data.path().join("packs"), &key, 1).await.unwrap_err();
    assert!(matches!(refused, RebuildError::OtherKey(1)), "{refused}");
    assert!(rebuild_here(&server).await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    log.base(&[object(1, 5000), object(2, 5000)]).await;
    std::fs::set_permissions(server.data.path(), Permissions::from_mode(0o700)).unwrap();
    let options = PackOptions { min_free_bytes: Some(0), ..PackOptions::default() };
    let look = async |full: bool| examine(server.pool(), server.data.path(), &options, full).await.unwrap();
    for full in [false, true] {
        let findings = look(full).await;
        assert!(!findings.has_problem() && !findings.to_string().contains("warning"), "{findings}");
    }
    std::fs::write(server.data.path().join("notes.txt"), "").unwrap();
    std::fs::write(server.data.path().join("packs/notes.txt"), "").unwrap();
    let findings = look(false).await;
    assert_eq!(findings.to_string().matches("does not belong here").count(), 2, "{findings}");
    assert!(!findings.has_problem());

    // Damage that only a full look sees; then it is marked, named, and healed by the machine.
    assert_eq!(damage(&server, RecordKind::Object), 2);
    assert!(!look(false).await.has_problem());
    let findings = look(true).await;
    assert!(findings.has_problem() && findings.to_string().contains("2 objects are damaged"), "{findings}");
    damage(&server, RecordKind::Object);
    let findings = look(true).await;
    assert!(!findings.has_problem() && !findings.to_string().contains("are damaged"), "{findings}");
    damage(&server, RecordKind::Object);
    look(true).await;
    let upload = log.begin().await;
    log.put(upload, &[object(1, 5000), object(2, 5000)]).await.ok();
    assert!(!look(false).await.to_string().contains("are damaged"));

    // A row without its record, and a pack that is gone.
    sqlx::query("UPDATE commit SET position = position + 1").execute(server.pool()).await.unwrap();
    let findings = look(false).await;
    assert!(findings.to_string().contains("commit 1 of set"), "{findings}");
    sqlx::query("UPDATE commit SET pack = 77").execute(server.pool()).await.unwrap();
    let findings = look(false).await;
    assert!(findings.to_string().contains("pack 4d is gone"), "{findings}");
    server.stop().await;
}
