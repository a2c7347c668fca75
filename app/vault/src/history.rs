//! The log of a set under a head that was verified: certificates, signature, links, and that it continues what was seen.

use iota_core::api::json::{SetInfo, SnapshotInfo};
use iota_core::certificate::SignedCertificate;
use iota_core::commit::{Body as CommitBody, CommitKind, Flags, Header, SignedHeader};
use iota_core::history::{Certificates, HistoryError, VerifiedSegment};
use iota_core::id::{HeaderHash, SetId};
use iota_crypto::history::open_bodies;

use crate::api;
use crate::keys::OpenVault;
use crate::platform::Platform;
use crate::problem::{Result, Tell, malformed, missing};
use crate::witness::{SeenSet, Witness};

/// See the module.
pub struct History {
    /// The set.
    pub set: SetId,
    /// Its certificates.
    pub certificates: Certificates,
    /// The newest commit; none before the first.
    pub head: Option<SignedHeader>,
    /// Whether this browser had not seen the set before.
    pub first_visit: bool,
}

/// Commits of one stretch of the history that are still snapshots.
#[derive(Default)]
pub struct Kept {
    /// Ascending.
    pub seqs: Vec<u64>,
    /// Those of them that are bases.
    pub bases: Vec<u64>,
    /// The newest one before the stretch.
    pub below: Option<u64>,
}

impl Kept {
    /// The oldest from `from` on and before `end`.
    pub fn oldest_in(&self, from: u64, end: u64) -> Option<u64> {
        let place = self.seqs.partition_point(|&seq| seq < from);
        self.seqs.get(place).copied().filter(|&seq| seq < end)
    }

    /// The newest from `from` on and before `end`.
    pub fn newest_in(&self, from: u64, end: u64) -> Option<u64> {
        let place = self.seqs.partition_point(|&seq| seq < end).checked_sub(1)?;
        Some(self.seqs[place]).filter(|&seq| seq >= from)
    }
}

impl History {
    /// Verifies what the server says of a set, and notes it in `witness`, whose saving is up to the caller.
    ///
    /// # Errors
    /// [`iota_core::vault::ProblemKind::Altered`] when the server shows another or an older history.
    pub async fn verify(
        platform: &impl Platform,
        open: &OpenVault,
        info: &SetInfo,
        witness: &mut Witness,
    ) -> Result<Self> {
        let seen = witness.seen(info.set);
        let signed = info.certificates.iter().map(|bytes| SignedCertificate::decode(&bytes.0));
        let signed = signed.collect::<std::result::Result<Vec<_>, _>>().tell()?;
        let certificates = Certificates::verify(open.account, info.set, &open.identity, &signed).tell()?;
        let head_seq = info.head.as_ref().map_or(0, |head| head.seq);
        if let Some(seen) = seen
            && (signed.len() < seen.certificates as usize || head_seq < seen.seq)
        {
            return Err(HistoryError::Rollback(seen.seq)).tell();
        }
        let head = match &info.head {
            None => None,
            Some(head) => Some(verified_head(&certificates, head.seq, &head.header.0)?),
        };
        let history = Self { set: info.set, certificates, head, first_visit: seen.is_none() };
        if let Some(seen) = seen.filter(|seen| seen.seq > 0) {
            history.require_continued(platform, history.place(), (seen.seq, seen.hash)).await?;
        }
        let (seq, hash) = history.place();
        witness.remember(info.set, SeenSet { seq, hash, certificates: history.certificates.newest().key_epoch });
        Ok(history)
    }

    /// Seq and hash of the head; zeros before the first commit.
    pub fn place(&self) -> (u64, HeaderHash) {
        self.head.as_ref().map_or((0, HeaderHash::ZERO), |head| (head.header.seq, head.header.hash()))
    }

    /// Fails unless a head continues what was seen before.
    ///
    /// # Errors
    /// [`iota_core::vault::ProblemKind::Altered`].
    pub async fn require_continued(
        &self,
        platform: &impl Platform,
        head: (u64, HeaderHash),
        seen: (u64, HeaderHash),
    ) -> Result<()> {
        if head == seen {
            return Ok(());
        }
        if head.0 <= seen.0 {
            return Err(HistoryError::Rollback(seen.0)).tell();
        }
        let path = api::path(platform, self.set, head.0, seen.0).await?;
        self.certificates.verify_continues(&path, head, seen).tell()
    }

    /// The newest commit whose scan had finished, or the newest when none had. Listed commits count as far as they lead down
    /// from the head without a gap.
    ///
    /// # Errors
    /// A problem when there is no commit yet.
    pub async fn newest_complete(&self, platform: &impl Platform) -> Result<u64> {
        let head = &self.head.as_ref().ok_or_else(|| missing("backup yet"))?.header;
        if !head.flags.contains(Flags::PARTIAL) {
            return Ok(head.seq);
        }
        let path = format!("/sets/{}/snapshots?limit=1000&before={}", self.set, head.seq);
        let listed: Vec<SnapshotInfo> = api::get(platform, &path).await?;
        let mut above = head.prev;
        for info in &listed {
            let header = SignedHeader::decode(&info.header.0).tell()?.header;
            if header.hash() != above {
                break;
            }
            if !header.flags.contains(Flags::PARTIAL) {
                return Ok(header.seq);
            }
            above = header.prev;
        }
        Ok(head.seq)
    }

    /// The commits from `from` to `to` that are still snapshots, in ascending order, by the server's word: what is opened there is
    /// verified. The newest below `from` stands before them, if there is one.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn kept(&self, platform: &impl Platform, from: u64, to: u64) -> Result<Kept> {
        // What is left of the stretch, and the one below.
        self.kept_while(platform, to, |before| before.saturating_sub(from) + 1, |_, seq| seq >= from).await
    }

    /// Likewise, down to the base that makes `bases` of them.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn kept_with_bases(&self, platform: &impl Platform, bases: usize, to: u64) -> Result<Kept> {
        self.kept_while(platform, to, |_| 1000, |kept, _| kept.bases.len() < bases).await
    }

    async fn kept_while(
        &self,
        platform: &impl Platform,
        to: u64,
        left: impl Fn(u64) -> u64,
        belongs: impl Fn(&Kept, u64) -> bool,
    ) -> Result<Kept> {
        let mut kept = Kept::default();
        let mut before = to + 1;
        'listing: loop {
            let limit = left(before).min(1000);
            let path = format!("/sets/{}/snapshots?limit={limit}&before={before}", self.set);
            let listed: Vec<SnapshotInfo> = api::get(platform, &path).await?;
            if listed.is_empty() {
                break;
            }
            for info in &listed {
                let header = SignedHeader::decode(&info.header.0).tell()?.header;
                if header.seq >= before {
                    return Err(malformed(&"snapshots out of order"));
                }
                before = header.seq;
                if !belongs(&kept, header.seq) {
                    kept.below = Some(header.seq);
                    break 'listing;
                }
                kept.seqs.push(header.seq);
                if header.kind == CommitKind::Base {
                    kept.bases.push(header.seq);
                }
            }
        }
        kept.seqs.reverse();
        kept.bases.reverse();
        Ok(kept)
    }

    /// The commits from the base of `at` to it, verified to lie under the head.
    ///
    /// # Errors
    /// [`iota_core::vault::ProblemKind::Altered`] when they do not.
    pub async fn segment(&self, platform: &impl Platform, at: u64) -> Result<VerifiedSegment> {
        self.segment_after(platform, at, None).await
    }

    /// Likewise; of a state that is `known` only the commits that follow it, when the base of both is the same.
    ///
    /// # Errors
    /// As [`History::segment`].
    pub async fn segment_after(
        &self,
        platform: &impl Platform,
        at: u64,
        known: Option<&Header>,
    ) -> Result<VerifiedSegment> {
        let newest = self.place().0;
        if !(1..=newest).contains(&at) {
            return Err(missing("point in time"));
        }
        let segment = match known {
            Some(known) => {
                let segment = api::segment_after(platform, self.set, at, known.seq).await?;
                self.certificates.verify_segment_after(segment, at, known).tell()?
            }
            None => self.certificates.verify_segment(api::segment(platform, self.set, at).await?, at).tell()?,
        };
        self.require_continued(platform, segment.head, self.place()).await?;
        Ok(segment)
    }
}

fn verified_head(certificates: &Certificates, seq: u64, bytes: &[u8]) -> Result<SignedHeader> {
    let signed = SignedHeader::decode(bytes).tell()?;
    certificates.verify_head(&signed, seq).tell()?;
    Ok(signed)
}

/// The headers and opened bodies of a segment, oldest first.
///
/// # Errors
/// [`iota_core::vault::ProblemKind::Altered`] when a body does not open.
pub fn opened(segment: &VerifiedSegment, open: &OpenVault) -> Result<Vec<(Header, CommitBody)>> {
    let bodies = open_bodies(segment, &open.keys()?.master).tell()?;
    let headers = segment.commits().map(|(commit, _)| commit.header.header.clone());
    Ok(headers.zip(bodies).collect())
}
