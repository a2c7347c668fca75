//! What changed by day, against what was done.

use crate::support::{Rig, tree::MemoryTree};
use crate::tab::{Tab, about_object};
use iota_core::api::json::SnapshotInfo;
use iota_core::vault::{DayChurn, Lock, ProblemKind, ReadChurn};

const DAY_MS: u64 = 26 * 3_600_000;
const SECOND_MS: u64 = 1000;

/// A machine with a tree of some pages, and what was done to it.
struct Past {
    rig: Rig,
    tree: MemoryTree,
    /// When days begin, by what was done.
    days_ms: Vec<u64>,
}

impl Past {
    /// Its first snapshot, with which a day begins.
    fn new() -> Self {
        let (rig, mut tree) = (Rig::new(), MemoryTree::default());
        for folder in 0..20 {
            tree.dir(&format!("f{folder:02}"));
            for file in 0..100 {
                tree.file(&format!("f{folder:02}/file {file:02}.txt"), format!("{folder} {file}").into_bytes());
            }
        }
        rig.backup(&tree).unwrap();
        let days_ms = vec![rig.clock.0.load(std::sync::atomic::Ordering::SeqCst)];
        Self { rig, tree, days_ms }
    }

    fn then(&mut self, change: impl FnOnce(&mut MemoryTree)) {
        self.rig.clock.advance_ms(SECOND_MS);
        change(&mut self.tree);
        self.rig.backup(&self.tree).unwrap();
    }

    /// After a day, which leads to a base.
    fn next_day(&mut self, change: impl FnOnce(&mut MemoryTree)) {
        self.rig.clock.advance_ms(DAY_MS);
        self.days_ms.push(self.days_ms[self.days_ms.len() - 1] + DAY_MS);
        self.then(change);
    }

    /// Four days with seven snapshots; nothing is stored on the third.
    fn lived() -> Self {
        let mut past = Self::new();
        past.then(|tree| tree.file("f03/new.bin", vec![1; 5000]));
        past.then(|tree| tree.file("f03/new.bin", vec![1; 7000]));
        past.next_day(|tree| {
            tree.remove("f07");
            tree.file("f09/other.bin", vec![2; 300]);
        });
        past.then(|tree| tree.remove("f09/other.bin"));
        past.rig.clock.advance_ms(DAY_MS);
        past.days_ms.push(past.days_ms[1] + DAY_MS);
        past.next_day(|tree| tree.file("f11/file 01.txt", vec![3; 40]));
        past.then(|tree| tree.dir("f20"));
        past
    }

    fn ask(&self, tab: &Tab, to: u64) -> Vec<Option<DayChurn>> {
        tab.ask(ReadChurn { set: self.rig.set, to, days_ms: self.days_ms.clone() }).unwrap()
    }
}

/// Files, bytes, what is gone.
fn churn(files: u64, bytes: u64, removed: u64) -> Option<DayChurn> {
    Some(DayChurn { files, bytes, removed, lost: 0 })
}

#[test]
fn churn_is_what_was_done_over_bases_too() {
    let past = Past::lived();
    let tab = Tab::unlocked(&past.rig);
    let (first, second, fourth) = (churn(2, 12_000, 0), churn(1, 300, 102), churn(1, 40, 0));
    assert_eq!(past.ask(&tab, 7), [first, second, None, fourth]);
    // Up to a delta, and to a base.
    assert_eq!(past.ask(&tab, 5), [first, second, None, None]);
    assert_eq!(past.ask(&tab, 4), [first, churn(1, 300, 101), None, None]);
    // The first snapshot has none before it.
    assert_eq!(past.ask(&tab, 2), [churn(1, 5000, 0), None, None, None]);
    assert_eq!(past.ask(&tab, 1), [None; 4]);
}

#[test]
fn days_that_are_not_asked_for_are_not_read() {
    let past = Past::lived();
    let tab = Tab::unlocked(&past.rig);
    let all = past.ask(&tab, 7);
    let segments = || tab.browser.0.asked.borrow().iter().filter(|(asked, _)| asked.contains("/segment")).count();
    let before = segments();
    // That of the last day, and the one that it is compared with.
    let last = ReadChurn { set: past.rig.set, to: 7, days_ms: past.days_ms[3..].to_vec() };
    assert_eq!((tab.ask(last).unwrap(), segments() - before), (all[3..].to_vec(), 2));
    let none = ReadChurn { set: past.rig.set, to: 7, days_ms: vec![] };
    assert_eq!(tab.ask(none).unwrap(), []);
}

#[test]
fn what_is_kept_no_more_counts_with_what_is() {
    let past = Past::lived();
    let tab = Tab::unlocked(&past.rig);
    let thin = |gone: &'static [u64]| {
        tab.browser.0.lie.replace(Some(Box::new(move |request, answer| {
            if !request.path.contains("/snapshots?") {
                return answer;
            }
            let mut listed: Vec<SnapshotInfo> = serde_json::from_slice(&answer).unwrap();
            listed.retain(|info| !gone.contains(&info.seq));
            serde_json::to_vec(&listed).unwrap()
        })));
    };
    let (first, second, fourth) = (churn(2, 12_000, 0), churn(1, 300, 102), churn(1, 40, 0));
    // A delta between others tells what it did although it is a snapshot no more.
    thin(&[2]);
    assert_eq!(past.ask(&tab, 7), [first, second, None, fourth]);
    // The last delta of a part does not: it counts with the base after it.
    thin(&[3]);
    assert_eq!(past.ask(&tab, 7), [churn(1, 5000, 0), churn(2, 7300, 102), None, fourth]);
    // Nor does a part of which nothing is left.
    thin(&[4, 5]);
    assert_eq!(past.ask(&tab, 7), [first, None, None, churn(1, 40, 101)]);
    // Of what is kept the oldest has nothing before it.
    thin(&[1, 2, 3]);
    assert_eq!(past.ask(&tab, 7), [None, churn(0, 0, 1), None, fourth]);
}

#[test]
fn a_lost_page_is_told_and_nothing_in_it_is_called_new_or_gone() {
    let mut past = Past::new();
    past.next_day(|tree| (0..20).for_each(|folder| tree.file(&format!("f{folder:02}/file 00.txt"), b"other".to_vec())));
    let objects: Vec<_> = past.rig.server.inner.lock().unwrap().objects.keys().copied().collect();
    let mut lost = 0;
    for cid in objects {
        let tab = Tab::unlocked(&past.rig);
        tab.browser.0.lie.replace(Some(about_object(cid, Vec::clear)));
        let told = past.ask(&tab, 2)[1].unwrap();
        assert!(told.removed == 0 && told.files <= 20 && told.bytes == told.files * 5, "{told:?}");
        assert!(told.lost > 0 || told.files == 20, "{told:?}");
        lost += u32::from(told.lost > 0);
    }
    assert!(lost > 2, "{lost}");
}

#[test]
fn a_locked_vault_says_nothing() {
    let past = Past::new();
    let tab = Tab::unlocked(&past.rig);
    tab.ask(Lock {}).unwrap();
    let question = |to| ReadChurn { set: past.rig.set, to, days_ms: past.days_ms.clone() };
    assert_eq!(tab.ask(question(1)).unwrap_err().kind, ProblemKind::Locked);
    tab.unlock().unwrap();
    assert_eq!(tab.ask(question(9)).unwrap_err().kind, ProblemKind::Missing);
}
