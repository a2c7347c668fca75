//! Marks: what nothing uses has one, and whoever needs it takes it off.

use std::collections::BTreeSet;

use iota_core::id::Cid;
use iota_core::retention::{Policy, What};
use iota_server::test_support::{TestAccount, TestServer, object};

use super::scene::{DAY_MS, HOUR_MS, Scene, count, named};

const MARKED: &str = "SELECT count(*) FROM chunk WHERE condemned <> 0";

/// A machine whose objects 1 to 3 only snapshots used that went.
async fn marked(server: &TestServer) -> Scene {
    let mut scene = Scene::new(server, TestAccount::first(server).await).await;
    scene.decide(server, What::Keep(Policy::new(7, 7, 7, None).unwrap())).await;
    for state in [vec![9], vec![9, 1, 2], vec![9, 3], vec![9], vec![9]] {
        scene.commit(server, &BTreeSet::from_iter(state), 0).await;
        scene.pass(server, HOUR_MS).await;
    }
    scene.pass(server, 20 * DAY_MS).await;
    scene.commit(server, &BTreeSet::from([9]), 0).await;
    scene.round(server, Some(server.state.now_ms())).await;
    scene.check(server).await;
    assert_eq!((scene.kept_seqs(), count(server, MARKED).await), (vec![1, 5, 6], 3));
    scene
}

#[tokio::test]
async fn who_asks_or_sends_takes_the_mark_off() {
    let server = TestServer::start().await;
    let scene = marked(&server).await;
    let (one, two, three) = (named(&scene.log, 1), named(&scene.log, 2), named(&scene.log, 3));
    let upload = scene.log.begin().await;
    assert_eq!(scene.log.have(upload, &[one.0]).await, [true]);
    assert_eq!(count(&server, MARKED).await, 2);
    scene.log.put(upload, &[two.1]).await.ok();
    assert_eq!(count(&server, MARKED).await, 1);
    // A commit needs no question before.
    let frame = scene.log.changes(&[three.0], &[]);
    scene.log.commit(upload, &frame).await.ok();
    assert_eq!(count(&server, MARKED).await, 0);
}

#[tokio::test]
async fn a_sweep_is_sealed_after_its_marks_and_once_a_day() {
    let server = TestServer::start().await;
    let mut scene = marked(&server).await;
    let sweeps = "SELECT count(*) FROM sweep WHERE sealed_epoch IS NOT NULL";
    assert_eq!((count(&server, sweeps).await, count(&server, "SELECT count(*) FROM sweep").await), (1, 1));
    let upload = scene.log.begin().await;
    let orders = "SELECT count(*) FROM sweep JOIN upload ON open AND start_epoch > sealed_epoch";
    assert_eq!(count(&server, orders).await, 1, "the session began after the seal");
    // What was sent and never committed is marked by the next sweep.
    scene.log.put(upload, &[object(77, 300)]).await.ok();
    scene.round(&server, None).await;
    assert_eq!(count(&server, MARKED).await, 3, "it is the same day");
    scene.pass(&server, DAY_MS).await;
    scene.round(&server, None).await;
    assert_eq!((count(&server, MARKED).await, count(&server, sweeps).await), (4, 2));
    assert_eq!(count(&server, "SELECT count(DISTINCT condemned) FROM chunk WHERE condemned <> 0").await, 2);
}

#[tokio::test]
async fn what_is_marked_is_read_while_a_snapshot_uses_it() {
    let server = TestServer::start().await;
    let scene = marked(&server).await;
    sqlx::query("UPDATE chunk SET condemned = 1").execute(server.pool()).await.unwrap();
    let asked = [named(&scene.log, 9).0, named(&scene.log, 1).0];
    let references: Vec<_> = asked.iter().map(|&cid: &Cid| iota_core::refs::Reference::private(cid)).collect();
    let body = iota_core::refs::encode_references(&references);
    let octets = Some("application/octet-stream");
    let answer = scene.account.browser.send(axum::http::Method::POST, "/objects/read", octets, body).await.ok();
    let frames = iota_core::api::frames::decode_objects(&answer.body, 2).unwrap();
    assert_eq!((frames[0].object, frames[1].object), (&named(&scene.log, 9).1[..], &[][..]));
}
