//! An account that goes, with everything in it.

use std::collections::BTreeSet;

use iota_core::api::alerts::ChangeAlerts;
use iota_core::api::json::code;
use iota_core::api::retention::Retention;
use iota_core::retention::{UNDO_MS, What};
use iota_server::alerts::deliver;
use iota_server::test_support::{PostOffice, TestAccount, TestServer};

use super::deleting::six;
use super::scene::{DAY_MS, HOUR_MS, Scene, count};

async fn closes_ms(scene: &Scene) -> Option<u64> {
    scene.account.browser.get("/account/retention").await.json::<Retention>().closes_ms
}

/// A machine of somebody else says what time it is.
async fn tell_time(server: &TestServer, other: &mut Scene) {
    other.pass(server, 0).await;
    other.commit(server, &BTreeSet::from([1]), 0).await;
    other.round(server, Some(server.state.now_ms())).await;
}

#[tokio::test]
async fn an_account_goes_on_for_14_days_and_then_leaves_nothing() {
    let server = TestServer::start().await;
    let mut ada = Scene::new(&server, TestAccount::first(&server).await).await;
    let mut bob = six(&server, TestAccount::invited(&server, "bob@example.org").await).await;
    bob.decide(&server, What::Close).await;
    assert_eq!(closes_ms(&bob).await, Some(server.state.now_ms() + UNDO_MS));
    assert_eq!(bob.send(&bob.sign(&server, 2, What::Close)).await.code(), code::CONFLICT);
    bob.pass(&server, UNDO_MS - HOUR_MS).await;
    bob.commit(&server, &BTreeSet::from([100, 7]), 0).await;
    tell_time(&server, &mut ada).await;
    assert_eq!(bob.listed().await.last(), Some(&7));

    bob.pass(&server, HOUR_MS).await;
    bob.commit(&server, &BTreeSet::from([100]), 0).await;
    let upload = bob.log.begin().await;
    tell_time(&server, &mut ada).await;
    assert_eq!(bob.account.sign_in(&server.stranger()).await.code(), code::BAD_CREDENTIALS);
    assert_eq!(bob.account.browser.get("/session").await.code(), code::UNAUTHENTICATED);
    assert_eq!(bob.log.machine.browser.get("/agent/head").await.code(), code::UNAUTHENTICATED);
    assert!(!bob.log.machine.try_session(&server).await.status.is_success());
    assert!(!bob.log.put(upload, &[vec![1; 300]]).await.status.is_success());
    for (table, rows) in [("account", 1), ("backup_set", 1), ("device", 1), ("upload WHERE open", 0), ("decision", 0)] {
        let query: &'static str = format!("SELECT count(*) FROM {table}").leak();
        assert_eq!(count(&server, query).await, rows, "{table}");
    }
    ada.check(&server).await;

    // The login is free again.
    let again = Scene::new(&server, TestAccount::invited(&server, "bob@example.org").await).await;
    assert_eq!(again.listed().await, Vec::<u64>::new());
    ada.pass(&server, DAY_MS).await;
    tell_time(&server, &mut ada).await;
    assert_eq!(count(&server, "SELECT count(*) FROM chunk WHERE condemned <> 0").await, 8, "all that bob had");
}

#[tokio::test]
async fn until_then_it_is_taken_back() {
    let server = TestServer::start().await;
    let mut ada = six(&server, TestAccount::first(&server).await).await;
    ada.decide(&server, What::Close).await;
    ada.decide(&server, What::Undo(1)).await;
    assert_eq!(closes_ms(&ada).await, None);
    assert_eq!(ada.send(&ada.sign(&server, 3, What::Undo(1))).await.code(), code::CONFLICT);
    ada.decide(&server, What::Close).await;
    ada.pass(&server, UNDO_MS - 1).await;
    ada.decide(&server, What::Undo(3)).await;
    ada.pass(&server, DAY_MS).await;
    tell_time(&server, &mut ada).await;
    ada.account.sign_in(&server.stranger()).await.ok();
    ada.check(&server).await;
}

#[tokio::test]
async fn its_owner_hears_of_it() {
    let post = PostOffice::open().await;
    let server = TestServer::start_with_mail(post.mailer()).await;
    let mut ada = Scene::new(&server, TestAccount::first(&server).await).await;
    let change = ChangeAlerts { address: "ada@example.org".into(), mails: true, limit_hours: 72 };
    ada.account.browser.put("/account/alerts", &change).await.ok();
    ada.decide(&server, What::Close).await;
    let other = ChangeAlerts { address: "eve@example.org".into(), mails: false, limit_hours: 72 };
    ada.account.browser.put("/account/alerts", &other).await.ok();
    deliver(&server.state).await.unwrap();
    let letters = post.take();
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().all(|letter| letter.to == ["ada@example.org"]), "where it went when it was decided");
    assert!(letters[0].text.contains("Subject: IotaBackup: your account is to be deleted"), "{}", letters[0].text);
    assert!(letters[1].text.contains("Subject: IotaBackup: mails were switched off"), "{}", letters[1].text);
}

#[tokio::test]
async fn an_owner_who_decided_nothing_about_mails_hears_of_it_at_the_login() {
    let post = PostOffice::open().await;
    let server = TestServer::start_with_mail(post.mailer()).await;
    let mut ada = Scene::new(&server, TestAccount::first(&server).await).await;
    ada.decide(&server, What::Close).await;
    let other = ChangeAlerts { address: "eve@example.org".into(), mails: true, limit_hours: 72 };
    ada.account.browser.put("/account/alerts", &other).await.ok();
    deliver(&server.state).await.unwrap();
    let to: Vec<_> = post.take().into_iter().map(|letter| letter.to).collect();
    // And that mails go elsewhere now.
    assert_eq!(to, [["ada@example.org"], ["ada@example.org"]], "where it went when it was decided");

    // A login that is no address gets nothing, and nothing waits for it.
    let mut bob = Scene::new(&server, TestAccount::invited(&server, "bob@example.org").await).await;
    sqlx::query("UPDATE account SET login = 'bob' WHERE login = 'bob@example.org'")
        .execute(server.pool())
        .await
        .unwrap();
    bob.decide(&server, What::Close).await;
    assert_eq!(count(&server, "SELECT count(*) FROM mail").await, 0);
}

#[tokio::test]
async fn without_a_mail_server_no_mail_waits() {
    let server = TestServer::start().await;
    let mut ada = Scene::new(&server, TestAccount::first(&server).await).await;
    ada.decide(&server, What::Close).await;
    assert_eq!(count(&server, "SELECT count(*) FROM mail").await, 0);
}
