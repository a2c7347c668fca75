//! A server and a file system in memory, and a reader that knows only what the format says.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod reader;
pub mod server;
pub mod tree;

use iota_agent::{
    backup::{self, BackupError, Machine, Options, Report},
    monitor::{Clock, Silent},
    ratchet::Ratchet,
};
use iota_core::{
    chain::SkipChain,
    id::{AccountId, DeviceId, SetId},
};
use iota_crypto::{
    chunker::ChunkerKey,
    cut::CutKey,
    keys::{ChunkerSecret, DedupKey, MasterKey, SigningKey},
};
use server::MemoryServer;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// One machine with its account's keys.
pub struct Rig {
    pub master: MasterKey,
    pub signing: SigningKey,
    pub dedup: DedupKey,
    pub chunker: ChunkerKey,
    pub cut: CutKey,
    pub config: TempDir,
    pub state: TempDir,
    pub clock: TestClock,
    pub server: MemoryServer,
}

impl Rig {
    pub fn new() -> Self {
        let master = MasterKey::from_bytes([9; 32]);
        let signing = SigningKey::from_seed(&[8; 32]);
        let secret = ChunkerSecret::from_bytes(*master.chunker_secret(ACCOUNT, 1).expose());
        let config = tempfile::tempdir().unwrap();
        Ratchet::create(SET, 1, master.log_root(ACCOUNT, SET, 1), SkipChain::default(), 0).save(config.path()).unwrap();
        Self {
            dedup: master.dedup_key(ACCOUNT, 1),
            chunker: ChunkerKey::new(&secret),
            cut: CutKey::new(&secret),
            server: MemoryServer::new(signing.verifying_key()),
            signing,
            master,
            config,
            state: tempfile::tempdir().unwrap(),
            clock: TestClock(AtomicU64::new(1_900_000_000_000)),
        }
    }

    pub fn backup(&self, tree: &MemoryTree) -> Result<Report, BackupError> {
        self.backup_with(tree, Options::default())
    }

    pub fn backup_with(&self, tree: &MemoryTree, options: Options) -> Result<Report, BackupError> {
        let machine = Machine {
            account: ACCOUNT,
            set: SET,
            device: DEVICE,
            signing: &self.signing,
            dedup: &self.dedup,
            chunker: &self.chunker,
            cut: &self.cut,
            config_dir: self.config.path(),
            state_dir: self.state.path(),
        };
        backup::run(&machine, &self.server, || Ok(tree.walk()), options, &self.clock, &Silent)
    }

    /// What the newest commit restores to; every check of a full reader is made.
    pub fn restore_latest(&self) -> MemoryTree {
        self.restore(self.server.head_seq())
    }

    pub fn restore(&self, seq: u64) -> MemoryTree {
        reader::restore(&self.server, &self.master, &self.dedup, seq)
    }
}
