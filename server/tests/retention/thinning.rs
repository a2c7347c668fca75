//! The server lets go what the rules of `iota-core` let go, and nothing while clocks cannot be believed.

use std::collections::BTreeSet;

use iota_core::api::frames::Segment;
use iota_core::retention::{Policy, Reason, Verdict, What, evaluate};
use iota_server::test_support::{TestAccount, TestServer};
use proptest::prelude::*;

use super::scene::{DAY_MS, HOUR_MS, Scene, count};

/// What happens next.
#[derive(Clone, Debug)]
enum Turn {
    /// After a pause, a commit by a clock that is off.
    Commit(u64, BTreeSet<u64>, i64),
    Decide(Policy),
    /// After two days at least, a commit by a good clock, then a round.
    Round(u64, BTreeSet<u64>),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let state = || proptest::collection::btree_set(0..20u64, 0..8);
    let pause_ms = prop_oneof![4 => 0..HOUR_MS, 2 => HOUR_MS..DAY_MS, 1 => DAY_MS..9 * DAY_MS];
    let skew_ms = prop_oneof![9 => Just(0i64), 1 => -9 * DAY_MS as i64..9 * DAY_MS as i64];
    let policy =
        (7..9u32, 0..4u32, 0..12u32, proptest::option::of(0..30u32)).prop_map(|(every, hourly, daily, weekly)| {
            let (hourly, daily) = (every + hourly, every + hourly + daily);
            Policy::new(every, hourly, daily, weekly.map(|weekly| daily + weekly)).unwrap()
        });
    let turn = prop_oneof![
        24 => (pause_ms, state(), skew_ms).prop_map(|(pause_ms, state, skew_ms)| Turn::Commit(pause_ms, state, skew_ms)),
        2 => policy.prop_map(Turn::Decide),
        4 => (2 * DAY_MS..15 * DAY_MS, state()).prop_map(|(pause_ms, state)| Turn::Round(pause_ms, state)),
    ];
    proptest::collection::vec(turn, 30..70)
}

#[test]
fn whatever_happened_the_server_keeps_what_the_rules_keep() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = runtime.block_on(TestServer::start());
    let number = std::sync::atomic::AtomicU64::new(0);
    let gone = std::sync::atomic::AtomicUsize::new(0);
    let config = ProptestConfig { cases: 12, max_shrink_iters: 60, failure_persistence: None, ..Default::default() };
    proptest!(config, |(turns in turns())| {
        runtime.block_on(async {
            let login = format!("{}@example.org", number.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
            let mut scene = Scene::new(&server, TestAccount::invited(&server, &login).await).await;
            scene.commit(&server, &BTreeSet::from([1]), 0).await;
            for turn in turns {
                match turn {
                    Turn::Commit(pause_ms, state, skew_ms) => {
                        scene.pass(&server, pause_ms).await;
                        scene.commit(&server, &state, skew_ms).await;
                    }
                    Turn::Decide(policy) => scene.decide(&server, What::Keep(policy)).await,
                    Turn::Round(pause_ms, state) => {
                        scene.pass(&server, pause_ms).await;
                        scene.commit(&server, &state, 0).await;
                        scene.round(&server, Some(server.state.now_ms())).await;
                        scene.check(&server).await;
                        let wrong = "SELECT count(*) FROM chunk WHERE (condemned = 0) <> EXISTS (
                            SELECT FROM reference WHERE reference.domain_no = chunk.domain_no AND reference.cid = chunk.cid)";
                        assert_eq!(count(&server, wrong).await, 0, "what nothing uses is marked, and only that");
                    }
                }
            }
            gone.fetch_add(scene.points.len() - scene.kept.len(), std::sync::atomic::Ordering::SeqCst);
        });
    });
    let gone = gone.into_inner();
    assert!(gone > 50, "only {gone} snapshots went");
    runtime.block_on(server.stop());
}

/// A commit every two hours of `days`, and one now.
async fn steady(server: &TestServer, days: u64) -> Scene {
    let mut scene = Scene::new(server, TestAccount::first(server).await).await;
    for number in 0..days * 12 {
        scene.commit(server, &BTreeSet::from([number % 40, number % 7]), 0).await;
        scene.pass(server, 2 * HOUR_MS).await;
    }
    scene.commit(server, &BTreeSet::from([1]), 0).await;
    scene
}

#[tokio::test]
async fn every_state_that_is_kept_is_read_through_commits_that_went() {
    let server = TestServer::start().await;
    let mut scene = steady(&server, 12).await;
    scene.decide_before(&server, Policy::new(7, 7, 366, None).unwrap()).await;
    scene.round(&server, Some(server.state.now_ms())).await;
    scene.check(&server).await;
    let kept = scene.kept_seqs();
    assert!((90..110).contains(&kept.len()), "{}", kept.len());
    let mut through = 0;
    for seq in 1..=scene.log.chain.head().0 {
        let answer = scene.segment(seq).await;
        if !kept.contains(&seq) {
            assert_eq!(answer.code(), "not_found", "{seq}");
            continue;
        }
        let commits = Segment::decode(&answer.ok().body).unwrap().commits;
        let seqs: Vec<u64> = commits.iter().map(|commit| commit.header.header.seq).collect();
        assert_eq!(seqs, ((seq - 1) / 5 * 5 + 1..=seq).collect::<Vec<_>>(), "from the base on, without a gap");
        assert!(commits.iter().all(|commit| commit.body == scene.log.body(commit.header.header.seq)));
        through += seqs.iter().filter(|seq| !kept.contains(seq)).count();
    }
    assert!(through > 10, "{through} commits that are none any more were needed");
    // As a migration takes it out of headers that were stored before.
    let otherwise = "SELECT count(*) FROM commit WHERE device_ms IS DISTINCT FROM (
        SELECT sum(get_byte(header, 250 + byte)::bigint << 8 * byte) FROM generate_series(0, 7) AS byte)";
    assert_eq!(count(&server, otherwise).await, 0);
    // A path may begin and end anywhere: links lead through what went.
    let gone = (3..).find(|seq| !kept.contains(seq)).unwrap();
    for ends in ["to=2".to_owned(), format!("from={gone}&to=2")] {
        let path = format!("/sets/{}/path?{ends}", scene.log.machine.set);
        scene.account.browser.get(&path).await.ok();
    }
}

#[tokio::test]
async fn a_shorter_policy_can_be_taken_back_for_two_weeks() {
    let server = TestServer::start().await;
    let mut scene = steady(&server, 30).await;
    let usual = Policy::default();
    scene.round(&server, Some(server.state.now_ms())).await;
    scene.check(&server).await;
    let all = scene.kept_seqs();
    let shortest = Policy::new(7, 7, 7, Some(7)).unwrap();
    scene.decide(&server, What::Keep(shortest)).await;
    // Whoever leaps with the clock finds that no commit agrees; one that does, a day later.
    scene.round(&server, Some(server.state.now_ms())).await;
    assert_eq!(scene.listed().await, all);
    scene.pass(&server, 13 * DAY_MS).await;
    scene.commit(&server, &BTreeSet::from([1]), 0).await;
    scene.round(&server, Some(server.state.now_ms())).await;
    scene.check(&server).await;
    assert!(scene.kept.len() > 40, "{}", scene.kept.len());
    let before = scene.kept_seqs();
    scene.decide(&server, What::Keep(usual)).await;
    scene.pass(&server, 2 * HOUR_MS).await;
    scene.decide(&server, What::Keep(shortest)).await;
    scene.pass(&server, DAY_MS).await;
    scene.commit(&server, &BTreeSet::from([2]), 0).await;
    scene.round(&server, Some(server.state.now_ms())).await;
    scene.check(&server).await;
    assert!(before.iter().filter(|seq| scene.kept_seqs().contains(seq)).count() > 35, "the two weeks began anew");
    scene.pass(&server, 13 * DAY_MS).await;
    scene.commit(&server, &BTreeSet::from([1]), 0).await;
    scene.round(&server, Some(server.state.now_ms())).await;
    scene.check(&server).await;
    assert!(scene.kept.len() < 10, "{}", scene.kept.len());
}

#[tokio::test]
async fn nothing_goes_while_clocks_cannot_be_believed() {
    let server = TestServer::start().await;
    let mut scene = steady(&server, 10).await;
    let all = scene.kept_seqs();
    let now_ms = server.state.now_ms();
    // A clock that leaps, far or less far, with or without a commit of a machine that knows better.
    server.clock.set(now_ms - HOUR_MS);
    scene.round(&server, None).await;
    server.clock.set(now_ms);
    scene.pass(&server, 400 * DAY_MS).await;
    scene.round(&server, None).await;
    assert_eq!(scene.listed().await, all, "nobody was heard of");
    scene.commit(&server, &BTreeSet::from([1]), -400 * DAY_MS as i64).await;
    scene.round(&server, None).await;
    assert_eq!(scene.listed().await.len(), all.len() + 1, "its clock says another time");
    // Once both agree it is as late as they say.
    scene.pass(&server, HOUR_MS).await;
    for _ in 0..2 {
        scene.commit(&server, &BTreeSet::from([1]), HOUR_MS as i64).await;
    }
    scene.round(&server, Some(server.state.now_ms())).await;
    scene.check(&server).await;
    let now_ms = server.state.now_ms();
    let verdicts = evaluate(&scene.policy(now_ms), &scene.kept, scene.log.chain.head().0, now_ms);
    assert!(verdicts.contains(&Verdict::Kept(Reason::Doubtful)), "what was received in between stays");
    assert!(scene.kept.len() < 20);
}

#[tokio::test]
async fn a_leap_within_a_day_makes_nothing_older() {
    let server = TestServer::start().await;
    let mut scene = steady(&server, 10).await;
    scene.decide_before(&server, Policy::new(7, 7, 7, None).unwrap()).await;
    let agreed_ms = server.state.now_ms();
    server.clock.advance_ms(20 * HOUR_MS);
    scene.round(&server, Some(agreed_ms)).await;
    scene.pass(&server, 0).await;
    scene.check(&server).await;
    let now_ms = server.state.now_ms();
    let later = evaluate(&scene.policy(now_ms), &scene.kept, scene.log.chain.head().0, now_ms);
    assert!(later.contains(&Verdict::Goes), "by the clock that leapt more would have gone");
}

#[tokio::test]
async fn what_an_account_decides_is_its_own_and_in_order() {
    let server = TestServer::start().await;
    let mut scene = Scene::new(&server, TestAccount::first(&server).await).await;
    let bob = TestAccount::invited(&server, "bob@example.org").await;
    let strict = What::Keep(Policy::new(7, 7, 7, Some(7)).unwrap());
    assert_eq!(scene.decisions().await, []);
    scene.decide(&server, strict).await;
    let first = scene.sign(&server, 1, strict);
    scene.send(&first).await.ok();
    assert_eq!(scene.decisions().await, std::slice::from_ref(&first));
    for (version, code) in [(1, "conflict"), (3, "conflict")] {
        let other = scene.sign(&server, version, What::Keep(Policy::default()));
        assert_eq!(scene.send(&other).await.code(), code, "{version}");
    }
    let mut forged = scene.sign(&server, 2, strict);
    forged.signature = bob.sign(&forged.decision.encode());
    assert_eq!(scene.send(&forged).await.code(), "bad_credentials");
    let mut others = scene.sign(&server, 2, strict);
    others.decision.account = bob.account;
    others.signature = scene.account.sign(&others.decision.encode());
    assert_eq!(scene.send(&others).await.code(), "bad_request");
    for (skew_ms, code) in
        [(HOUR_MS as i64 + 1, "bad_request"), (-1, "conflict"), (-(HOUR_MS as i64) - 1, "bad_request")]
    {
        let mut early = scene.sign(&server, 2, strict);
        early.decision.decided_ms = early.decision.decided_ms.checked_add_signed(skew_ms).unwrap();
        early.signature = scene.account.sign(&early.decision.encode());
        assert_eq!(scene.send(&early).await.code(), code, "{skew_ms}");
    }
    server.clock.advance_ms(iota_server::auth::FRESH_MS);
    let second = scene.sign(&server, 2, What::Keep(Policy::default()));
    assert_eq!(scene.send(&second).await.code(), "reauthenticate");
    scene.account.sign_in(&scene.account.browser).await.ok();
    scene.send(&second).await.ok();
    let owner: iota_core::api::retention::Retention =
        scene.account.owner(&server).await.get("/account/retention").await.json();
    assert_eq!(owner.decisions.len(), 2);
    assert_eq!(scene.decisions().await, [first, second]);
}
