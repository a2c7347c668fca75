//! Deleting, taking it back, and the end of that.

use std::collections::BTreeSet;

use iota_core::api::alerts::ChangeAlerts;
use iota_core::api::json::{Bytes, Revoke, SetInfo, code};
use iota_core::api::retention::{DueDeletion, Retention};
use iota_core::certificate::SignedCertificate;
use iota_core::id::SetId;
use iota_core::retention::{Deletion, Policy, UNDO_MS, What};
use iota_server::alerts::deliver;
use iota_server::auth::FRESH_MS;
use iota_server::test_support::{PostOffice, TestAccount, TestServer, revocation};

use super::scene::{DAY_MS, HOUR_MS, Scene, count};

/// Deletions that can be taken back, as the server shows them to their owner.
async fn due(scene: &Scene) -> Vec<DueDeletion> {
    scene.account.sign_in(&scene.account.browser).await.ok();
    scene.account.browser.get("/account/retention").await.json::<Retention>().deletions
}

/// Six snapshots, an hour apart, each with an object of its own.
pub async fn six(server: &TestServer, account: TestAccount) -> Scene {
    let mut scene = Scene::new(server, account).await;
    for number in 1..=6 {
        scene.commit(server, &BTreeSet::from([100, number]), 0).await;
        scene.pass(server, HOUR_MS).await;
    }
    scene
}

pub fn delete(scene: &Scene, first: u64, last: u64) -> What {
    What::Delete(Deletion { set: scene.log.machine.set, first, last })
}

/// So long until it cannot be taken back; the machine goes on.
pub async fn wait(server: &TestServer, scene: &mut Scene, ms: u64) {
    scene.pass(server, ms).await;
    scene.commit(server, &BTreeSet::from([100]), 0).await;
    let agreed_ms = server.state.now_ms();
    scene.round(server, Some(agreed_ms)).await;
}

#[tokio::test]
async fn what_is_deleted_is_hidden_and_comes_back_until_it_is_final() {
    let server = TestServer::start().await;
    let mut scene = six(&server, TestAccount::first(&server).await).await;
    scene.decide(&server, delete(&scene, 2, 3)).await;
    assert_eq!(scene.listed().await, [1, 4, 5, 6]);
    let due_ms = server.state.now_ms() + UNDO_MS;
    let one = DueDeletion { version: 1, set: scene.log.machine.set, first: 2, last: 3, due_ms };
    assert_eq!(due(&scene).await, [one]);
    assert_eq!((scene.segment(2).await.code(), scene.segment(4).await.code()), ("not_found".into(), "".into()));
    scene.decide(&server, What::Undo(1)).await;
    assert_eq!((scene.listed().await, due(&scene).await), (vec![1, 2, 3, 4, 5, 6], vec![]));
    let again = scene.sign(&server, 3, What::Undo(1));
    assert_eq!(scene.send(&again).await.code(), "conflict");

    scene.decide(&server, delete(&scene, 2, 3)).await;
    wait(&server, &mut scene, UNDO_MS - HOUR_MS).await;
    assert_eq!(count(&server, "SELECT count(*) FROM commit WHERE NOT kept AND seq IN (2, 3)").await, 0);
    wait(&server, &mut scene, HOUR_MS).await;
    let late = scene.sign(&server, scene.version + 1, What::Undo(scene.version));
    assert_eq!(scene.send(&late).await.code(), "conflict");
    assert_eq!(due(&scene).await, []);
    scene.kept.retain(|point| !(2..=3).contains(&point.seq));
    scene.check(&server).await;
    assert_eq!(count(&server, "SELECT count(*) FROM deletion").await, 0);
}

#[tokio::test]
async fn without_machines_that_say_what_time_it_is_nothing_is_final() {
    let server = TestServer::start().await;
    let mut scene = six(&server, TestAccount::first(&server).await).await;
    scene.decide(&server, delete(&scene, 2, 3)).await;
    scene.pass(&server, 40 * DAY_MS).await;
    scene.round(&server, None).await;
    scene.decide(&server, What::Undo(1)).await;
    assert_eq!(scene.listed().await, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn the_newest_snapshot_of_a_machine_that_writes_stays() {
    let server = TestServer::start().await;
    let mut scene = six(&server, TestAccount::first(&server).await).await;
    let bob = TestAccount::invited(&server, "bob@example.org").await;
    let others = Scene::new(&server, bob).await;
    let unknown = What::Delete(Deletion { set: SetId([9; 16]), first: 1, last: 1 });
    for (what, code) in [
        (delete(&scene, 6, 6), "conflict"),
        (delete(&scene, 1, 6), "conflict"),
        (delete(&scene, 7, 7), "not_found"),
        (delete(&others, 1, 1), "not_found"),
        (unknown, "not_found"),
    ] {
        assert_eq!(scene.send(&scene.sign(&server, 1, what)).await.code(), code, "{what:?}");
    }
    let certificate = revocation(&scene.account, &scene.log.machine, 2, &scene.log.chain);
    let signed = SignedCertificate { signature: scene.account.sign(&certificate.encode()), certificate };
    let path = format!("/sets/{}/certificate", scene.log.machine.set);
    scene.account.browser.put(&path, &Revoke { certificate: Bytes(signed.encode()) }).await.ok();
    assert_eq!(scene.send(&scene.sign(&server, 1, delete(&scene, 2, 6))).await.code(), "conflict");
    scene.decide(&server, delete(&scene, 1, 6)).await;
    assert_eq!(scene.account.browser.get("/sets").await.json::<Vec<SetInfo>>(), []);
    scene.decide(&server, What::Undo(1)).await;
    assert_eq!(scene.account.browser.get("/sets").await.json::<Vec<SetInfo>>().len(), 1);

    // All of it goes once another machine says that the time has come.
    scene.decide(&server, delete(&scene, 1, 6)).await;
    let mut others = others;
    others.pass(&server, UNDO_MS).await;
    others.commit(&server, &BTreeSet::from([1]), 0).await;
    others.round(&server, Some(server.state.now_ms())).await;
    scene.account.sign_in(&scene.account.browser).await.ok();
    assert_eq!(scene.account.browser.get("/sets").await.json::<Vec<SetInfo>>(), []);
    assert_eq!(count(&server, "SELECT count(*) FROM reference").await, 1, "of the other machine");
    assert_eq!(count(&server, "SELECT count(*) FROM chunk WHERE condemned <> 0").await, 7);
    others.check(&server).await;
}

#[tokio::test]
async fn only_taking_back_needs_no_fresh_proof() {
    let server = TestServer::start().await;
    let mut scene = six(&server, TestAccount::first(&server).await).await;
    scene.decide(&server, delete(&scene, 2, 3)).await;
    server.clock.advance_ms(FRESH_MS);
    for what in [delete(&scene, 4, 4), What::Keep(Policy::default()), What::Close] {
        assert_eq!(scene.send(&scene.sign(&server, 2, what)).await.code(), code::REAUTHENTICATE, "{what:?}");
    }
    assert_eq!(scene.listed().await, [1, 4, 5, 6]);
    scene.decide(&server, What::Undo(1)).await;
    assert_eq!(scene.listed().await, [1, 2, 3, 4, 5, 6]);

    // The same of an account that is to go.
    scene.pass(&server, 0).await;
    scene.decide(&server, What::Close).await;
    server.clock.advance_ms(FRESH_MS);
    scene.decide(&server, What::Undo(3)).await;
    assert_eq!(count(&server, "SELECT count(*) FROM account WHERE closes_ms IS NOT NULL").await, 0);

    // It must be the account's word, and its session open.
    scene.pass(&server, 0).await;
    scene.decide(&server, delete(&scene, 2, 3)).await;
    server.clock.advance_ms(FRESH_MS);
    let mut forged = scene.sign(&server, 6, What::Undo(5));
    forged.signature.0[0] ^= 1;
    assert_eq!(scene.send(&forged).await.code(), code::BAD_CREDENTIALS);
    let undo = scene.sign(&server, 6, What::Undo(5));
    scene.account.browser.post("/logout", &()).await.ok();
    assert_eq!(scene.send(&undo).await.code(), code::UNAUTHENTICATED);
}

/// Who gets mails now, and what they say.
async fn told(server: &TestServer, post: &PostOffice) -> Vec<(Vec<String>, String)> {
    deliver(&server.state).await.unwrap();
    // That mails go elsewhere is told, too.
    let letters = post.take().into_iter().filter(|letter| !letter.text.contains("Subject: IotaBackup: mails "));
    letters.map(|letter| (letter.to, letter.text)).collect()
}

async fn set_mails(scene: &Scene, address: &str, mails: bool) {
    let change = ChangeAlerts { address: address.into(), mails, limit_hours: 72 };
    scene.account.browser.put("/account/alerts", &change).await.ok();
}

#[tokio::test]
async fn a_deletion_is_told_by_mail() {
    let post = PostOffice::open().await;
    let server = TestServer::start_with_mail(post.mailer()).await;
    let mut scene = six(&server, TestAccount::first(&server).await).await;
    scene.decide(&server, delete(&scene, 2, 2)).await;
    let letters = told(&server, &post).await;
    assert_eq!(letters.len(), 1, "nothing was decided about mails");
    assert_eq!(letters[0].0, ["ada@example.org"]);
    let text = &letters[0].1;
    assert!(text.contains("Subject: IotaBackup: snapshots of Machine 1 were deleted"), "{text}");
    assert!(text.contains("the address that you sign in with") && !text.contains("You asked"), "{text}");

    set_mails(&scene, "alerts@example.org", true).await;
    scene.decide(&server, delete(&scene, 3, 3)).await;
    let letters = told(&server, &post).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].0, ["alerts@example.org"]);
    assert!(letters[0].1.contains("You asked for these mails"), "{}", letters[0].1);

    set_mails(&scene, "alerts@example.org", false).await;
    scene.decide(&server, delete(&scene, 4, 4)).await;
    assert_eq!(told(&server, &post).await, [], "mails are switched off");
    set_mails(&scene, "alerts@example.org", true).await;
    assert_eq!(told(&server, &post).await, [], "and were when it was written");

    // Of many warnings that say the same one is on its way at a time.
    for seq in [5, 1] {
        scene.decide(&server, delete(&scene, seq, seq)).await;
    }
    assert_eq!(told(&server, &post).await.len(), 1);
}
