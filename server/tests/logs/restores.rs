//! Orders to restore: what they open, for whom, and for how long.

use axum::http::Method;
use iota_core::api::frames::{Segment, decode_objects};
use iota_core::api::json::{Bytes, EndRestore, LiveAnswer, LiveReport, NewRestore, RestoreInfo, RestoreOrder, code};
use iota_core::id::{Cid, DeviceId, Digest, RestoreId, SetId};
use iota_core::refs::{Reference, encode_references};
use iota_core::restore::{
    FILES_LIFE_MS, Grant, LIFE_MS, MAX_LISTED_OBJECTS, MAX_ORDER_BYTES, MAX_OUTCOME_BYTES, MAX_WAITING, Opens,
    SignedGrant,
};
use iota_server::test_support::{Answer, Browser, TestAccount, TestLog, TestMachine, TestServer, object};

use super::reading::machine_of;

const NOTHING: Vec<u8> = Vec::new();

fn grant(server: &TestServer, account: &TestAccount, machine: &TestMachine, source: SetId, seq: u64) -> Grant {
    let now_ms = server.state.now_ms();
    Grant {
        account: account.account,
        restore: RestoreId(server.state.random().unwrap()),
        machine: machine.set,
        device: machine.device,
        source,
        seq,
        ordered_ms: now_ms,
        until_ms: now_ms + LIFE_MS,
        opens: Opens::Snapshot,
    }
}

/// The list of these objects, as it is sent, and the same grant to it.
fn to_files(grant: &Grant, cids: &[Cid]) -> (Grant, Vec<u8>) {
    let mut sorted = cids.to_vec();
    sorted.sort();
    let list = list_of(&sorted);
    let opens = Opens::Files(Digest::of(&list));
    (Grant { opens, until_ms: grant.ordered_ms + FILES_LIFE_MS, ..*grant }, list)
}

fn list_of(cids: &[Cid]) -> Vec<u8> {
    cids.iter().flat_map(|cid| cid.0).collect()
}

fn signed(account: &TestAccount, grant: &Grant, sealed: &[u8]) -> RestoreOrder {
    let digest = Digest::of(sealed);
    let signature = account.sign(&SignedGrant::signed_bytes(grant, &digest));
    let grant = SignedGrant { grant: *grant, sealed: digest, signature };
    RestoreOrder { grant: Bytes(grant.encode()), sealed: Bytes(sealed.to_vec()) }
}

async fn give(account: &TestAccount, grant: &Grant) -> Answer {
    give_files(account, grant, &[]).await
}

async fn give_files(account: &TestAccount, grant: &Grant, list: &[u8]) -> Answer {
    let (order, objects) = (signed(account, grant, b"sealed"), Bytes(list.to_vec()));
    let new = NewRestore { order, objects, note: Bytes(b"note".to_vec()) };
    account.browser.post(&format!("/sets/{}/restores", grant.machine), &new).await
}

async fn read(browser: &Browser, restore: RestoreId, cids: &[Cid]) -> Answer {
    let asked: Vec<Reference> = cids.iter().map(|&cid| Reference::private(cid)).collect();
    let path = format!("/agent/restores/{restore}/objects");
    browser.send(Method::POST, &path, Some("application/octet-stream"), encode_references(&asked)).await
}

async fn delete(browser: &Browser, path: &str) -> Answer {
    browser.send(Method::DELETE, path, None, Vec::new()).await
}

async fn objects(browser: &Browser, restore: RestoreId, cids: &[Cid]) -> Vec<Vec<u8>> {
    let answer = read(browser, restore, cids).await.ok();
    decode_objects(&answer.body, 256).unwrap().into_iter().map(|frame| frame.object.to_vec()).collect()
}

/// A log of three snapshots: A B, then B C, then C D.
async fn log(server: &TestServer, account: &TestAccount) -> (TestLog, Vec<Vec<u8>>, Vec<Cid>) {
    let mut log = machine_of(server, account).await;
    let all: Vec<_> = (0..4).map(|number| object(number, 2000)).collect();
    let cids: Vec<Cid> = all.iter().map(|object| Cid::of(object)).collect();
    log.base(&all[..2]).await;
    for number in [2, 3] {
        server.clock.advance_ms(1000);
        log.delta(&[all[number].clone()], &[cids[number - 2]]).await;
    }
    (log, all, cids)
}

#[tokio::test]
async fn an_order_opens_what_its_snapshot_uses_to_its_machine_until_it_is_over() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let (log, all, cids) = log(&server, &account).await;
    let second = TestMachine::enrol(&server, &account).await;
    let third = TestMachine::enrol(&server, &account).await;
    let grant = grant(&server, &account, &second, log.machine.set, 2);
    let restore = grant.restore;
    assert_eq!(read(&second.browser, restore, &cids).await.code(), code::NOT_FOUND);
    for _ in 0..2 {
        give(&account, &grant).await.ok();
    }
    // The machine hears of it, once.
    let live = |machine: &TestMachine| {
        let browser = machine.browser.same();
        async move { browser.post("/agent/live", &LiveReport { status: None, wait_ms: 0 }).await.json::<LiveAnswer>() }
    };
    assert!(live(&second).await.restores && !live(&second).await.restores && !live(&third).await.restores);
    let orders = second.browser.get("/agent/restores").await.json::<Vec<RestoreOrder>>();
    assert_eq!(orders, [signed(&account, &grant, b"sealed")]);
    assert!(third.browser.get("/agent/restores").await.json::<Vec<RestoreOrder>>().is_empty());

    let open = [NOTHING, all[1].clone(), all[2].clone(), NOTHING];
    assert_eq!(objects(&second.browser, restore, &cids).await, open);
    let segment = second.browser.get(&format!("/agent/restores/{restore}/segment")).await.ok();
    let segment = Segment::decode(&segment.body).unwrap();
    assert_eq!(segment.commits.iter().map(|commit| commit.header.header.seq).collect::<Vec<_>>(), [1, 2]);
    for other in [&third, &log.machine] {
        assert_eq!(read(&other.browser, restore, &cids).await.code(), code::NOT_FOUND);
        for path in ["segment", "end"] {
            let path = format!("/agent/restores/{restore}/{path}");
            let end = EndRestore { outcome: Bytes(vec![1]) };
            let answer = if path.ends_with("end") {
                other.browser.post(&path, &end).await
            } else {
                other.browser.get(&path).await
            };
            assert_eq!(answer.code(), code::NOT_FOUND, "{path}");
        }
    }
    let owner = account.owner(&server).await;
    let listed = owner.get(&format!("/sets/{}/restores", second.set)).await.json::<Vec<RestoreInfo>>();
    assert_eq!((listed.len(), listed[0].ended_ms, &listed[0].outcome), (1, None, &None));
    assert_eq!(listed[0].note.0, b"note");

    let end = format!("/agent/restores/{restore}/end");
    let long = EndRestore { outcome: Bytes(vec![1; MAX_OUTCOME_BYTES + 1]) };
    assert_eq!(second.browser.post(&end, &long).await.code(), code::BAD_REQUEST);
    for word in [7, 8] {
        second.browser.post(&end, &EndRestore { outcome: Bytes(vec![word; 9]) }).await.ok();
    }
    assert_eq!(read(&second.browser, restore, &cids).await.code(), code::NOT_FOUND);
    let listed = owner.get(&format!("/sets/{}/restores", second.set)).await.json::<Vec<RestoreInfo>>();
    assert_eq!((&listed[0].outcome, listed[0].ended_ms), (&Some(Bytes(vec![7; 9])), Some(server.state.now_ms())));
    assert!(second.browser.get("/agent/restores").await.json::<Vec<RestoreOrder>>().is_empty());
}

#[tokio::test]
async fn cancelled_late_and_orphaned_orders_open_nothing() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let (log, _, cids) = log(&server, &account).await;
    let second = TestMachine::enrol(&server, &account).await;
    let (mut one, mut two) =
        (grant(&server, &account, &second, log.machine.set, 2), grant(&server, &account, &second, log.machine.set, 3));
    two.until_ms = two.ordered_ms + 1000;
    one.ordered_ms += 1;
    for grant in [&one, &two] {
        give(&account, grant).await.ok();
    }
    let cancel = format!("/sets/{}/restores/{}", second.set, one.restore);
    for _ in 0..2 {
        delete(&account.browser, &cancel).await.ok();
    }
    assert_eq!(read(&second.browser, one.restore, &cids).await.code(), code::NOT_FOUND);
    assert_eq!(objects(&second.browser, two.restore, &cids[2..3]).await[0], object(2, 2000));
    server.clock.advance_ms(1000);
    assert_eq!(read(&second.browser, two.restore, &cids).await.code(), code::NOT_FOUND);
    let listed = account.browser.get(&format!("/sets/{}/restores", second.set)).await.json::<Vec<RestoreInfo>>();
    assert_eq!(listed.iter().filter(|info| info.cancelled_ms.is_some()).count(), 1);
    // A machine that took over the set has none of the orders of the one before.
    let three = grant(&server, &account, &second, log.machine.set, 3);
    give(&account, &three).await.ok();
    let heir = TestMachine::enrol_in(&server, &account, second.set, 2, Default::default()).await;
    assert!(heir.browser.get("/agent/restores").await.json::<Vec<RestoreOrder>>().is_empty());
    assert_eq!(read(&heir.browser, three.restore, &cids).await.code(), code::NOT_FOUND);
    assert_eq!(give(&account, &Grant { restore: RestoreId([1; 16]), ..three }).await.code(), code::CONFLICT);
}

#[tokio::test]
async fn only_the_account_orders_and_only_what_is_its_own() {
    let server = TestServer::start().await;
    let ada = TestAccount::first(&server).await;
    let bob = TestAccount::invited(&server, "bob@example.org").await;
    let (log, ..) = log(&server, &ada).await;
    let (hers, his) = (TestMachine::enrol(&server, &ada).await, TestMachine::enrol(&server, &bob).await);
    let path = format!("/sets/{}/restores", hers.set);
    let good = grant(&server, &ada, &hers, log.machine.set, 2);
    let now_ms = good.ordered_ms;
    let send = async |order: RestoreOrder| ada.browser.post(&path, &order).await;
    assert_eq!(send(signed(&bob, &good, b"sealed")).await.code(), code::BAD_CREDENTIALS);
    let mut swapped = signed(&ada, &good, b"sealed");
    swapped.sealed = Bytes(b"other!".to_vec());
    assert_eq!(send(swapped).await.code(), code::BAD_CREDENTIALS);
    assert_eq!(send(signed(&ada, &good, &vec![0; MAX_ORDER_BYTES + 1])).await.code(), code::BAD_REQUEST);
    for (bad, refused) in [
        (Grant { machine: log.machine.set, ..good }, code::BAD_REQUEST),
        (Grant { account: bob.account, ..good }, code::BAD_REQUEST),
        (Grant { ordered_ms: now_ms - 3_600_001, ..good }, code::BAD_REQUEST),
        (Grant { device: DeviceId([9; 16]), ..good }, code::CONFLICT),
        (Grant { source: his.set, ..good }, code::NOT_FOUND),
        (Grant { seq: 4, ..good }, code::NOT_FOUND),
    ] {
        let bad = Grant { until_ms: bad.ordered_ms + LIFE_MS, ..bad };
        assert_eq!(send(signed(&ada, &bad, b"sealed")).await.code(), refused, "{bad:?}");
    }
    // Neither does another account see or cancel it.
    let theirs = Grant { account: bob.account, ..good };
    assert_eq!(bob.browser.get(&path).await.code(), code::NOT_FOUND);
    assert_eq!(bob.browser.post(&path, &signed(&bob, &theirs, b"sealed")).await.code(), code::NOT_FOUND);
    for number in 0..MAX_WAITING {
        let one = Grant { restore: RestoreId([number as u8; 16]), ordered_ms: now_ms + number as u64, ..good };
        let one = Grant { until_ms: one.ordered_ms + LIFE_MS, ..one };
        send(signed(&ada, &one, b"sealed")).await.ok();
    }
    assert_eq!(send(signed(&ada, &good, b"sealed")).await.code(), code::CONFLICT, "too many wait");
    let first = format!("{path}/{}", RestoreId([0; 16]));
    assert_eq!(delete(&bob.browser, &first).await.code(), code::NOT_FOUND);
    delete(&ada.browser, &first).await.ok();
    send(signed(&ada, &good, b"sealed")).await.ok();
    assert_eq!(hers.browser.get("/agent/restores").await.json::<Vec<RestoreOrder>>().len(), MAX_WAITING);
}

#[tokio::test]
async fn a_grant_to_files_opens_of_its_snapshot_what_is_listed_and_nothing_else() {
    let server = TestServer::start().await;
    let ada = TestAccount::first(&server).await;
    let bob = TestAccount::invited(&server, "bob@example.org").await;
    let (log, all, cids) = log(&server, &ada).await;
    let (mut beside, mut his) = (machine_of(&server, &ada).await, machine_of(&server, &bob).await);
    let (elsewhere, secret) = (object(20, 2000), object(21, 2000));
    beside.base(std::slice::from_ref(&elsewhere)).await;
    his.base(std::slice::from_ref(&secret)).await;
    let second = TestMachine::enrol(&server, &ada).await;
    let asked = [cids.clone(), vec![Cid::of(&elsewhere), Cid::of(&secret)]].concat();
    // The second snapshot uses B and C. Of those only B is listed, beside what other snapshots, sets and accounts use.
    let listed = [cids[0], cids[1], cids[3], asked[4], asked[5]];
    for machine in [&second, &log.machine] {
        let (grant, list) = to_files(&grant(&server, &ada, machine, log.machine.set, 2), &listed);
        for _ in 0..2 {
            give_files(&ada, &grant, &list).await.ok();
        }
        let open = [NOTHING, all[1].clone(), NOTHING, NOTHING, NOTHING, NOTHING];
        assert_eq!(objects(&machine.browser, grant.restore, &asked).await, open);
        assert_eq!(objects(&machine.browser, grant.restore, &cids[2..3]).await, [NOTHING], "the neighbour");
        let segment = machine.browser.get(&format!("/agent/restores/{}/segment", grant.restore)).await.ok();
        assert_eq!(Segment::decode(&segment.body).unwrap().commits.len(), 2);
        let orders = machine.browser.get("/agent/restores").await.json::<Vec<RestoreOrder>>();
        assert_eq!(orders, [signed(&ada, &grant, b"sealed")]);
        let other = if machine.set == second.set { &log.machine } else { &second };
        assert_eq!(read(&other.browser, grant.restore, &asked).await.code(), code::NOT_FOUND);
        let kept = || async {
            let count =
                sqlx::query_scalar::<_, i32>("SELECT octet_length(objects) FROM restore_order WHERE restore_id = $1");
            count.bind(&grant.restore.0[..]).fetch_one(server.state.pool()).await.unwrap()
        };
        assert_eq!(kept().await, 5 * 32);
        delete(&ada.browser, &format!("/sets/{}/restores/{}", machine.set, grant.restore)).await.ok();
        assert_eq!(read(&machine.browser, grant.restore, &asked).await.code(), code::NOT_FOUND);
        assert_eq!(kept().await, 0, "what is over needs no list");
    }
    // Without an object in the list nothing opens, with the longest list all that are in it, until the grant ends.
    let plain = || grant(&server, &ada, &second, log.machine.set, 2);
    let (grant, list) = to_files(&plain(), &[]);
    give_files(&ada, &grant, &list).await.ok();
    assert_eq!(objects(&second.browser, grant.restore, &cids).await, [NOTHING; 4]);
    let many: Vec<Cid> = (0..MAX_LISTED_OBJECTS as u64 - 2).map(|number| Cid::of(&number.to_le_bytes())).collect();
    let (mut grant, list) = to_files(&plain(), &[&many[..], &cids[1..3]].concat());
    grant.until_ms = grant.ordered_ms + 1000;
    give_files(&ada, &grant, &list).await.ok();
    server.clock.advance_ms(999);
    let open = [NOTHING, all[1].clone(), all[2].clone(), NOTHING];
    assert_eq!(objects(&second.browser, grant.restore, &cids).await, open);
    server.clock.advance_ms(1);
    assert_eq!(read(&second.browser, grant.restore, &cids).await.code(), code::NOT_FOUND);
}

#[tokio::test]
async fn a_list_that_is_not_the_signed_one_is_refused() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let (log, _, cids) = log(&server, &account).await;
    let second = TestMachine::enrol(&server, &account).await;
    let plain = grant(&server, &account, &second, log.machine.set, 2);
    let (files, list) = to_files(&plain, &cids[..2]);
    let signed_list = |list: &[u8]| Grant { opens: Opens::Files(Digest::of(list)), ..files };
    let falling: Vec<u8> = list.chunks(32).rev().flatten().copied().collect();
    let many: Vec<Cid> = (0..=MAX_LISTED_OBJECTS as u64).map(|number| Cid::of(&number.to_le_bytes())).collect();
    let (too_many, too_long) = to_files(&plain, &many);
    let (_, other) = to_files(&plain, &cids[1..3]);
    let (_, more) = to_files(&plain, &cids[..3]);
    for (number, (grant, list)) in [
        (files, &other[..]),
        (files, &more[..]),
        (files, &list[..32]),
        (files, &[][..]),
        (files, &falling[..]),
        (signed_list(&falling), &falling[..]),
        (signed_list(&[&list[..32], &list[..32]].concat()), &[&list[..32], &list[..32]].concat()[..]),
        (signed_list(&list[..63]), &list[..63]),
        (too_many, &too_long[..]),
        (Grant { until_ms: files.until_ms + 1, ..files }, &list[..]),
        (plain, &list[..]),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(give_files(&account, &grant, list).await.code(), code::BAD_REQUEST, "{number}");
    }
    assert!(second.browser.get("/agent/restores").await.json::<Vec<RestoreOrder>>().is_empty());
    // Whoever changes what a grant opens needs the account's signature.
    let mut order = signed(&account, &files, b"sealed");
    let at = order.grant.0.len() - 64;
    order.grant.0[at..at + 32].copy_from_slice(&Digest::of(&more).0);
    let new = NewRestore { order, objects: Bytes(more.clone()), note: Bytes::default() };
    let path = format!("/sets/{}/restores", second.set);
    assert_eq!(account.browser.post(&path, &new).await.code(), code::BAD_CREDENTIALS);
    give_files(&account, &files, &list).await.ok();
}
