//! Upload sessions begin, are renewed, end, and are raced.

use axum::http::{Method, StatusCode};
use iota_core::api::json::{CommitAnswer, UploadInfo};
use iota_core::id::{Cid, UploadId};
use iota_core::refs::Reference;
use iota_core::wire::Writer;
use iota_server::store::upload::LIFE_MS;
use iota_server::test_support::{TestAccount, TestLog, TestMachine, TestServer, object};

use super::reading::machine_of;

/// The words that every call in a session answers with.
async fn codes(log: &TestLog, upload: UploadId) -> Vec<String> {
    let (frame, part) = log.complete(&log.live);
    let calls = [
        log.ask(Method::POST, upload, "have", vec![0; 33]).await,
        log.put(upload, &[object(1, 10)]).await,
        log.ask(Method::PUT, upload, "references/0", part).await,
        renew(log, upload).await,
        log.commit(upload, &frame).await,
    ];
    calls.iter().map(|answer| answer.code()).collect()
}

async fn renew(log: &TestLog, upload: UploadId) -> iota_server::test_support::Answer {
    log.machine.browser.send(Method::POST, &format!("/agent/uploads/{upload}/renew"), None, vec![]).await
}

const ENDED: [&str; 5] = ["upload_ended"; 5];

#[tokio::test]
async fn a_session_ends_by_lease_by_life_by_order_and_by_commit() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;

    let upload = log.begin().await;
    let go_on = async |log: &mut TestLog, hours: u64| {
        server.clock.advance_ms(hours * 3600 * 1000);
        log.machine.browser = log.machine.session(&server).await;
    };
    go_on(&mut log, 23).await;
    let renewed = renew(&log, upload).await.json::<UploadInfo>();
    assert_eq!((renewed.lease_s, renewed.life_s), (24 * 3600, 25 * 3600));
    go_on(&mut log, 23).await;
    let renewed = renew(&log, upload).await.json::<UploadInfo>();
    assert_eq!((renewed.lease_s, renewed.life_s), (2 * 3600, 2 * 3600));
    go_on(&mut log, 2).await;
    assert_eq!(codes(&log, upload).await, ENDED, "its life is over");

    let upload = log.begin().await;
    go_on(&mut log, 24).await;
    assert_eq!(codes(&log, upload).await, ENDED, "its lease is over");

    let upload = log.begin().await;
    let address = format!("/agent/uploads/{upload}");
    let end = || log.machine.browser.send(Method::DELETE, &address, None, vec![]);
    assert_eq!(end().await.status, StatusCode::NO_CONTENT);
    assert_eq!(end().await.status, StatusCode::NO_CONTENT, "again");
    assert_eq!(codes(&log, upload).await, ENDED, "it was ended");

    let upload = log.begin().await;
    server.clock.set(server.state.now_ms() - 10 * LIFE_MS);
    log.machine.browser = log.machine.session(&server).await;
    assert_eq!(codes(&log, upload).await, ENDED, "its clock was wrong by weeks");

    let upload = log.begin().await;
    let (frame, part) = log.complete(&Default::default());
    log.ask(Method::PUT, upload, "references/0", part).await.ok();
    let answer = log.commit(upload, &frame).await.ok();
    log.remember(&frame, &answer, Default::default());
    assert_eq!(codes(&log, upload).await, ENDED, "it has committed");
    assert_eq!(codes(&log, UploadId([9; 16])).await, ENDED, "it never was");
    server.stop().await;
}

#[tokio::test]
async fn a_third_session_ends_the_oldest() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let log = machine_of(&server, &account).await;
    let uploads = [log.begin().await, log.begin().await, log.begin().await];
    assert_eq!(renew(&log, uploads[0]).await.code(), "upload_ended");
    renew(&log, uploads[1]).await.ok();
    renew(&log, uploads[2]).await.ok();
    server.stop().await;
}

#[tokio::test]
async fn of_two_commits_at_once_one_is_taken() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    log.base(&[object(1, 100)]).await;
    for round in 0..20 {
        let (one, other) = (log.begin().await, log.begin().await);
        let added = [object(100 + round, 50), object(200 + round, 60)];
        let cids = [Cid::of(&added[0]), Cid::of(&added[1])];
        log.put(one, &added[..1]).await.ok();
        log.put(other, &added[1..]).await.ok();
        let frames = [log.changes(&cids[..1], &[]), log.changes(&cids[1..], &[])];
        let answers = tokio::join!(log.commit(one, &frames[0]), log.commit(other, &frames[1]));
        let answers = [answers.0, answers.1];
        let taken = answers.iter().position(|answer| answer.status.is_success()).unwrap();
        assert_eq!(answers[1 - taken].code(), "head_moved");
        let live = log.live_after(&[cids[taken]], &[]);
        log.remember(&frames[taken], &answers[taken], live);
    }
    // The same one from many connections at once: one commit, one answer.
    let upload = log.begin().await;
    let frame = log.changes(&[], &[]);
    let answers = futures::future::join_all((0..10).map(|_| log.commit(upload, &frame))).await;
    assert!(answers.iter().all(|answer| answer.status.is_success() && answer.body == answers[0].body), "{answers:?}");
    let commits: i64 = sqlx::query_scalar("SELECT count(*) FROM commit").fetch_one(server.pool()).await.unwrap();
    assert_eq!(commits, 22);
    server.stop().await;
}

#[tokio::test]
async fn a_replaced_machine_commits_nothing_more() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut old = machine_of(&server, &account).await;
    old.base(&[object(1, 100), object(2, 100)]).await;
    let upload = old.begin().await;
    let frame = old.changes(&[], &[]);
    let machine = TestMachine::enrol_in(&server, &account, old.machine.set, 2, old.chain.clone()).await;
    assert_eq!(old.commit(upload, &frame).await.code(), "device_replaced");
    assert_eq!(old.machine.browser.get("/agent/head").await.code(), "device_replaced");

    let mut new = TestLog::new(machine, account.account, old.received_ms, old.live.clone());
    let upload = new.begin().await;
    let changes = new.changes(&[], &[]);
    assert_eq!(new.commit(upload, &changes).await.code(), "need_full_references");
    new.base(&[object(2, 100)]).await;
    new.delta(&[object(3, 100)], &[]).await;
    assert_eq!(new.chain.head().0, 3);
    server.stop().await;
}

#[tokio::test]
async fn times_of_receipt_never_go_back() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    let first = log.base(&[]).await.json::<CommitAnswer>().received_ms;
    for jump_ms in [5_i64, -10_000_000_000, 3, 100_000_000_000, -1] {
        server.clock.set(server.state.now_ms().saturating_add_signed(jump_ms));
        log.machine.browser = log.machine.session(&server).await;
        let before = log.received_ms;
        log.delta(&[], &[]).await;
        assert_eq!(log.received_ms, server.state.now_ms().max(before));
    }
    assert!(log.received_ms > first);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_batch_of_objects_is_refused() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let log = machine_of(&server, &account).await;
    let upload = log.begin().await;
    let frame = |cid: Cid, object: &[u8]| {
        let mut writer = Writer::new();
        iota_core::api::frames::ObjectFrame { reference: Reference::private(cid), object }.write(&mut writer);
        writer.finish()
    };
    let good = object(1, 1000);
    let cases = [
        (frame(Cid([9; 32]), &good), "bad_request"),
        (frame(Cid::of(&[]), &[]), "bad_request"),
        ([frame(Cid::of(&good), &good), vec![0]].concat(), "bad_request"),
        (frame(Cid::of(&good), &good)[1..].to_vec(), "bad_request"),
        (frame(Cid::of(&good), &good).repeat(33), "too_large"),
        (frame(Cid::of(&good), &vec![0; 1_200_000]), "too_large"),
        (vec![0; (40 << 20) + 1], "too_large"),
    ];
    for (number, (body, code)) in cases.into_iter().enumerate() {
        assert_eq!(log.ask(Method::POST, upload, "objects", body).await.code(), code, "case {number}");
    }
    let both = [frame(Cid::of(&good), &good), frame(Cid([9; 32]), &object(2, 10))].concat();
    assert_eq!(log.ask(Method::POST, upload, "objects", both).await.code(), "bad_request");
    assert_eq!(log.have(upload, &[Cid::of(&good)]).await, [false], "nothing was written before all were checked");
    // The same object twice is one object.
    log.ask(Method::POST, upload, "objects", frame(Cid::of(&good), &good).repeat(2)).await.ok();
    assert_eq!(log.have(upload, &[Cid::of(&good), Cid::of(&good)]).await, [true, true]);
    assert_eq!(log.ask(Method::POST, upload, "have", vec![0; 33 * 4097]).await.code(), "too_large");
    server.stop().await;
}
