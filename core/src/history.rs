//! What a reader checks before it believes a server: certificates, the head's signature, and the links from the head
//! down to the commits that it asked for.

use crate::{
    api::frames::{Segment, StoredCommit},
    certificate::{Certificate, SignedCertificate},
    chain::{self, BrokenChain, skip_of, verify_links_agree, verify_path},
    commit::{CommitKind, Flags, Header, SignedHeader},
    id::{AccountId, DeviceId, HeaderHash, SetId, VerifyingKey},
};
use thiserror::Error;

/// What the server shows is not the history of the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HistoryError {
    /// A certificate is missing, not signed by the account, of another set, or does not follow the one before.
    #[error("the certificate of key epoch {0} was not given by this account; the server may have altered it")]
    Certificate(u32),
    /// A commit is not signed by the machine that was certified for its place in the log.
    #[error("commit {0} was not written by the machine that this account enrolled; the server may have made it up")]
    Writer(u64),
    /// The headers are not one chain.
    #[error(transparent)]
    Chain(#[from] BrokenChain),
    /// Other commits than those that were asked for, or not a base and the deltas after it.
    #[error("the server answered with other commits than those that were asked for")]
    OtherCommits,
    /// A commit that was seen before is not in the history.
    #[error(
        "commit {0}, which was seen before, is not in the history that the server shows now; it may show an old state"
    )]
    Rollback(u64),
}

type Result<T> = ::core::result::Result<T, HistoryError>;

/// The certificates of a set, checked: one for each key epoch, from the first.
#[derive(Debug, Clone)]
pub struct Certificates(Vec<Certificate>);

impl Certificates {
    /// Checks the certificates of `set`, in order of their key epochs, against the pinned `identity` of `account`.
    ///
    /// # Errors
    /// [`HistoryError::Certificate`].
    pub fn verify(
        account: AccountId,
        set: SetId,
        identity: &VerifyingKey,
        certificates: &[SignedCertificate],
    ) -> Result<Self> {
        let mut first_seq = 1;
        for (signed, epoch) in certificates.iter().zip(1..) {
            let certificate = &signed.certificate;
            let fits = (certificate.account, certificate.set, certificate.key_epoch) == (account, set, epoch)
                && certificate.first_seq >= first_seq
                && (epoch > 1 || certificate.first_seq == 1);
            if !fits || signed.verify(identity).is_err() {
                return Err(HistoryError::Certificate(epoch));
            }
            first_seq = certificate.first_seq;
        }
        if certificates.is_empty() {
            return Err(HistoryError::Certificate(1));
        }
        Ok(Self(certificates.iter().map(|signed| signed.certificate.clone()).collect()))
    }

    /// The certificate of the machine that may write now.
    pub fn newest(&self) -> &Certificate {
        self.0.last().expect("there is one at least")
    }

    /// The certificate of a machine that wrote, or writes, the set.
    pub fn of_device(&self, device: DeviceId) -> Option<&Certificate> {
        self.0.iter().rev().find(|certificate| certificate.device == device && !certificate.is_revocation())
    }

    /// The certificate under which `header` was written.
    ///
    /// # Errors
    /// [`HistoryError::Writer`] when it is of another set or machine, or outside of its key epoch.
    pub fn of(&self, header: &Header) -> Result<&Certificate> {
        let error = HistoryError::Writer(header.seq);
        let index = header.key_epoch.checked_sub(1).ok_or(error)? as usize;
        let certificate = self.0.get(index).ok_or(error)?;
        let before_next = self.0.get(index + 1).is_none_or(|next| header.seq < next.first_seq);
        let fits = (header.account, header.set, header.device)
            == (certificate.account, certificate.set, certificate.device)
            && header.seq >= certificate.first_seq
            && before_next;
        let opens = header.seq != certificate.first_seq || header.flags.contains(Flags::FULL_REFERENCES);
        if fits && opens && !certificate.is_revocation() { Ok(certificate) } else { Err(error) }
    }

    /// Checks that the head of the log is commit `seq`, signed by the machine that was certified for its place.
    ///
    /// # Errors
    /// [`HistoryError::Writer`] when it is not; [`HistoryError::OtherCommits`] when it is another commit.
    pub fn verify_head(&self, head: &SignedHeader, seq: u64) -> Result<()> {
        if head.header.seq != seq {
            return Err(HistoryError::OtherCommits);
        }
        self.verify_signature(head)
    }

    fn verify_signature(&self, signed: &SignedHeader) -> Result<()> {
        let key = self.of(&signed.header)?.signing_key;
        signed.verify(&key).map_err(|_| HistoryError::Writer(signed.header.seq))
    }

    /// Checks that `path` leads from `head`, by its seq and hash, down to commit `to`: the steps of [`chain::path`] and no others, links,
    /// writers, the signature of the head and of the first header below each change of the machine, and that each new machine continued
    /// what its certificate says.
    ///
    /// # Errors
    /// [`HistoryError::OtherCommits`] when it begins at any other commit, even at one that is signed as well, or takes other steps; or
    /// another [`HistoryError`].
    pub fn verify_path(&self, path: &[SignedHeader], head: (u64, HeaderHash), to: u64) -> Result<()> {
        if path.first().map(place) != Some(head) {
            return Err(HistoryError::OtherCommits);
        }
        self.verify_descent(path, to)
    }

    /// The same from whatever signed head `path` begins at.
    fn verify_descent(&self, path: &[SignedHeader], to: u64) -> Result<()> {
        let (head, last) = path.first().zip(path.last()).ok_or(HistoryError::OtherCommits)?;
        if last.header.seq != to {
            return Err(HistoryError::OtherCommits);
        }
        self.verify_signature(head)?;
        verify_path(path.iter().map(|signed| &signed.header))?;
        // Whoever has the machine's key can sign a header whose links lead to two histories; so the server has no choice between them.
        if !path.iter().map(|signed| signed.header.seq).eq(chain::path(head.header.seq, to)) {
            return Err(HistoryError::OtherCommits);
        }
        for pair in path.windows(2) {
            let [upper, lower] = pair else { continue };
            self.of(&lower.header)?;
            if upper.header.key_epoch != lower.header.key_epoch {
                self.verify_signature(lower)?;
                self.verify_crossing(&upper.header, &lower.header)?;
            }
        }
        Ok(())
    }

    /// Every epoch that begins above `lower` and not above `upper` continues a chain that `lower` is in.
    fn verify_crossing(&self, upper: &Header, lower: &Header) -> Result<()> {
        let crossed = |certificate: &&Certificate| (lower.seq + 1..=upper.seq).contains(&certificate.first_seq);
        for certificate in self.0.iter().filter(crossed) {
            let continued = certificate.head().and_then(|chain| chain.hash_of(lower.seq));
            if continued != Some(lower.hash()) {
                return Err(BrokenChain { seq: upper.seq, expected: lower.seq }.into());
            }
        }
        Ok(())
    }

    /// Checks a segment that was asked for with `at`.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn verify_segment(&self, segment: Segment, at: u64) -> Result<VerifiedSegment> {
        self.verify_from(segment, at, None)
    }

    /// Checks a segment that was asked for with `at`, and `after` that of the commit with the header `known`: what follows that commit, or
    /// all from the base on, when it is a later one.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn verify_segment_after(&self, segment: Segment, at: u64, known: &Header) -> Result<VerifiedSegment> {
        self.verify_from(segment, at, Some(known))
    }

    fn verify_from(&self, segment: Segment, at: u64, known: Option<&Header>) -> Result<VerifiedSegment> {
        self.verify_descent(&segment.path, at)?;
        if Some(verify_links(&segment.commits, known)?) != segment.path.last() {
            return Err(HistoryError::OtherCommits);
        }
        let mut steps = Vec::new();
        for signed in segment.commits.iter().map(|commit| &commit.header) {
            steps.push(signed.header.seq - self.of(&signed.header)?.first_seq);
        }
        Ok(VerifiedSegment { head: place(&segment.path[0]), commits: segment.commits, steps })
    }

    /// Checks that `head` continues a commit that was seen before, each by its seq and hash: `path` leads from the one down to the other.
    ///
    /// # Errors
    /// [`HistoryError::Rollback`] when the path does not end there, and what [`Certificates::verify_path`] finds.
    pub fn verify_continues(
        &self,
        path: &[SignedHeader],
        head: (u64, HeaderHash),
        seen: (u64, HeaderHash),
    ) -> Result<()> {
        if path.last().map(place) != Some(seen) {
            return Err(HistoryError::Rollback(seen.0));
        }
        self.verify_path(path, head, seen.0)
    }
}

/// Seq and hash.
fn place(signed: &SignedHeader) -> (u64, HeaderHash) {
    (signed.header.seq, signed.header.hash())
}

/// Checks that commits are a base and the deltas after it, and that they lead to the header with this hash: whoever had it from the owner
/// needs no certificates.
///
/// # Errors
/// [`HistoryError`].
pub fn verify_leading_to(commits: &[StoredCommit], header: HeaderHash) -> Result<()> {
    if verify_links(commits, None)?.header.hash() == header { Ok(()) } else { Err(HistoryError::OtherCommits) }
}

/// A base and deltas, or deltas that follow the commit that is known, whose links lead to one another. Returns the last header.
fn verify_links<'c>(commits: &'c [StoredCommit], known: Option<&'c Header>) -> Result<&'c SignedHeader> {
    let headers = || commits.iter().map(|commit| &commit.header.header);
    let last = commits.last().ok_or(HistoryError::OtherCommits)?;
    let begins_with_base = headers().next().is_some_and(|first| first.kind == CommitKind::Base);
    let below = known.filter(|_| !begins_with_base);
    let deltas = headers().skip(1).all(|header| header.kind == CommitKind::Delta);
    if !(begins_with_base || below.is_some()) || !deltas {
        return Err(HistoryError::OtherCommits);
    }
    // Ascending, without a gap.
    let mut passed: Vec<(u64, HeaderHash)> = Vec::new();
    for header in below.into_iter().chain(headers()) {
        verify_links_agree(header)?;
        let links = |to: u64, hash| match passed.binary_search_by_key(&to, |&(seq, _)| seq) {
            Ok(place) if passed[place].1 != hash => Err(BrokenChain { seq: header.seq, expected: to }),
            _ => Ok(()),
        };
        if let Some(&(lower, _)) = passed.last() {
            if header.seq != lower + 1 {
                return Err(BrokenChain { seq: header.seq, expected: lower }.into());
            }
            links(lower, header.prev)?;
            links(skip_of(header.seq), header.skip)?;
        }
        passed.push((header.seq, header.hash()));
    }
    Ok(&last.header)
}

/// A base and the deltas after it, or deltas after a commit that is known, which belong to the set and lie under a signed head. The
/// bodies are still sealed.
#[derive(Debug, Clone)]
pub struct VerifiedSegment {
    /// Seq and hash of the commit that the path begins at: signed, but by itself no proof that it continues a head that is known
    /// ([`Certificates::verify_continues`]).
    pub head: (u64, HeaderHash),
    commits: Vec<StoredCommit>,
    steps: Vec<u64>,
}

impl VerifiedSegment {
    /// The commits, ascending, each with the number of its step in the ratchet of its key epoch.
    pub fn commits(&self) -> impl Iterator<Item = (&StoredCommit, u64)> {
        self.commits.iter().zip(self.steps.iter().copied())
    }
}
