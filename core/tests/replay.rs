//! Time: a long random log, whose states are the same by whichever way they are reached, and in which damage is noticed.
//!
//! `IOTABACKUP_COMMITS` sets how long the log is (2,000), `IOTABACKUP_PATHS` how many paths it is about (50,000).

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use iota_core::{
    commit::{Body, Change, Totals},
    difference::{Aspect, Difference, differences, shared_pages},
    entry::{Entry, Kind, Metadata, Timestamp},
    extent::{ChunkKey, ChunkRef, Content, Extent},
    id::{Cid, Digest},
    operation::Operation,
    page::{PageRef, decode_index, decode_page, encode_index, encode_page},
    path::TreePath,
    replay::Replay,
    state::{ReplayError, State, StateCheck},
};
use std::collections::{BTreeMap, HashSet};

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn path(number: u64) -> TreePath {
    let mut bytes = format!("d{}/e{}/f", number % 23, number % 7).into_bytes();
    bytes.extend_from_slice(&[0x80 | (number % 64) as u8]);
    bytes.extend_from_slice(number.to_string().as_bytes());
    TreePath::parse(&bytes).unwrap()
}

fn entry(path: TreePath, dice: &mut Dice) -> Entry {
    let kind = match dice.roll(8) {
        0 => Kind::Dir,
        1 => Kind::Symlink { target: dice.roll(u64::MAX).to_string().into_bytes().into() },
        _ => {
            let chunk = ChunkRef::private(Cid::of(&dice.roll(1 << 30).to_le_bytes()), ChunkKey([1; 32]));
            let length = 1 + dice.roll(1000) as u32;
            let extent = Extent::Slice { chunk, offset: 0, length };
            Kind::File { size: length.into(), link: None, content: Content::Inline(vec![extent]) }
        }
    };
    let mtime = Timestamp { seconds: dice.roll(1 << 31) as i64, nanoseconds: dice.roll(1_000_000_000) as u32 };
    Entry { path, metadata: Metadata { mode: dice.roll(0o1000) as u32, mtime, ..Metadata::default() }, kind }
}

type Tree = BTreeMap<Vec<u8>, Entry>;

fn key(path: &TreePath) -> Vec<u8> {
    path.key().as_bytes().to_vec()
}

/// Pages, by their ids.
#[derive(Default)]
struct Store(BTreeMap<Cid, Vec<u8>>);

impl Store {
    fn put(&mut self, plaintext: Vec<u8>) -> ChunkRef {
        let cid = Cid::of(&plaintext);
        self.0.insert(cid, plaintext);
        ChunkRef::private(cid, ChunkKey([0; 32]))
    }

    /// A base of `tree`, cut by its paths, so that it shares pages with others.
    fn base(&mut self, tree: &Tree) -> Vec<PageRef> {
        let entries: Vec<Entry> = tree.values().cloned().collect();
        let mut pages = Vec::new();
        for run in entries.chunk_by(|entry, _| Digest::of(entry.path.as_bytes()).0[0] >= 16) {
            let chunk = self.put(encode_page(run));
            pages.push(PageRef { first: run[0].path.clone(), chunk, entries: run.len() as u64 });
        }
        let mut top = Vec::new();
        for run in pages.chunk_by(|page, _| Digest::of(page.first.as_bytes()).0[0] >= 32) {
            let chunk = self.put(encode_index(run));
            let entries = run.iter().map(|page| page.entries).sum();
            top.push(PageRef { first: run[0].first.clone(), chunk, entries });
        }
        top
    }

    /// All entries of a state; their sum is checked.
    fn read(&self, state: &State) -> Result<Tree, ReplayError> {
        let pages = state.top.iter().flat_map(|index| decode_index(&self.0[&index.chunk.cid]).unwrap());
        let entries = pages.flat_map(|page| decode_page(&self.0[&page.chunk.cid]).unwrap()).map(Ok::<_, ReplayError>);
        let mut check = StateCheck::default();
        let entries = state.overlay.merge(entries, Vec::new(), None).map(|entry| {
            let entry = entry.unwrap();
            check.add(&entry);
            (key(&entry.path), entry)
        });
        let tree = entries.collect();
        check.finish(&state.state_root).map(|()| tree)
    }

    /// What lies between two states, by the pages that tell; and how many those are.
    fn between(&self, before: &State, after: &State) -> Result<(Vec<Difference>, usize), ReplayError> {
        let told_apart = before.overlay.told_apart(&after.overlay);
        let mut pages = [bounded(&before.top, None), bounded(&after.top, None)];
        let keep_telling = |[before, after]: &mut [Vec<Bounded>; 2]| {
            fn refs(pages: &[Bounded]) -> impl Iterator<Item = (&PageRef, Option<&[u8]>)> {
                pages.iter().map(|(page, end)| (page, end.as_deref()))
            }
            let shared: HashSet<Cid> = shared_pages(refs(before), refs(after), &told_apart);
            for pages in [before, after] {
                pages.retain(|(page, _)| !shared.contains(&page.chunk.cid));
            }
        };
        keep_telling(&mut pages);
        let mut pages = pages.map(|indexes| {
            let below = |(index, end): Bounded| bounded(&decode_index(&self.0[&index.chunk.cid]).unwrap(), end);
            indexes.into_iter().flat_map(below).collect::<Vec<_>>()
        });
        keep_telling(&mut pages);
        let count = pages.iter().map(Vec::len).sum();
        let [one, other] = pages.map(|pages| {
            pages
                .into_iter()
                .flat_map(|(page, _)| decode_page(&self.0[&page.chunk.cid]).unwrap())
                .map(Ok::<_, ReplayError>)
        });
        let one = before.overlay.merge(one, Vec::new(), None);
        let other = after.overlay.merge(other, Vec::new(), None);
        let all: Result<Vec<_>, _> = differences(one, other, Some((before.state_root, after.state_root))).collect();
        all.map(|all| (all, count))
    }
}

type Bounded = (PageRef, Option<Vec<u8>>);

fn bounded(refs: &[PageRef], last: Option<Vec<u8>>) -> Vec<Bounded> {
    let end = |index: usize| refs.get(index + 1).map(|next| key(&next.first)).or_else(|| last.clone());
    refs.iter().enumerate().map(|(index, page)| (page.clone(), end(index))).collect()
}

/// A log, and what is true of it.
struct Log {
    store: Store,
    bodies: Vec<Body>,
    /// What each commit changed.
    changes: Vec<Vec<(Option<Entry>, Option<Entry>)>>,
}

impl Log {
    fn write(commits: u64, paths: u64, dice: &mut Dice) -> Self {
        let mut log = Self { store: Store::default(), bodies: Vec::new(), changes: Vec::new() };
        let (mut tree, mut root) = (Tree::new(), Digest::ZERO);
        for commit in 0..commits {
            let count = if commit == 0 { paths / 2 } else { dice.roll(30) };
            let mut numbers: Vec<u64> = (0..count).map(|_| dice.roll(paths)).collect();
            numbers.sort_by_key(|&number| path(number));
            numbers.dedup();
            let mut changes = Vec::new();
            for number in numbers {
                let before = tree.get(&key(&path(number))).cloned();
                let after = (before.is_none() || dice.roll(3) > 0).then(|| entry(path(number), dice));
                match &after {
                    Some(after) => tree.insert(key(&after.path), after.clone()),
                    None => tree.remove(&key(&path(number))),
                };
                before.iter().chain(&after).for_each(|entry| root.toggle(&entry.hash().0));
                changes.push((before, after));
            }
            let is_base = commit == 0 || dice.roll(12) == 0;
            let change = if is_base {
                Change::Base(log.store.base(&tree))
            } else {
                Change::Delta(changes.iter().cloned().map(operation).collect())
            };
            let totals = Totals { files: tree.len() as u64, ..Totals::default() };
            log.bodies.push(Body { change, seen: vec![], gaps: vec![], gap_count: commit, totals, state_root: root });
            log.changes.push(changes);
        }
        log
    }

    /// The state at a commit, from its base on.
    fn replayed(&self, at: usize) -> State {
        let base = self.bodies[..=at].iter().rposition(|body| matches!(body.change, Change::Base(_))).unwrap();
        State::replay(self.bodies[base..=at].iter().cloned()).unwrap()
    }

    /// What commits `from + 1` to `to` changed, one word for each path.
    fn changed(&self, from: usize, to: usize) -> Vec<Difference> {
        let mut changed = BTreeMap::new();
        for (before, after) in self.changes[from + 1..=to].iter().flatten() {
            let path = &before.as_ref().or(after.as_ref()).unwrap().path;
            changed.entry(key(path)).or_insert_with(|| (before.clone(), None)).1 = after.clone();
        }
        changed.into_values().filter_map(|(before, after)| Difference::between(before, after)).collect()
    }
}

fn operation((before, after): (Option<Entry>, Option<Entry>)) -> Operation {
    match (before, after) {
        (_, Some(after)) => Operation::Put(after),
        (Some(before), None) => Operation::Remove(before.path),
        (None, None) => unreachable!("nothing is no change"),
    }
}

/// Moves what is true by one commit.
fn move_tree(tree: &mut Tree, changes: &[(Option<Entry>, Option<Entry>)], forward: bool) {
    for (before, after) in changes {
        let (old, new) = if forward { (before, after) } else { (after, before) };
        old.iter().for_each(|old| drop(tree.remove(&key(&old.path))));
        new.iter().for_each(|new| drop(tree.insert(key(&new.path), new.clone())));
    }
}

#[test]
fn every_way_through_time_leads_to_the_same_states() {
    let (commits, paths) = (number("IOTABACKUP_COMMITS", 2_000), number("IOTABACKUP_PATHS", 50_000));
    let mut dice = Dice(2026);
    let log = Log::write(commits, paths, &mut dice);
    // Whole states are compared as often as the time allows, differences between neighbours always.
    let every = (commits * paths / 400_000).max(1);
    let (mut tree, mut replay) =
        (Tree::new(), Replay::start(log.bodies[..commits as usize / 2].iter().cloned()).unwrap());
    move_tree(&mut tree, &log.changes[0], true);
    let last = log.bodies.len() - 1;
    for at in 1..=last {
        // What is written later is added later.
        if at == commits as usize / 2 {
            assert!(!replay.advance());
            replay.extend(log.bodies[at..].iter().cloned());
        }
        let before = replay.state().clone();
        assert!(replay.advance());
        move_tree(&mut tree, &log.changes[at], true);
        let (found, pages) = log.store.between(&before, replay.state()).unwrap();
        assert_eq!(found, log.changed(at - 1, at), "commit {at}");
        assert!(
            pages <= 4 * (before.overlay.told_apart(&replay.state().overlay).len() + found.len()) + 2,
            "{pages} pages"
        );
        if (at as u64).is_multiple_of(every) || at == last {
            assert!(log.store.read(replay.state()).unwrap() == tree, "commit {at}");
        }
    }
    assert!(!replay.advance() && *replay.state() == log.replayed(last));
    for at in (0..last).rev() {
        assert!(replay.rewind());
        move_tree(&mut tree, &log.changes[at + 1], false);
        assert!(*replay.state() == log.replayed(at), "commit {at}");
        if (at as u64).is_multiple_of(every) {
            assert!(log.store.read(replay.state()).unwrap() == tree, "commit {at}");
        }
    }
    assert!(!replay.rewind());
    // Back and forth, and between any two points.
    let mut at = 0;
    for _ in 0..40 {
        let to = dice.roll(commits) as usize;
        let from = at;
        assert!(replay.go(to) && !replay.go(last + 1));
        at = to;
        assert!(*replay.state() == log.replayed(at), "commit {at}");
        let (low, high) = (from.min(to), from.max(to));
        let (found, _) = log.store.between(&log.replayed(low), &log.replayed(high)).unwrap();
        assert_eq!(found, log.changed(low, high), "commits {low} to {high}");
    }
    let (found, _) = log.store.between(&State::empty(), &log.replayed(0)).unwrap();
    assert_eq!(found.len(), log.changes[0].len());
}

#[test]
fn a_damaged_delta_and_a_wrong_root_are_noticed() {
    let mut dice = Dice(7);
    let log = Log::write(60, 300, &mut dice);
    let mut noticed = 0;
    for at in 1..log.bodies.len() {
        let before = log.replayed(at - 1);
        let mut damaged = vec![Body { state_root: Digest::of(b"another"), ..log.bodies[at].clone() }];
        if let Change::Delta(operations) = &log.bodies[at].change
            && !operations.is_empty()
        {
            let place = dice.roll(operations.len() as u64) as usize;
            let with = |changed: Option<Operation>| {
                let mut operations = operations.clone();
                operations.splice(place..=place, changed);
                Body { change: Change::Delta(operations), ..log.bodies[at].clone() }
            };
            damaged.push(with(None));
            damaged.push(with(Some(Operation::Put(entry(operations[place].path().clone(), &mut dice)))));
        }
        for body in damaged {
            let mut after = before.clone();
            after.advance(body);
            assert_eq!(log.store.between(&before, &after), Err(ReplayError::StateRoot), "commit {at}");
            assert_eq!(log.store.read(&after), Err(ReplayError::StateRoot), "commit {at}");
            noticed += 1;
        }
    }
    assert!(noticed > 100);
}

#[test]
fn a_log_without_a_base_has_no_states() {
    let delta = Body { change: Change::Delta(vec![]), ..Log::write(1, 2, &mut Dice(1)).bodies[0].clone() };
    assert!(Replay::start([]).is_err() && Replay::start([delta]).is_err());
}

#[test]
fn what_differs_is_told_apart() {
    let file = |size: u64, mtime: i64| {
        let content = Content::Inline(if size > 0 { vec![Extent::Hole { length: size }] } else { vec![] });
        let mtime = Timestamp { seconds: mtime, nanoseconds: 0 };
        let kind = Kind::File { size, link: None, content };
        Entry { path: path(1), metadata: Metadata { mtime, ..Metadata::default() }, kind }
    };
    let dir = Entry { kind: Kind::Dir, ..file(0, 1) };
    let link = |target: &[u8]| Entry { kind: Kind::Symlink { target: target.into() }, ..file(0, 1) };
    let mode = Entry { metadata: Metadata { mode: 1, ..file(3, 1).metadata }, ..file(3, 1) };
    for (before, after, aspect) in [
        (None, Some(dir.clone()), Aspect::Existence),
        (Some(dir.clone()), None, Aspect::Existence),
        (Some(dir), Some(file(0, 1)), Aspect::Kind),
        (Some(file(3, 1)), Some(file(4, 2)), Aspect::Content),
        (Some(file(3, 1)), Some(file(4, 1)), Aspect::SilentContent),
        (Some(link(b"a")), Some(link(b"b")), Aspect::SilentContent),
        (Some(file(3, 1)), Some(file(3, 2)), Aspect::Metadata),
        (Some(file(3, 1)), Some(mode), Aspect::Metadata),
    ] {
        assert_eq!(Difference::between(before, after).unwrap().aspect(), aspect);
    }
    assert_eq!(Difference::between(Some(file(3, 1)), Some(file(3, 1))), None);
}

#[test]
fn what_is_stored_elsewhere_may_have_the_same_bytes() {
    let file = |chunk: u8, size: u32, mtime: i64| {
        let chunk = ChunkRef::private(Cid([chunk; 32]), ChunkKey([chunk; 32]));
        let extents = vec![Extent::Slice { chunk, offset: 0, length: size }];
        let kind = Kind::File { size: size.into(), link: None, content: Content::Inline(extents) };
        let mtime = Timestamp { seconds: mtime, nanoseconds: 0 };
        Entry { path: path(1), metadata: Metadata { mtime, ..Metadata::default() }, kind }
    };
    let change = |before, after| Difference::between(Some(before), Some(after)).unwrap();
    let moved = change(file(1, 9, 5), file(2, 9, 5));
    assert_eq!(moved.aspect(), Aspect::SilentContent);
    assert!(moved.moved(10).is_some() && moved.moved(9).is_none());
    assert_eq!(moved.with_same_bytes(), None);
    let touched = change(file(1, 9, 5), file(2, 9, 6));
    assert!(touched.moved(10).is_some());
    assert_eq!(touched.with_same_bytes().unwrap().aspect(), Aspect::Metadata);
    for still in [change(file(1, 9, 5), file(1, 9, 6)), change(file(1, 9, 5), file(2, 8, 5))] {
        assert!(still.moved(10).is_none());
    }
    assert!(Difference::Added(file(1, 9, 5)).moved(10).is_none());
}
