//! Commits with one thing wrong each: every one is refused with its word, and changes nothing.

use std::collections::BTreeSet;

use axum::http::Method;
use iota_core::api::frames::{CommitFrame, References};
use iota_core::api::json::ErrorBody;
use iota_core::commit::{CommitKind, Flags};
use iota_core::id::{AccountId, Cid, DeviceId, Digest, HeaderHash, SetId, Signature, UploadId};
use iota_core::refs::{Reference, refs_root};
use iota_server::packs::{self, RecordKind};
use iota_server::test_support::{TestAccount, TestLog, TestServer, object};

use super::reading::machine_of;

/// What a defect may use.
struct Ground<'a> {
    log: &'a TestLog,
    /// Live now.
    used: Cid,
    /// Uploaded, not used.
    unused: Cid,
    /// Used before, no longer.
    dropped: Cid,
}

/// A change of a good frame, and whether it is signed again after it.
struct Defect {
    name: &'static str,
    code: &'static str,
    signed: bool,
    change: fn(&mut CommitFrame, &Ground<'_>),
}

const fn signed(name: &'static str, code: &'static str, change: fn(&mut CommitFrame, &Ground<'_>)) -> Defect {
    Defect { name, code, signed: true, change }
}

const fn unsigned(name: &'static str, code: &'static str, change: fn(&mut CommitFrame, &Ground<'_>)) -> Defect {
    Defect { name, code, signed: false, change }
}

/// The good frame is commit 5: a delta that adds `unused` and drops `used`.
const DEFECTS: [Defect; 37] = [
    signed("another account", "invalid_commit", |frame, _| frame.header.header.account = AccountId([9; 16])),
    signed("another set", "invalid_commit", |frame, _| frame.header.header.set = SetId([9; 16])),
    signed("another machine", "invalid_commit", |frame, _| frame.header.header.device = DeviceId([9; 16])),
    signed("an older key epoch", "bad_request", |frame, _| frame.header.header.key_epoch = 0),
    signed("a newer key epoch", "invalid_commit", |frame, _| frame.header.header.key_epoch = 2),
    signed("the same number again", "head_moved", |frame, _| {
        let header = &mut frame.header.header;
        (header.seq, header.skip) = (4, HeaderHash::ZERO);
    }),
    signed("a number left out", "head_moved", |frame, _| frame.header.header.seq = 6),
    signed("the largest number", "head_moved", |frame, _| frame.header.header.seq = i64::MAX as u64),
    signed("a number beyond all", "bad_request", |frame, _| frame.header.header.seq = u64::MAX),
    signed("another commit before", "head_moved", |frame, _| frame.header.header.prev = HeaderHash([9; 32])),
    signed("no commit before", "bad_request", |frame, _| frame.header.header.prev = HeaderHash::ZERO),
    signed("a skip link elsewhere", "invalid_commit", |frame, _| frame.header.header.skip = HeaderHash([9; 32])),
    signed("a skip link to the commit before the right one", "invalid_commit", |frame, ground| {
        frame.header.header.skip =
            ground.log.chain.hash_of(4).map(|hash| HeaderHash(hash.0.map(|byte| !byte))).unwrap();
    }),
    signed("no skip link", "bad_request", |frame, _| frame.header.header.skip = HeaderHash::ZERO),
    signed("a later time of receipt", "invalid_commit", |frame, _| frame.header.header.prev_received_ms += 1),
    signed("no time of receipt", "invalid_commit", |frame, _| frame.header.header.prev_received_ms = 0),
    signed("another body", "invalid_commit", |frame, _| frame.header.header.body_cid = Cid([9; 32])),
    unsigned("a flipped bit in the body", "invalid_commit", |frame, _| frame.body[300] ^= 1),
    unsigned("a longer body", "bad_request", |frame, _| frame.body.push(0)),
    unsigned("a signature of nothing", "invalid_commit", |frame, _| frame.header.signature = Signature([0; 64])),
    unsigned("a flipped bit in the signature", "invalid_commit", |frame, _| frame.header.signature.0[5] ^= 1),
    unsigned("a time changed after signing", "invalid_commit", |frame, _| frame.header.header.device_time_ms += 1),
    unsigned("a flag added after signing", "invalid_commit", |frame, _| frame.header.header.flags = Flags::GAPS),
    signed("other references than were signed", "invalid_commit", |frame, _| {
        frame.header.header.refs_root = Digest([9; 32]);
    }),
    unsigned("a reference left out after signing", "invalid_commit", |frame, _| {
        let References::Inline { dropped, .. } = &mut frame.references else { unreachable!() };
        dropped.clear();
    }),
    unsigned("references twice", "invalid_commit", |frame, _| {
        let References::Inline { added, .. } = &mut frame.references else { unreachable!() };
        added.push(added[0]);
    }),
    unsigned("references out of order", "invalid_commit", |frame, _| {
        let References::Inline { added, .. } = &mut frame.references else { unreachable!() };
        added.insert(0, Reference::private(Cid([0xff; 32])));
    }),
    signed("one more live chunk", "need_full_references", |frame, _| frame.header.header.live_count += 1),
    signed("no live chunks", "need_full_references", |frame, _| frame.header.header.live_count = 0),
    signed("other live chunks", "need_full_references", |frame, _| frame.header.header.live_xor.0[0] ^= 1),
    signed("adds what is used", "need_full_references", |frame, ground| relist(frame, &[ground.used], &[])),
    signed("drops what was dropped", "need_full_references", |frame, ground| relist(frame, &[], &[ground.dropped])),
    signed("drops what was never used", "need_full_references", |frame, ground| relist(frame, &[], &[ground.unused])),
    signed("drops what it adds", "need_full_references", |frame, ground| {
        relist(frame, &[ground.unused], &[ground.unused]);
    }),
    signed("uses what nobody has", "missing_objects", |frame, ground| {
        *frame = ground.log.changes(&[Cid([9; 32])], &[]);
    }),
    signed("full references that were not staged", "invalid_commit", |frame, _| {
        let header = &mut frame.header.header;
        (header.kind, header.flags) = (CommitKind::Base, Flags::FULL_REFERENCES);
    }),
    signed("full references in a delta", "bad_request", |frame, _| {
        frame.header.header.flags = Flags::FULL_REFERENCES;
    }),
];

/// Other lists, with the root that belongs to them; the sums stay.
fn relist(frame: &mut CommitFrame, added: &[Cid], dropped: &[Cid]) {
    let list = |cids: &[Cid]| cids.iter().map(|&cid| Reference::private(cid)).collect::<Vec<_>>();
    frame.header.header.refs_root = refs_root(&list(added), &list(dropped)).unwrap();
    frame.references = References::Inline { added: list(added), dropped: list(dropped) };
}

/// Everything that a refused commit must leave alone.
async fn snapshot(server: &TestServer) -> String {
    let rows = sqlx::query_scalar::<_, String>(
        "SELECT concat_ws(' ',
             (SELECT string_agg(backup_set::text, ',' ORDER BY set_no) FROM backup_set),
             (SELECT string_agg(commit::text, ',' ORDER BY set_no, seq) FROM commit),
             (SELECT string_agg(reference::text, ',' ORDER BY set_no, cid, from_seq) FROM reference),
             (SELECT string_agg(chunk::text, ',' ORDER BY cid) FROM chunk),
             (SELECT string_agg(upload::text, ',' ORDER BY upload_id) FROM upload),
             (SELECT count(*) FROM staged_reference))",
    );
    let root = server.data.path().join("packs");
    let decisions: usize =
        packs::list(&root).unwrap().numbers.into_iter().map(|number| decisions_in(&root, number)).sum();
    format!("{} {decisions}", rows.fetch_one(server.pool()).await.unwrap())
}

fn decisions_in(root: &std::path::Path, number: u64) -> usize {
    let walk = packs::walk(root, number, false).unwrap();
    walk.records.iter().filter(|entry| entry.head.kind != RecordKind::Object).count()
}

#[tokio::test]
async fn each_defect_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    let objects: Vec<_> = (0..6).map(|number| object(number, 1000)).collect();
    let cids: Vec<Cid> = objects.iter().map(|object| Cid::of(object)).collect();
    log.base(&objects[..3]).await;
    log.delta(&objects[3..4], &[]).await;
    log.delta(&[], &[cids[0]]).await;
    log.delta(&[], &[]).await;
    let upload = log.begin().await;
    log.put(upload, &objects[4..5]).await.ok();
    let ground = Ground { log: &log, used: cids[1], unused: cids[4], dropped: cids[0] };
    let good = log.changes(&[ground.unused], &[ground.used]);
    let before = snapshot(&server).await;

    for defect in DEFECTS {
        let mut frame = good.clone();
        (defect.change)(&mut frame, &ground);
        if defect.signed {
            log.sign(&mut frame);
        }
        assert_eq!(log.commit(upload, &frame).await.code(), defect.code, "{}", defect.name);
        assert_eq!(snapshot(&server).await, before, "{}", defect.name);
    }
    refuse_bytes(&log, upload, &good).await;
    assert_eq!(snapshot(&server).await, before);

    // A machine that is not the one of the set cannot sign for it, and a good commit is still taken, once.
    let other = machine_of(&server, &account).await;
    let mut foreign = good.clone();
    foreign.header.signature = other.machine.sign(&foreign.header.header.encode());
    assert_eq!(log.commit(upload, &foreign).await.code(), "invalid_commit");
    let answer = log.commit(upload, &good).await.ok();
    let after = snapshot(&server).await;
    let again = log.commit(upload, &good).await.ok();
    assert_eq!((again.body, snapshot(&server).await), (answer.body, after));
    server.stop().await;
}

/// Whatever cannot be a commit.
async fn refuse_bytes(log: &TestLog, upload: UploadId, good: &CommitFrame) {
    let bytes = good.encode();
    let mut other_mode = bytes.clone();
    other_mode[338 + 4 + good.body.len()] = 2;
    for bytes in [vec![], bytes[..bytes.len() - 1].to_vec(), [&bytes[..], &[0]].concat(), vec![0xff; 5000], other_mode]
    {
        assert_eq!(log.ask(Method::POST, upload, "commit", bytes).await.code(), "bad_request");
    }
}

/// What can be wrong with the complete set.
#[tokio::test]
async fn full_references_must_hold_too() {
    let server = TestServer::start().await;
    let account = TestAccount::first(&server).await;
    let mut log = machine_of(&server, &account).await;
    let objects: Vec<_> = (0..4).map(|number| object(number, 1000)).collect();
    let live: BTreeSet<Cid> = objects.iter().map(|object| Cid::of(object)).collect();

    // The first commit of a machine comes with all of them.
    let upload = log.begin().await;
    log.put(upload, &objects).await.ok();
    let changes = log.changes(&live.iter().copied().collect::<Vec<_>>(), &[]);
    assert_eq!(log.commit(upload, &changes).await.code(), "need_full_references");

    let (good, part) = log.complete(&live);
    let before = snapshot(&server).await;
    let put = async |number: u32, part: &[u8]| {
        log.ask(Method::PUT, upload, &format!("references/{number}"), part.to_vec()).await
    };
    let commit = async |frame: &CommitFrame| log.commit(upload, frame).await;
    assert_eq!(commit(&good).await.code(), "invalid_commit", "nothing staged");
    put(1, &part).await.ok();
    assert_eq!(commit(&good).await.code(), "invalid_commit", "another number of the part");
    put(0, &part[33..]).await.ok();
    assert_eq!(commit(&good).await.code(), "invalid_commit", "one part too many");
    let mut two = good.clone();
    two.references = References::Staged { parts: 2, count: 7 };
    assert_eq!(commit(&two).await.code(), "invalid_commit", "parts that overlap");

    assert_eq!(put(256, &part).await.code(), "too_large");
    assert_eq!(put(2, &part[1..]).await.code(), "bad_request");
    assert_eq!(put(2, &[&[1], &part[1..]].concat()).await.code(), "bad_request", "a domain that does not exist");
    assert_eq!(put(2, &vec![0; (16 << 20) + 33]).await.code(), "too_large");
    let answer = log.ask(Method::PUT, upload, "references/x", part.clone()).await;
    assert_eq!(answer.code(), "not_found");

    // Two parts that belong together are as good as one.
    put(0, &part[..66]).await.ok();
    put(1, &part[66..]).await.ok();
    let mut two = good.clone();
    two.references = References::Staged { parts: 2, count: 4 };
    for (count, xor) in [(3, 0), (4, 1)] {
        let mut wrong = two.clone();
        wrong.header.header.live_count = count;
        wrong.header.header.live_xor.0[0] ^= xor;
        log.sign(&mut wrong);
        assert_eq!(commit(&wrong).await.code(), "invalid_commit", "sums {count} {xor}");
    }
    two.references = References::Staged { parts: 2, count: 5 };
    assert_eq!(commit(&two).await.code(), "invalid_commit", "another count");
    two.references = References::Staged { parts: 2, count: 4 };
    assert_eq!(snapshot(&server).await, before);
    let answer = commit(&two).await.ok();
    log.remember(&two, &answer, live.clone());

    // What the list misses is told by name, at most 4096 at once.
    let strangers: BTreeSet<Cid> = (0..5000u32).map(|number| Cid::of(&number.to_le_bytes())).collect();
    let (frame, part) = log.complete(&strangers.union(&live).copied().collect());
    let upload = log.begin().await;
    log.ask(Method::PUT, upload, "references/0", part).await.ok();
    let refused = log.commit(upload, &frame).await;
    assert_eq!(refused.code(), "missing_objects");
    let missing = serde_json::from_slice::<ErrorBody>(&refused.body).unwrap().error.missing;
    assert_eq!(missing.len(), 4096);
    assert!(missing.iter().all(|missing| strangers.contains(&missing.cid)));
    server.stop().await;
}
