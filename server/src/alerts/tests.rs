use std::collections::BTreeSet;

use iota_core::api::alerts::{ChangeAlerts, ChangeWatch};
use iota_core::api::json::{Bytes, Event, Revoke, SetInfo};
use iota_core::certificate::SignedCertificate;
use iota_core::commit::Flags;
use iota_core::id::Cid;

use super::*;
use crate::test_support::{
    Counter, Letter, PostOffice, TestAccount, TestLog, TestMachine, TestServer, object, revocation,
};

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

struct Scene {
    post: PostOffice,
    server: TestServer,
    ada: TestAccount,
    log: TestLog,
}

impl Scene {
    /// A machine that was backed up once, and somebody who wants mails.
    async fn new() -> Self {
        let post = PostOffice::open().await;
        let server = TestServer::start_with_mail(post.mailer()).await;
        let ada = TestAccount::first(&server).await;
        want_mails(&ada, true).await;
        let mut log = log_of(&server, &ada).await;
        log.base(&[object(1, 300)]).await;
        Self { post, server, ada, log }
    }

    async fn pass(&self, ms: u64) {
        self.server.clock.advance_ms(ms);
        round(&self.server).await;
    }

    async fn back_up(&mut self) {
        self.log.machine.browser = self.log.machine.session(&self.server).await;
        self.log.delta(&[], &[]).await;
    }

    /// Subjects of what has arrived.
    fn subjects(&self) -> Vec<String> {
        self.post.take().iter().map(subject).collect()
    }

    async fn missed(&self) -> bool {
        self.ada.sign_in(&self.ada.browser).await.ok();
        self.ada.browser.get("/sets").await.json::<Vec<SetInfo>>()[0].watch.as_ref().unwrap().missed
    }
}

async fn log_of(server: &TestServer, account: &TestAccount) -> TestLog {
    TestLog::new(TestMachine::enrol(server, account).await, account.account, 0, BTreeSet::new())
}

async fn want_mails(account: &TestAccount, mails: bool) {
    let change = ChangeAlerts { address: account.login.clone(), mails, limit_hours: 72 };
    account.sign_in(&account.browser).await.ok();
    account.browser.put("/account/alerts", &change).await.ok();
}

async fn watch(account: &TestAccount, log: &TestLog, limit_hours: Option<u32>, public_name: &str) {
    let change = ChangeWatch { limit_hours, public_name: public_name.into() };
    account.sign_in(&account.browser).await.ok();
    account.browser.put(&format!("/sets/{}/watch", log.machine.set), &change).await.ok();
}

async fn round(server: &TestServer) {
    note(&server.state).await.unwrap();
    remind(&server.state).await.unwrap();
    deliver(&server.state).await.unwrap();
}

fn subject(letter: &Letter) -> String {
    let line = letter.text.lines().find_map(|line| line.strip_prefix("Subject: "));
    line.unwrap_or_default().to_owned()
}

const MISSED: &str = "IotaBackup: Machine 1 has completed no backup for 3 days";
const OVER: &str = "IotaBackup: Machine 1 is backed up again";

#[tokio::test]
async fn a_missed_backup_is_told_once_and_its_end_once() {
    let mut scene = Scene::new().await;
    scene.pass(3 * DAY_MS - 1).await;
    assert_eq!((scene.subjects(), scene.missed().await), (vec![], false));
    let mut events = scene.ada.browser.events().await.unwrap();
    assert_eq!(events.next().await, Some(Event::Resync));
    scene.pass(1).await;
    assert_eq!(events.next().await, Some(Event::Set { set: scene.log.machine.set }));
    let letters = scene.post.take();
    assert_eq!(letters.iter().map(subject).collect::<Vec<_>>(), [MISSED]);
    assert_eq!(letters[0].to, ["ada@example.org"]);
    assert!(letters[0].text.contains("Its last complete backup arrived on"), "{}", letters[0].text);
    assert!(scene.missed().await);
    for _ in 0..3 {
        scene.pass(DAY_MS).await;
    }
    assert_eq!(scene.subjects(), [""; 0]);
    scene.back_up().await;
    assert!(!scene.missed().await);
    for _ in 0..2 {
        scene.pass(HOUR_MS).await;
    }
    assert_eq!(scene.subjects(), [OVER]);
    // And the next time again.
    scene.pass(3 * DAY_MS).await;
    assert_eq!(scene.subjects(), [MISSED]);
}

#[tokio::test]
async fn a_restart_tells_nothing_twice() {
    let mut scene = Scene::new().await;
    scene.pass(3 * DAY_MS).await;
    assert_eq!(scene.subjects(), [MISSED]);
    scene.server = scene.server.restart().await;
    scene.pass(HOUR_MS).await;
    assert_eq!(scene.subjects(), [""; 0]);
    scene.log.machine.browser = scene.log.machine.browser.moved_to(&scene.server.url);
    scene.back_up().await;
    note(&scene.server.state).await.unwrap();
    // It was noted, and the mail waits.
    scene.server = scene.server.restart().await;
    round(&scene.server).await;
    assert_eq!(scene.subjects(), [OVER]);
}

#[tokio::test]
async fn two_rounds_at_once_tell_it_once() {
    let mut scene = Scene::new().await;
    for wanted in [MISSED, OVER, MISSED, OVER] {
        if wanted == MISSED {
            scene.server.clock.advance_ms(3 * DAY_MS);
        } else {
            scene.back_up().await;
        }
        let state = &scene.server.state;
        let noted = futures::future::join_all((0..4).map(|_| note(state))).await;
        assert!(noted.iter().all(Result::is_ok));
        let sent = futures::future::join_all((0..4).map(|_| deliver(state))).await;
        assert!(sent.iter().all(Result::is_ok));
        round(&scene.server).await;
        assert_eq!(scene.subjects(), [wanted]);
    }
}

#[tokio::test]
async fn a_mail_waits_until_the_mail_server_is_back() {
    let scene = Scene::new().await;
    scene.post.set(Counter::Away);
    scene.pass(3 * DAY_MS).await;
    scene.pass(60_000).await;
    scene.post.set(Counter::Open);
    round(&scene.server).await;
    assert_eq!(scene.subjects(), [""; 0], "its pause is not over");
    scene.pass(60_000).await;
    assert_eq!(scene.subjects(), [MISSED]);
    scene.pass(DAY_MS).await;
    assert_eq!(scene.subjects(), [""; 0]);
}

#[tokio::test]
async fn pauses_grow_and_a_mail_that_is_too_old_is_dropped() {
    let scene = Scene::new().await;
    scene.post.set(Counter::Refusing);
    scene.server.clock.advance_ms(3 * DAY_MS);
    let mut attempts = 0;
    // A round every two minutes for half a day.
    for _ in 0..12 * 30 {
        scene.pass(2 * 60_000).await;
        let tried = sqlx::query_scalar("SELECT attempts FROM mail").fetch_one(scene.server.pool()).await;
        attempts = attempts.max(tried.unwrap());
    }
    assert_eq!(attempts, 9, "after 0, 2, 6, 14, 30, 62, 126, 254 and 510 minutes");
    scene.pass(2 * DAY_MS).await;
    scene.post.set(Counter::Open);
    scene.pass(DAY_MS).await;
    assert_eq!(scene.subjects(), [""; 0]);
}

#[tokio::test]
async fn an_end_that_overtakes_its_beginning_tells_neither() {
    let mut scene = Scene::new().await;
    scene.post.set(Counter::Away);
    scene.pass(3 * DAY_MS).await;
    scene.back_up().await;
    scene.post.set(Counter::Open);
    scene.pass(HOUR_MS).await;
    assert_eq!(scene.subjects(), [""; 0]);
}

#[tokio::test]
async fn limits_are_the_machines_own_or_the_accounts_or_never() {
    let scene = Scene::new().await;
    watch(&scene.ada, &scene.log, Some(0), "").await;
    scene.pass(30 * DAY_MS).await;
    assert_eq!((scene.subjects(), scene.missed().await), (vec![], false));
    watch(&scene.ada, &scene.log, Some(31 * 24), "").await;
    scene.pass(DAY_MS - 1).await;
    assert_eq!(scene.subjects(), [""; 0]);
    scene.pass(1).await;
    assert_eq!(scene.subjects(), ["IotaBackup: Machine 1 has completed no backup for 31 days"]);
    // A longer limit ends it, and that is no backup.
    watch(&scene.ada, &scene.log, Some(60 * 24), "").await;
    scene.pass(1).await;
    assert_eq!((scene.subjects(), scene.missed().await), (vec![], false));
    watch(&scene.ada, &scene.log, None, "").await;
    assert!(scene.missed().await, "before any round");
}

#[tokio::test]
async fn a_first_backup_counts_when_it_is_complete() {
    let scene = Scene::new().await;
    let mut other = log_of(&scene.server, &scene.ada).await;
    let upload = other.begin().await;
    other.put(upload, &[object(9, 300)]).await.ok();
    let live = BTreeSet::from([Cid::of(&object(9, 300))]);
    let (mut frame, part) = other.complete(&live);
    frame.header.header.flags = frame.header.header.flags.with(Flags::PARTIAL, true);
    other.sign(&mut frame);
    other.ask(axum::http::Method::PUT, upload, "references/0", part).await.ok();
    let answer = other.commit(upload, &frame).await.ok();
    other.remember(&frame, &answer, live);
    let name = "Nora’s laptop";
    watch(&scene.ada, &other, None, name).await;
    watch(&scene.ada, &scene.log, Some(0), "").await;
    scene.pass(3 * DAY_MS).await;
    let letters = scene.post.take();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].text.contains("completed none yet") && !letters[0].text.contains("Machine 2"), "{letters:?}");
    other.machine.browser = other.machine.session(&scene.server).await;
    other.delta(&[], &[]).await;
    scene.pass(1).await;
    assert_eq!(scene.post.take().len(), 1);
}

#[tokio::test]
async fn who_turns_mails_on_hears_of_what_is_missed_already() {
    let mut scene = Scene::new().await;
    want_mails(&scene.ada, false).await;
    scene.pass(3 * DAY_MS).await;
    assert_eq!((scene.subjects(), scene.missed().await), (vec![], true));
    want_mails(&scene.ada, true).await;
    scene.pass(1).await;
    assert_eq!(scene.subjects(), [MISSED]);
    want_mails(&scene.ada, false).await;
    scene.back_up().await;
    scene.pass(1).await;
    assert_eq!(scene.subjects(), [OFF]);
}

#[tokio::test]
async fn who_never_decided_about_mails_gets_none_of_what_is_missed() {
    let mut scene = Scene::new().await;
    sqlx::query("DELETE FROM alerts").execute(scene.server.pool()).await.unwrap();
    scene.pass(3 * DAY_MS).await;
    assert_eq!((scene.subjects(), scene.missed().await), (vec![], true));
    scene.back_up().await;
    scene.pass(1).await;
    assert_eq!(scene.subjects(), [""; 0]);
}

#[tokio::test]
async fn what_waits_goes_to_the_address_of_now() {
    let scene = Scene::new().await;
    scene.post.set(Counter::Away);
    scene.pass(3 * DAY_MS).await;
    scene.ada.sign_in(&scene.ada.browser).await.ok();
    let change = ChangeAlerts { address: "lovelace@example.org".into(), mails: true, limit_hours: 72 };
    scene.ada.browser.put("/account/alerts", &change).await.ok();
    scene.post.set(Counter::Open);
    scene.pass(HOUR_MS).await;
    let letters = scene.post.take();
    let to = |wanted: &str| letters.iter().find(|letter| subject(letter) == wanted).map(|letter| letter.to.clone());
    assert_eq!(letters.len(), 2);
    assert_eq!(to(MISSED), Some(vec!["lovelace@example.org".to_owned()]));
    assert_eq!(to(MOVED), Some(vec!["ada@example.org".to_owned()]));
}

const MOVED: &str = "IotaBackup: mails go to another address now";
const OFF: &str = "IotaBackup: mails were switched off";

/// Where the mails of a round went, and what they are about.
async fn moved(scene: &Scene, address: &str, mails: bool) -> Vec<(String, String)> {
    scene.ada.sign_in(&scene.ada.browser).await.ok();
    let change = ChangeAlerts { address: address.into(), mails, limit_hours: 72 };
    for _ in 0..2 {
        scene.ada.browser.put("/account/alerts", &change).await.ok();
    }
    scene.pass(1).await;
    scene.post.take().iter().map(|letter| (letter.to.join(","), subject(letter))).collect()
}

#[tokio::test]
async fn an_address_to_which_no_mails_go_any_more_is_told_so_once() {
    let scene = Scene::new().await;
    let told = |to: &str, about: &str| vec![(to.to_owned(), about.to_owned())];
    let (ada, lovelace) = ("ada@example.org", "lovelace@example.org");
    assert_eq!(moved(&scene, ada, true).await, [], "nothing is new");
    assert_eq!(moved(&scene, lovelace, true).await, told(ada, MOVED));
    assert_eq!(moved(&scene, lovelace, false).await, told(lovelace, OFF));
    assert_eq!(moved(&scene, ada, false).await, [], "no mail went anywhere before");
    assert_eq!(moved(&scene, ada, true).await, []);
    // Who had decided nothing was warned at the login.
    sqlx::query("DELETE FROM alerts").execute(scene.server.pool()).await.unwrap();
    assert_eq!(moved(&scene, lovelace, true).await, told(ada, MOVED));
}

#[tokio::test]
async fn that_mails_go_elsewhere_says_when_and_what_to_do_and_not_where() {
    let scene = Scene::new().await;
    scene.ada.sign_in(&scene.ada.browser).await.ok();
    scene.post.set(Counter::Away);
    let change = ChangeAlerts { address: "eve@example.org".into(), mails: true, limit_hours: 72 };
    scene.ada.browser.put("/account/alerts", &change).await.ok();
    let at = httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_millis(scene.server.state.now_ms()));
    // Switched off meanwhile, it is told all the same.
    want_mails(&scene.ada, false).await;
    scene.post.set(Counter::Open);
    scene.pass(HOUR_MS).await;
    let letters = scene.post.take();
    let letter = letters.iter().find(|letter| letter.to == ["ada@example.org"]).unwrap();
    // A mail has lines of its own length.
    let text = letter.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(&at) && text.contains("If that was not you"), "{text}");
    assert!(!text.contains("eve"), "{text}");
}

#[tokio::test]
async fn a_machine_whose_key_was_taken_away_is_not_missed() {
    let mut scene = Scene::new().await;
    scene.pass(3 * DAY_MS).await;
    assert_eq!(scene.subjects(), [MISSED]);
    scene.ada.sign_in(&scene.ada.browser).await.ok();
    let certificate = revocation(&scene.ada, &scene.log.machine, 2, &scene.log.chain);
    let signature = scene.ada.sign(&certificate.encode());
    let signed = Bytes(SignedCertificate { certificate, signature }.encode());
    let path = format!("/sets/{}/certificate", scene.log.machine.set);
    scene.ada.browser.put(&path, &Revoke { certificate: signed }).await.ok();
    scene.pass(DAY_MS).await;
    assert_eq!(scene.subjects(), [""; 0]);
    // Another machine that goes on has its time.
    scene.ada.sign_in(&scene.ada.browser).await.ok();
    let next =
        TestMachine::enrol_in(&scene.server, &scene.ada, scene.log.machine.set, 3, scene.log.chain.clone()).await;
    scene.log.machine = next;
    scene.pass(3 * DAY_MS - 1).await;
    assert_eq!(scene.subjects(), [""; 0]);
    scene.pass(1).await;
    assert_eq!(scene.subjects().len(), 1);
}

#[tokio::test]
async fn a_set_that_a_commit_holds_waits_for_the_next_round() {
    let scene = Scene::new().await;
    scene.server.clock.advance_ms(3 * DAY_MS);
    let mut held = scene.server.pool().begin().await.unwrap();
    sqlx::query("SELECT FROM backup_set FOR UPDATE").execute(&mut *held).await.unwrap();
    round(&scene.server).await;
    assert_eq!(scene.subjects(), [""; 0]);
    held.rollback().await.unwrap();
    round(&scene.server).await;
    assert_eq!(scene.subjects(), [MISSED]);
}

const DRILL: &str = "IotaBackup: can you still open your vault?";

/// A server whose machines are not missed, and the time until the drill is due.
async fn undrilled() -> Scene {
    let scene = Scene::new().await;
    watch(&scene.ada, &scene.log, Some(0), "").await;
    scene
}

#[tokio::test]
async fn a_drill_that_is_due_is_told_once_each_time() {
    let mut scene = undrilled().await;
    TestAccount::invited(&scene.server, "bob@example.org").await;
    scene.pass(DRILL_EVERY_MS - 1).await;
    assert_eq!(scene.subjects(), [""; 0]);
    scene.pass(1).await;
    let letters = scene.post.take();
    assert_eq!(letters.iter().map(subject).collect::<Vec<_>>(), [DRILL], "who did not ask for mails gets none");
    assert_eq!(letters[0].to, ["ada@example.org"]);
    scene.server = scene.server.restart().await;
    scene.ada.browser = scene.ada.browser.moved_to(&scene.server.url);
    scene.pass(30 * DAY_MS).await;
    assert_eq!(scene.subjects(), [""; 0]);
    scene.ada.sign_in(&scene.ada.browser).await.ok();
    scene.ada.browser.post("/vault/drill", &()).await.ok();
    scene.pass(DRILL_EVERY_MS - 1).await;
    assert_eq!(scene.subjects(), [""; 0]);
    scene.pass(1).await;
    assert_eq!(scene.subjects(), [DRILL]);
}

#[tokio::test]
async fn a_drill_is_told_to_who_wants_mails_at_that_time_and_not_after_it_was_made() {
    let scene = undrilled().await;
    want_mails(&scene.ada, false).await;
    scene.pass(DRILL_EVERY_MS).await;
    assert_eq!(scene.subjects(), [""; 0]);
    scene.post.set(Counter::Away);
    want_mails(&scene.ada, true).await;
    scene.pass(1).await;
    scene.ada.browser.post("/vault/drill", &()).await.ok();
    scene.post.set(Counter::Open);
    scene.pass(HOUR_MS).await;
    assert_eq!(scene.subjects(), [""; 0]);
}

#[tokio::test]
async fn a_drill_whose_mail_nobody_got_is_told_again() {
    let scene = undrilled().await;
    scene.post.set(Counter::Refusing);
    scene.pass(DRILL_EVERY_MS).await;
    scene.pass(mail::MAX_AGE_MS - 1).await;
    assert_eq!(scene.subjects(), [""; 0]);
    // It is dropped with its age, and written anew in the next round.
    scene.pass(1).await;
    scene.post.set(Counter::Open);
    scene.pass(1).await;
    assert_eq!(scene.subjects(), [DRILL]);
    scene.pass(30 * DAY_MS).await;
    assert_eq!(scene.subjects(), [""; 0], "and once");
}

#[tokio::test]
async fn a_drill_is_told_again_to_who_switched_mails_off_before_it_went_out() {
    let scene = undrilled().await;
    scene.post.set(Counter::Away);
    scene.pass(DRILL_EVERY_MS).await;
    want_mails(&scene.ada, false).await;
    scene.pass(HOUR_MS).await;
    scene.post.set(Counter::Open);
    want_mails(&scene.ada, true).await;
    scene.pass(HOUR_MS).await;
    let subjects = scene.subjects();
    assert_eq!(subjects.iter().filter(|subject| *subject == DRILL).count(), 1, "{subjects:?}");
}
