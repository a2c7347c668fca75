//! Machines of an account witness each other's progress, so that a server cannot hide that of one alone.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    history::{Doubt, History},
    owner::Owner,
    remote::{Archive, ObjectSource, RemoteError},
    witness::Witness,
};
use iota_core::{
    api::{
        frames::Segment,
        json::{SeenHead, SetInfo, SnapshotInfo},
        retention::Retention,
    },
    commit::{CommitKind, Seen, SignedHeader},
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

    fn path(&self, set: SetId, to: u64) -> Result<Vec<SignedHeader>, RemoteError> {
        self.of(set).path(set, to)
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
