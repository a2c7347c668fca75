//! What was committed is read back, by its owner and nobody else.

use axum::http::Method;
use iota_core::api::frames::{Segment, decode_objects};
use iota_core::api::json::{CommitAnswer, HeadInfo, SetInfo, SnapshotInfo, UploadAnswer};
use iota_core::certificate::SignedCertificate;
use iota_core::chain;
use iota_core::commit::Header;
use iota_core::history::Certificates;
use iota_core::id::{Cid, SetId};
use iota_core::refs::{Reference, encode_references};
use iota_server::packs;
use iota_server::test_support::{Browser, TestAccount, TestLog, TestMachine, TestServer, object};

const NOTHING: Vec<u8> = Vec::new();

/// An account with a machine whose log has nothing yet.
pub async fn machine_of(server: &TestServer, account: &TestAccount) -> TestLog {
    TestLog::new(TestMachine::enrol(server, account).await, account.account, 0, Default::default())
}

async fn read(browser: &Browser, cids: &[Cid]) -> Vec<Vec<u8>> {
    let asked: Vec<Reference> = cids.iter().map(|&cid| Reference::private(cid)).collect();
    let body = encode_references(&asked);
    let answer = browser.send(Method::POST, "/objects/read", Some("application/octet-stream"), body).await.ok();
    let frames = decode_objects(&answer.body, 256).unwrap();
    assert!(frames.iter().map(|frame| frame.reference).eq(asked.into_iter().take(frames.len())));
    frames.into_iter().map(|frame| frame.object.to_vec()).collect()
}

#[tokio::test]
async fn a_log_is_written_and_read_back() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    let agent = &log.machine.browser;
    assert_eq!(agent.get("/agent/head").await.json::<Option<HeadInfo>>(), None);

    let objects: Vec<_> = (0..40).map(|number| object(number, 3000 + number as usize)).collect();
    let cids: Vec<Cid> = objects.iter().map(|object| Cid::of(object)).collect();
    let upload = log.begin().await;
    assert_eq!(log.have(upload, &cids).await, [false; 40]);
    let answer = log.put(upload, &objects[..32]).await.json::<UploadAnswer>();
    assert_eq!(answer, UploadAnswer { stored: 32, known: 0 });
    let answer = log.put(upload, &objects[16..40]).await.json::<UploadAnswer>();
    assert_eq!(answer, UploadAnswer { stored: 8, known: 16 });
    assert_eq!(log.have(upload, &cids).await, [true; 40]);
    // Nothing uses them yet, so nobody reads them.
    assert_eq!(read(&account.browser, &cids[..2]).await, [NOTHING, NOTHING]);

    log.base(&objects[..30]).await;
    for number in 0..9 {
        server.clock.advance_ms(1000);
        log.delta(&[objects[30 + number].clone()], &[cids[number]]).await;
    }
    let owner = account.owner(&server).await;
    assert_eq!(read(&owner, &cids[..39]).await, objects[..39], "also those that only older snapshots use");
    assert_eq!(read(&account.browser, &[cids[39], cids[0]]).await, [NOTHING, objects[0].clone()]);

    let head = log.machine.browser.get("/agent/head").await.json::<Option<HeadInfo>>().unwrap();
    assert_eq!((head.seq, head.hash), log.chain.head());
    assert_eq!((head.received_ms, head.skip_chain.clone()), (log.received_ms, log.chain.hashes()));
    let sets = owner.get("/sets").await.json::<Vec<SetInfo>>();
    assert_eq!((sets.len(), sets[0].set, sets[0].device), (1, log.machine.set, log.machine.device));
    assert_eq!(sets[0].head, Some(head));
    let certificates: Vec<_> =
        sets[0].certificates.iter().map(|bytes| SignedCertificate::decode(&bytes.0).unwrap()).collect();
    let trusted =
        Certificates::verify(account.account, log.machine.set, &account.identity_key(), &certificates).unwrap();

    let address = format!("/sets/{}", log.machine.set);
    let snapshots = owner.get(&format!("{address}/snapshots?before=9&limit=3")).await.json::<Vec<SnapshotInfo>>();
    assert_eq!(snapshots.iter().map(|snapshot| snapshot.seq).collect::<Vec<_>>(), [8, 7, 6]);
    assert_eq!(owner.get(&format!("{address}/snapshots")).await.json::<Vec<SnapshotInfo>>().len(), 10);
    for at in 1..=10 {
        let segment = owner.get(&format!("{address}/segment?at={at}")).await.ok();
        let segment = Segment::decode(&segment.body).unwrap();
        assert_eq!(segment.commits.last().unwrap().body, log.body(at));
        let verified = trusted.verify_segment(segment, at).unwrap();
        assert_eq!((verified.commits().count() as u64, verified.head), (at, log.chain.head()));
        let path = owner.get(&format!("{address}/path?to={at}")).await.ok();
        let path = Segment::decode(&path.body).unwrap().path;
        trusted.verify_path(&path, log.chain.head(), at).unwrap();
        assert!(path.iter().map(|signed| signed.header.seq).eq(chain::path(10, at)));
    }
    // Who was shown a head that is the newest no more asks for the path from it.
    for (from, to) in [(7, 7), (7, 6), (7, 1), (9, 4), (10, 3)] {
        let path = owner.get(&format!("{address}/path?from={from}&to={to}")).await.ok();
        let path = Segment::decode(&path.body).unwrap().path;
        let head = (from, path[0].header.hash());
        trusted.verify_path(&path, head, to).unwrap();
        assert!(path.iter().map(|signed| signed.header.seq).eq(chain::path(from, to)));
    }
    for (from, to) in [(11, 3), (u64::MAX, 1), (3, 4), (3, 0), (0, 0)] {
        let refused = owner.get(&format!("{address}/path?from={from}&to={to}")).await;
        assert_eq!(refused.code(), "not_found", "{from} {to}");
    }
    // Who knows a part asks for what follows it.
    for (after, at, count) in [(0, 5, 5), (1, 5, 4), (4, 5, 1), (9, 10, 1), (3, 10, 7)] {
        let segment = owner.get(&format!("{address}/segment?at={at}&after={after}")).await.ok();
        let segment = Segment::decode(&segment.body).unwrap();
        assert_eq!((segment.commits.len(), segment.commits.last().unwrap().body.clone()), (count, log.body(at)));
        if after > 0 {
            let known = owner.get(&format!("{address}/segment?at={after}")).await.ok();
            let known = Segment::decode(&known.body).unwrap().commits.pop().unwrap().header.header;
            assert!(trusted.verify_segment(segment.clone(), at).is_err(), "it begins with no base");
            let stranger = Header { device_time_ms: 1, ..known.clone() };
            assert!(trusted.verify_segment_after(segment.clone(), at, &stranger).is_err());
            assert_eq!(trusted.verify_segment_after(segment, at, &known).unwrap().commits().count(), count);
        }
    }
    for after in [5, 6, u64::MAX] {
        let refused = owner.get(&format!("{address}/segment?at=5&after={after}")).await;
        assert_eq!(refused.code(), "bad_request", "{after}");
    }
    for at in [0, 11, u64::MAX] {
        assert_eq!(owner.get(&format!("{address}/segment?at={at}")).await.code(), "not_found");
        assert_eq!(owner.get(&format!("{address}/path?to={at}")).await.code(), "not_found");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_somebody_elses_does_not_exist() {
    let server = TestServer::start().await;
    let (ada, bob) = (TestAccount::first(&server).await, TestAccount::invited(&server, "bob@example.org").await);
    let (mut hers, mut his) = (machine_of(&server, &ada).await, machine_of(&server, &bob).await);
    let (shared, secret) = (object(1, 5000), object(2, 5000));
    hers.base(&[shared.clone(), secret.clone()]).await;
    his.base(std::slice::from_ref(&shared)).await;

    let cids = [Cid::of(&shared), Cid::of(&secret)];
    assert_eq!(read(&bob.browser, &cids).await, [shared.clone(), NOTHING]);
    let upload = his.begin().await;
    assert_eq!(his.have(upload, &cids).await, [true, false]);
    // Her session is not his, and his commit cannot use what only she has.
    let of_hers = hers.begin().await;
    assert_eq!(his.put(of_hers, &[shared]).await.code(), "upload_ended");
    let frame = his.changes(&[cids[1]], &[]);
    let refused = his.commit(upload, &frame).await;
    assert_eq!(refused.code(), "missing_objects");
    let address = format!("/sets/{}", hers.machine.set);
    for what in ["snapshots", "segment?at=1", "path?to=1"] {
        assert_eq!(bob.browser.get(&format!("{address}/{what}")).await.code(), "not_found", "{what}");
    }
    assert_eq!(bob.browser.get("/sets").await.json::<Vec<SetInfo>>().len(), 1);
    assert_eq!(bob.browser.get(&format!("/sets/{}/path?to=1", SetId([9; 16]))).await.code(), "not_found");
    server.stop().await;
}

#[tokio::test]
async fn a_machine_hears_of_the_others_of_its_account() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let (mut one, mut other) = (machine_of(&server, &account).await, machine_of(&server, &account).await);
    let answer = one.base(&[object(1, 100)]).await.json::<CommitAnswer>();
    assert!(answer.seen.is_empty());
    let answer = other.base(&[object(1, 100)]).await.json::<CommitAnswer>();
    assert_eq!(answer.seen.len(), 1);
    assert_eq!((answer.seen[0].set, (answer.seen[0].seq, answer.seen[0].hash)), (one.machine.set, one.chain.head()));
    server.stop().await;
}

/// Flips a byte in the middle of the only record with this payload.
fn damage(server: &TestServer, payload: &[u8]) {
    let root = server.data.path().join("packs");
    for number in packs::list(&root).unwrap().numbers {
        let path = packs::path_of(&root, number);
        let mut bytes = std::fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(payload.len()).position(|window| window == payload) {
            bytes[at + payload.len() / 2] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

#[tokio::test]
async fn a_damaged_object_is_noticed_and_heals() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    let objects = [object(1, 5000), object(2, 5000)];
    log.base(&objects).await;
    let cids = [Cid::of(&objects[0]), Cid::of(&objects[1])];
    damage(&server, &objects[0]);
    // It costs itself only.
    assert_eq!(read(&account.browser, &cids).await, [NOTHING, objects[1].clone()]);
    let upload = log.begin().await;
    assert_eq!(log.have(upload, &cids).await, [false, true]);
    assert_eq!(log.put(upload, &objects).await.json::<UploadAnswer>(), UploadAnswer { stored: 1, known: 1 });
    assert_eq!(read(&account.browser, &cids).await, objects);
    assert_eq!(log.have(upload, &cids).await, [true, true]);
    server.stop().await;
}

#[tokio::test]
async fn a_long_answer_ends_early_and_goes_on() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    let objects: Vec<_> = (0..45).map(|number| object(number, 1 << 20)).collect();
    log.base(&objects).await;
    let mut cids: Vec<Cid> = objects.iter().map(|object| Cid::of(object)).collect();
    let first = read(&account.browser, &cids).await;
    assert_eq!(first, objects[..first.len()]);
    assert!((30..40).contains(&first.len()), "{}", first.len());
    cids.drain(..first.len());
    assert_eq!(read(&account.browser, &cids).await, objects[first.len()..]);
    server.stop().await;
}
