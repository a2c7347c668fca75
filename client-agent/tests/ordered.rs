//! Orders to restore: who may give them, how often they count, and what the owner hears.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use iota_agent::{
    backup::Options,
    identity::Identity,
    live::status::Board,
    ordered::{Allowed, OrderError, Orders},
    remote::{Archive, ObjectSource, OrderedRestores, RemoteError, http::Server},
    rules::{Attachment, RuleFile, RuleRoot, Rules, Sharing, Trait},
    scan::Scan,
};
use iota_core::{
    api::{
        frames::StoredCommit,
        json::{Bytes, ErrorDetail, RestoreOrder, code},
    },
    id::{AgreementKey, Cid, DeviceId, Digest, RestoreId, ServerId, SetId},
    path::TreePath,
    refs::Reference,
    restore::{Ending, Grant, ObjectList, Opened, Opens, Outcome, Overwrite, SignedGrant, Target},
};
use iota_crypto::{
    keys::{AgreementSecret, DedupKey, MasterKey, SigningKey},
    live::Place,
    restore::{Wish, open_outcome, seal_order},
    secret::{random_bytes, system_random},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};
use support::{
    ACCOUNT, Rig, TestClock,
    compare::{differences, look},
};
use tempfile::TempDir;

const MACHINE: SetId = SetId([70; 16]);
const ELSEWHERE: DeviceId = DeviceId([71; 16]);
const NOW_MS: u64 = 1_900_000_500_000;

/// What the server does with the orders of the second machine.
struct Desk<'a> {
    rig: &'a Rig,
    orders: Mutex<Vec<(RestoreId, u64, RestoreOrder)>>,
    /// The lists of those that open files.
    lists: Mutex<BTreeMap<RestoreId, Vec<u8>>>,
    /// Every object that was asked for.
    asked: Mutex<BTreeSet<Cid>>,
    ended: Mutex<Vec<(RestoreId, Vec<u8>)>>,
    /// Reads until the owner cancels; below zero: never.
    cancelled_in: AtomicI64,
    /// Calls until it is away for one; below zero: never.
    away_in: AtomicI64,
}

impl<'a> Desk<'a> {
    fn new(rig: &'a Rig) -> Self {
        let never = || AtomicI64::new(-1);
        Self {
            rig,
            orders: Mutex::default(),
            lists: Mutex::default(),
            asked: Mutex::default(),
            ended: Mutex::default(),
            cancelled_in: never(),
            away_in: never(),
        }
    }

    fn call(&self) -> Result<(), RemoteError> {
        if self.away_in.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(RemoteError::Unreachable { server: "memory".into(), reason: "injected".into() });
        }
        Ok(())
    }

    fn seq(&self, restore: RestoreId) -> Result<u64, RemoteError> {
        self.call()?;
        let found = self.orders.lock().unwrap().iter().find(|(known, ..)| *known == restore).map(|(_, seq, _)| *seq);
        found.ok_or_else(no_order)
    }
}

impl Desk<'_> {
    fn opened(&self, restore: RestoreId) -> Opened {
        let orders = self.orders.lock().unwrap();
        let (.., order) = orders.iter().find(|(known, ..)| *known == restore).unwrap();
        let grant = SignedGrant::decode(&order.grant.0).unwrap().grant;
        let lists = self.lists.lock().unwrap();
        grant.opens.with_list(lists.get(&restore).map_or(&[], Vec::as_slice)).unwrap()
    }
}

fn no_order() -> RemoteError {
    let message = "there is no such order".into();
    RemoteError::Refused(ErrorDetail { code: code::NOT_FOUND.into(), message, missing: vec![], retry_after_s: None })
}

impl OrderedRestores for Desk<'_> {
    fn orders(&self) -> Result<Vec<RestoreOrder>, RemoteError> {
        self.call()?;
        Ok(self.orders.lock().unwrap().iter().map(|(.., order)| order.clone()).collect())
    }

    fn commits(&self, restore: RestoreId) -> Result<Vec<StoredCommit>, RemoteError> {
        let seq = self.seq(restore)?;
        Ok(self.rig.archive().segment(self.rig.set, seq)?.commits)
    }

    fn objects(&self, restore: RestoreId, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError> {
        if self.cancelled_in.fetch_sub(1, Ordering::SeqCst) == 0 {
            self.orders.lock().unwrap().retain(|(known, ..)| *known != restore);
        }
        self.seq(restore)?;
        let opened = self.opened(restore);
        self.asked.lock().unwrap().extend(references.iter().map(|asked| asked.cid));
        let answer = self.rig.archive().read_objects(references)?;
        let shown =
            |(object, asked): (Option<bytes::Bytes>, &Reference)| object.filter(|_| opened.contains(&asked.cid));
        Ok(answer.into_iter().zip(references).map(shown).collect())
    }

    fn end(&self, restore: RestoreId, outcome: &[u8]) -> Result<(), RemoteError> {
        self.call()?;
        self.orders.lock().unwrap().retain(|(known, ..)| *known != restore);
        self.ended.lock().unwrap().push((restore, outcome.to_vec()));
        Ok(())
    }
}

/// The machine that restores: another one of the same account.
struct Second {
    identity: Identity,
    config: TempDir,
    board: Board,
    clock: TestClock,
}

impl Second {
    fn new(master: &MasterKey) -> Self {
        let mut random = system_random();
        let config = tempfile::tempdir().unwrap();
        let identity = Identity {
            account: ACCOUNT,
            account_key: master.identity(ACCOUNT).verifying_key(),
            server_id: ServerId([5; 16]),
            server: Server { address: "http://127.0.0.1:1".parse().unwrap(), pin: None },
            set: MACHINE,
            device: ELSEWHERE,
            key_epoch: 1,
            name: "second".into(),
            signing: SigningKey::generate(&mut random),
            agreement: AgreementSecret::generate(&mut random),
            dedup_epoch: 1,
            dedup: DedupKey::from_bytes(*master.dedup_key(ACCOUNT, 1).expose()),
            chunker_profile: 1,
            chunker: master.chunker_secret(ACCOUNT, 1),
            live: master.live_key(ACCOUNT, MACHINE, 1),
        };
        let board = Board::new(config.path());
        Self { identity, config, board, clock: TestClock(AtomicU64::new(NOW_MS)) }
    }

    fn look(&self, desk: &Desk<'_>) -> Result<(), OrderError> {
        let Self { identity, config, board, clock } = self;
        Orders { identity, config_dir: config.path(), remote: desk, board, clock }.look()
    }

    /// What the owner reads of the last order that ended.
    fn told(&self, desk: &Desk<'_>) -> Outcome {
        let ended = desk.ended.lock().unwrap();
        let (restore, sealed) = ended.last().unwrap();
        let place = Place { account: ACCOUNT, set: MACHINE };
        serde_json::from_str(&open_outcome(&self.identity.live, &place, *restore, sealed).unwrap()).unwrap()
    }
}

/// The owner's side.
struct Given {
    grant: Grant,
    wish: Wish,
    to: AgreementKey,
    by: SigningKey,
}

impl Given {
    fn new(rig: &Rig, second: &Second, seq: u64, paths: &[&Path], target: Target) -> Self {
        let commits = rig.archive().segment(rig.set, seq).unwrap().commits;
        let first = commits[0].header.header.seq;
        let key = |at: u64| rig.master.log_root(ACCOUNT, rig.set, 1).advance(at - 1).body_key();
        let tree_path = |path: &&Path| TreePath::parse(&path.as_os_str().as_bytes()[1..]).unwrap();
        let wish = Wish {
            header: commits.last().unwrap().header.header.hash(),
            body_keys: (first..=seq).map(key).collect(),
            paths: paths.iter().map(tree_path).collect(),
            target,
            overwrite: Overwrite::Never,
            dry_run: false,
        };
        let grant = Grant {
            account: ACCOUNT,
            restore: RestoreId(random_bytes(&mut system_random())),
            machine: MACHINE,
            device: ELSEWHERE,
            source: rig.set,
            seq,
            ordered_ms: NOW_MS - 1000,
            until_ms: NOW_MS + 1000,
            opens: Opens::Snapshot,
        };
        Self { grant, wish, to: second.identity.agreement.public(), by: rig.master.identity(ACCOUNT) }
    }

    /// The same, opening these objects of the snapshot only.
    fn of_files(mut self, objects: &BTreeSet<Cid>, desk: &Desk<'_>) -> Self {
        let list = ObjectList::of(objects).unwrap().encode();
        self.grant.opens = Opens::Files(Digest::of(&list));
        desk.lists.lock().unwrap().insert(self.grant.restore, list);
        self
    }

    fn give(self, second: &Second, desk: &Desk<'_>) -> RestoreOrder {
        let Self { grant, wish, to, by } = self;
        let live = &second.identity.live;
        let (signed, sealed) = seal_order(&grant, &wish, &to, live, &by, &mut system_random()).unwrap();
        let order = RestoreOrder { grant: Bytes(signed.encode()), sealed: Bytes(sealed) };
        desk.orders.lock().unwrap().push((grant.restore, grant.seq, order.clone()));
        order
    }
}

/// A folder that was backed up three times, and what it was like the second time.
fn history(rig: &Rig) -> (TempDir, TempDir) {
    let (source, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let root = source.path();
    fs::create_dir(root.join("docs")).unwrap();
    for (name, bytes) in [("docs/one", 10), ("docs/two", 700_000), ("docs/three", 300_000), ("outside", 50)] {
        let content: Vec<u8> = (0..bytes).map(|place: u32| ((place * 31) >> 3) as u8).collect();
        fs::write(root.join(name), content).unwrap();
    }
    symlink("one", root.join("docs/link")).unwrap();
    rig.backup_roots(&[root]).unwrap();
    fs::write(root.join("docs/one"), "changed").unwrap();
    rig.backup_roots(&[root]).unwrap();
    let copied = std::process::Command::new("cp").arg("-a").arg(root.join("docs")).arg(second.path()).status();
    assert!(copied.unwrap().success());
    fs::remove_file(root.join("docs/two")).unwrap();
    rig.backup_roots(&[root]).unwrap();
    (source, second)
}

fn done(outcome: &Outcome) -> (u64, u64, u64) {
    match &outcome.ending {
        Ending::Done { files, kept, loss_count, .. } => (*files, *kept, *loss_count),
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_machine_restores_what_was_ordered_and_says_so() {
    let rig = Rig::new();
    let (source, was) = history(&rig);
    let (second, desk) = (Second::new(&rig.master), Desk::new(&rig));
    let target = second.config.path().join("restored");
    let beside = || Target::Beside(target.to_str().unwrap().into());
    let docs = source.path().join("docs");
    Given::new(&rig, &second, 2, &[&docs], beside()).give(&second, &desk);
    second.look(&desk).unwrap();
    let below = target.join(docs.strip_prefix("/").unwrap());
    assert_eq!(differences(&look(&was.path().join("docs")), &look(&below)), Vec::<String>::new());
    assert!(!below.parent().unwrap().join("outside").exists(), "only what was chosen");
    let outcome = second.told(&desk);
    assert_eq!((done(&outcome), outcome.path_count, outcome.target.clone()), ((3, 0, 0), 1, beside()));
    assert!(outcome.paths[0].ends_with("/docs") && second.board.status().restore.is_none());

    // The same once more is another order, and finds everything there.
    let mut again = Given::new(&rig, &second, 2, &[&docs], beside());
    again.grant.ordered_ms += 1;
    again.give(&second, &desk);
    second.look(&desk).unwrap();
    assert_eq!(done(&second.told(&desk)).1, 3);
    assert!(desk.orders.lock().unwrap().is_empty());
}

#[test]
fn an_order_of_files_needs_no_more_than_they_do_and_what_it_does_not_open_is_told() {
    let rig = Rig::new();
    let (source, was) = history(&rig);
    let (second, desk) = (Second::new(&rig.master), Desk::new(&rig));
    let one = source.path().join("docs/two");
    let mut number = 0;
    let mut order = |needed: Option<&BTreeSet<Cid>>, paths: &[&Path]| {
        number += 1;
        let target = second.config.path().join(format!("restored{number}"));
        let mut given = Given::new(&rig, &second, 2, paths, Target::Beside(target.to_str().unwrap().into()));
        given.grant.ordered_ms += number;
        let given = if let Some(needed) = needed { given.of_files(needed, &desk) } else { given };
        desk.asked.lock().unwrap().clear();
        given.give(&second, &desk);
        second.look(&desk).unwrap();
        let asked = std::mem::take(&mut *desk.asked.lock().unwrap());
        (target.join(source.path().strip_prefix("/").unwrap()), second.told(&desk), asked)
    };
    let (_, _, needed) = order(None, &[&one]);
    let (restored, outcome, asked) = order(Some(&needed), &[&one]);
    assert_eq!((done(&outcome), &asked), ((1, 0, 0), &needed));
    assert_eq!(fs::read(restored.join("docs/two")).unwrap(), fs::read(was.path().join("docs/two")).unwrap());

    // The same list, and a wish for more: the pages are open, the neighbour's content is not, and its owner hears of it.
    let three = source.path().join("docs/three");
    let (restored, outcome, asked) = order(Some(&needed), &[&one, &three]);
    assert!(!asked.is_subset(&needed));
    assert_eq!((done(&outcome).0, done(&outcome).2), (1, 1));
    let Ending::Done { losses, .. } = &outcome.ending else { panic!("{outcome:?}") };
    assert!(losses[0].path.ends_with("/docs/three") && losses[0].reason.contains("this order does not open it"));
    assert!(restored.join("docs/two").exists() && !restored.join("docs/three").exists());
    // Without any object not even names are known, and that is a loss too.
    let (restored, outcome, _) = order(Some(&BTreeSet::new()), &[&one]);
    assert!(done(&outcome).0 == 0 && done(&outcome).2 > 0 && !restored.exists(), "{outcome:?}");
}

#[test]
fn what_one_machine_keeps_to_itself_reaches_another_that_the_owner_orders_to_restore_it() {
    let rig = Rig::new();
    let source = tempfile::tempdir().unwrap();
    for (name, bytes) in [("small", 500u32), ("large", 3_000_000)] {
        fs::write(source.path().join(name), (0..bytes).flat_map(|at| (at / 7).to_le_bytes()).collect::<Vec<u8>>())
            .unwrap();
    }
    let file = RuleFile {
        roots: vec![RuleRoot::new(source.path())],
        traits: [("alone".into(), Trait { domain: Some(Sharing::Isolated), ..Trait::default() })].into(),
        attach: vec![Attachment { name: "alone".into(), paths: vec!["*".into()], ..Attachment::default() }],
        ..RuleFile::default()
    };
    let rules = Rules::compile(&file).unwrap();
    rig.run(|| Scan::start(rules.clone(), &[]), Options::default()).unwrap();
    let (second, desk) = (Second::new(&rig.master), Desk::new(&rig));
    let target = second.config.path().join("restored");
    let beside = Target::Beside(target.to_str().unwrap().into());
    Given::new(&rig, &second, 1, &[source.path()], beside).give(&second, &desk);
    second.look(&desk).unwrap();
    assert_eq!(done(&second.told(&desk)), (2, 0, 0));
    let restored = target.join(source.path().strip_prefix("/").unwrap());
    assert_eq!(differences(&look(source.path()), &look(&restored)), Vec::<String>::new());
    let shared = Rig::of_set(SetId([0x77; 16]));
    shared.backup_roots(&[source.path()]).unwrap();
    let objects = |rig: &Rig| rig.server.inner.lock().unwrap().objects.keys().copied().collect::<BTreeSet<_>>();
    assert!(objects(&rig).len() > 10 && objects(&rig).is_disjoint(&objects(&shared)), "it was kept alone");
}

#[test]
fn a_dry_run_says_what_would_be_and_does_nothing() {
    let rig = Rig::new();
    let (source, _) = history(&rig);
    let (second, desk) = (Second::new(&rig.master), Desk::new(&rig));
    let before = look(source.path());
    let mut given = Given::new(&rig, &second, 1, &[], Target::InPlace);
    (given.wish.dry_run, given.wish.overwrite) = (true, Overwrite::IfChanged);
    given.give(&second, &desk);
    second.look(&desk).unwrap();
    let Ending::Foretold(foretold) = second.told(&desk).ending else { panic!("it was done") };
    assert_eq!((foretold.made, foretold.replaced, foretold.same), (1, 1, 3), "{foretold:?}");
    assert_eq!(differences(&before, &look(source.path())), Vec::<String>::new());
}

#[test]
fn an_order_counts_once_and_only_from_the_owner_to_this_machine() {
    let rig = Rig::new();
    let (source, _) = history(&rig);
    let (second, desk) = (Second::new(&rig.master), Desk::new(&rig));
    let one = source.path().join("docs/one");
    let current = || fs::read(&one).unwrap();
    let given = || {
        let mut given = Given::new(&rig, &second, 1, &[&one], Target::InPlace);
        given.wish.overwrite = Overwrite::Always;
        given
    };
    let mut random = system_random();
    let wrong: [&dyn Fn(&mut Given); 7] = [
        &|given| given.by = SigningKey::generate(&mut system_random()),
        &|given| given.to = AgreementSecret::generate(&mut system_random()).public(),
        &|given| given.grant.device = DeviceId([9; 16]),
        &|given| given.grant.machine = SetId([9; 16]),
        &|given| given.grant.until_ms = NOW_MS,
        &|given| given.grant.ordered_ms = 0,
        &|given| given.grant.account = iota_core::id::AccountId([9; 16]),
    ];
    for (number, spoil) in wrong.iter().enumerate() {
        let mut given = given();
        if number == 5 {
            given.grant.until_ms = 1_000;
        }
        spoil(&mut given);
        given.give(&second, &desk);
        second.look(&desk).unwrap();
        assert_eq!((current(), desk.ended.lock().unwrap().len()), (b"changed".to_vec(), 0), "{number}");
    }
    desk.orders.lock().unwrap().clear();
    // Sealed by somebody who has the machine's public key, but not what it shares with its owner.
    let stranger = MasterKey::generate(&mut random);
    let Given { grant, wish, to, by } = given();
    let other = stranger.live_key(ACCOUNT, MACHINE, 1);
    let (signed, sealed) = seal_order(&grant, &wish, &to, &other, &by, &mut random).unwrap();
    let order = RestoreOrder { grant: Bytes(signed.encode()), sealed: Bytes(sealed) };
    desk.orders.lock().unwrap().push((grant.restore, grant.seq, order));
    second.look(&desk).unwrap();
    assert_eq!((current(), desk.ended.lock().unwrap().len()), (b"changed".to_vec(), 0));
    desk.orders.lock().unwrap().clear();

    let (restore, order) = (given().grant.restore, given().give(&second, &desk));
    second.look(&desk).unwrap();
    assert_eq!((current().len(), desk.ended.lock().unwrap().len()), (10, 1));
    // Shown again by the server after the owner has worked on.
    fs::write(&one, "worked on").unwrap();
    desk.orders.lock().unwrap().push((restore, 1, order));
    second.look(&desk).unwrap();
    assert_eq!((current(), desk.ended.lock().unwrap().len()), (b"worked on".to_vec(), 1));
}

#[test]
fn a_server_that_is_away_only_delays_and_what_was_said_is_said_once_more() {
    let rig = Rig::new();
    let (source, _) = history(&rig);
    for away_in in 0..20 {
        let (second, desk) = (Second::new(&rig.master), Desk::new(&rig));
        let target = second.config.path().join("restored");
        let beside = Target::Beside(target.to_str().unwrap().into());
        Given::new(&rig, &second, 2, &[source.path()], beside).give(&second, &desk);
        desk.away_in.store(away_in, Ordering::SeqCst);
        let first = second.look(&desk);
        if first.is_ok() {
            assert!(away_in > 5, "it asked {away_in} times only");
            return;
        }
        assert!(matches!(first, Err(OrderError::Remote(RemoteError::Unreachable { .. }))), "{away_in}: {first:?}");
        assert!(desk.ended.lock().unwrap().is_empty());
        second.look(&desk).unwrap();
        let outcome = second.told(&desk);
        assert_eq!((done(&outcome).2, desk.ended.lock().unwrap().len()), (0, 1), "{away_in}");
        let root = target.join(source.path().strip_prefix("/").unwrap());
        assert_eq!(fs::read(root.join("docs/two")).unwrap().len(), 700_000);
    }
    panic!("it never came to an end");
}

#[test]
fn a_cancelled_restore_ends_and_leaves_no_halves() {
    let rig = Rig::new();
    let (source, _) = history(&rig);
    let (second, desk) = (Second::new(&rig.master), Desk::new(&rig));
    let target = second.config.path().join("restored");
    let beside = Target::Beside(target.to_str().unwrap().into());
    Given::new(&rig, &second, 2, &[source.path()], beside).give(&second, &desk);
    // Pages are read once for the forecast and once for the restore; content comes after that.
    desk.cancelled_in.store(4, Ordering::SeqCst);
    second.look(&desk).unwrap();
    assert_eq!(second.told(&desk).ending, Ending::Cancelled);
    let root = target.join(source.path().strip_prefix("/").unwrap());
    for (name, bytes) in [("docs/two", 700_000), ("docs/three", 300_000)] {
        assert!(fs::metadata(root.join(name)).map_or(true, |file| file.len() == bytes), "{name}");
    }
}

#[test]
fn a_server_that_shows_another_log_is_found_out() {
    let (rig, other) = (Rig::new(), Rig::new());
    let (source, _) = history(&rig);
    history(&other);
    let (second, desk) = (Second::new(&rig.master), Desk::new(&other));
    let target = second.config.path().join("restored");
    let beside = Target::Beside(target.to_str().unwrap().into());
    Given::new(&rig, &second, 2, &[source.path()], beside).give(&second, &desk);
    second.look(&desk).unwrap();
    let Ending::Failed { message } = second.told(&desk).ending else { panic!("it was believed") };
    assert!(message.contains("commits"), "{message}");
    assert!(!target.exists());
}

#[test]
fn the_machine_decides_where_orders_may_go() {
    let rig = Rig::new();
    let (source, _) = history(&rig);
    let (second, desk) = (Second::new(&rig.master), Desk::new(&rig));
    let beside = || Target::Beside(second.config.path().join("restored").to_str().unwrap().into());
    let mut number = 0;
    for (allowed, target, is_done) in [
        (Allowed::Never, beside(), false),
        (Allowed::Beside, Target::InPlace, false),
        (Allowed::Beside, beside(), true),
        (Allowed::Anywhere, Target::InPlace, true),
    ] {
        allowed.save(second.config.path()).unwrap();
        let mut given = Given::new(&rig, &second, 2, &[&source.path().join("docs/two")], target);
        number += 1;
        given.grant.ordered_ms += number;
        given.give(&second, &desk);
        second.look(&desk).unwrap();
        let ending = second.told(&desk).ending;
        assert_eq!(matches!(ending, Ending::Done { .. }), is_done, "{ending:?}");
        assert_eq!(matches!(ending, Ending::Refused { .. }), !is_done, "{ending:?}");
    }
    assert!(source.path().join("docs/two").exists());
}
