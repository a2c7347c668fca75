//! A million seals: no key meets two messages under one nonce.
//!
//! Tarsnap lost its nonces in a refactoring and nobody looked at them; this looks at them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use iota_core::{
    api::json::EnrolHello,
    commit::{Body, Change, CommitKind, Totals},
    id::{AccountId, DeviceId, Digest, HeaderHash, SetId},
};
use iota_crypto::{
    body::{self, BodyPlace},
    chunk::{ChunkSealer, chunk_key, seal_stored},
    enrol::{EnrolCode, MachineFacts},
    keys::{AgreementSecret, DedupKey, LabelKey, MasterKey, SigningKey},
    label,
    ratchet::LogKey,
    secret::system_random,
    slot::{self, KeyFileSecret, SlotSecret},
};
use std::collections::HashMap;

/// Everything that was sealed: hash of key and nonce → hash of what was sealed, nonce aside.
#[derive(Default)]
struct Seen {
    seals: HashMap<[u8; 16], [u8; 16]>,
    count: usize,
}

impl Seen {
    /// `sealed` is 0x01 ‖ nonce24 ‖ ciphertext.
    fn add(&mut self, key: &[u8], sealed: &[u8]) {
        assert_eq!(sealed[0], 1);
        self.add_parts(key, &sealed[1..25], &sealed[25..]);
    }

    fn add_parts(&mut self, key: &[u8], nonce: &[u8], ciphertext: &[u8]) {
        assert!(nonce.len() == 24 && nonce.iter().any(|&byte| byte != 0));
        let short = |hasher: &mut blake3::Hasher| -> [u8; 16] { *hasher.finalize().as_bytes().first_chunk().unwrap() };
        let place = short(blake3::Hasher::new().update(key).update(nonce));
        let message = short(blake3::Hasher::new().update(ciphertext));
        let before = self.seals.insert(place, message);
        assert!(before.is_none_or(|before| before == message), "one key and nonce sealed two messages");
        self.count += 1;
    }
}

#[test]
fn no_key_meets_two_messages_under_one_nonce() {
    let mut seen = Seen::default();
    // Chunks: equal content again and again, content that differs in one byte, two domains.
    for number in 0..800_000u64 {
        let dedup = DedupKey::from_bytes([(number % 2) as u8; 32]);
        let content = (number / 4) % 180_000;
        let plaintext = &content.to_le_bytes()[..1 + (content % 8) as usize];
        let ckey = chunk_key(&dedup, plaintext);
        seen.add(&ckey.0, &seal_stored(&ckey, plaintext).object);
    }
    let distinct = seen.seals.len();
    // One content in two codecs has one key, and so must have two nonces.
    let mut sealer = ChunkSealer::default();
    for number in 0..20_000u32 {
        let dedup = DedupKey::from_bytes([7; 32]);
        let plaintext = number.to_le_bytes().repeat(1200);
        let ckey = chunk_key(&dedup, &plaintext);
        let (stored, chosen) = (seal_stored(&ckey, &plaintext), sealer.seal(&ckey, &plaintext).unwrap());
        assert!(chosen.object.len() < stored.object.len() && chosen.object[1..25] != stored.object[1..25]);
        seen.add(&ckey.0, &stored.object);
        seen.add(&ckey.0, &chosen.object);
    }
    assert_eq!(seen.seals.len(), distinct + 40_000);
    bodies(&mut seen);
    labels_slots_and_hellos(&mut seen);
    assert!(seen.count >= 1_000_000, "{}", seen.count);
}

/// A commit that was refused is sealed again for the same seq under the same key.
fn bodies(seen: &mut Seen) {
    let mut random = system_random();
    let before = seen.seals.len();
    let mut log = LogKey::from_bytes([7; 32]);
    for seq in 1..=2_000 {
        let place = BodyPlace {
            account: AccountId([1; 16]),
            set: SetId([2; 16]),
            device: DeviceId([3; 16]),
            seq,
            kind: CommitKind::Delta,
            prev: HeaderHash([4; 32]),
            key_epoch: 1,
        };
        for attempt in 0..10 {
            let totals = Totals { files: attempt, ..Totals::default() };
            let change = Change::Delta(vec![]);
            let body = Body { change, seen: vec![], gaps: vec![], gap_count: 0, totals, state_root: Digest([5; 32]) };
            let key = log.body_key();
            seen.add(key.expose(), &body::seal(&key, &place, &body, &mut random).unwrap());
        }
        log = log.next();
    }
    assert_eq!(seen.seals.len(), before + 20_000);
}

/// Random nonces: every seal is new, even of the same message.
fn labels_slots_and_hellos(seen: &mut Seen) {
    let mut random = system_random();
    let before = seen.seals.len();
    let key = LabelKey::from_bytes([9; 32]);
    for _ in 0..100_000 {
        seen.add(key.expose(), &label::seal(&key, SetId([2; 16]), "attic", &mut random));
    }
    let (master, secret) = (MasterKey::from_bytes([1; 32]), KeyFileSecret::from_bytes([2; 32]));
    for _ in 0..20_000 {
        let slot = slot::create(AccountId([1; 16]), &master, &SlotSecret::KeyFile(&secret), &mut random).unwrap();
        seen.add_parts(secret.expose(), &slot.header.nonce, &slot.sealed);
    }
    let code = EnrolCode::generate(None, &mut random);
    let (signing, agreement) =
        (SigningKey::from_seed(&[1; 32]).verifying_key(), AgreementSecret::from_bytes([2; 32]).public());
    let facts = MachineFacts { name: "attic".into(), system: "Debian".into(), disk_bytes: 1 };
    for _ in 0..20_000 {
        let EnrolHello { sealed, .. } = code.hello(signing, agreement, &facts, &mut random);
        seen.add(b"code", &sealed.0);
    }
    assert_eq!(seen.seals.len(), before + 140_000);
}
