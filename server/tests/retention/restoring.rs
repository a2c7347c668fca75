//! A real agent backs up for weeks, the server thins, and every snapshot that is left comes back whole.

use std::fs;
use std::sync::Arc;

use iota_agent::enrol::admit::Wanted;
use iota_agent::history::{History, Snapshot, choose_set};
use iota_agent::monitor;
use iota_core::api::json::Bytes;
use iota_core::api::retention::Decide;
use iota_core::retention::{Decision, Policy, Verdict, What, evaluate};
use iota_server::clock::{Clock, ManualClock};
use iota_server::retention::round;
use iota_server::test_support::TestServer;

use super::people::corpus::Random;
use super::people::{Machine, Person, aside, compare};
use super::scene::{DAY_MS, HOUR_MS, count, long_decided};

/// The server's time is the machine's.
struct Shared(Arc<ManualClock>);

impl monitor::Clock for Shared {
    fn now_ms(&self) -> u64 {
        self.0.now_ms()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_snapshot_that_is_kept_comes_back_whole() {
    let server = TestServer::start().await;
    let (url, code) = (server.url.clone(), server.setup_code().await);
    let clock = Arc::clone(&server.clock);
    let (person, machine, live, backed_up) = aside(move || {
        let person = Person::sign_up(&url, &code, "ada@example.org");
        let live = tempfile::tempdir().unwrap();
        let mut random = Random(5);
        for number in 0..40 {
            fs::write(live.path().join(format!("file {number}")), random.text(3000)).unwrap();
        }
        fs::write(live.path().join("large"), random.bytes(900_000)).unwrap();
        let machine =
            Machine::enrol(&person, &Wanted::New, live.path()).with_clock(Arc::new(Shared(Arc::clone(&clock))));
        let mut points = Vec::new();
        for round in 0..60u64 {
            for _ in 0..3 {
                let number = random.roll(40);
                fs::write(live.path().join(format!("file {number}")), random.text(3000)).unwrap();
            }
            if round % 6 == 0 {
                fs::write(live.path().join("large"), random.bytes(900_000)).unwrap();
                let _ = fs::remove_file(live.path().join(format!("file {}", random.roll(40))));
            }
            let report = machine.back_up().unwrap();
            assert_eq!(report.gap_count, 0);
            points.push((report.seq, compare::look(live.path())));
            clock.advance_ms(7 * HOUR_MS);
        }
        let session = person.session();
        let what = What::Keep(Policy::new(7, 8, 9, Some(30)).unwrap());
        let owner = person.owner();
        let decision = Decision { account: owner.account, version: 1, decided_ms: clock.now_ms(), what };
        let signed = iota_crypto::retention::sign(decision, &owner.master.identity(owner.account));
        session.decide(&Decide { decision: Bytes(signed.encode()) }).unwrap();
        (person, machine, live, points)
    })
    .await;
    long_decided(&server).await;
    round(&server.state).await.unwrap();
    let left = count(&server, "SELECT count(*) FROM commit WHERE kept").await as usize;
    assert!((25..50).contains(&left), "{left} of 60");
    assert!(count(&server, "SELECT count(*) FROM chunk WHERE condemned <> 0").await > 10);
    // As if everything that is marked had been taken away.
    sqlx::query("DELETE FROM chunk WHERE condemned <> 0").execute(server.pool()).await.unwrap();
    let clock = Arc::clone(&server.clock);
    let (pool, runtime) = (server.pool().clone(), tokio::runtime::Handle::current());
    let hide = move |seq: u64, kept: bool| {
        let change = sqlx::query("UPDATE commit SET kept = $2 WHERE seq = $1").bind(seq as i64).bind(kept);
        runtime.block_on(change.execute(&pool)).unwrap();
    };
    aside(move || {
        let owner = person.owner();
        let listed = owner.archive.snapshots(machine.identity().set, None, 1000).unwrap();
        let kept: Vec<u64> = listed.iter().map(|info| info.seq).collect();
        assert_eq!(kept.len(), left);
        for (seq, looked) in &backed_up {
            if kept.contains(seq) {
                machine.check(&person, *seq, live.path(), looked);
            }
        }
        // What is gone went by the account's word.
        let look = || {
            let mut witness = person.witness(&owner);
            let set = choose_set(&owner, None, Some(machine.identity().set)).unwrap();
            let history = History::open(&owner, &set.info, &mut witness).unwrap();
            let (decisions, snapshots) = (history.decisions().unwrap(), history.snapshots().unwrap());
            let missing = history.missing(&decisions, &snapshots, clock.now_ms()).unwrap();
            (snapshots.iter().rev().map(Snapshot::point).collect::<Vec<_>>(), decisions.policy(), missing)
        };
        let (points, policy, missing) = look();
        assert_eq!(missing, []);
        // One more that the server takes is told, wherever it is taken, unless it is about to go.
        let verdicts = evaluate(&policy, &points, kept[0], clock.now_ms() + 2 * HOUR_MS);
        let stays = points.iter().zip(verdicts).filter(|(_, verdict)| !matches!(verdict, Verdict::Goes));
        let stays: Vec<u64> = stays.map(|(point, _)| point.seq).filter(|seq| *seq != kept[0]).collect();
        assert!(stays.len() > 20, "{stays:?}");
        for seq in stays {
            hide(seq, false);
            let gaps = look().2;
            assert!(gaps.iter().any(|gap| (gap.first..=gap.last).contains(&seq)), "{seq}: {gaps:?}");
            hide(seq, true);
        }
        // And the machine goes on.
        clock.advance_ms(DAY_MS);
        fs::write(live.path().join("file 1"), "after it").unwrap();
        let report = machine.back_up().unwrap();
        machine.check(&person, report.seq, live.path(), &compare::look(live.path()));
    })
    .await;
    server.stop().await;
}
