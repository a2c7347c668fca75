//! Whatever is sealed opens again, and nothing that was altered does.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use iota_core::{
    certificate::{Certificate, SignedCertificate},
    chain::SkipChain,
    commit::{Body, Change, CommitKind, Flags, Header, SignedHeader, Totals},
    entry::{Entry, Kind, Metadata},
    extent::{ChunkKey, ChunkRef, Content, Extent, ExtentPageRef, decode_extent_index, decode_extent_page},
    id::{AccountId, AgreementKey, Cid, DeviceId, Digest, HeaderHash, SetId},
    operation::Operation,
    path::TreePath,
    slot::Slot,
    wire::WireError,
};
use iota_crypto::{
    body::{self, BodyPlace},
    chunk::{ChunkOpener, ChunkSealer, chunk_key, seal_stored},
    cut::pack_extents,
    error::CryptoError,
    keys::{DedupKey, LabelKey, MasterKey, SigningKey},
    label,
    ratchet::LogKey,
    secret::system_random,
    slot::{self, KeyFileSecret, SlotSecret},
};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};

fn path(text: &str) -> TreePath {
    TreePath::parse(text.as_bytes()).unwrap()
}

fn header(seq: u64) -> Header {
    let hash = |seq: u64| if seq == 0 { HeaderHash::ZERO } else { HeaderHash([seq as u8; 32]) };
    Header {
        account: AccountId([1; 16]),
        set: SetId([2; 16]),
        device: DeviceId([3; 16]),
        seq,
        kind: CommitKind::Base,
        prev: hash(seq - 1),
        skip: hash(seq & (seq - 1)),
        body_cid: Cid([4; 32]),
        body_len: 700,
        refs_root: Digest([5; 32]),
        live_count: 6,
        live_xor: Digest([7; 32]),
        device_time_ms: 8,
        prev_received_ms: 9,
        key_epoch: 1,
        flags: Flags::default(),
    }
}

/// `bytes` with each of its bits flipped in turn.
fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    (0..bytes.len() * 8).map(move |bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        (bit, flipped)
    })
}

#[test]
fn every_flipped_bit_of_a_header_is_noticed() {
    let key = SigningKey::from_seed(&[1; 32]);
    let header = header(6);
    let signature = key.sign(&header.encode());
    let signed = SignedHeader { header, signature }.encode();
    let holds = |bytes: &[u8]| SignedHeader::decode(bytes).is_ok_and(|read| read.verify(&key.verifying_key()).is_ok());
    assert!(holds(&signed));
    flips(&signed).for_each(|(bit, bytes)| assert!(!holds(&bytes), "bit {bit}"));
}

#[test]
fn every_flipped_bit_of_a_certificate_is_noticed() {
    let identity = SigningKey::from_seed(&[1; 32]);
    let mut chain = SkipChain::default();
    (1..8u8).for_each(|seq| chain.push(HeaderHash([seq; 32])));
    let certificate = Certificate {
        account: AccountId([1; 16]),
        set: SetId([2; 16]),
        device: DeviceId([3; 16]),
        key_epoch: 2,
        signing_key: SigningKey::from_seed(&[2; 32]).verifying_key(),
        agreement_key: AgreementKey([4; 32]),
        issued_ms: 5,
        first_seq: 8,
        skip_chain: chain.hashes(),
    };
    let signature = identity.sign(&certificate.encode());
    let signed = SignedCertificate { certificate, signature }.encode();
    let holds = |bytes: &[u8]| {
        SignedCertificate::decode(bytes).is_ok_and(|read| read.verify(&identity.verifying_key()).is_ok())
    };
    assert!(holds(&signed));
    flips(&signed).for_each(|(bit, bytes)| assert!(!holds(&bytes), "bit {bit}"));
}

#[test]
fn every_flipped_bit_of_a_slot_is_noticed() {
    let (master, secret) = (MasterKey::from_bytes([1; 32]), KeyFileSecret::from_bytes([2; 32]));
    let secret = SlotSecret::KeyFile(&secret);
    let blob = slot::create(AccountId([1; 16]), &master, &secret, &mut system_random()).unwrap().encode();
    let opens = |bytes: &[u8]| Slot::decode(bytes).is_ok_and(|slot| slot::open(&slot, &secret, None).is_ok());
    assert!(opens(&blob));
    flips(&blob).for_each(|(bit, bytes)| assert!(!opens(&bytes), "bit {bit}"));
}

#[test]
fn every_flipped_bit_of_a_chunk_is_noticed_even_under_its_own_id() {
    let dedup = DedupKey::from_bytes([1; 32]);
    let ckey = chunk_key(&dedup, b"a small file");
    let object = seal_stored(&ckey, b"a small file").object;
    let mut opener = ChunkOpener::default();
    let mut out = Vec::new();
    let mut opens = |cid: Cid, bytes: &[u8]| opener.open(&ChunkRef::private(cid, ckey), bytes, &mut out).is_ok();
    assert!(opens(Cid::of(&object), &object));
    flips(&object).for_each(|(bit, bytes)| {
        assert!(!opens(Cid::of(&object), &bytes), "bit {bit}");
        assert!(!opens(Cid::of(&bytes), &bytes), "bit {bit}");
    });
}

#[test]
fn every_flipped_bit_of_a_body_is_noticed_even_under_its_own_id() {
    let key = LogKey::from_bytes([1; 32]).body_key();
    let body = Body {
        change: Change::Base(vec![]),
        seen: vec![],
        gaps: vec![],
        gap_count: 0,
        totals: Totals::default(),
        state_root: Digest([5; 32]),
    };
    let header = header(6);
    let sealed = body::seal(&key, &BodyPlace::from(&header), &body, &mut system_random()).unwrap();
    let opens = |bytes: &[u8]| {
        let header = Header { body_cid: Cid::of(bytes), body_len: bytes.len() as u32, ..header.clone() };
        body::open(&key, &header, bytes).is_ok()
    };
    assert!(opens(&sealed));
    flips(&sealed).for_each(|(bit, bytes)| assert!(!opens(&bytes), "bit {bit}"));
}

fn any_plaintext() -> impl Strategy<Value = Vec<u8>> {
    let random = proptest::collection::vec(any::<u8>(), 1..20_000);
    let repeated =
        (proptest::collection::vec(any::<u8>(), 1..50), 1..4000usize).prop_map(|(bytes, times)| bytes.repeat(times));
    prop_oneof![random, repeated]
}

fn any_operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = ("[a-c]{1,2}(/[a-c]{1,2}){0,3}", any::<bool>(), 0..4u32);
    proptest::collection::vec(operation, 0..60).prop_map(|operations| {
        let mut operations: Vec<Operation> = operations
            .into_iter()
            .map(|(name, is_put, mode)| {
                let metadata = Metadata { mode, ..Metadata::default() };
                if is_put {
                    Operation::Put(Entry { path: path(&name), metadata, kind: Kind::Dir })
                } else {
                    Operation::Remove(path(&name))
                }
            })
            .collect();
        operations.sort_by(|a, b| a.path().cmp(b.path()));
        operations.dedup_by(|a, b| a.path() == b.path());
        operations
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn chunks_open_to_what_was_sealed(plaintext in any_plaintext(), key in any::<[u8; 32]>()) {
        let dedup = DedupKey::from_bytes(key);
        let ckey = chunk_key(&dedup, &plaintext);
        let mut out = Vec::new();
        let chosen = ChunkSealer::default().seal(&ckey, &plaintext).unwrap();
        for sealed in [&chosen, &seal_stored(&ckey, &plaintext)] {
            let chunk = ChunkRef::private(sealed.cid, ckey);
            ChunkOpener::default().open_checked(&dedup, &chunk, &sealed.object, &mut out).unwrap();
            prop_assert_eq!(&out, &plaintext);
        }
        prop_assert!(ChunkSealer::default().seal(&ckey, &plaintext).unwrap() == chosen);
    }

    #[test]
    fn labels_open_to_what_was_sealed(name in "\\PC{0,64}") {
        let key = LabelKey::from_bytes([1; 32]);
        let sealed = label::seal(&key, SetId([2; 16]), &name, &mut system_random());
        prop_assert_eq!(label::open(&key, SetId([2; 16]), &sealed).unwrap(), name.trim_end());
        prop_assert!(label::open(&key, SetId([3; 16]), &sealed).is_err());
    }

    #[test]
    fn bodies_open_at_their_place_and_nowhere_else(operations in any_operations(), seq in 2..1000u64) {
        let key = LogKey::from_bytes([1; 32]).body_key();
        let change = Change::Delta(operations);
        let totals = Totals::default();
        let body = Body { change, seen: vec![], gaps: vec![], gap_count: 0, totals, state_root: Digest([5; 32]) };
        let place = Header { kind: CommitKind::Delta, ..header(seq) };
        let sealed = body::seal(&key, &BodyPlace::from(&place), &body, &mut system_random()).unwrap();
        let placed = Header { body_cid: Cid::of(&sealed), body_len: sealed.len() as u32, ..place };
        prop_assert_eq!(body::open(&key, &placed, &sealed).unwrap(), body);
        let moved = Header { seq: seq + 1, ..placed.clone() };
        prop_assert_eq!(body::open(&key, &moved, &sealed), Err(CryptoError::Body));
        let next = LogKey::from_bytes([1; 32]).next().body_key();
        prop_assert_eq!(body::open(&next, &placed, &sealed), Err(CryptoError::Body));
    }

    #[test]
    fn packed_extents_unpack_to_the_same_list(lengths in proptest::collection::vec(0..100_000u32, 0..3000)) {
        let extents: Vec<Extent> = lengths.iter().enumerate().map(|(i, &length)| extent(i as u64, length)).collect();
        let mut pages = Pages::default();
        let content = pages.pack(extents.clone());
        prop_assert_eq!(pages.unpack(&content), extents);
    }
}

#[test]
fn a_body_that_a_reader_would_refuse_is_not_sealed() {
    let remove = |name| Operation::Remove(path(name));
    let body = Body {
        change: Change::Delta(vec![remove("b"), remove("a")]),
        seen: vec![],
        gaps: vec![],
        gap_count: 0,
        totals: Totals::default(),
        state_root: Digest([5; 32]),
    };
    let key = LogKey::from_bytes([1; 32]).body_key();
    let sealed = body::seal(&key, &BodyPlace::from(&header(6)), &body, &mut system_random());
    assert!(matches!(sealed, Err(CryptoError::Wire(WireError::Invalid(_)))));
}

/// Extent `number` with `length` bytes; a length of 0 makes a hole.
fn extent(number: u64, length: u32) -> Extent {
    if length == 0 {
        return Extent::Hole { length: 4096 };
    }
    let chunk = ChunkRef::private(Cid::of(&number.to_le_bytes()), ChunkKey([number as u8; 32]));
    Extent::Slice { chunk, offset: 0, length }
}

/// Where packed pages go: id → stored size and plaintext.
#[derive(Default)]
struct Pages(HashMap<[u8; 32], (usize, Vec<u8>)>);

impl Pages {
    fn pack(&mut self, extents: Vec<Extent>) -> Content {
        let dedup = DedupKey::from_bytes([1; 32]);
        pack_extents(extents, |plaintext| -> Result<ChunkRef, WireError> {
            let ckey = chunk_key(&dedup, &plaintext);
            let sealed = seal_stored(&ckey, &plaintext);
            self.0.insert(sealed.cid.0, (sealed.object.len(), plaintext));
            Ok(ChunkRef::private(sealed.cid, ckey))
        })
        .unwrap()
    }

    fn unpack(&self, content: &Content) -> Vec<Extent> {
        let page = |reference: &ExtentPageRef| {
            let plaintext = &self.0[&reference.chunk.cid.0].1;
            assert_eq!(decode_extent_page(plaintext).unwrap().len() as u64, reference.count);
            reference.decode_page(plaintext).unwrap()
        };
        match content {
            Content::Inline(extents) => extents.clone(),
            Content::Pages(pages) => pages.iter().flat_map(page).collect(),
            Content::Index(index) => index
                .iter()
                .flat_map(|reference| {
                    let plaintext = &self.0[&reference.chunk.cid.0].1;
                    assert!(!decode_extent_index(plaintext).unwrap().is_empty());
                    reference.decode_index(plaintext).unwrap()
                })
                .flat_map(|reference| page(&reference))
                .collect(),
        }
    }

    fn ids(&self) -> BTreeSet<[u8; 32]> {
        self.0.keys().copied().collect()
    }
}

#[test]
fn one_changed_block_of_20_gb_changes_less_than_1_mb_of_the_log() {
    // The fine class, of which disk images are made: 32 KB in the mean.
    const COUNT: u64 = 20_000_000_000 / 32_000;
    let list: Vec<Extent> = (0..COUNT).map(|number| extent(number, 32_000)).collect();
    let mut pages = Pages::default();
    let before = pages.pack(list.clone());
    assert!(matches!(before, Content::Index(_)), "20 GB need two levels");
    let known = pages.ids();
    for changed in [0, COUNT / 3, COUNT / 2, COUNT - 1] {
        let mut list = list.clone();
        list[changed as usize] = extent(COUNT + changed, 32_000);
        let after = pages.pack(list);
        let new: Vec<_> = pages.ids().difference(&known).copied().collect();
        let kind = Kind::File { size: after.bytes().unwrap(), link: None, content: after };
        let entry = Entry { path: path("disk.img"), metadata: Metadata::default(), kind }.encode_tail();
        let bytes: usize = new.iter().map(|cid| pages.0[cid].0).sum::<usize>() + entry.len();
        println!("extent {changed}: {} new pages, {bytes} bytes", new.len());
        assert!(bytes < 1_000_000, "{bytes}");
        assert!(new.len() >= 2);
        new.iter().for_each(|cid| {
            pages.0.remove(cid);
        });
    }
}
