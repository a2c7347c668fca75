//! A server and a file system in memory, and a reader that knows only what the format says.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod archive;
pub mod compare;
pub mod corpus;
pub mod crafted;
pub mod mutator;
pub mod reader;
pub mod server;
pub mod tree;

use archive::MemoryArchive;
use iota_agent::{
    backup::source::Source,
    backup::{self, BackupError, Machine, Options, Report},
    history::{History, Moment},
    monitor::{Clock, Silent},
    owner::Owner,
    platform::own_user,
    ratchet::Ratchet,
    restore,
    rules::{RuleFile, RuleRoot, Rules},
    scan::Scan,
    witness::Witness,
};
use iota_core::{
    chain::SkipChain,
    commit::{Body, Header, SignedHeader},
    id::{AccountId, DeviceId, SetId},
    path::TreePath,
};
use iota_crypto::{
    domain::Domains,
    keys::{ChunkerSecret, MasterKey, SigningKey},
};
use server::MemoryServer;
use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tempfile::TempDir;
use tree::MemoryTree;

pub const ACCOUNT: AccountId = AccountId([1; 16]);
pub const SET: SetId = SetId([2; 16]);
pub const DEVICE: DeviceId = DeviceId([3; 16]);

/// A clock that tests move.
pub struct TestClock(pub AtomicU64);

impl TestClock {
    pub fn advance_ms(&self, by: u64) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

fn private_dir() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().unwrap()
}

/// One machine with its account's keys.
pub struct Rig {
    pub set: SetId,
    pub master: MasterKey,
    pub signing: SigningKey,
    pub domains: Domains,
    pub config: TempDir,
    pub state: TempDir,
    pub clock: TestClock,
    pub server: Arc<MemoryServer>,
}

impl Rig {
    pub fn new() -> Self {
        Self::of_set(SET)
    }

    /// The machine of another set of the same account, at a server of its own.
    pub fn of_set(set: SetId) -> Self {
        let master = MasterKey::from_bytes([9; 32]);
        let signing = SigningKey::from_seed(&[8; 32]);
        let secret = ChunkerSecret::from_bytes(*master.chunker_secret(ACCOUNT, 1).expose());
        let config = tempfile::tempdir().unwrap();
        Ratchet::create(set, 1, master.log_root(ACCOUNT, set, 1), SkipChain::default(), 0).save(config.path()).unwrap();
        Self {
            set,
            domains: Domains::new(master.dedup_key(ACCOUNT, 1), &secret, &master.live_key(ACCOUNT, set, 1)),
            server: Arc::new(MemoryServer::new(signing.verifying_key())),
            signing,
            master,
            config,
            state: private_dir(),
            clock: TestClock(AtomicU64::new(1_900_000_000_000)),
        }
    }

    pub fn backup(&self, tree: &MemoryTree) -> Result<Report, BackupError> {
        self.backup_with(tree, Options::default())
    }

    pub fn backup_with(&self, tree: &MemoryTree, options: Options) -> Result<Report, BackupError> {
        self.run(|| Ok(tree.walk()), options)
    }

    /// Backs up real directories.
    pub fn backup_roots(&self, roots: &[&Path]) -> Result<Report, BackupError> {
        let roots = roots.iter().map(|root| RuleRoot::new(root)).collect();
        let rules = Rules::compile(&RuleFile { roots, ..RuleFile::default() }).unwrap();
        self.run(|| Scan::start(rules.clone(), &[]), Options::default())
    }

    pub fn run<S: Source>(
        &self,
        open_source: impl FnMut() -> std::io::Result<S>,
        options: Options,
    ) -> Result<Report, BackupError> {
        let machine = Machine {
            account: ACCOUNT,
            set: self.set,
            device: DEVICE,
            signing: &self.signing,
            domains: &self.domains,
            config_dir: self.config.path(),
            state_dir: self.state.path(),
        };
        backup::run(&machine, &*self.server, open_source, options, &self.clock, &Silent)
    }

    /// The owner, who reads what the server has.
    pub fn owner(&self) -> Owner {
        let master = MasterKey::from_bytes([9; 32]);
        Owner::new(ACCOUNT, master, Box::new(self.archive()))
    }

    /// What the server has, to be read.
    pub fn archive(&self) -> MemoryArchive {
        MemoryArchive::new(self.set, &self.server, &self.master, &self.signing)
    }

    /// Another history that the machine's key signs: headers that say another time from commit `from` on, linked to each other.
    pub fn fork(&self, from: u64) -> Vec<SignedHeader> {
        let mut chain = SkipChain::default();
        let inner = self.server.inner.lock().unwrap();
        let stored = inner.commits.iter().map(|stored| stored.frame.header.header.clone());
        let other = |mut header: Header| {
            if header.seq >= from {
                header.device_time_ms += 1;
            }
            (header.prev, header.skip) = chain.next_links();
            chain.push(header.hash());
            SignedHeader { signature: self.signing.sign(&header.encode()), header }
        };
        stored.map(other).collect()
    }

    /// Restores as the program does, from a set that this reader has never seen before.
    pub fn restore_to(
        &self,
        seq: u64,
        selection: &[&[u8]],
        target: &Path,
        options: restore::Options,
    ) -> restore::Report {
        let owner = self.owner();
        let selection: Vec<_> = selection.iter().map(|path| TreePath::parse(path).unwrap()).collect();
        let point = open_history(&owner).at(Moment::Seq(seq)).unwrap();
        restore::restore(&point, &selection, target, options, &Silent).unwrap()
    }

    /// What the newest commit restores to; every check of a full reader is made.
    pub fn restore_latest(&self) -> MemoryTree {
        self.restore(self.server.head_seq())
    }

    pub fn body(&self, seq: u64) -> Body {
        reader::body(&self.server, &self.master, seq)
    }

    pub fn restore(&self, seq: u64) -> MemoryTree {
        reader::restore(&self.server, &self.master, &self.domains.private.dedup, seq)
    }
}

/// The history of the one set, read for the first time.
pub fn open_history(owner: &Owner) -> History<'_> {
    let nowhere = tempfile::tempdir().unwrap();
    let mut witness = Witness::load(nowhere.path(), ACCOUNT).unwrap();
    History::open(owner, &owner.archive.sets().unwrap()[0], &mut witness).unwrap()
}

/// Runs `work` as somebody who is not root: in a thread that is nobody, when root runs the tests. `own` becomes theirs.
pub fn as_nobody<T: Send>(own: &Path, work: impl FnOnce() -> T + Send) -> T {
    use rustix::{fs::Uid, thread};
    if own_user() != 0 {
        return work();
    }
    const NOBODY: u32 = 65534;
    std::os::unix::fs::chown(own, Some(NOBODY), Some(NOBODY)).unwrap();
    let become_nobody = || {
        let (uid, gid) = (Uid::from_raw(NOBODY), rustix::fs::Gid::from_raw(NOBODY));
        thread::set_thread_groups(&[]).unwrap();
        thread::set_thread_res_gid(gid, gid, gid).unwrap();
        thread::set_thread_res_uid(uid, uid, uid).unwrap();
    };
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            become_nobody();
            work()
        });
        thread.join().unwrap()
    })
}
