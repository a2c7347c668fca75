//! Machines of an account witness each other's progress, so that a server cannot hide that of one alone.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    history::{Doubt, History, Moment, ReadError},
    owner::Owner,
    remote::{Archive, ObjectSource, RemoteError},
    witness::Witness,
};
use iota_core::{
    api::{
        frames::Segment,
        json::{Bytes, SeenHead, SetInfo, SnapshotInfo},
        retention::Retention,
    },
    commit::{CommitKind, Seen, SignedHeader},
    history::HistoryError,
    id::{HeaderHash, SetId},
    refs::Reference,
};
use iota_crypto::{body, keys::MasterKey};
use std::sync::atomic::Ordering;
use support::{ACCOUNT, Rig, archive::MemoryArchive, tree::MemoryTree};

const OTHER: SetId = SetId([5; 16]);
const HASH: HeaderHash = HeaderHash([6; 32]);

fn head(seq: u64) -> SeenHead {
    SeenHead { set: OTHER, seq, hash: HASH }
}

/// Heads of others that each commit names, and whether it is a base.
fn named(rig: &Rig) -> Vec<(CommitKind, Vec<Seen>)> {
    let inner = rig.server.inner.lock().unwrap();
    let of = |stored: &support::server::Stored| {
        let header = &stored.frame.header.header;
        let key = rig.master.log_root(ACCOUNT, rig.set, 1).advance(header.seq - 1);
        (header.kind, body::open(&key.body_key(), header, &stored.frame.body).unwrap().seen)
    };
    inner.commits.iter().map(of).collect()
}

fn tree(version: u32) -> MemoryTree {
    let mut tree = MemoryTree::default();
    tree.file("file", format!("version {version}").into_bytes());
    tree
}

#[test]
fn what_the_server_tells_of_others_is_named_once_and_in_every_base() {
    let rig = Rig::new();
    let told = |seq| Seen { set: OTHER, seq, hash: HASH };
    rig.server.inner.lock().unwrap().others = vec![head(3)];
    for version in 0..3 {
        rig.backup(&tree(version)).unwrap();
    }
    rig.clock.advance_ms(24 * 60 * 60 * 1000);
    rig.backup(&tree(3)).unwrap();
    let expected = [(CommitKind::Base, vec![]), (CommitKind::Delta, vec![told(3)]), (CommitKind::Delta, vec![])];
    let found = named(&rig);
    assert_eq!(found[..3], expected);
    assert_eq!(found[3], (CommitKind::Base, vec![told(3)]));
}

#[test]
fn no_head_is_forgotten_however_a_run_ends() {
    let calls = 12;
    for (cut, lose_answer) in (0..calls).flat_map(|cut| [(cut, false), (cut, true)]) {
        let rig = Rig::new();
        rig.server.inner.lock().unwrap().others = vec![head(3)];
        rig.backup(&tree(0)).unwrap();
        rig.server.lose_answer.store(lose_answer, Ordering::SeqCst);
        rig.server.fail_in.store(cut, Ordering::SeqCst);
        let failed = rig.backup(&tree(1)).is_err();
        assert!(failed || cut > 2, "a run makes more calls than {cut}");
        rig.server.fail_in.store(-1, Ordering::SeqCst);
        rig.backup(&tree(2)).unwrap();
        let found = named(&rig);
        assert!(found.iter().any(|(_, seen)| seen.iter().any(|seen| seen.seq == 3)), "{cut} {lose_answer}: {found:?}");
    }
}

/// The sets of one account together.
struct Account(Vec<MemoryArchive>);

impl Account {
    fn of(&self, set: SetId) -> &MemoryArchive {
        self.0.iter().find(|archive| archive.sets().unwrap()[0].set == set).unwrap()
    }
}

impl Archive for Account {
    fn sets(&self) -> Result<Vec<SetInfo>, RemoteError> {
        Ok(self.0.iter().flat_map(|archive| archive.sets().unwrap()).collect())
    }

    fn snapshots(&self, set: SetId, before: Option<u64>, limit: usize) -> Result<Vec<SnapshotInfo>, RemoteError> {
        self.of(set).snapshots(set, before, limit)
    }

    fn retention(&self) -> Result<Retention, RemoteError> {
        self.0[0].retention()
    }

    fn freed(&self, set: SetId, gone: &[u64]) -> Result<u64, RemoteError> {
        self.of(set).freed(set, gone)
    }

    fn segment(&self, set: SetId, at: u64) -> Result<Segment, RemoteError> {
        self.of(set).segment(set, at)
    }

    fn path(&self, set: SetId, from: u64, to: u64) -> Result<Vec<SignedHeader>, RemoteError> {
        self.of(set).path(set, from, to)
    }
}

impl ObjectSource for Account {
    fn read_objects(&self, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError> {
        self.0[0].read_objects(references)
    }
}

/// What a reader doubts who has never seen any of the sets.
fn doubts(rigs: &[&Rig]) -> Vec<Doubt> {
    let archive = Account(rigs.iter().map(|rig| rig.archive()).collect());
    let owner = Owner::new(ACCOUNT, MasterKey::from_bytes(*rigs[0].master.expose()), Box::new(archive));
    let nowhere = tempfile::tempdir().unwrap();
    let mut witness = Witness::load(nowhere.path(), ACCOUNT).unwrap();
    let info = owner.archive.sets().unwrap().remove(0);
    History::open(&owner, &info, &mut witness).unwrap().doubts().unwrap()
}

#[test]
fn hiding_the_progress_of_one_machine_is_found_by_what_another_says() {
    let (attic, cellar) = (Rig::new(), Rig::of_set(OTHER));
    let tell = |to: &Rig, of: &Rig| {
        let inner = of.server.inner.lock().unwrap();
        let header = &inner.commits.last().unwrap().frame.header.header;
        let head = SeenHead { set: of.set, seq: header.seq, hash: header.hash() };
        drop(std::mem::replace(&mut to.server.inner.lock().unwrap().others, vec![head]));
    };
    for version in 0..3 {
        cellar.backup(&tree(version)).unwrap();
    }
    tell(&attic, &cellar);
    for version in 0..2 {
        attic.backup(&tree(version)).unwrap();
    }
    tell(&cellar, &attic);
    for version in 3..5 {
        cellar.backup(&tree(version)).unwrap();
    }
    let both = || doubts(&[&attic, &cellar]);
    assert_eq!(both(), []);
    // Back to commit 3 is not noticed, since the other was told no more; back to 2 is.
    let pop = || cellar.server.inner.lock().unwrap().commits.pop().unwrap();
    let hidden = [Doubt::Hidden { set: OTHER, seq: 3, by: attic.set }];
    let mut taken = vec![pop(), pop()];
    assert_eq!(both(), []);
    taken.push(pop());
    assert_eq!(both(), hidden);
    // So are no commits at all, and no set at all.
    taken.push(pop());
    taken.push(pop());
    assert_eq!(both(), hidden);
    assert_eq!(doubts(&[&attic]), hidden);
    taken.into_iter().rev().for_each(|commit| cellar.server.inner.lock().unwrap().commits.push(commit));
    assert_eq!(both(), []);
    // What cannot be read is told, and hides nothing else.
    attic.server.inner.lock().unwrap().commits[1].frame.body[9] ^= 1;
    let found = both();
    assert!(
        matches!(&found[..], [Doubt::Unreadable { set, .. }, Doubt::Hidden { .. }] if *set == attic.set),
        "{found:?}"
    );
}

/// A server that has another branch, signed with the machine's key, and shows the paths of the honest one.
struct Forked {
    inner: MemoryArchive,
    branch: Vec<SignedHeader>,
    /// The commit that it says is the newest, and whether it shows that of the branch.
    head: (u64, bool),
    /// Whether states come from the branch.
    states: bool,
}

impl Forked {
    fn of_branch(&self, signed: &SignedHeader) -> SignedHeader {
        self.branch[signed.header.seq as usize - 1].clone()
    }
}

impl Archive for Forked {
    fn sets(&self) -> Result<Vec<SetInfo>, RemoteError> {
        let mut sets = self.inner.sets()?;
        let (seq, forged) = self.head;
        let honest = self.inner.path(sets[0].set, seq, seq)?.remove(0);
        let signed = if forged { self.of_branch(&honest) } else { honest };
        let head = sets[0].head.as_mut().unwrap();
        (head.seq, head.hash, head.header) = (seq, signed.header.hash(), Bytes(signed.encode()));
        Ok(sets)
    }

    fn snapshots(&self, set: SetId, before: Option<u64>, limit: usize) -> Result<Vec<SnapshotInfo>, RemoteError> {
        self.inner.snapshots(set, before, limit)
    }

    fn retention(&self) -> Result<Retention, RemoteError> {
        self.inner.retention()
    }

    fn freed(&self, set: SetId, gone: &[u64]) -> Result<u64, RemoteError> {
        self.inner.freed(set, gone)
    }

    fn segment(&self, set: SetId, at: u64) -> Result<Segment, RemoteError> {
        let mut segment = self.inner.segment(set, at)?;
        if self.states {
            segment.path = segment.path.iter().map(|signed| self.of_branch(signed)).collect();
            segment.commits.iter_mut().for_each(|commit| commit.header = self.of_branch(&commit.header));
        }
        Ok(segment)
    }

    fn path(&self, set: SetId, from: u64, to: u64) -> Result<Vec<SignedHeader>, RemoteError> {
        self.inner.path(set, from, to)
    }
}

impl ObjectSource for Forked {
    fn read_objects(&self, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError> {
        self.inner.read_objects(references)
    }
}

/// What becomes of the state at `at` for a reader who saw commit 3, when the server has five and a branch from `fork` on.
fn with_branch(rig: &Rig, fork: u64, head: (u64, bool), states: bool, at: u64) -> Result<u64, ReadError> {
    let archive = Forked { inner: rig.archive(), branch: rig.fork(fork), head, states };
    let owner = Owner::new(ACCOUNT, MasterKey::from_bytes(*rig.master.expose()), Box::new(archive));
    let nowhere = tempfile::tempdir().unwrap();
    let mut witness = Witness::load(nowhere.path(), ACCOUNT).unwrap();
    let third = rig.archive().path(rig.set, 3, 3)?.remove(0);
    witness.remember(rig.set, 3, third.header.hash(), 1);
    let info = owner.archive.sets()?.remove(0);
    let point = History::open(&owner, &info, &mut witness)?.at(Moment::Seq(at))?;
    Ok(point.header().seq)
}

#[test]
fn a_branch_that_the_key_of_the_machine_signed_is_found_by_who_saw_the_other() {
    let rig = Rig::new();
    for version in 0..5 {
        rig.backup(&tree(version)).unwrap();
    }
    // The newest is an honest head, or one that was it when it was read.
    for head in 3..=5 {
        assert_eq!(with_branch(&rig, 2, (head, false), false, 2).unwrap(), 2);
    }
    for fork in 1..=3 {
        for head in 3..=5 {
            let shown = with_branch(&rig, fork, (head, true), false, 1);
            let expected = if head == 3 { HistoryError::Rollback(3) } else { HistoryError::OtherCommits };
            assert!(matches!(shown, Err(ReadError::History(error)) if error == expected), "{fork} {head}");
        }
    }
    // An honest head, and a state of the branch.
    for head in 3..=5 {
        let shown = with_branch(&rig, 2, (head, false), true, 2);
        let expected = if head == 5 { HistoryError::Rollback(5) } else { HistoryError::OtherCommits };
        assert!(matches!(shown, Err(ReadError::History(error)) if error == expected), "{head}");
    }
}
