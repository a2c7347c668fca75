//! Random histories, compared with a model that keeps every state whole.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use iota_core::id::Cid;
use iota_server::test_support::{TestAccount, TestLog, TestMachine, TestServer, object};
use proptest::prelude::*;
use sqlx::PgPool;

use super::reading::machine_of;

/// How the next commit comes about. Objects are numbers from a small range, so that they come and go and come again.
#[derive(Clone, Debug)]
pub enum Turn {
    /// A commit with what came and what went.
    Changes(BTreeSet<u64>),
    /// A base with everything.
    Complete(BTreeSet<u64>),
    /// Another machine takes over, and begins with everything.
    TakeOver(BTreeSet<u64>),
}

/// Random turns.
pub fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let state = || proptest::collection::btree_set(0..40u64, 0..30);
    let turn = prop_oneof![
        6 => state().prop_map(Turn::Changes),
        2 => state().prop_map(Turn::Complete),
        1 => state().prop_map(Turn::TakeOver),
    ];
    proptest::collection::vec(turn, 1..14)
}

/// The states of a log by their numbers.
pub type States = BTreeMap<u64, BTreeSet<Cid>>;

/// Plays turns on a log; returns every state that there was.
pub async fn play(server: &TestServer, account: &TestAccount, log: &mut TestLog, turns: &[Turn]) -> States {
    let mut states = States::new();
    for turn in turns {
        server.clock.advance_ms(1000);
        let (Turn::Changes(numbers) | Turn::Complete(numbers) | Turn::TakeOver(numbers)) = turn;
        let objects: BTreeMap<Cid, Vec<u8>> = numbers.iter().map(|&number| named(number)).collect();
        match turn {
            Turn::TakeOver(_) => {
                let epoch = log.machine.key_epoch + 1;
                log.machine = TestMachine::enrol_in(server, account, log.machine.set, epoch, log.chain.clone()).await;
                complete(log, &objects).await;
            }
            Turn::Changes(_) if log.chain.head().0 > 0 => changes(log, &objects).await,
            _ => complete(log, &objects).await,
        }
        states.insert(log.chain.head().0, log.live.clone());
    }
    states
}

fn named(number: u64) -> (Cid, Vec<u8>) {
    let object = object(number, 300 + number as usize);
    (Cid::of(&object), object)
}

async fn changes(log: &mut TestLog, objects: &BTreeMap<Cid, Vec<u8>>) {
    let dropped: Vec<Cid> = log.live.iter().filter(|cid| !objects.contains_key(cid)).copied().collect();
    let added: Vec<Vec<u8>> =
        objects.iter().filter(|(cid, _)| !log.live.contains(cid)).map(|(_, object)| object.clone()).collect();
    log.delta(&added, &dropped).await;
}

/// In two parts, cut anywhere.
async fn complete(log: &mut TestLog, objects: &BTreeMap<Cid, Vec<u8>>) {
    let upload = log.begin().await;
    for batch in objects.values().cloned().collect::<Vec<_>>().chunks(32) {
        log.put(upload, batch).await.ok();
    }
    let live: BTreeSet<Cid> = objects.keys().copied().collect();
    let (mut frame, list) = log.complete(&live);
    let (one, other) = list.split_at(live.len() / 3 * 33);
    for (number, part) in [one, other].into_iter().enumerate() {
        log.ask(Method::PUT, upload, &format!("references/{number}"), part.to_vec()).await.ok();
    }
    frame.references = iota_core::api::frames::References::Staged { parts: 2, count: live.len() as u64 };
    let answer = log.commit(upload, &frame).await.ok();
    log.remember(&frame, &answer, live);
}

/// What the intervals in the database say of every state of a set.
pub async fn states_of(pool: &PgPool, log: &TestLog) -> States {
    let rows: Vec<(i64, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT seq, cid FROM commit JOIN backup_set USING (set_no)
         LEFT JOIN reference ON reference.set_no = commit.set_no AND from_seq <= seq AND (to_seq IS NULL OR seq < to_seq)
         WHERE set_id = $1",
    )
    .bind(&log.machine.set.0[..])
    .fetch_all(pool)
    .await
    .unwrap();
    let mut states = States::new();
    for (seq, cid) in rows {
        let state = states.entry(seq as u64).or_default();
        state.extend(cid.map(|cid| Cid(cid.try_into().unwrap())));
    }
    states
}

#[test]
fn intervals_say_what_every_state_used() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = runtime.block_on(TestServer::start());
    let account = runtime.block_on(TestAccount::first(&server));
    let config = ProptestConfig { cases: 24, max_shrink_iters: 100, failure_persistence: None, ..Default::default() };
    proptest!(config, |(turns in turns())| {
        runtime.block_on(async {
            let mut log = machine_of(&server, &account).await;
            let states = play(&server, &account, &mut log, &turns).await;
            assert_eq!(states_of(server.pool(), &log).await, states);
            // One row for each lifetime: none ends where the next begins.
            let split: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM reference AS one JOIN reference AS next
                 ON one.set_no = next.set_no AND one.cid = next.cid AND one.to_seq = next.from_seq",
            )
            .fetch_one(server.pool())
            .await
            .unwrap();
            assert_eq!(split, 0);
        });
    });
    runtime.block_on(server.stop());
}
