//! The pipeline against a server and a file system in memory: what is restored is what was there, whatever happened.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::backup::Options;
use iota_core::commit::{CommitKind, Flags, GapReason};
use std::{sync::atomic::Ordering, time::Duration};
use support::{Rig, tree::MemoryTree};

fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut data = vec![0; bytes];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut data);
    data
}

/// Small numbers that only depend on the seed.
struct Dice(blake3::OutputReader);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(blake3::Hasher::new().update(b"dice").update(&seed.to_le_bytes()).finalize_xof())
    }

    fn roll(&mut self, sides: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % sides
    }
}

fn sample() -> MemoryTree {
    let mut tree = MemoryTree::default();
    for dir in ["home", "home/ada", "home/ada/deep", "home/bob"] {
        tree.dir(dir);
    }
    for number in 0..300 {
        tree.file(&format!("home/ada/note {number}"), noise(number, 10 + number as usize * 40));
    }
    tree.file("home/ada/empty", []);
    tree.file("home/ada/deep/film", noise(1, 3_000_000));
    tree.file("home/bob/copy of film", noise(1, 3_000_000));
    tree.file("home/bob/disk.img", noise(2, 2_500_000));
    tree
}

#[test]
fn a_tree_comes_back_and_an_unchanged_one_sends_nothing() {
    let rig = Rig::new();
    let tree = sample();
    let first = rig.backup(&tree).unwrap();
    assert_eq!((first.seq, first.files, first.dirs, first.gap_count), (1, 304, 4, 0));
    assert_eq!(rig.restore_latest().contents(), tree.contents());
    let sent = rig.server.sent_count();
    tree.reads.borrow_mut().clear();
    let second = rig.backup(&tree).unwrap();
    assert_eq!((second.seq, second.read_bytes, second.sent_bytes), (2, 0, 0));
    assert_eq!(rig.server.sent_count(), sent);
    assert!(tree.reads.borrow().is_empty());
    assert_eq!(rig.restore_latest().contents(), tree.contents());
}

#[test]
fn equal_content_is_sent_once() {
    let rig = Rig::new();
    rig.backup(&sample()).unwrap();
    let mut sent = rig.server.inner.lock().unwrap().sent.clone();
    let count = sent.len();
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), count);
}

#[test]
fn renaming_moving_and_deleting_sends_no_content() {
    let rig = Rig::new();
    let mut tree = sample();
    rig.backup(&tree).unwrap();
    tree.remove("home/bob/copy of film");
    tree.remove("home/ada/note 7");
    tree.file("home/bob/note 7, moved", noise(7, 10 + 7 * 40));
    let film = tree.node("home/ada/deep/film").content.clone();
    tree.remove("home/ada/deep");
    tree.put("home/bob/film", film);
    let report = rig.backup(&tree).unwrap();
    assert_eq!((report.new_bytes, report.sent_bytes), (0, 0));
    assert_eq!(rig.restore_latest().contents(), tree.contents());
}

#[test]
fn without_its_cache_a_run_sends_no_big_content_and_lists_all_references() {
    let rig = Rig::new();
    let mut tree = sample();
    rig.backup(&tree).unwrap();
    tree.file("home/ada/note 100", noise(9999, 500));
    rig.backup(&tree).unwrap();
    iota_agent::state::State::discard(rig.state.path()).unwrap();
    let sent = rig.server.sent_count();
    let report = rig.backup(&tree).unwrap();
    assert!(report.sent_bytes < 800_000, "only the run around the changed note: {}", report.sent_bytes);
    assert!(rig.server.sent_count() - sent < 8);
    {
        let inner = rig.server.inner.lock().unwrap();
        assert!(inner.commits[2].frame.header.header.flags.contains(Flags::FULL_REFERENCES));
    }
    assert_eq!(rig.restore_latest().contents(), tree.contents());
}

#[test]
fn random_histories_restore_at_every_point() {
    for seed in 0..12 {
        let rig = Rig::new();
        let mut tree = sample();
        let mut dice = Dice::new(seed);
        let mut points = Vec::new();
        for round in 0..10 {
            for _ in 0..dice.roll(40) {
                let number = dice.roll(320);
                let name = format!("home/ada/note {number}");
                match dice.roll(6) {
                    0 => tree.remove(&name),
                    1 => tree.file(&name, noise(dice.roll(50), 1 + dice.roll(60_000) as usize)),
                    2 => tree.file(&format!("home/bob/big {}", dice.roll(4)), noise(dice.roll(9), 300_000)),
                    3 => {
                        tree.dir(&format!("home/bob/d{}", number % 5));
                        tree.file(&format!("home/bob/d{}/x{number}", number % 5), noise(number, 2_000));
                    }
                    4 => tree.remove(&format!("home/bob/d{}", number % 5)),
                    _ => {
                        let node = tree.nodes.values().nth(dice.roll(tree.nodes.len() as u64) as usize).unwrap();
                        if let Some(mut content) = node.content.clone() {
                            let at = dice.roll(content.len() as u64 + 1) as usize;
                            content.insert(at, 1);
                            tree.file(&name, content);
                        }
                    }
                }
            }
            if dice.roll(4) == 0 {
                rig.clock.advance_ms(24 * 60 * 60 * 1000);
            }
            if dice.roll(5) == 0 {
                iota_agent::state::State::discard(rig.state.path()).unwrap();
            }
            if dice.roll(6) == 0 && round > 0 {
                // The server loses objects that it acknowledged.
                let mut inner = rig.server.inner.lock().unwrap();
                let live: Vec<_> = inner.commits.last().unwrap().live.iter().map(|reference| reference.cid).collect();
                let lost = live[dice.roll(live.len() as u64) as usize];
                inner.objects.remove(&lost);
            }
            let report = rig.backup(&tree).unwrap();
            points.push((report.seq, tree.contents()));
        }
        for (seq, contents) in points {
            let healed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| rig.restore(seq).contents()));
            match healed {
                Ok(restored) => assert!(restored == contents, "seed {seed}, commit {seq}"),
                // Lost for an old commit only when no later backup had the content.
                Err(_) => {
                    rig.server.inner.clear_poison();
                    assert!(seq < rig.server.head_seq(), "seed {seed}: the newest commit must restore");
                }
            }
        }
    }
}

#[test]
fn any_call_may_fail_or_lose_its_answer_and_the_next_run_goes_on() {
    for lose_answer in [false, true] {
        for call in 0..24 {
            let rig = Rig::new();
            let mut tree = sample();
            rig.backup(&tree).unwrap();
            tree.file("home/ada/note 1", noise(50, 900));
            tree.file("home/bob/new", noise(51, 700_000));
            rig.server.lose_answer.store(lose_answer, Ordering::SeqCst);
            rig.server.fail_in.store(call, Ordering::SeqCst);
            let failed = rig.backup(&tree).is_err();
            rig.server.fail_in.store(-1, Ordering::SeqCst);
            tree.file("home/ada/note 2", noise(52, 900));
            rig.backup(&tree).unwrap();
            assert_eq!(rig.restore_latest().contents(), tree.contents(), "call {call}, failed {failed}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_a_gap_and_its_last_version_stays() {
    let rig = Rig::new();
    let mut tree = sample();
    rig.backup(&tree).unwrap();
    let before = tree.contents();
    tree.file("home/ada/note 3", noise(77, 100));
    tree.node("home/ada/note 3").unreadable = true;
    let report = rig.backup(&tree).unwrap();
    assert_eq!(report.gap_count, 1);
    assert_eq!((&*report.gaps[0].path, report.gaps[0].reason), (&b"home/ada/note 3"[..], GapReason::Permission));
    assert_eq!(rig.restore_latest().contents(), before);
    let inner = rig.server.inner.lock().unwrap();
    assert!(inner.commits[1].frame.header.header.flags.contains(Flags::GAPS));
}

#[test]
fn a_restless_file_is_read_again_and_marked_when_it_never_settles() {
    let rig = Rig::new();
    let mut tree = sample();
    tree.node("home/ada/note 3").restless = 2;
    assert_eq!(rig.backup(&tree).unwrap().gap_count, 0);
    tree.file("home/ada/deep/film", noise(5, 1_000_000));
    tree.node("home/ada/deep/film").restless = 3;
    let report = rig.backup(&tree).unwrap();
    assert_eq!((report.gap_count, report.gaps[0].reason), (1, GapReason::Torn));
    tree.reads.borrow_mut().clear();
    tree.node("home/ada/deep/film").restless = 0;
    assert_eq!(rig.backup(&tree).unwrap().gap_count, 0);
    assert_eq!(tree.reads.borrow().len(), 1, "a torn file is read again by the next run");
}

#[test]
fn a_long_first_backup_commits_on_its_way() {
    let rig = Rig::new();
    let tree = sample();
    let options = Options { commit_every: Duration::ZERO, ..Options::default() };
    rig.backup_with(&tree, options).unwrap();
    let commits = rig.server.head_seq();
    assert!(commits > 10);
    {
        let inner = rig.server.inner.lock().unwrap();
        let flags = |stored: &support::server::Stored| stored.frame.header.header.flags.contains(Flags::PARTIAL);
        assert!(inner.commits[..commits as usize - 1].iter().all(flags));
        assert!(!flags(inner.commits.last().unwrap()));
    }
    assert!(rig.restore(commits / 2).nodes.len() < tree.nodes.len());
    assert_eq!(rig.restore_latest().contents(), tree.contents());
}

#[test]
fn a_base_comes_each_day_and_shares_its_pages() {
    let rig = Rig::new();
    let mut tree = sample();
    rig.backup(&tree).unwrap();
    rig.backup(&tree).unwrap();
    rig.clock.advance_ms(24 * 60 * 60 * 1000);
    tree.file("home/bob/today", noise(3, 100));
    let report = rig.backup(&tree).unwrap();
    let inner = rig.server.inner.lock().unwrap();
    let kinds: Vec<_> = inner.commits.iter().map(|stored| stored.frame.header.header.kind).collect();
    assert_eq!(kinds, [CommitKind::Base, CommitKind::Delta, CommitKind::Base]);
    assert!(report.sent_bytes < 200_000, "{}", report.sent_bytes);
}

#[test]
fn a_cloned_agent_is_refused() {
    let rig = Rig::new();
    let mut tree = sample();
    rig.backup(&tree).unwrap();
    let ratchet = std::fs::read(rig.config.path().join("ratchet")).unwrap();
    tree.file("home/bob/x", noise(3, 100));
    rig.backup(&tree).unwrap();
    std::fs::write(rig.config.path().join("ratchet"), ratchet).unwrap();
    let error = rig.backup(&tree).unwrap_err().to_string();
    assert!(error.contains("cloned") && error.contains("iota enroll"), "{error}");
    assert_eq!(rig.server.head_seq(), 2);
}
