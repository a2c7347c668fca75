//! A machine that somebody else took over writes as much as it likes, by whatever clock: nothing older disappears.

use std::collections::BTreeSet;

use iota_core::commit::CommitKind;
use iota_core::retention::{Point, Policy, Verdict, What, evaluate};
use iota_server::packs::Place;
use iota_server::store::commit::Commit;
use iota_server::store::{backup_set, commit};
use iota_server::test_support::{TestAccount, TestServer};

use super::scene::{DAY_MS, HOUR_MS, Scene};

const FLOOD: u64 = 10_000;
const YEAR_MS: i64 = 365 * DAY_MS as i64;

/// As the server enters them, without their bodies: ten thousand by the API would take minutes.
async fn enter(server: &TestServer, scene: &mut Scene, times: impl Iterator<Item = (u64, i64)>) {
    let mut transaction = server.pool().begin().await.unwrap();
    let set_no: i64 = sqlx::query_scalar("SELECT set_no FROM backup_set WHERE set_id = $1")
        .bind(&scene.log.machine.set.0[..])
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    let mut head = backup_set::lock_head(&mut transaction, set_no).await.unwrap();
    for (received_ms, skew_ms) in times {
        scene.log.device_ms = received_ms.checked_add_signed(skew_ms).unwrap();
        let mut frame = scene.log.changes(&[], &[]);
        frame.header.header.kind = CommitKind::Base;
        scene.log.sign(&mut frame);
        let header = &frame.header.header;
        let (record, body) =
            (Place { pack: 1, position: 0, payload_bytes: 0 }, Place { pack: 1, position: 0, payload_bytes: 0 });
        let (seq, hash, base_seq, live_bytes) = (header.seq, header.hash(), header.seq, head.live_bytes);
        let header = Some(frame.header.clone());
        let row = Commit { seq, hash, received_ms, header, base_seq, record, body, live_bytes };
        commit::insert(&mut transaction, set_no, &row).await.unwrap();
        head = backup_set::Head { seq, hash, received_ms, base_seq, ..head };
        scene.log.chain.push(hash);
        scene.log.received_ms = received_ms;
        let point = Point { seq, received_ms, device_ms: scene.log.device_ms };
        scene.points.push(point);
        scene.kept.push(point);
    }
    backup_set::advance(&mut transaction, set_no, &head).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn ten_thousand_commits_in_an_hour_push_nothing_out() {
    let server = TestServer::start().await;
    let mut scene = Scene::new(&server, TestAccount::first(&server).await).await;
    scene.commit(&server, &BTreeSet::from([1]), 0).await;
    scene.decide(&server, What::Keep(Policy::new(7, 14, 30, None).unwrap())).await;
    // Seventy days, every three hours.
    let began_ms = server.state.now_ms();
    let honest = (1..560).map(|number| (began_ms + number * 3 * HOUR_MS, (number % 11) as i64 * 60_000));
    enter(&server, &mut scene, honest).await;
    scene.pass(&server, 70 * DAY_MS).await;
    scene.commit(&server, &BTreeSet::from([1]), 0).await;
    scene.round(&server, Some(server.state.now_ms())).await;
    assert_eq!(scene.listed().await, scene.kept_seqs());
    let honest = scene.kept.clone();

    // Clocks years off, back and forth, and good ones between.
    let now_ms = server.state.now_ms();
    let skews = [0, -YEAR_MS, 5 * YEAR_MS, -30 * YEAR_MS, 0];
    let flood = (1..=FLOOD).map(|number| (now_ms + number * HOUR_MS / FLOOD, skews[number as usize % skews.len()]));
    enter(&server, &mut scene, flood).await;
    scene.pass(&server, HOUR_MS).await;
    scene.round(&server, None).await;
    assert_eq!(scene.listed().await, scene.kept_seqs(), "most clocks are wrong: nothing goes");

    for days in [1, 7, 30] {
        scene.pass(&server, days * DAY_MS).await;
        let alone: Vec<Point> = honest.clone();
        scene.commit(&server, &BTreeSet::from([1]), 0).await;
        let agreed_ms = server.state.now_ms();
        scene.round(&server, Some(agreed_ms)).await;
        let listed = scene.listed().await;
        assert_eq!(listed, scene.kept_seqs());
        // Without the flood it would be the same, but for the last of the bucket in which it began.
        let verdicts = evaluate(&scene.policy(agreed_ms), &alone, 0, agreed_ms);
        let should =
            alone.iter().zip(verdicts).filter(|(_, verdict)| *verdict != Verdict::Goes).map(|(point, _)| point.seq);
        let lost: Vec<u64> = should.filter(|seq| !listed.contains(seq)).collect();
        assert!(lost.len() <= 1 && lost.iter().all(|seq| *seq == honest.last().unwrap().seq), "{lost:?}");
    }
    let flood = scene.kept.iter().filter(|point| point.seq > honest.last().unwrap().seq);
    let good = flood.filter(|point| point.received_ms.abs_diff(point.device_ms) <= HOUR_MS).count();
    assert!(good < 10, "of the flood itself the ends are left: {good}");
}
