//! What this browser saw of an account, so that a server cannot show less later. Signing out does not delete it.

use std::collections::BTreeMap;

use iota_core::id::{AccountId, HeaderHash, SetId, VerifyingKey};
use iota_core::vault::{Problem, ProblemKind};
use serde::{Deserialize, Serialize};

use crate::platform::{Platform, Store};
use crate::problem::Result;

const VERSION: u32 = 1;

/// What was seen of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Witness {
    version: u32,
    /// Identity of the account, from the first visit on.
    identity: Option<VerifyingKey>,
    /// Highest version of the list of slots.
    slots: u32,
    /// How many decisions about its snapshots the account had made.
    #[serde(default)]
    decisions: u64,
    /// By set.
    sets: BTreeMap<String, SeenSet>,
}

/// What was seen of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenSet {
    /// Its newest commit; 0 before the first.
    pub seq: u64,
    /// Hash of that commit's header.
    pub hash: HeaderHash,
    /// How many certificates it had.
    pub certificates: u32,
}

/// What a machine said of itself, as far as it tells newer from older: that of a later key epoch is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenWord {
    /// The key epoch of the machine.
    pub key_epoch: u32,
    /// Number of its status.
    pub status: u64,
}

impl SeenWord {
    /// The newest that was kept of a machine. It lies beside the witness, so that each is written by itself.
    ///
    /// # Errors
    /// [`ProblemKind::Altered`] when it cannot be read.
    pub async fn load(platform: &impl Platform, account: AccountId, set: SetId) -> Result<Option<Self>> {
        let mut newest = None;
        for store in [Store::Witness, Store::Visit] {
            if let Some(bytes) = platform.load(store, &[Self::place(account, set)]).await?.pop().flatten() {
                newest = newest.max(Some(serde_json::from_slice(&bytes).map_err(|_| unread())?));
            }
        }
        Ok(newest)
    }

    /// Keeps it, unless a newer one is kept: a server that shows an older one in a later visit is noticed.
    pub async fn note(self, platform: &impl Platform, account: AccountId, set: SetId) {
        let Ok(known) = Self::load(platform, account, set).await else { return };
        let newest = known.map_or(self, |known| known.max(self));
        let bytes = serde_json::to_vec(&newest).expect("two numbers have a JSON form");
        for store in [Store::Visit, Store::Witness] {
            // A browser that keeps nothing notices nothing later; that is its honest answer.
            let _ = platform.save(store, &[(Self::place(account, set), &bytes)]).await;
        }
    }

    fn place(account: AccountId, set: SetId) -> String {
        format!("{account}/{set}")
    }
}

impl Witness {
    /// What was seen before; nothing at the first visit.
    ///
    /// # Errors
    /// [`ProblemKind::Altered`] when it cannot be read: it is not taken for a first visit.
    pub async fn load(platform: &impl Platform, account: AccountId) -> Result<Self> {
        let mut witness = Self::load_from(platform, Store::Witness, account).await?;
        witness.merge(&Self::load_from(platform, Store::Visit, account).await?);
        Ok(witness)
    }

    async fn load_from(platform: &impl Platform, store: Store, account: AccountId) -> Result<Self> {
        let Some(bytes) = platform.load(store, &[account.to_string()]).await?.pop().flatten() else {
            return Ok(Self { version: VERSION, identity: None, slots: 0, decisions: 0, sets: BTreeMap::new() });
        };
        let witness = serde_json::from_slice::<Self>(&bytes).ok().filter(|witness| witness.version == VERSION);
        witness.ok_or_else(unread)
    }

    /// Keeps it, together with what other tabs kept meanwhile.
    ///
    /// # Errors
    /// When the browser keeps nothing.
    pub async fn save(&self, platform: &impl Platform, account: AccountId) -> Result<()> {
        let mut merged = Self::load(platform, account).await?;
        merged.merge(self);
        let bytes = serde_json::to_vec(&merged).expect("maps of text to numbers and ids have a JSON form");
        platform.save(Store::Visit, &[(account.to_string(), &bytes)]).await?;
        platform.save(Store::Witness, &[(account.to_string(), &bytes)]).await
    }

    /// The more of both.
    fn merge(&mut self, other: &Self) {
        self.identity = self.identity.or(other.identity);
        self.slots = self.slots.max(other.slots);
        self.decisions = self.decisions.max(other.decisions);
        for (set, &seen) in &other.sets {
            grow(&mut self.sets, set.clone(), seen);
        }
    }

    /// Notes a certificate that this account has just signed: a server that shows fewer is noticed.
    pub async fn note_certificate(platform: &impl Platform, account: AccountId, set: SetId, certificates: u32) {
        let seen = SeenSet { seq: 0, hash: HeaderHash::ZERO, certificates };
        if let Ok(mut witness) = Self::load(platform, account).await
            && witness.remember(set, seen)
        {
            // A browser that keeps nothing notices nothing later; that is its honest answer.
            let _ = witness.save(platform, account).await;
        }
    }

    /// The sets that were seen.
    pub fn sets(&self) -> impl Iterator<Item = SetId> {
        self.sets.keys().filter_map(|set| set.parse().ok())
    }

    /// What was seen of a set.
    pub fn seen(&self, set: SetId) -> Option<SeenSet> {
        self.sets.get(&set.to_string()).copied()
    }

    /// Notes a head that was verified to continue what was seen; says whether that was new.
    pub fn remember(&mut self, set: SetId, seen: SeenSet) -> bool {
        let before = self.seen(set);
        grow(&mut self.sets, set.to_string(), seen);
        self.seen(set) != before
    }

    /// # Errors
    /// [`ProblemKind::Altered`] when the account had another identity before.
    pub fn check_identity(&mut self, identity: VerifyingKey) -> Result<()> {
        match self.identity.replace(identity) {
            Some(before) if before != identity => Err(Problem::new(
                ProblemKind::Altered,
                "the server shows another identity of this account than at your last visit; do not enter anything, and use the command line",
            )),
            _ => Ok(()),
        }
    }

    /// Notes how many decisions there are; says whether that was new.
    ///
    /// # Errors
    /// [`ProblemKind::Altered`] when more were seen.
    pub fn check_decisions(&mut self, shown: u64) -> Result<bool> {
        if shown < self.decisions {
            let text = format!(
                "the server shows {shown} decisions of this account about what is kept, but {} were seen here before; it may show an old state",
                self.decisions
            );
            return Err(Problem::new(ProblemKind::Altered, text));
        }
        Ok(std::mem::replace(&mut self.decisions, shown) != shown)
    }

    /// # Errors
    /// [`ProblemKind::Altered`] when a newer list was seen.
    pub fn check_slots(&mut self, version: u32) -> Result<()> {
        if version < self.slots {
            let text = format!(
                "the server shows version {version} of the ways to open this vault, but version {} was seen here before; \
                 it may show an old state, in which a way that you removed still opens",
                self.slots
            );
            return Err(Problem::new(ProblemKind::Altered, text));
        }
        self.slots = version;
        Ok(())
    }
}

fn grow(sets: &mut BTreeMap<String, SeenSet>, set: String, new: SeenSet) {
    let known = sets.entry(set).or_insert(new);
    if new.seq > known.seq {
        (known.seq, known.hash) = (new.seq, new.hash);
    }
    known.certificates = known.certificates.max(new.certificates);
}

fn unread() -> Problem {
    Problem::new(
        ProblemKind::Altered,
        "what this browser noted of earlier visits cannot be read, so it cannot tell whether the server shows the newest state; \
         compare with `iota verify`, then delete this site’s data in the browser",
    )
}
