//! The whole way: the real agent library, a real server, a real Postgres.
//!
//! `IOTABACKUP_FILES` sets how many small files the corpus has (3,000), `IOTABACKUP_MB` the size of its one large file (64).

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod people;

use iota_agent::enrol::admit::Wanted;
use iota_core::id::HeaderHash;
use iota_server::{clock::Clock, test_support::TestServer};
use people::{
    Machine, Person, aside, compare,
    corpus::{self, Random},
};
use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::FileExt},
    path::Path,
    sync::Arc,
};

const YEAR_MS: u64 = 365 * 24 * 60 * 60 * 1000;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nasty_tree_comes_back_at_every_point_whatever_the_servers_clock_says() {
    if !is_root() {
        println!("only root can make owners and devices: the smaller journeys go on without them");
        return;
    }
    let server = TestServer::start().await;
    let (url, code) = (server.url.clone(), server.setup_code().await);
    let clock = Arc::clone(&server.clock);
    let began_ms = clock.now_ms();
    aside(move || {
        let person = Person::sign_up(&url, &code, "ada@example.org");
        let live = tempfile::tempdir().unwrap();
        let mut random = Random(42);
        corpus::build(live.path(), number("IOTABACKUP_FILES", 3_000), &mut random);
        let large = fs::File::create(live.path().join("large")).unwrap();
        for block in 0..number("IOTABACKUP_MB", 64) {
            large.write_all_at(&random.bytes(1 << 20), block << 20).unwrap();
        }
        let machine = Machine::enrol(&person, &Wanted::New, live.path());
        let mut points = Vec::new();
        for round in 0..5u64 {
            let looked = compare::look(live.path());
            let report = machine.back_up().unwrap();
            assert_eq!((report.seq, report.gap_count), (round + 1, 0), "{:?}", report.gaps);
            points.push((report.seq, looked));
            corpus::change(live.path(), &mut random);
            large.write_all_at(&random.bytes(5000), random.roll(1 << 20)).unwrap();
            // The server's clock leaps forward by years, and back again.
            clock.set(if round % 2 == 0 { began_ms + (round + 3) * YEAR_MS } else { began_ms - YEAR_MS });
        }
        clock.set(began_ms + 10 * YEAR_MS);
        for (seq, looked) in &points {
            machine.check(&person, *seq, live.path(), looked);
        }
    })
    .await;
    server.stop().await;
}

fn plain_tree(root: &Path, random: &mut Random) {
    for folder in 0..5 {
        fs::create_dir_all(root.join(format!("folder {folder}"))).unwrap();
        for file in 0..60 {
            let bytes = random.roll(9_000) as usize;
            fs::write(root.join(format!("folder {folder}/file {file}")), random.text(bytes)).unwrap();
        }
    }
    fs::write(root.join("large"), random.bytes(6_000_000)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_cache_a_machine_sends_no_large_content() {
    let server = TestServer::start().await;
    let (url, code) = (server.url.clone(), server.setup_code().await);
    aside(move || {
        let person = Person::sign_up(&url, &code, "ada@example.org");
        let live = tempfile::tempdir().unwrap();
        plain_tree(live.path(), &mut Random(7));
        let machine = Machine::enrol(&person, &Wanted::New, live.path());
        let first = machine.back_up().unwrap();
        assert!(first.sent_bytes > 6_000_000);
        fs::write(live.path().join("folder 1/file 3"), b"changed").unwrap();
        machine.back_up().unwrap();
        iota_agent::state::State::discard(&machine.state()).unwrap();
        let again = machine.back_up().unwrap();
        assert!(again.sent_bytes < 1_000_000, "{} bytes", again.sent_bytes);
        let unchanged = machine.back_up().unwrap();
        assert_eq!((unchanged.read_bytes, unchanged.sent_bytes), (0, 0));
        machine.check(&person, unchanged.seq, live.path(), &compare::look(live.path()));
    })
    .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_is_refused_and_joining_again_takes_the_history_over() {
    let server = TestServer::start().await;
    let (url, code) = (server.url.clone(), server.setup_code().await);
    aside(move || {
        let person = Person::sign_up(&url, &code, "ada@example.org");
        let live = tempfile::tempdir().unwrap();
        plain_tree(live.path(), &mut Random(9));
        let machine = Machine::enrol(&person, &Wanted::New, live.path());
        let first = machine.back_up().unwrap();
        let looked = compare::look(live.path());
        let image = tempfile::tempdir().unwrap();
        for name in ["identity", "ratchet"] {
            fs::copy(machine.config().join(name), image.path().join(name)).unwrap();
        }
        fs::write(live.path().join("folder 0/new"), b"of the original").unwrap();
        let second = machine.back_up().unwrap();
        // The clone knows an older head: it stops, and nothing is changed.
        for name in ["identity", "ratchet"] {
            fs::copy(image.path().join(name), machine.config().join(name)).unwrap();
        }
        let refusal = machine.back_up().unwrap_err().to_string();
        assert!(refusal.contains("cloned") && refusal.contains("iota enroll"), "{refusal}");
        let set = machine.identity().set;
        let known = Some((second.seq, second.head.unwrap_or(HeaderHash::ZERO)));
        let next = Machine::enrol(&person, &Wanted::TakeOver { set, known }, live.path());
        assert_eq!((next.identity().set, next.identity().key_epoch), (set, 2));
        fs::write(live.path().join("folder 0/newer"), b"of the next machine").unwrap();
        let third = next.back_up().unwrap();
        assert_eq!(third.seq, 3);
        assert!(third.sent_bytes < 1_000_000, "what the server has is not sent again: {} bytes", third.sent_bytes);
        // The one before may write no more.
        let replaced = machine.back_up().unwrap_err().to_string();
        assert!(replaced.contains("taken over"), "{replaced}");
        next.check(&person, first.seq, live.path(), &looked);
        next.check(&person, third.seq, live.path(), &compare::look(live.path()));
    })
    .await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_share_a_server_and_see_nothing_of_each_other() {
    let server = TestServer::start().await;
    let (url, code, invitation) = (server.url.clone(), server.setup_code().await, server.invitation().await);
    aside(move || {
        let ada = Person::sign_up(&url, &code, "ada@example.org");
        let bob = Person::sign_up(&url, &invitation, "bob@example.org");
        let live = tempfile::tempdir().unwrap();
        plain_tree(live.path(), &mut Random(11));
        let hers = Machine::enrol(&ada, &Wanted::New, live.path());
        let his = Machine::enrol(&bob, &Wanted::New, live.path());
        let first = hers.back_up().unwrap();
        // The same files under other keys: nothing is shared, and nothing of hers is known to him.
        let second = his.back_up().unwrap();
        assert!(second.sent_bytes > first.sent_bytes / 2, "{} and {}", first.sent_bytes, second.sent_bytes);
        assert_eq!((first.seq, second.seq), (1, 1));
        let (mine, theirs) = (ada.owner(), bob.owner());
        assert_eq!((mine.archive.sets().unwrap().len(), theirs.archive.sets().unwrap().len()), (1, 1));
        let set = hers.identity().set;
        assert!(theirs.archive.segment(set, 1).is_err() && theirs.archive.path(set, 1, 1).is_err());
        assert!(theirs.archive.snapshots(set, None, 10).is_err());
        let segment = mine.archive.segment(set, 1).unwrap();
        let body = segment.commits[0].header.header.body_cid;
        let asked = [iota_core::refs::Reference::private(body)];
        assert_eq!(theirs.archive.read_objects(&asked).unwrap(), [None]);
        his.check(&bob, 1, live.path(), &compare::look(live.path()));
    })
    .await;
    server.stop().await;
}

#[test]
fn names_of_the_corpus_are_nasty() {
    let live = tempfile::tempdir().unwrap();
    corpus::build(live.path(), 10, &mut Random(1));
    let mut longest = 0;
    let mut bytes = std::collections::BTreeSet::new();
    for entry in fs::read_dir(live.path()).unwrap().chain(fs::read_dir(live.path().join("names")).into_iter().flatten())
    {
        let name = entry.unwrap().file_name();
        longest = longest.max(name.as_bytes().len());
        bytes.extend(name.as_bytes().iter().copied());
    }
    assert!(longest >= 200 && bytes.len() > 100, "{longest} bytes, {} values", bytes.len());
}
