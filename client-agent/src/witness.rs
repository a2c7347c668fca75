//! The witness: which heads this machine has seen of every set, so that a server cannot show an older state later.
//!
//! One file beside the identity, `witness.json`, for all accounts that are read from here. It never forgets: what stands
//! in it only grows, also when several programs write it at the same time.

use crate::durable;
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

type Accounts = BTreeMap<String, BTreeMap<String, SeenSet>>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WitnessFile {
    version: u32,
    accounts: Accounts,
}

/// What was seen of one account.
#[derive(Debug)]
pub struct Witness {
    config_dir: PathBuf,
    account: AccountId,
    sets: BTreeMap<String, SeenSet>,
}

impl Witness {
    /// Reads what was seen of `account`; nothing was when there is no file.
    ///
    /// # Errors
    /// [`WitnessError`].
    pub fn load(config_dir: &Path, account: AccountId) -> Result<Self> {
        let sets = read(config_dir)?.remove(&account.to_string()).unwrap_or_default();
        Ok(Self { config_dir: config_dir.to_owned(), account, sets })
    }

    /// What was seen of a set; `None` before the first time.
    pub fn seen(&self, set: SetId) -> Option<SeenSet> {
        self.sets.get(&set.to_string()).copied()
    }

    /// Remembers a head that was verified to continue what was seen before; an older one changes nothing.
    pub fn remember(&mut self, set: SetId, seq: u64, hash: HeaderHash, certificates: u32) {
        grow(&mut self.sets, set.to_string(), SeenSet { seq, hash, certificates });
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
        let mut accounts = read(&self.config_dir)?;
        let sets = accounts.entry(self.account.to_string()).or_default();
        for (set, seen) in &self.sets {
            grow(sets, set.clone(), *seen);
        }
        write(&self.config_dir, accounts)
    }
}

fn grow(sets: &mut BTreeMap<String, SeenSet>, set: String, new: SeenSet) {
    let known = sets.entry(set).or_insert(new);
    if new.seq > known.seq {
        (known.seq, known.hash) = (new.seq, new.hash);
    }
    known.certificates = known.certificates.max(new.certificates);
}

fn read(config_dir: &Path) -> Result<Accounts> {
    let path = config_dir.join(FILE_NAME);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Accounts::new()),
        Err(source) => return Err(WitnessError::File { path, source }),
    };
    let file: WitnessFile = serde_json::from_slice(&bytes)
        .map_err(|error| WitnessError::Damaged { path: path.clone(), reason: error.to_string() })?;
    if file.version != VERSION {
        return Err(WitnessError::Damaged { path, reason: format!("version {} is not known", file.version) });
    }
    Ok(file.accounts)
}

fn write(config_dir: &Path, accounts: Accounts) -> Result<()> {
    let path = config_dir.join(FILE_NAME);
    let text = serde_json::to_vec_pretty(&WitnessFile { version: VERSION, accounts })
        .expect("maps of text to numbers and ids have a JSON form");
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
    fn damage_is_told_and_never_taken_for_a_first_visit() {
        let directory = tempfile::tempdir().unwrap();
        for bad in ["", "{}", r#"{"version":2,"accounts":{}}"#, r#"{"version":1,"accounts":{},"more":1}"#] {
            fs::write(directory.path().join(FILE_NAME), bad).unwrap();
            let error = Witness::load(directory.path(), ACCOUNT).unwrap_err();
            assert!(matches!(error, WitnessError::Damaged { .. }), "{bad}");
        }
    }
}
