//! The witness: which heads this machine has seen of every set, which version of the list of slots, and how many decisions about
//! snapshots, so that a server cannot show an older state later.
//!
//! One file beside the identity, `witness.json`, for all accounts that are read from here. It never forgets: what stands
//! in it only grows, also when several programs write it at the same time.

use crate::{durable, ratchet::Ratchet};
use iota_core::id::{AccountId, HeaderHash, SetId};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;

const FILE_NAME: &str = "witness.json";
const LOCK_NAME: &str = "witness.lock";
const VERSION: u32 = 1;

/// The witness cannot be read or written.
#[derive(Debug, Error)]
pub enum WitnessError {
    /// The file system failed.
    #[error("{path} cannot be used: {source}; check that the directory belongs to you")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is damaged.
    #[error(
        "{path} is damaged ({reason}); move it away to go on, but know that an old state of the server cannot be told \
         from the newest one then"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Result of this module.
pub type Result<T> = std::result::Result<T, WitnessError>;

/// What was seen of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenSet {
    /// Number of the newest commit that was seen.
    pub seq: u64,
    /// Its hash.
    pub hash: HeaderHash,
    /// How many certificates the set had.
    pub certificates: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WitnessFile {
    version: u32,
    /// By account and set.
    accounts: BTreeMap<String, BTreeMap<String, SeenSet>>,
    /// Highest version of each account's list of slots.
    #[serde(default)]
    slots: BTreeMap<String, u32>,
    /// How many decisions each account had made.
    #[serde(default)]
    decisions: BTreeMap<String, u64>,
}

/// What was seen of one account.
#[derive(Debug)]
pub struct Witness {
    config_dir: PathBuf,
    account: AccountId,
    sets: BTreeMap<String, SeenSet>,
    slot_version: u32,
    decisions: u64,
}

impl Witness {
    /// Reads what was seen of `account`; nothing was when there is no file.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn load(config_dir: &Path, account: AccountId) -> Result<Self> {
        let WitnessFile { mut accounts, slots, decisions, .. } = read(config_dir)?;
        let name = account.to_string();
        let slot_version = slots.get(&name).copied().unwrap_or(0);
        let decisions = decisions.get(&name).copied().unwrap_or(0);
        let sets = accounts.remove(&name).unwrap_or_default();
        Ok(Self { config_dir: config_dir.to_owned(), account, sets, slot_version, decisions })
    }

    /// What was seen of a set; `None` before the first time.
    pub fn seen(&self, set: SetId) -> Option<SeenSet> {
        self.sets.get(&set.to_string()).copied()
    }

    /// Remembers a head that was verified to continue what was seen before; an older one changes nothing.
    pub fn remember(&mut self, set: SetId, seq: u64, hash: HeaderHash, certificates: u32) {
        grow(&mut self.sets, set.to_string(), SeenSet { seq, hash, certificates });
    }

    /// Remembers the head of this machine's own log, which the ratchet knows better than any server.
    pub fn remember_own(&mut self, ratchet: &Ratchet) {
        let (seq, hash) = ratchet.chain.head();
        if seq > 0 {
            self.remember(ratchet.set, seq, hash, ratchet.key_epoch);
        }
    }

    /// The highest version of the account's list of slots that was seen; 0 before the first.
    pub fn slot_version(&self) -> u32 {
        self.slot_version
    }

    /// Remembers the version of a list of slots that the account's key signed; an older one changes nothing.
    pub fn remember_slots(&mut self, version: u32) {
        self.slot_version = self.slot_version.max(version);
    }

    /// How many decisions about its snapshots the account had made; 0 before the first.
    pub fn decisions(&self) -> u64 {
        self.decisions
    }

    /// Remembers how many decisions were seen; fewer change nothing.
    pub fn remember_decisions(&mut self, version: u64) {
        self.decisions = self.decisions.max(version);
    }

    /// Writes what was seen, together with what others wrote meanwhile; durable when this returns.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn save(&self) -> Result<()> {
        let failed = |source| WitnessError::File { path: self.config_dir.join(LOCK_NAME), source };
        durable::create_private_dir(&self.config_dir).map_err(failed)?;
        let lock = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.config_dir.join(LOCK_NAME))
            .map_err(failed)?;
        lock.lock().map_err(failed)?;
        let mut file = read(&self.config_dir)?;
        let sets = file.accounts.entry(self.account.to_string()).or_default();
        for (set, seen) in &self.sets {
            grow(sets, set.clone(), *seen);
        }
        let slots = file.slots.entry(self.account.to_string()).or_default();
        *slots = self.slot_version.max(*slots);
        let decisions = file.decisions.entry(self.account.to_string()).or_default();
        *decisions = self.decisions.max(*decisions);
        write(&self.config_dir, &file)
    }
}

fn grow(sets: &mut BTreeMap<String, SeenSet>, set: String, new: SeenSet) {
    let known = sets.entry(set).or_insert(new);
    if new.seq > known.seq {
        (known.seq, known.hash) = (new.seq, new.hash);
    }
    known.certificates = known.certificates.max(new.certificates);
}

fn read(config_dir: &Path) -> Result<WitnessFile> {
    let path = config_dir.join(FILE_NAME);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(WitnessFile {
                version: VERSION,
                accounts: BTreeMap::new(),
                slots: BTreeMap::new(),
                decisions: BTreeMap::new(),
            });
        }
        Err(source) => return Err(WitnessError::File { path, source }),
    };
    let file: WitnessFile = serde_json::from_slice(&bytes)
        .map_err(|error| WitnessError::Damaged { path: path.clone(), reason: error.to_string() })?;
    if file.version != VERSION {
        return Err(WitnessError::Damaged { path, reason: format!("version {} is not known", file.version) });
    }
    Ok(file)
}

fn write(config_dir: &Path, file: &WitnessFile) -> Result<()> {
    let path = config_dir.join(FILE_NAME);
    let text = serde_json::to_vec_pretty(file).expect("maps of text to numbers and ids have a JSON form");
    durable::write(&path, &text).map_err(|source| WitnessError::File { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId([1; 16]);
    const SET: SetId = SetId([2; 16]);

    fn load(directory: &Path) -> Witness {
        Witness::load(directory, ACCOUNT).unwrap()
    }

    #[test]
    fn it_never_forgets() {
        let directory = tempfile::tempdir().unwrap();
        let config_dir = directory.path().join("new");
        let (mut first, mut second) = (load(&config_dir), load(&config_dir));
        assert_eq!(first.seen(SET), None);
        first.remember(SET, 9, HeaderHash([9; 32]), 2);
        first.save().unwrap();
        // Another program that saw less, and another set, takes nothing away.
        second.remember(SET, 4, HeaderHash([4; 32]), 1);
        second.remember(SetId([3; 16]), 1, HeaderHash([1; 32]), 1);
        second.save().unwrap();
        let read = load(&config_dir);
        assert_eq!(read.seen(SET), Some(SeenSet { seq: 9, hash: HeaderHash([9; 32]), certificates: 2 }));
        assert_eq!(read.seen(SetId([3; 16])).map(|seen| seen.seq), Some(1));
        assert_eq!(Witness::load(&config_dir, AccountId([7; 16])).unwrap().seen(SET), None);
    }

    #[test]
    fn versions_of_slots_only_grow() {
        let directory = tempfile::tempdir().unwrap();
        // A file of before there were any.
        fs::write(directory.path().join(FILE_NAME), r#"{"version":1,"accounts":{}}"#).unwrap();
        let (mut first, mut second) = (load(directory.path()), load(directory.path()));
        assert_eq!(first.slot_version(), 0);
        first.remember_slots(3);
        first.remember_slots(2);
        first.save().unwrap();
        second.remember_slots(1);
        second.save().unwrap();
        assert_eq!(load(directory.path()).slot_version(), 3);
        assert_eq!(Witness::load(directory.path(), AccountId([7; 16])).unwrap().slot_version(), 0);
    }

    #[test]
    fn decisions_only_grow() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE_NAME), r#"{"version":1,"accounts":{},"slots":{}}"#).unwrap();
        let (mut first, mut second) = (load(directory.path()), load(directory.path()));
        first.remember_decisions(3);
        first.remember_decisions(2);
        first.save().unwrap();
        second.remember_decisions(1);
        second.save().unwrap();
        assert_eq!(load(directory.path()).decisions(), 3);
        assert_eq!(Witness::load(directory.path(), AccountId([7; 16])).unwrap().decisions(), 0);
    }

    #[test]
    fn the_own_log_counts_from_its_first_commit_on() {
        use iota_core::chain::SkipChain;
        use iota_crypto::ratchet::LogKey;
        let directory = tempfile::tempdir().unwrap();
        let mut witness = load(directory.path());
        let mut ratchet = Ratchet::create(SET, 2, LogKey::from_bytes([7; 32]), SkipChain::default(), 0);
        witness.remember_own(&ratchet);
        assert_eq!(witness.seen(SET), None);
        ratchet.acknowledge(directory.path(), HeaderHash([9; 32]), 5).unwrap();
        witness.remember_own(&ratchet);
        assert_eq!(witness.seen(SET), Some(SeenSet { seq: 1, hash: HeaderHash([9; 32]), certificates: 2 }));
    }

    #[test]
    fn damage_is_told_and_never_taken_for_a_first_visit() {
        let directory = tempfile::tempdir().unwrap();
        for bad in ["", "{}", r#"{"version":2,"accounts":{}}"#, r#"{"version":1,"accounts":{},"more":1}"#] {
            fs::write(directory.path().join(FILE_NAME), bad).unwrap();
            let error = Witness::load(directory.path(), ACCOUNT).unwrap_err();
            assert!(matches!(error, WitnessError::Damaged { .. }), "{bad}");
        }
    }
}
