//! Which certificates and commits of a set counted: all that its newest commit leads to.
//!
//! A record may stand in a pack whose transaction failed. The server decides about a set one thing after another, so such a
//! record shows: it is followed by what could not have been accepted after it, or nothing follows from it.

use std::collections::{BTreeMap, HashMap};

use iota_core::certificate::SignedCertificate;
use iota_core::chain::skip_of;
use iota_core::commit::{Flags, Header};
use iota_core::id::{DeviceId, HeaderHash};

use super::decisions::{FoundCertificate, FoundCommit};

/// The log of a set.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The certificates that counted, by key epoch.
    pub(super) certificates: Vec<SignedCertificate>,
    /// The commits that counted, ascending.
    pub(super) commits: Vec<FoundCommit>,
    /// Commits that should be there and are not, ascending.
    pub(super) lost: Vec<LostCommit>,
}

/// A commit that is in no pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LostCommit {
    pub(super) seq: u64,
    /// Its hash, and when it was received, as far as later commits say.
    pub(super) known: Option<(HeaderHash, u64)>,
}

impl LostCommit {
    fn unknown(seq: u64) -> Self {
        Self { seq, known: None }
    }
}

impl History {
    /// From everything that was found about one set, in the order in which it was written.
    pub(super) fn of(certificates: &[FoundCertificate], commits: &[&FoundCommit]) -> Self {
        let certificates = accepted(certificates, commits);
        let Some(head) = head(&certificates, commits) else { return Self { certificates, ..Self::default() } };
        let (commits, lost) = descend(head, commits);
        Self { certificates, commits, lost }
    }
}

/// For each key epoch the last certificate after which no machine of an older epoch committed.
fn accepted(found: &[FoundCertificate], commits: &[&FoundCommit]) -> Vec<SignedCertificate> {
    let mut accepted: Vec<SignedCertificate> = Vec::new();
    for epoch in 1.. {
        let last_of_older = commits
            .iter()
            .filter(|commit| commit.record.header.header.key_epoch < epoch && is_signed(commit, &accepted))
            .map(|commit| commit.place)
            .max();
        let counts = |found: &&FoundCertificate| {
            found.signed.certificate.key_epoch == epoch && last_of_older.is_none_or(|last| last < found.place)
        };
        match found.iter().filter(counts).max_by_key(|found| found.place) {
            Some(found) => accepted.push(found.signed.clone()),
            None => break,
        }
    }
    accepted
}

/// Whether the machine of the commit's key epoch wrote it, at a place in the log that was its own.
fn is_signed(commit: &FoundCommit, certificates: &[SignedCertificate]) -> bool {
    let signed = &commit.record.header;
    let Header { key_epoch, device, seq, .. } = signed.header;
    let index = key_epoch as usize - 1;
    let Some(certificate) = certificates.get(index).map(|found| &found.certificate) else { return false };
    let before_next = certificates.get(index + 1).is_none_or(|next| seq < next.certificate.first_seq);
    let opens = seq != certificate.first_seq || signed.header.flags.contains(Flags::FULL_REFERENCES);
    let own: (DeviceId, bool) = (certificate.device, seq >= certificate.first_seq && before_next && opens);
    own == (device, true) && signed.verify(&certificate.signing_key).is_ok()
}

/// The commit with the highest number; of several the one that was written last.
fn head<'a>(certificates: &[SignedCertificate], commits: &[&'a FoundCommit]) -> Option<&'a FoundCommit> {
    let mut candidates = commits.to_vec();
    candidates.sort_unstable_by_key(|commit| (commit.record.header.header.seq, commit.place));
    candidates.into_iter().rev().find(|commit| is_signed(commit, certificates))
}

/// From the head down along prev and skip links: what is there, ascending, and the numbers of what is not.
fn descend(head: &FoundCommit, commits: &[&FoundCommit]) -> (Vec<FoundCommit>, Vec<LostCommit>) {
    let mut by_hash: HashMap<HeaderHash, Vec<&FoundCommit>> = HashMap::new();
    for &commit in commits {
        by_hash.entry(commit.record.header.header.hash()).or_default().push(commit);
    }
    let mut wanted = BTreeMap::from([(head.record.header.header.seq, (head.record.header.header.hash(), None))]);
    let (mut found, mut lost) = (Vec::new(), Vec::new());
    let mut below = head.record.header.header.seq + 1;
    while let Some((seq, (hash, received_ms))) = wanted.pop_last() {
        lost.extend((seq + 1..below).rev().map(LostCommit::unknown));
        below = seq;
        match by_hash.get(&hash).and_then(|records| of_receipt(records, received_ms)) {
            Some(commit) => {
                want_below(&commit.record.header.header, &mut wanted);
                found.push(commit.clone());
            }
            None => lost.push(LostCommit { seq, known: Some((hash, received_ms.unwrap_or(0))) }),
        }
    }
    lost.extend((1..below).rev().map(LostCommit::unknown));
    found.reverse();
    lost.reverse();
    (found, lost)
}

/// A commit may have been written twice, when its first transaction failed: the next one says when it was received.
fn of_receipt<'a>(records: &[&'a FoundCommit], received_ms: Option<u64>) -> Option<&'a FoundCommit> {
    let of_time = records.iter().rev().find(|commit| Some(commit.record.received_ms) == received_ms);
    of_time.or(records.last()).copied()
}

/// What the links of a header lead to.
fn want_below(header: &Header, wanted: &mut BTreeMap<u64, (HeaderHash, Option<u64>)>) {
    if skip_of(header.seq) > 0 {
        wanted.entry(skip_of(header.seq)).or_insert((header.skip, None));
    }
    if header.seq > 1 {
        wanted.insert(header.seq - 1, (header.prev, Some(header.prev_received_ms)));
    }
}
