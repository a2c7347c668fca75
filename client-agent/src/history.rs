//! Reading history: fetch, verify, open, replay, show. Nothing that a server says is believed before it is checked.
//!
//! ```text
//! sets ─► certificates ─► head ─► witness ─► snapshots ─► one after another ─► versions of a path, names that were there
//!                                    └─► segment ─► bodies ─► state ─► pages, as they are needed ─► entries ─► extents
//!                                                               └─► two of them ─► differences
//! ```
//! A missing or damaged object is a value ([`LostObject`]), not an error: it costs what it holds and nothing else.

mod between;
mod contents;
mod decisions;
mod error;
mod extents;
mod find;
mod log;
mod moment;
mod objects;
mod others;
mod pages;
mod point;
mod sets;
mod snapshots;
mod versions;

pub use contents::Contents;
pub use error::ReadError;
pub use extents::{Extents, LostStretch};
pub use find::{Findings, Found, Place, Stretch};
pub use moment::{Moment, show_time};
pub use objects::{Fault, LostObject, Objects};
pub use others::Doubt;
pub use pages::{LostRange, WalkError};
pub use point::{Point, Walk};
pub use sets::{NamedSet, choose_set, named_sets};
pub use snapshots::Snapshot;
pub use versions::{Version, Versions};

use crate::{
    owner::Owner,
    witness::{SeenSet, Witness},
};
use iota_core::{
    api::json::SetInfo,
    certificate::SignedCertificate,
    commit::{Flags, SignedHeader},
    history::{Certificates, HistoryError, VerifiedSegment},
    id::{HeaderHash, SetId},
    state::State,
};
use iota_crypto::{history::open_bodies, keys::FIRST_EPOCH};

type Result<T> = std::result::Result<T, ReadError>;

/// The log of one set under a head that was verified.
pub struct History<'a> {
    owner: &'a Owner,
    set: SetId,
    certificates: Certificates,
    head: SignedHeader,
    head_received_ms: u64,
}

impl<'a> History<'a> {
    /// Verifies the certificates and the head of a set, and that the head continues what `witness` saw, which then remembers
    /// it; saving the witness is up to the caller.
    ///
    /// # Errors
    /// [`ReadError::NoCommit`] before the first backup; [`ReadError::History`] when the server shows another or an older
    /// history; what the server answers instead.
    pub fn open(owner: &'a Owner, info: &SetInfo, witness: &mut Witness) -> Result<Self> {
        let history = Self::verified(owner, info, witness.seen(info.set))?;
        let head = &history.head.header;
        witness.remember(info.set, head.seq, head.hash(), history.certificates.newest().key_epoch);
        Ok(history)
    }

    fn verified(owner: &'a Owner, info: &SetInfo, seen: Option<SeenSet>) -> Result<Self> {
        let signed = info.certificates.iter().map(|bytes| SignedCertificate::decode(&bytes.0));
        let signed = signed.collect::<std::result::Result<Vec<_>, _>>()?;
        let certificates = Certificates::verify(owner.account, info.set, &owner.identity, &signed)?;
        if let Some(seen) = seen
            && (signed.len() < seen.certificates as usize || info.head.as_ref().is_none_or(|head| head.seq < seen.seq))
        {
            return Err(HistoryError::Rollback(seen.seq).into());
        }
        let head = info.head.as_ref().ok_or(ReadError::NoCommit)?;
        let signed_head = SignedHeader::decode(&head.header.0)?;
        certificates.verify_head(&signed_head, head.seq)?;
        let history =
            Self { owner, set: info.set, certificates, head: signed_head, head_received_ms: head.received_ms };
        if let Some(seen) = seen.filter(|seen| seen.seq > 0) {
            history.compare(history.place(), (seen.seq, seen.hash))?;
        }
        Ok(history)
    }

    /// The set.
    pub fn set(&self) -> SetId {
        self.set
    }

    /// The newest commit.
    pub fn head(&self) -> &SignedHeader {
        &self.head
    }

    /// Reads objects of the account.
    pub fn objects(&self) -> Objects<'a> {
        let Owner { account, master, archive, .. } = self.owner;
        Objects::new(archive.as_ref(), master.dedup_key(*account, FIRST_EPOCH))
    }

    /// The state at `moment`. The latest is that of the newest scan that has finished, if any has.
    ///
    /// # Errors
    /// [`ReadError::NoPoint`] when there is no such commit; [`ReadError::History`] when the commits are not those of the
    /// verified head; [`ReadError::Crypto`] when a body does not open.
    pub fn at(&self, moment: Moment) -> Result<Point<'a>> {
        let segment = self.segment(self.seq_of(moment)?)?;
        let header = segment.commits().last().map(|(commit, _)| commit.header.header.clone());
        let header = header.ok_or(HistoryError::OtherCommits)?;
        let state = State::replay(open_bodies(&segment, &self.owner.master)?)?;
        Ok(Point::new(header, state, self.objects()))
    }

    /// The commit that is meant.
    fn seq_of(&self, moment: Moment) -> Result<u64> {
        let newest = self.head.header.seq;
        match moment {
            Moment::Latest if !self.head.header.flags.contains(Flags::PARTIAL) => Ok(newest),
            Moment::Latest => self.newest_until(u64::MAX),
            Moment::Seq(seq) if (1..=newest).contains(&seq) => Ok(seq),
            Moment::Seq(seq) => Err(ReadError::NoPoint(format!("commit {seq}; the newest is {newest}"))),
            Moment::Until(ms) => self.newest_until(ms),
        }
    }

    /// The commits from the base of `seq` to it, under the head.
    fn segment(&self, seq: u64) -> Result<VerifiedSegment> {
        let segment = self.owner.archive.segment(self.set, seq)?;
        let segment = self.certificates.verify_segment(segment, seq)?;
        self.compare(segment.head, self.place())?;
        Ok(segment)
    }

    /// Seq and hash of the head.
    fn place(&self) -> (u64, HeaderHash) {
        (self.head.header.seq, self.head.header.hash())
    }

    /// Whether a head continues what was seen before.
    fn compare(&self, head: (u64, HeaderHash), seen: (u64, HeaderHash)) -> Result<()> {
        if head == seen {
            return Ok(());
        }
        if head.0 <= seen.0 {
            return Err(HistoryError::Rollback(seen.0).into());
        }
        let path = self.owner.archive.path(self.set, head.0, seen.0)?;
        Ok(self.certificates.verify_continues(&path, head, seen)?)
    }
}
