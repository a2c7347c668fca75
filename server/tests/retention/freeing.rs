//! What a deletion would free is told before.

use std::collections::BTreeSet;

use iota_core::api::json::code;
use iota_core::api::retention::{AskFreed, Freed};
use iota_core::id::Cid;
use iota_core::retention::UNDO_MS;
use iota_server::test_support::{Answer, TestAccount, TestLog, TestMachine, TestServer};

use super::deleting::{delete, six, wait};
use super::scene::{Scene, count, named};

async fn ask(scene: &Scene, gone: &[u64]) -> Answer {
    let path = format!("/sets/{}/freed", scene.log.machine.set);
    scene.account.browser.post(&path, &AskFreed { gone: gone.to_vec() }).await
}

async fn freed(scene: &Scene, gone: &[u64]) -> u64 {
    ask(scene, gone).await.json::<Freed>().bytes
}

#[tokio::test]
async fn what_only_these_snapshots_use_is_counted_and_is_what_a_sweep_marks() {
    let server = TestServer::start().await;
    let mut scene = six(&server, TestAccount::first(&server).await).await;
    let bytes = |number| named(&scene.log, number).1.len() as u64;
    let (all, each): (u64, Vec<u64>) = (bytes(100), (1..=6).map(bytes).collect());
    assert_eq!(freed(&scene, &[]).await, 0);
    assert_eq!(freed(&scene, &[2]).await, each[1]);
    assert_eq!(freed(&scene, &[2, 3, 5]).await, each[1] + each[2] + each[4]);
    assert_eq!(freed(&scene, &[1, 2, 3, 4, 5]).await, each[..5].iter().sum::<u64>());
    assert_eq!(freed(&scene, &[1, 2, 3, 4, 5, 6]).await, all + each.iter().sum::<u64>());
    assert_eq!(freed(&scene, &[7, 99]).await, 0);

    // What another machine of the account uses stays.
    let machine = TestMachine::enrol(&server, &scene.account).await;
    let mut other = TestLog::new(machine, scene.account.account, 0, BTreeSet::<Cid>::new());
    other.base(&[named(&scene.log, 3).1]).await;
    assert_eq!(freed(&scene, &[2, 3]).await, each[1]);

    let (told, set) = (freed(&scene, &[2, 3]).await, delete(&scene, 2, 3));
    scene.decide(&server, set).await;
    wait(&server, &mut scene, UNDO_MS).await;
    let marked = count(&server, "SELECT coalesce(sum(object_bytes), 0)::bigint FROM chunk WHERE condemned <> 0").await;
    assert_eq!(marked as u64, told);
}

#[tokio::test]
async fn it_is_told_to_the_owner_alone_and_for_a_list_that_makes_sense() {
    let server = TestServer::start().await;
    let scene = six(&server, TestAccount::first(&server).await).await;
    let bob = TestAccount::invited(&server, "bob@example.org").await;
    let path = format!("/sets/{}/freed", scene.log.machine.set);
    assert_eq!(bob.browser.post(&path, &AskFreed { gone: vec![1] }).await.code(), code::NOT_FOUND);
    assert_eq!(ask(&scene, &[3, 2]).await.code(), code::BAD_REQUEST);
}
