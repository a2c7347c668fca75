//! The chain of headers: how any commit is reached from the head by few verified links.

use crate::{commit::Header, id::HeaderHash};
use thiserror::Error;

/// The seq that the skip link of `seq` leads to: `seq & (seq − 1)`; 0 is none.
pub fn skip_of(seq: u64) -> u64 {
    seq & seq.wrapping_sub(1)
}

/// The seqs from `from` down to `to`, both included, along skip links where they do not overshoot.
pub fn path(from: u64, to: u64) -> Vec<u64> {
    let mut seqs = vec![from];
    let mut at = from;
    while at > to {
        at = if skip_of(at) >= to { skip_of(at) } else { at - 1 };
        seqs.push(at);
    }
    seqs
}

/// The headers do not form a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the history that the server shows is not one chain: commit {seq} does not link to commit {expected}")]
pub struct BrokenChain {
    /// The commit whose link fails.
    pub seq: u64,
    /// Where it should lead.
    pub expected: u64,
}

/// Fails when both links of a header lead to the commit before it and name two of them.
///
/// # Errors
/// [`BrokenChain`].
pub fn verify_links_agree(header: &Header) -> Result<(), BrokenChain> {
    let below = header.seq.saturating_sub(1);
    let agree = below == 0 || skip_of(header.seq) != below || header.skip == header.prev;
    if agree { Ok(()) } else { Err(BrokenChain { seq: header.seq, expected: below }) }
}

/// Checks that each header links to the next by prev or skip, going down, and that no header names two commits before it.
///
/// # Errors
/// [`BrokenChain`] at the first that does not.
pub fn verify_path<'a>(headers: impl IntoIterator<Item = &'a Header>) -> Result<(), BrokenChain> {
    let mut headers = headers.into_iter().peekable();
    while let Some(upper) = headers.next() {
        verify_links_agree(upper)?;
        let Some(&lower) = headers.peek() else { break };
        let hash = lower.hash();
        let same_log = upper.set == lower.set && upper.account == lower.account;
        let by_prev = lower.seq + 1 == upper.seq && upper.prev == hash;
        let by_skip = lower.seq == skip_of(upper.seq) && upper.skip == hash;
        if !same_log || !(by_prev || by_skip) {
            return Err(BrokenChain { seq: upper.seq, expected: lower.seq });
        }
    }
    Ok(())
}

/// What a writer keeps to fill in skip links: the hashes of the head and of everything on its skip path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SkipChain {
    links: Vec<(u64, HeaderHash)>,
}

/// Most hashes in a skip chain (one for each set bit of the seq).
pub const MAX_SKIP_LINKS: usize = 63;

impl SkipChain {
    /// Rebuilds a chain from its hashes, head first.
    ///
    /// Returns `None` when their number does not fit `head`.
    pub fn from_hashes(head: u64, hashes: &[HeaderHash]) -> Option<Self> {
        let mut seqs = Vec::new();
        let mut at = head;
        while at != 0 {
            seqs.push(at);
            at = skip_of(at);
        }
        (seqs.len() == hashes.len()).then(|| Self { links: seqs.into_iter().zip(hashes.iter().copied()).collect() })
    }

    /// The hashes, head first.
    pub fn hashes(&self) -> Vec<HeaderHash> {
        self.links.iter().map(|&(_, hash)| hash).collect()
    }

    /// Seq and hash of the head; zeros before the first commit.
    pub fn head(&self) -> (u64, HeaderHash) {
        self.links.first().copied().unwrap_or((0, HeaderHash::ZERO))
    }

    /// The links `prev` and `skip` of the next commit.
    pub fn next_links(&self) -> (HeaderHash, HeaderHash) {
        let (seq, hash) = self.head();
        (hash, self.hash_of(skip_of(seq + 1)).unwrap_or(HeaderHash::ZERO))
    }

    /// Steps to the next commit, whose header hash is `hash`.
    pub fn push(&mut self, hash: HeaderHash) {
        let seq = self.head().0 + 1;
        let below = skip_of(seq);
        self.links.retain(|&(link, _)| link <= below);
        self.links.insert(0, (seq, hash));
    }

    /// The hash of commit `seq`, when the chain goes through it.
    pub fn hash_of(&self, seq: u64) -> Option<HeaderHash> {
        self.links.iter().find(|&&(link, _)| link == seq).map(|&(_, hash)| hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_1_500_000_commits_is_near() {
        let longest = (1..=1_500_000).map(|to| {
            let mut at = 1_500_000u64;
            let mut steps = 1;
            while at > to {
                at = if skip_of(at) >= to { skip_of(at) } else { at - 1 };
                steps += 1;
            }
            steps
        });
        let longest = longest.max().unwrap();
        assert!(longest <= 250, "{longest}");
    }

    #[test]
    fn skip_chain_links_like_the_definition() {
        let hash = |seq: u64| {
            if seq == 0 { HeaderHash::ZERO } else { HeaderHash(*blake3::hash(&seq.to_le_bytes()).as_bytes()) }
        };
        let mut chain = SkipChain::default();
        for seq in 1..5000 {
            assert_eq!(chain.next_links(), (hash(seq - 1), hash(skip_of(seq))));
            chain.push(hash(seq));
            assert_eq!(chain.hashes().len(), seq.count_ones() as usize);
            assert_eq!(SkipChain::from_hashes(seq, &chain.hashes()), Some(chain.clone()));
        }
    }
}
