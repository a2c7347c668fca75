//! Sessions beside a sweep that marks, seals and takes away, in every order: nothing that is used is lost, and what a
//! session was told stays until it ends.

use std::collections::BTreeSet;

use axum::http::Method;
use iota_core::id::{Cid, UploadId};
use iota_server::test_support::{TestAccount, TestLog, TestServer, object};
use proptest::prelude::*;
use sqlx::PgPool;

use super::reading::machine_of;

/// A sweep as the design has it: mark, seal in a later transaction, doom once no older session is open.
#[derive(Default)]
struct Sweep {
    batches: Vec<(i64, Option<i64>)>,
}

impl Sweep {
    async fn mark(&mut self, pool: &PgPool) {
        let batch = self.batches.len() as i64 + 1;
        sqlx::query(
            "UPDATE chunk SET condemned = $1 WHERE condemned = 0
             AND NOT EXISTS (SELECT FROM reference WHERE reference.domain_no = chunk.domain_no AND reference.cid = chunk.cid)",
        )
        .bind(batch)
        .execute(pool)
        .await
        .unwrap();
        self.batches.push((batch, None));
    }

    async fn seal(&mut self, pool: &PgPool) {
        for (_, sealed) in self.batches.iter_mut().filter(|(_, sealed)| sealed.is_none()) {
            *sealed = Some(sqlx::query_scalar("SELECT nextval('epoch')").fetch_one(pool).await.unwrap());
        }
    }

    async fn doom(&self, pool: &PgPool) -> u64 {
        let mut doomed = 0;
        for (batch, sealed) in &self.batches {
            let Some(sealed) = sealed else { continue };
            let deleted = sqlx::query(
                "DELETE FROM chunk WHERE condemned = $1
                 AND NOT EXISTS (SELECT FROM upload WHERE open AND start_epoch <= $2)
                 AND NOT EXISTS (SELECT FROM reference WHERE reference.domain_no = chunk.domain_no AND reference.cid = chunk.cid)",
            );
            doomed += deleted.bind(batch).bind(sealed).execute(pool).await.unwrap().rows_affected();
        }
        doomed
    }
}

/// A step of the machine or of the sweep.
#[derive(Clone, Copy, Debug)]
enum Step {
    Begin,
    /// Asks for an object, and sends it if it is missing.
    Want(u64),
    Commit,
    /// Ends the session without a commit.
    Abandon,
    Mark,
    Seal,
    Doom,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Begin),
        6 => (0..6u64).prop_map(Step::Want),
        4 => Just(Step::Commit),
        3 => Just(Step::Abandon),
        4 => Just(Step::Mark),
        6 => Just(Step::Seal),
        8 => Just(Step::Doom),
    ];
    proptest::collection::vec(step, 40..100)
}

/// A session of the machine and what it was told is there.
struct Open {
    upload: UploadId,
    told: BTreeSet<Cid>,
}

/// Object numbers begin with `first`, so that no other log uses the same. Returns how much was taken away.
async fn play(server: &TestServer, log: &mut TestLog, first: u64, steps: &[Step]) -> u64 {
    let pool = server.pool();
    let (mut sweep, mut open, mut doomed) = (Sweep::default(), None::<Open>, 0);
    for &step in steps {
        match (step, &mut open) {
            (Step::Begin, None) => open = Some(Open { upload: log.begin().await, told: BTreeSet::new() }),
            (Step::Want(number), Some(open)) => {
                let object = object(first + number, 200);
                if !log.have(open.upload, &[Cid::of(&object)]).await[0] {
                    log.put(open.upload, std::slice::from_ref(&object)).await.ok();
                }
                open.told.insert(Cid::of(&object));
            }
            (Step::Commit, Some(_)) => {
                let Open { upload, told } = open.take().unwrap();
                commit(log, upload, &told).await;
                forget_history(pool).await;
            }
            (Step::Abandon, Some(_)) => {
                let Open { upload, .. } = open.take().unwrap();
                let address = format!("/agent/uploads/{upload}");
                log.machine.browser.send(Method::DELETE, &address, None, vec![]).await.ok();
            }
            (Step::Mark, _) => sweep.mark(pool).await,
            (Step::Seal, _) => sweep.seal(pool).await,
            (Step::Doom, _) => doomed += sweep.doom(pool).await,
            _ => {}
        }
        if let Some(open) = &open {
            let told: Vec<&[u8]> = open.told.iter().map(|cid| &cid.0[..]).collect();
            let there: i64 = sqlx::query_scalar("SELECT count(*) FROM chunk WHERE cid = ANY($1)")
                .bind(&told)
                .fetch_one(pool)
                .await
                .unwrap();
            assert_eq!(there as usize, told.len(), "what a session was told is gone after {step:?}");
        }
    }
    doomed
}

/// The state becomes exactly what the session gathered: the rest is dropped, and may be swept one day.
async fn commit(log: &mut TestLog, upload: UploadId, told: &BTreeSet<Cid>) {
    let added: Vec<Cid> = told.difference(&log.live).copied().collect();
    let dropped: Vec<Cid> = log.live.difference(told).copied().collect();
    let frame = log.changes(&added, &dropped);
    let answer = log.commit(upload, &frame).await.ok();
    log.remember(&frame, &answer, told.clone());
}

/// Thins all history away: references of old snapshots would keep everything, and the sweep would have nothing to take.
async fn forget_history(pool: &PgPool) {
    sqlx::query("DELETE FROM reference WHERE to_seq IS NOT NULL").execute(pool).await.unwrap();
}

#[test]
fn no_order_of_steps_loses_what_a_session_was_told() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = runtime.block_on(TestServer::start());
    let account = runtime.block_on(TestAccount::first(&server));
    let doomed = std::sync::atomic::AtomicU64::new(0);
    proptest!(ProptestConfig { cases: 40, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps())| {
        runtime.block_on(async {
            let mut log = machine_of(&server, &account).await;
            log.base(&[]).await;
            forget_history(server.pool()).await;
            let first = u64::from_le_bytes(log.machine.set.0[..8].try_into().unwrap()) >> 8;
            let taken = play(&server, &mut log, first, &steps).await;
            doomed.fetch_add(taken, std::sync::atomic::Ordering::Relaxed);
            // Everything that the state uses is there, whatever was swept.
            let upload = log.begin().await;
            let live: Vec<Cid> = log.live.iter().copied().collect();
            assert_eq!(log.have(upload, &live).await, vec![true; live.len()]);
            sqlx::query("UPDATE upload SET open = false").execute(server.pool()).await.unwrap();
        });
    });
    let doomed = doomed.into_inner();
    assert!(doomed > 25, "the sweep had too little to take: {doomed}");
    runtime.block_on(server.stop());
}

#[tokio::test]
async fn a_commit_of_what_was_swept_names_it() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    log.base(&[]).await;
    let upload = log.begin().await;
    let object = object(1, 100);
    log.put(upload, std::slice::from_ref(&object)).await.ok();
    // Against every rule: the row goes while the session is open.
    sqlx::query("DELETE FROM chunk").execute(server.pool()).await.unwrap();
    let frame = log.changes(&[Cid::of(&object)], &[]);
    assert_eq!(log.commit(upload, &frame).await.code(), "missing_objects");
    log.put(upload, &[object]).await.ok();
    log.commit(upload, &frame).await.ok();
    server.stop().await;
}

/// Marked, sealed, and every session that was open then has ended: a commit takes the mark off, or comes too late and is told.
#[tokio::test]
async fn a_commit_races_the_sweep_and_neither_is_wrong() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    log.base(&[]).await;
    let (mut taken, mut late) = (0, 0);
    for round in 0..60 {
        let object = object(1000 + round, 100);
        let upload = log.begin().await;
        log.put(upload, std::slice::from_ref(&object)).await.ok();
        // As if no session protected it: only the row locks and the foreign key stand between both.
        sqlx::query("UPDATE chunk SET condemned = 1 WHERE cid = $1")
            .bind(&Cid::of(&object).0[..])
            .execute(server.pool())
            .await
            .unwrap();
        let frame = log.changes(&[Cid::of(&object)], &[]);
        let sweep = sqlx::query(
            "DELETE FROM chunk WHERE condemned = 1 AND NOT EXISTS (
                 SELECT FROM reference WHERE reference.domain_no = chunk.domain_no AND reference.cid = chunk.cid)",
        );
        let (answer, swept) = tokio::join!(log.commit(upload, &frame), sweep.execute(server.pool()));
        let swept = swept.is_ok_and(|swept| swept.rows_affected() > 0);
        match answer.code().as_str() {
            "" => {
                assert!(!swept);
                taken += 1;
                let live = log.live_after(&[Cid::of(&object)], &[]);
                log.remember(&frame, &answer, live);
            }
            code => {
                assert_eq!((code, swept), ("missing_objects", true));
                late += 1;
            }
        }
    }
    assert_eq!(taken + late, 60);
    server.stop().await;
}
