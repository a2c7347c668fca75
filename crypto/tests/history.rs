//! A server that lies: whatever it alters, leaves out, mixes or makes up, a reader notices.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use iota_core::{
    api::frames::{Segment, StoredCommit},
    certificate::{Certificate, SignedCertificate},
    chain::{self, SkipChain},
    commit::{Body, Change, CommitKind, Flags, Header, SignedHeader, Totals},
    history::{Certificates, HistoryError, verify_leading_to},
    id::{AccountId, AgreementKey, Cid, DeviceId, Digest, HeaderHash, SetId, VerifyingKey},
};
use iota_crypto::{
    body::{self, BodyPlace},
    error::CryptoError,
    history::open_bodies,
    keys::{AgreementSecret, MasterKey, SigningKey},
    secret::system_random,
};

const ACCOUNT: AccountId = AccountId([1; 16]);
const SET: SetId = SetId([2; 16]);
/// The machine was replaced before this commit.
const REPLACED: u64 = 23;
const COUNT: u64 = 40;

/// A log of 40 commits by two machines, a base every eighth commit.
struct Log {
    master: MasterKey,
    certificates: Vec<SignedCertificate>,
    commits: Vec<StoredCommit>,
}

fn device(epoch: u32) -> (DeviceId, SigningKey) {
    (DeviceId([epoch as u8; 16]), SigningKey::from_seed(&[epoch as u8; 32]))
}

impl Log {
    fn new(set: SetId) -> Self {
        let master = MasterKey::from_bytes([7; 32]);
        let mut log = Self { master, certificates: Vec::new(), commits: Vec::new() };
        let mut chain = SkipChain::default();
        log.certify(set, 1, 1, &chain);
        for seq in 1..=COUNT {
            if seq == REPLACED {
                log.certify(set, 2, seq, &chain);
            }
            let commit = log.commit(set, seq, &chain, seq);
            chain.push(commit.header.header.hash());
            log.commits.push(commit);
        }
        log
    }

    fn identity(&self) -> VerifyingKey {
        self.master.identity(ACCOUNT).verifying_key()
    }

    fn certify(&mut self, set: SetId, key_epoch: u32, first_seq: u64, chain: &SkipChain) {
        let (device, key) = device(key_epoch);
        let certificate = Certificate {
            account: ACCOUNT,
            set,
            device,
            key_epoch,
            signing_key: key.verifying_key(),
            agreement_key: AgreementSecret::from_bytes([3; 32]).public(),
            issued_ms: 4,
            first_seq,
            skip_chain: chain.hashes(),
        };
        let signature = self.master.identity(ACCOUNT).sign(&certificate.encode());
        self.certificates.push(SignedCertificate { certificate, signature });
    }

    fn revoke(&mut self, key_epoch: u32, chain: &SkipChain) {
        self.certify(SET, key_epoch, COUNT + 1, chain);
        let revocation = self.certificates.last_mut().unwrap();
        revocation.certificate.signing_key = VerifyingKey::ZERO;
        revocation.certificate.agreement_key = AgreementKey::ZERO;
        revocation.signature = self.master.identity(ACCOUNT).sign(&revocation.certificate.encode());
    }

    /// Commit `seq` after `chain`; the body says `files`.
    fn commit(&self, set: SetId, seq: u64, chain: &SkipChain, files: u64) -> StoredCommit {
        let (key_epoch, first) = if seq < REPLACED { (1, 1) } else { (2, REPLACED) };
        let (device, key) = device(key_epoch);
        let is_base = seq % 8 == 1 || seq == REPLACED;
        let (prev, skip) = chain.next_links();
        let body = Body {
            change: if is_base { Change::Base(vec![]) } else { Change::Delta(vec![]) },
            seen: vec![],
            gaps: vec![],
            gap_count: 0,
            totals: Totals { files, ..Totals::default() },
            state_root: Digest::ZERO,
        };
        let place = BodyPlace { account: ACCOUNT, set, device, seq, kind: body.kind(), prev, key_epoch };
        let log_key = self.master.log_root(ACCOUNT, set, key_epoch).advance(seq - first);
        let sealed = body::seal(&log_key.body_key(), &place, &body, &mut system_random()).unwrap();
        let header = Header {
            account: ACCOUNT,
            set,
            device,
            seq,
            kind: body.kind(),
            prev,
            skip,
            body_cid: Cid::of(&sealed),
            body_len: sealed.len() as u32,
            refs_root: Digest::ZERO,
            live_count: 0,
            live_xor: Digest::ZERO,
            device_time_ms: seq,
            prev_received_ms: seq - 1,
            key_epoch,
            flags: Flags::default().with(Flags::FULL_REFERENCES, seq == first),
        };
        let signature = key.sign(&header.encode());
        StoredCommit { header: SignedHeader { header, signature }, body: sealed }
    }

    fn header(&self, seq: u64) -> SignedHeader {
        self.commits[seq as usize - 1].header.clone()
    }

    fn place(&self, seq: u64) -> (u64, HeaderHash) {
        place(&self.header(seq))
    }

    /// What the same machines' keys sign otherwise from commit `fork` on.
    fn forked(&self, fork: u64) -> Self {
        let mut other = Self::new(SET);
        other.certificates.clone_from(&self.certificates);
        other.commits = self.commits[..fork as usize - 1].to_vec();
        let mut chain = chain_of(&other);
        for seq in fork..=COUNT {
            let commit = other.commit(SET, seq, &chain, seq + 1000);
            chain.push(commit.header.header.hash());
            other.commits.push(commit);
        }
        other
    }

    /// An honest answer for `at` while `head` is the newest.
    fn segment(&self, head: u64, at: u64) -> Segment {
        let base = (1..=at).rev().find(|&seq| self.header(seq).header.kind == CommitKind::Base).unwrap();
        Segment {
            path: chain::path(head, at).into_iter().map(|seq| self.header(seq)).collect(),
            commits: self.commits[base as usize - 1..at as usize].to_vec(),
        }
    }

    fn certificates(&self) -> Certificates {
        Certificates::verify(ACCOUNT, SET, &self.identity(), &self.certificates).unwrap()
    }

    fn resign(&self, signed: &mut SignedHeader, epoch: u32) {
        signed.signature = device(epoch).1.sign(&signed.header.encode());
    }
}

fn place(signed: &SignedHeader) -> (u64, HeaderHash) {
    (signed.header.seq, signed.header.hash())
}

fn chain_of(log: &Log) -> SkipChain {
    let mut chain = SkipChain::default();
    log.commits.iter().for_each(|commit| chain.push(commit.header.header.hash()));
    chain
}

#[test]
fn every_commit_is_reached_from_every_head() {
    let log = Log::new(SET);
    let certificates = log.certificates();
    for head in 1..=COUNT {
        for at in 1..=head {
            // What a client has learned of machines may be newer than the head that it is shown, never older.
            let verified = certificates.verify_segment(log.segment(head, at), at).unwrap();
            assert_eq!(verified.head, (head, log.header(head).header.hash()));
            let bodies = open_bodies(&verified, &log.master).unwrap();
            assert_eq!(bodies.last().unwrap().totals.files, at);
            certificates.verify_continues(&log.segment(head, at).path, log.place(head), log.place(at)).unwrap();
        }
    }
}

#[test]
fn certificates_come_from_the_account_and_in_order() {
    let log = Log::new(SET);
    let verify = |certificates: &[SignedCertificate]| {
        Certificates::verify(ACCOUNT, SET, &log.identity(), certificates).map(|_| ())
    };
    let [first, second] = &log.certificates[..] else { panic!("two machines") };
    assert_eq!(verify(&[]), Err(HistoryError::Certificate(1)));
    assert_eq!(verify(std::slice::from_ref(second)), Err(HistoryError::Certificate(1)));
    assert_eq!(verify(&[second.clone(), first.clone()]), Err(HistoryError::Certificate(1)));
    assert_eq!(verify(&[first.clone(), first.clone()]), Err(HistoryError::Certificate(2)));
    let mut substituted = second.clone();
    substituted.certificate.signing_key = SigningKey::from_seed(&[9; 32]).verifying_key();
    assert_eq!(verify(&[first.clone(), substituted.clone()]), Err(HistoryError::Certificate(2)));
    substituted.signature = SigningKey::from_seed(&[9; 32]).sign(&substituted.certificate.encode());
    assert_eq!(verify(&[first.clone(), substituted]), Err(HistoryError::Certificate(2)));
    let other = Log::new(SetId([9; 16]));
    assert_eq!(verify(&[first.clone(), other.certificates[1].clone()]), Err(HistoryError::Certificate(2)));
    let stranger = Certificates::verify(AccountId([9; 16]), SET, &log.identity(), &log.certificates);
    assert_eq!(stranger.err(), Some(HistoryError::Certificate(1)));
}

#[test]
fn after_a_revocation_nobody_writes() {
    let mut log = Log::new(SET);
    let chain = chain_of(&log);
    log.revoke(3, &chain);
    let certificates = log.certificates();
    assert!(certificates.newest().is_revocation());
    // What was written before it stays readable.
    certificates.verify_segment(log.segment(COUNT, COUNT), COUNT).unwrap();
    for signer in [2, 3] {
        let mut next = log.header(COUNT);
        next.header.seq = COUNT + 1;
        (next.header.prev, next.header.skip) = chain.next_links();
        next.header.key_epoch = 3;
        next.header.device = log.certificates[2].certificate.device;
        next.header.flags = Flags::default().with(Flags::FULL_REFERENCES, true);
        log.resign(&mut next, signer);
        assert_eq!(certificates.verify_head(&next, COUNT + 1), Err(HistoryError::Writer(COUNT + 1)));
    }
    let mut old = log.header(COUNT);
    old.header.seq = COUNT + 1;
    log.resign(&mut old, 2);
    assert_eq!(certificates.verify_head(&old, COUNT + 1), Err(HistoryError::Writer(COUNT + 1)));
    // Without keys for both purposes, or with one of them only, it is no certificate of either kind.
    let mut half = log.certificates[2].certificate.clone();
    half.agreement_key = AgreementSecret::from_bytes([3; 32]).public();
    assert!(Certificate::decode(&half.encode()).is_err());
    assert!(Certificate::decode(&log.certificates[2].certificate.encode()).is_ok());
}

/// Alters an honest answer.
type Lie = fn(&mut Segment, &Log);

#[test]
fn whatever_a_server_alters_is_noticed() {
    let log = Log::new(SET);
    let other = Log::new(SetId([9; 16]));
    let lies: &[(&str, Lie)] = &[
        ("no path", |segment, _| segment.path.clear()),
        ("no commits", |segment, _| segment.commits.clear()),
        ("the head's signature", |segment, _| segment.path[0].signature.0[3] ^= 1),
        ("the head has the signature of another commit", |segment, log| {
            segment.path[0].signature = log.header(1).signature;
        }),
        ("a header of the path is left out", |segment, _| {
            segment.path = [&segment.path[..1], &segment.path[2..]].concat()
        }),
        ("the path ends too early", |segment, _| segment.path.truncate(segment.path.len() - 1)),
        ("two headers of the path are swapped", |segment, _| segment.path.swap(0, 1)),
        ("a header of the path is altered", |segment, _| segment.path[1].header.live_count += 1),
        ("a header of the path is altered and signed again", |segment, log| {
            segment.path[1].header.live_count += 1;
            let mut altered = segment.path[1].clone();
            log.resign(&mut altered, 2);
            segment.path[1] = altered;
        }),
        ("the last header of the path is altered", |segment, _| {
            segment.path.last_mut().unwrap().header.live_count += 1
        }),
        ("the base is left out", |segment, _| segment.commits = segment.commits[1..].to_vec()),
        ("a middle delta is left out", |segment, _| {
            segment.commits.remove(1);
        }),
        ("the last delta is left out", |segment, _| segment.commits.truncate(segment.commits.len() - 1)),
        ("a delta stands twice", |segment, _| segment.commits.push(segment.commits.last().unwrap().clone())),
        ("deltas are swapped", |segment, _| segment.commits.swap(1, 2)),
        ("a delta's header is altered", |segment, _| segment.commits[1].header.header.live_count += 1),
        ("the base's header is altered", |segment, _| segment.commits[0].header.header.live_count += 1),
        ("bodies are swapped", |segment, _| {
            let body = segment.commits[1].body.clone();
            segment.commits[1].body = std::mem::replace(&mut segment.commits[2].body, body);
        }),
        ("a body is altered", |segment, _| segment.commits[1].body[100] ^= 1),
        ("a body is cut off", |segment, _| segment.commits[1].body.truncate(100)),
        ("a body is empty", |segment, _| segment.commits[1].body.clear()),
        ("commits of the base before come first", |segment, log| segment.commits.insert(0, log.commits[7].clone())),
    ];
    let certificates = log.certificates();
    for (what, lie) in lies {
        for (head, at) in [(40, 12), (40, 22), (40, 30), (30, 29), (22, 14)] {
            let mut segment = log.segment(head, at);
            lie(&mut segment, &log);
            let opened = certificates
                .verify_segment(segment, at)
                .map_err(|_| CryptoError::Body)
                .and_then(|verified| open_bodies(&verified, &log.master));
            assert!(opened.is_err(), "{what}: head {head}, at {at}");
        }
    }
    let others = certificates.verify_segment(other.segment(40, 30), 30);
    assert_eq!(others.err(), Some(HistoryError::Writer(40)));
    assert!(certificates.verify_segment(log.segment(40, 29), 30).is_err(), "another commit than asked for");
    assert!(certificates.verify_segment(log.segment(40, 31), 30).is_err(), "another commit than asked for");
}

#[test]
fn a_replaced_machine_writes_no_more() {
    let log = Log::new(SET);
    // The thief of the first machine goes on after commit 22, with everything that machine knows.
    let mut chain = SkipChain::default();
    (1..REPLACED).for_each(|seq| chain.push(log.header(seq).header.hash()));
    let (prev, skip) = chain.next_links();
    let mut forged = log.header(REPLACED);
    forged.header = Header { prev, skip, device: device(1).0, key_epoch: 1, ..forged.header };
    log.resign(&mut forged, 1);
    let path = [forged.clone(), log.header(REPLACED - 1)];
    let certificates = log.certificates();
    assert_eq!(certificates.verify_path(&path, place(&path[0]), REPLACED - 1), Err(HistoryError::Writer(REPLACED)));
    // Nor in the name of the new machine.
    forged.header = Header { device: device(2).0, key_epoch: 2, ..forged.header };
    log.resign(&mut forged, 1);
    let path = [forged, log.header(REPLACED - 1)];
    assert_eq!(certificates.verify_path(&path, place(&path[0]), REPLACED - 1), Err(HistoryError::Writer(REPLACED)));
}

#[test]
fn a_new_machine_does_not_rewrite_what_was_before_it() {
    let log = Log::new(SET);
    // The second machine links to a history that the account did not certify, signed by the first machine's key.
    let mut altered = log.header(REPLACED - 1);
    altered.header.live_count += 1;
    log.resign(&mut altered, 1);
    let mut upper = log.header(REPLACED);
    upper.header.prev = altered.header.hash();
    upper.header.skip = upper.header.prev;
    log.resign(&mut upper, 2);
    let broken = log.certificates().verify_path(&[upper.clone(), altered], place(&upper), REPLACED - 1);
    assert!(matches!(broken, Err(HistoryError::Chain(_))), "{broken:?}");
}

#[test]
fn a_new_machine_begins_with_all_references() {
    let log = Log::new(SET);
    let mut first = log.header(REPLACED);
    first.header.flags = Flags::default();
    log.resign(&mut first, 2);
    assert_eq!(log.certificates().verify_head(&first, REPLACED), Err(HistoryError::Writer(REPLACED)));
}

#[test]
fn an_old_state_is_noticed_by_whoever_saw_a_newer_one() {
    let log = Log::new(SET);
    let certificates = log.certificates();
    let seen = log.place(35);
    let refused = |path: &[SignedHeader], seen| {
        let head = path.first().map_or(log.place(40), place);
        assert_eq!(certificates.verify_continues(path, head, seen), Err(HistoryError::Rollback(35)));
    };
    refused(&log.segment(30, 30).path, seen);
    refused(&[], seen);
    // A fork: another commit 35, well signed.
    refused(&Log::new(SET).segment(40, 35).path, seen);
    refused(&log.segment(40, 35).path, (35, HeaderHash([9; 32])));
}

#[test]
fn a_path_from_another_branch_than_the_head_is_no_proof() {
    let log = Log::new(SET);
    let certificates = log.certificates();
    for fork in [3, REPLACED, 30, 40] {
        let other = log.forked(fork);
        for (head, seen) in (1..=COUNT).flat_map(|head| (1..=head).map(move |seen| (head, seen))) {
            let continues = |path: &Log, head: (u64, HeaderHash)| {
                certificates.verify_continues(&path.segment(COUNT.min(head.0), seen).path, head, log.place(seen))
            };
            // Both heads are well signed. One is seen to continue a commit only by its own path.
            assert_eq!(continues(&log, log.place(head)), Ok(()), "{fork} {head} {seen}");
            let (known, forged) = (log.place(head), other.place(head));
            if head < fork {
                assert_eq!(forged, known);
                continue;
            }
            let outcome = continues(&log, forged);
            assert_eq!(outcome, Err(HistoryError::OtherCommits), "{fork} {head} {seen}");
            // Of the machine before a replaced one no other history holds; the account certified that one.
            let holds = seen < fork && (fork >= REPLACED || head < REPLACED);
            assert_eq!(continues(&other, forged).is_ok(), holds, "{fork} {head} {seen}");
            assert!(continues(&other, known).is_err(), "{fork} {head} {seen}");
            // Nor by the head itself above the other branch.
            if seen >= fork && head > seen {
                let mut mixed = log.segment(head, seen).path;
                mixed[0] = other.header(head);
                let outcome = certificates.verify_continues(&mixed, forged, log.place(seen));
                assert!(matches!(outcome, Err(HistoryError::Chain(_))), "{fork} {head} {seen}: {outcome:?}");
            }
        }
    }
}

/// Commit `seq` of `log` that the thief of the machine's key signed again, after `alter`.
fn signed_again(log: &Log, seq: u64, alter: impl FnOnce(&mut Header)) -> SignedHeader {
    let mut signed = log.header(seq);
    alter(&mut signed.header);
    let epoch = signed.header.key_epoch;
    log.resign(&mut signed, epoch);
    signed
}

#[test]
fn a_commit_does_not_name_two_commits_before_it() {
    let log = Log::new(SET);
    let certificates = log.certificates();
    let other = log.forked(30);
    for seq in (31..=COUNT).filter(|&seq| chain::skip_of(seq) + 1 == seq) {
        let (known, forged) = (log.header(seq).header.prev, other.header(seq).header.prev);
        for (prev, skip) in [(known, forged), (forged, known)] {
            let head = signed_again(&log, seq, |header| (header.prev, header.skip) = (prev, skip));
            for (branch, to) in [&log, &other].into_iter().flat_map(|branch| (1..=seq).map(move |to| (branch, to))) {
                let mut segment = branch.segment(seq, to);
                segment.path[0] = head.clone();
                let seen = place(segment.path.last().unwrap());
                let broken = Err(HistoryError::Chain(chain::BrokenChain { seq, expected: seq - 1 }));
                assert_eq!(certificates.verify_continues(&segment.path, place(&head), seen), broken, "{seq} {to}");
                if to < seq {
                    assert_eq!(certificates.verify_segment(segment, to).map(|_| ()), broken, "{seq} {to}");
                }
            }
        }
    }
}

#[test]
fn the_links_of_a_segment_lead_to_its_own_commits() {
    let log = Log::new(SET);
    let certificates = log.certificates();
    let other = log.forked(REPLACED);
    let mut refused = Vec::new();
    for seq in (REPLACED + 1..=COUNT).filter(|&seq| chain::skip_of(seq) > 0) {
        let elsewhere = other.header(chain::skip_of(seq).max(REPLACED)).header.hash();
        let forged = signed_again(&log, seq, |header| header.skip = elsewhere);
        let mut segment = log.segment(seq, seq);
        segment.path[0] = forged.clone();
        segment.commits.last_mut().unwrap().header = forged.clone();
        let (base, below) = (segment.commits[0].header.header.seq, chain::skip_of(seq));
        let outcome = certificates.verify_segment(segment.clone(), seq).map(|_| ());
        assert_eq!(verify_leading_to(&segment.commits, forged.header.hash()), outcome, "{seq}");
        // Where a link leads below the base, nothing says to which history.
        if below < base && below + 1 != seq {
            assert_eq!(outcome, Ok(()), "{seq}");
            continue;
        }
        let broken = Err(HistoryError::Chain(chain::BrokenChain { seq, expected: below }));
        assert_eq!(outcome, broken, "{seq}");
        refused.push(seq);
        // Nor does it lead past the commit that is known.
        if below > base {
            segment.commits.retain(|commit| commit.header.header.seq > below);
            let known = log.header(below).header;
            assert_eq!(certificates.verify_segment_after(segment, seq, &known).map(|_| ()), broken, "{seq}");
        }
    }
    assert_eq!(refused, [25, 27, 29, 30, 31, 33, 35, 37, 38, 39]);
}

#[test]
fn a_path_takes_the_steps_of_its_definition_and_no_others() {
    let log = Log::new(SET);
    let certificates = log.certificates();
    for (head, to) in (1..=COUNT).flat_map(|head| (1..=head).map(move |to| (head, to))) {
        let path: Vec<_> = (to..=head).rev().map(|seq| log.header(seq)).collect();
        let all = chain::path(head, to).len() == path.len();
        let expected = if all { Ok(()) } else { Err(HistoryError::OtherCommits) };
        assert_eq!(certificates.verify_path(&path, log.place(head), to), expected, "{head} {to}");
    }
}

#[test]
fn a_path_begins_at_the_head_not_above_it_and_not_below_it() {
    let log = Log::new(SET);
    let certificates = log.certificates();
    for (head, seen) in [(34, 12), (34, 33), (34, 34), (39, 8)] {
        for other in [head - 1, head + 1, COUNT].into_iter().filter(|&other| other >= seen && other != head) {
            let path = log.segment(other, seen).path;
            let outcome = certificates.verify_continues(&path, log.place(head), log.place(seen));
            assert_eq!(outcome, Err(HistoryError::OtherCommits), "{head} {seen} {other}");
        }
    }
    assert_eq!(certificates.verify_head(&log.header(34), 35), Err(HistoryError::OtherCommits));
}

#[test]
fn every_flipped_bit_of_a_segment_is_noticed() {
    let log = Log::new(SET);
    let certificates = log.certificates();
    let bytes = log.segment(24, 12).encode();
    let believed = |bytes: &[u8]| {
        let segment = Segment::decode(bytes).ok()?;
        let verified = certificates.verify_segment(segment, 12).ok()?;
        open_bodies(&verified, &log.master).ok()
    };
    let honest = believed(&bytes).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // The signatures below the head are covered by the links above them and not looked at.
        if let Some(bodies) = believed(&flipped) {
            assert!(bodies == honest, "bit {bit}");
        }
    }
}
