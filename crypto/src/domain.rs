//! What is different from one dedup domain to another: the keys that chunks are sealed under, and where they are cut.
//!
//! ```text
//! private    K_dedup, K_chunker                                            all machines of the account
//! isolated   derive("… isolated dedup key",   K_live),
//!            derive("… isolated chunker key", K_live)                      one machine
//! ```
//! No other machine has `K_live` of this one, so that none can find out, by what the server has already, whether this one
//! keeps some content; nor do sizes of its chunks tell anything to somebody who got hold of another machine. `K_live` is new with
//! each enrolment: isolated content that is read after it is not found among what was sent before.

use crate::{
    chunker::ChunkerKey,
    cut::CutKey,
    keys::{ChunkerSecret, DedupKey, LiveKey},
};
use iota_core::id::Domain;

/// Keys of one domain.
pub struct DomainKeys {
    /// Of keys of chunks.
    pub dedup: DedupKey,
    /// Cuts files.
    pub chunker: ChunkerKey,
    /// Cuts bundles; that of the private domain also pages.
    pub cut: CutKey,
}

impl DomainKeys {
    fn new(dedup: DedupKey, chunker: &ChunkerSecret) -> Self {
        Self { dedup, chunker: ChunkerKey::new(chunker), cut: CutKey::new(chunker) }
    }
}

/// The domains that a machine writes in.
pub struct Domains {
    /// The account's.
    pub private: DomainKeys,
    /// Its own.
    pub isolated: DomainKeys,
}

impl Domains {
    /// Makes the keys ready.
    pub fn new(dedup: DedupKey, chunker: &ChunkerSecret, live: &LiveKey) -> Self {
        let isolated = DomainKeys::new(live.isolated_dedup_key(), &live.isolated_chunker_secret());
        Self { private: DomainKeys::new(dedup, chunker), isolated }
    }

    /// The keys of a domain.
    pub fn of(&self, domain: Domain) -> &DomainKeys {
        if domain == Domain::ISOLATED { &self.isolated } else { &self.private }
    }
}
