//! Structures under keys: derivations, chunks, bodies, labels, cuts.

use crate::{
    Case, Folder,
    Payload::{Base64, Hex, Text},
    Seeded, flipped, hash, longer, patched,
    plain::{ACCOUNT, SET, base, delta, header},
    shorter,
};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use iota_core::{
    commit::{Body, CommitKind, Flags, Header},
    extent::ChunkKey,
    id::{Cid, SetId},
    wire::padme,
};
use iota_crypto::{
    body::{self, BodyPlace},
    chunk::{ChunkSealer, SealedChunk, chunk_key, seal_stored},
    cut::CutKey,
    keys::{ChunkerSecret, DedupKey, MasterKey},
    label, live,
    ratchet::LogKey,
};

pub(crate) fn write(folder: &mut Folder) {
    keys(folder);
    chunk_seals(folder);
    chunks(folder);
    payloads(folder);
    codec1(folder);
    bodies(folder);
    labels(folder);
    live_channel(folder);
    cuts(folder);
    chunkers(folder);
}

pub(crate) const MASTER: [u8; 32] = [0x42; 32];

fn keys(folder: &mut Folder) {
    for (name, epoch) in [("epoch_1", 1), ("epoch_2", 2)] {
        let master = MasterKey::from_bytes(MASTER);
        let case =
            Case::new("keys").hex("master", MASTER).with("account", ACCOUNT).with("set", SET).with("epoch", epoch);
        let (chunker, live) = (master.chunker_secret(ACCOUNT, epoch), master.live_key(ACCOUNT, SET, epoch));
        let case = case
            .with("identity", master.identity(ACCOUNT).verifying_key())
            .hex("dedup", master.dedup_key(ACCOUNT, epoch).expose())
            .hex("chunker", chunker.expose())
            .hex("cut", CutKey::new(&chunker).expose())
            .hex("log-root", master.log_root(ACCOUNT, SET, epoch).expose())
            .hex("live", live.expose())
            .hex("isolated-dedup", live.isolated_dedup_key().expose())
            .hex("isolated-chunker", live.isolated_chunker_secret().expose())
            .hex("label", master.label_key(ACCOUNT).expose());
        folder.good(name, "everything that derives from the master key", &case, Hex(vec![]));
    }
    for steps in [0, 1, 1000] {
        let key = LogKey::from_bytes([7; 32]).advance(steps);
        let case = Case::new("ratchet").hex("log-key", [7; 32]).with("steps", steps);
        let case = case.hex("stepped", key.expose()).hex("body-key", key.body_key().expose());
        folder.good(&format!("{steps}_steps"), "LK_n and BK_n from LK_0", &case, Hex(vec![]));
    }
}

const DEDUP: [u8; 32] = [0x11; 32];

fn dedup() -> DedupKey {
    DedupKey::from_bytes(DEDUP)
}

fn chunk_seals(folder: &mut Folder) {
    let pattern = |modulus: usize, count: usize| (0..count).map(|i| (i % modulus) as u8).collect::<Vec<u8>>();
    let xof = |seed: &str, count: usize| {
        let mut bytes = vec![0; count];
        blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    };
    for (name, rule, plaintext) in [
        ("known_answer", "pattern 251 200000", pattern(251, 200_000)),
        ("one_byte", "repeat 65 1", vec![65]),
        ("incompressible", "xof chunk 70000", xof("chunk", 70_000)),
        ("largest", "xof large 1048576", xof("large", 1 << 20)),
        ("largest_compressible", "pattern 251 1048576", pattern(251, 1 << 20)),
        // Compresses, but not by a step of padding: stays stored.
        ("barely_compressible", "pattern 2 4000", pattern(2, 4000)),
    ] {
        let ckey = chunk_key(&dedup(), &plaintext);
        let chosen = ChunkSealer::default().seal(&ckey, &plaintext).expect("it seals");
        for (codec, sealed) in [("stored", seal_stored(&ckey, &plaintext)), ("chosen", chosen)] {
            let case = Case::new("chunk-seal").hex("dedup", DEDUP).with("plaintext", rule).with("codec", codec);
            let case = case.hex("ckey", ckey.0).hex("nonce", &sealed.object[1..25]).with("cid", sealed.cid);
            let case = case.with("object-bytes", sealed.object.len());
            folder.good(&format!("{name}_{codec}"), "a plaintext and the object that it becomes", &case, Hex(vec![]));
        }
    }
}

fn chunks(folder: &mut Folder) {
    let plaintext = b"The quick brown fox jumps over the lazy dog. ".repeat(150);
    let ckey = chunk_key(&dedup(), &plaintext);
    let stored = seal_stored(&ckey, &plaintext);
    let chosen = ChunkSealer::default().seal(&ckey, &plaintext).expect("it seals");
    assert!(chosen.object.len() < stored.object.len());
    let case = Case::new("chunk").hex("dedup", DEDUP).hex("ckey", ckey.0);
    let good = case.with("plaintext-hash", hash(&plaintext));
    let named = |case: &Case, object: &[u8]| case.with("cid", Cid::of(object));
    for (name, SealedChunk { cid, object }) in [("stored", &stored), ("chosen", &chosen)] {
        let case = good.with("codec", name).with("cid", cid);
        folder.good(name, "an object that opens, and seals to the same bytes", &case, Base64(object.clone()));
    }
    let object = chosen.object;
    for (name, position) in [("version", 0), ("nonce", 1), ("ciphertext", 25), ("end", -17), ("tag", -1)] {
        let flipped = flipped(&object, position);
        folder.bad(
            &format!("flipped_{name}"),
            "chunk",
            "one bit is flipped, and the id is that of the flipped bytes",
            &named(&case, &flipped),
            Base64(flipped),
        );
    }
    folder.bad(
        "other_id",
        "chunk",
        "the id is that of other bytes",
        &case.with("cid", stored.cid),
        Base64(object.clone()),
    );
    let other = chunk_key(&dedup(), b"other");
    folder.bad(
        "other_key",
        "chunk",
        "the key of another chunk",
        &named(&case, &object).hex("ckey", other.0),
        Base64(object.clone()),
    );
    folder.bad(
        "other_dedup",
        "chunk",
        "opens, but its key is not that of its content in this domain",
        &named(&case, &object).hex("dedup", [0x12; 32]),
        Base64(object.clone()),
    );
    for (name, bytes) in [
        ("trailing", longer(&object)),
        ("truncated", shorter(&object)),
        ("short", object[..24].to_vec()),
        ("empty", vec![]),
    ] {
        folder.bad(name, "chunk", "not the length of an object", &named(&case, &bytes), Base64(bytes));
    }
    // Sealed by hand, to show that the tag covers the associated data.
    let key = blake3::derive_key("iotabackup 2026-11 v1 chunk enc", &ckey.0);
    let nonce: [u8; 24] = [7; 24];
    let mut payload =
        [&[0][..], &(plaintext.len() as u32).to_le_bytes(), &(plaintext.len() as u32).to_le_bytes(), &plaintext]
            .concat();
    payload.resize(padme(payload.len(), 4096), 0);
    for (name, aad) in [("log_aad", &b"iotabackup/log/v1"[..]), ("no_aad", b"")] {
        let sealed = XChaCha20Poly1305::new(&key.into())
            .encrypt(&nonce.into(), Payload { msg: &payload, aad })
            .expect("it seals");
        let object = [&[1][..], &nonce, &sealed].concat();
        folder.bad(name, "chunk", "sealed with other associated data", &named(&case, &object), Base64(object));
    }
}

/// A payload with these lengths and body, padded as it should be.
fn payload(codec: u8, plain_len: u32, body_len: u32, body: &[u8]) -> Vec<u8> {
    let mut payload = [&[codec][..], &plain_len.to_le_bytes(), &body_len.to_le_bytes(), body].concat();
    payload.resize(padme(payload.len(), 4096), 0);
    payload
}

fn compressed(plaintext: &[u8]) -> Vec<u8> {
    compressed_with(plaintext, &[])
}

fn compressed_with(plaintext: &[u8], parameters: &[zstd_safe::CParameter]) -> Vec<u8> {
    let mut context = zstd_safe::CCtx::create();
    let ours = [zstd_safe::CParameter::CompressionLevel(3), zstd_safe::CParameter::ContentSizeFlag(false)];
    for parameter in ours.iter().chain(parameters) {
        context.set_parameter(*parameter).expect("libzstd knows its parameters");
    }
    let mut frame = Vec::with_capacity(zstd_safe::compress_bound(plaintext.len()));
    context.compress2(&mut frame, plaintext).expect("it compresses");
    frame
}

fn payloads(folder: &mut Folder) {
    let case = Case::new("chunk-payload");
    let text = b"abc".repeat(3000);
    let frame = compressed(&text);
    let (plain, body) = (text.len() as u32, frame.len() as u32);
    let good = payload(1, plain, body, &frame);
    folder.good(
        "compressed",
        "what stands inside the seal",
        &case.with("plaintext-hash", hash(&text)),
        Base64(good.clone()),
    );
    folder.good(
        "stored",
        "three bytes as they are",
        &case.with("plaintext-hash", hash(b"abc")),
        Base64(payload(0, 3, 3, b"abc")),
    );
    let joined = |parts: &[&[u8]]| {
        let frame = parts.concat();
        payload(1, plain, frame.len() as u32, &frame)
    };
    let skippable = [&0x184d_2a50_u32.to_le_bytes()[..], &4u32.to_le_bytes(), b"skip"].concat();
    let zeros = vec![0; 8 << 20];
    let bomb = compressed(&zeros);
    use zstd_safe::CParameter::{ChecksumFlag, ContentSizeFlag};
    let checksum = compressed_with(&text, &[ChecksumFlag(true)]);
    let sized = compressed_with(&text, &[ContentSizeFlag(true)]);
    let mut window = frame.clone();
    window[5] = 14 << 3;
    for (name, comment, bytes) in [
        ("codec_2", "codec 2 does not exist", patched(&good, 0, &[2])),
        ("compressed_as_stored", "codec 0 with a frame inside", patched(&good, 0, &[0])),
        ("plain_len_0", "a chunk of nothing", payload(0, 0, 0, b"")),
        ("plain_len_short", "decompresses to more than it says", patched(&good, 1, &(plain - 1).to_le_bytes())),
        ("plain_len_long", "decompresses to less than it says", patched(&good, 1, &(plain + 1).to_le_bytes())),
        ("plain_len_too_large", "more than 1 MiB", patched(&good, 1, &((1u32 << 20) + 1).to_le_bytes())),
        ("body_len_short", "the frame is cut off", patched(&good, 5, &(body - 1).to_le_bytes())),
        ("body_len_long", "the frame has a zero after it", patched(&good, 5, &(body + 1).to_le_bytes())),
        ("body_len_beyond", "longer than the payload", patched(&good, 5, &u32::MAX.to_le_bytes())),
        ("padding", "padding that is not zero", flipped(&good, -1)),
        ("padding_more", "padded further than it should be", [&good[..], &[0; 256]].concat()),
        ("padding_none", "not padded", good[..9 + body as usize].to_vec()),
        ("short", "ends inside the lengths", good[..8].to_vec()),
        ("empty", "nothing", vec![]),
        ("bomb", "8 MiB of zeros that say they are 9000 bytes", payload(1, plain, bomb.len() as u32, &bomb)),
        ("bomb_1_mib", "8 MiB of zeros that say they are 1 MiB", payload(1, 1 << 20, bomb.len() as u32, &bomb)),
        ("two_frames", "two frames", joined(&[&compressed(&text[..4500]), &compressed(&text[4500..])])),
        ("empty_frame_after", "an empty frame after the frame", joined(&[&frame, &compressed(b"")])),
        ("skippable_before", "a skippable frame before the frame", joined(&[&skippable, &frame])),
        ("skippable_after", "a skippable frame after the frame", joined(&[&frame, &skippable])),
        ("checksum", "a frame with a checksum", joined(&[&checksum])),
        ("content_size", "a frame that states its content size", joined(&[&sized])),
        ("window", "a frame that asks for a window of 16 MiB", joined(&[&window])),
        ("no_frame", "no frame at all", joined(&[b"abc"])),
        ("bad_block", "a block of the reserved type", joined(&[&frame[..6], &[7, 0, 0]])),
        ("damaged", "a damaged block", joined(&[&patched(&frame, 9, &[0xff])])),
    ] {
        folder.bad(name, "chunk", comment, &case, Base64(bytes));
    }
}

fn codec1(folder: &mut Folder) {
    for (name, rule, plaintext, is_short) in [
        ("one_byte", "repeat 65 1", vec![65], true),
        ("zeros", "repeat 256 1048576", vec![0; 1 << 20], true),
        ("pattern", "pattern 251 200000", (0..200_000).map(|i| (i % 251) as u8).collect(), true),
        ("random", "xof codec 3000", xof("codec", 3000), true),
        ("random_large", "xof codec 1048576", xof("codec", 1 << 20), false),
        ("short_pattern", "pattern 7 1048576", (0..1 << 20).map(|i| (i % 7) as u8).collect(), true),
    ] {
        let frame = compressed_with(
            &plaintext,
            &[zstd_safe::CParameter::ChecksumFlag(false), zstd_safe::CParameter::DictIdFlag(false)],
        );
        let case = Case::new("codec1")
            .with("plaintext", rule)
            .with("frame-bytes", frame.len())
            .with("frame-hash", hash(&frame));
        let payload = if is_short { frame } else { vec![] };
        let comment = "the output of libzstd 1.5.7, which is part of the format";
        folder.good(name, comment, &case, if payload.is_empty() { Hex(vec![]) } else { Base64(payload) });
    }
}

fn xof(seed: &str, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// The header of a sealed body, at the place of commit `seq`.
fn placed(seq: u64, kind: CommitKind, sealed: &[u8]) -> Header {
    let flags = if kind == CommitKind::Base { Flags::FULL_REFERENCES } else { Flags::default() };
    Header { kind, flags, body_cid: Cid::of(sealed), body_len: sealed.len() as u32, ..header(seq) }
}

fn bodies(folder: &mut Folder) {
    let key = LogKey::from_bytes([7; 32]).body_key();
    let case = Case::new("body").hex("body-key", key.expose());
    let seal = |seq, body: &Body, random: &str| {
        let place = BodyPlace::from(&placed(seq, body.kind(), b""));
        body::seal(&key, &place, body, &mut Seeded::new(random)).expect("it seals")
    };
    for (name, seq, body) in [("base", 1, base()), ("delta", 6, delta())] {
        let sealed = seal(seq, &body, name);
        let case = case.hex("header", placed(seq, body.kind(), &sealed).encode());
        folder.good(
            name,
            "a sealed body and its header",
            &case.with("plain-hash", hash(&body.encode())),
            Base64(sealed),
        );
    }
    let sealed = seal(6, &delta(), "delta");
    let header = placed(6, CommitKind::Delta, &sealed);
    let with = |header: &Header| case.hex("header", header.encode());
    let fail = |folder: &mut Folder, name: &str, comment: &str, case: &Case, bytes: Vec<u8>| {
        folder.bad(name, "body", comment, case, Base64(bytes));
    };
    for (name, position) in [("version", 0), ("nonce", 1), ("ciphertext", 25), ("tag", -1)] {
        let bytes = flipped(&sealed, position);
        let case = with(&placed(6, CommitKind::Delta, &bytes));
        fail(
            folder,
            &format!("flipped_{name}"),
            "one bit is flipped, and the header names the flipped bytes",
            &case,
            bytes,
        );
    }
    fail(
        folder,
        "other_cid",
        "the header names other bytes",
        &with(&Header { body_cid: Cid([1; 32]), ..header.clone() }),
        sealed.clone(),
    );
    fail(
        folder,
        "other_length",
        "the header states another length",
        &with(&Header { body_len: 1, ..header.clone() }),
        sealed.clone(),
    );
    let next = LogKey::from_bytes([7; 32]).next().body_key();
    fail(
        folder,
        "next_key",
        "the key of the next commit",
        &with(&header).hex("body-key", next.expose()),
        sealed.clone(),
    );
    let moved: [(&str, Header); 6] = [
        ("account", Header { account: iota_core::id::AccountId([9; 16]), ..header.clone() }),
        ("set", Header { set: SetId([9; 16]), ..header.clone() }),
        ("device", Header { device: iota_core::id::DeviceId([9; 16]), ..header.clone() }),
        ("seq", Header { seq: 5, skip: iota_core::id::HeaderHash([4; 32]), ..header.clone() }),
        ("prev", Header { prev: iota_core::id::HeaderHash([9; 32]), ..header.clone() }),
        ("epoch", Header { key_epoch: 2, ..header.clone() }),
    ];
    for (name, header) in moved {
        fail(folder, &format!("moved_{name}"), "moved to another place of a log", &with(&header), sealed.clone());
    }
    fail(
        folder,
        "kind_swapped",
        "a delta under the header of a base",
        &with(&placed(6, CommitKind::Base, &sealed)),
        sealed.clone(),
    );
    // Sealed at the place of a base, but a delta inside.
    let place = BodyPlace::from(&placed(6, CommitKind::Base, b""));
    let lying = body::seal(&key, &place, &delta(), &mut Seeded::new("lying")).expect("it seals");
    fail(
        folder,
        "kind_inside",
        "says delta inside and base outside",
        &with(&placed(6, CommitKind::Base, &lying)),
        lying,
    );
    let long = longer(&sealed);
    fail(folder, "trailing", "a byte after the end", &with(&placed(6, CommitKind::Delta, &long)), long);

    let case = Case::new("body-padded");
    let (plain, frame) = (delta().encode(), compressed(&delta().encode()));
    let padded = |plain_len: usize, frame: &[u8]| {
        let mut padded = [&(plain_len as u32).to_le_bytes()[..], &(frame.len() as u32).to_le_bytes(), frame].concat();
        padded.resize(padme(padded.len(), 512), 0);
        padded
    };
    let good = padded(plain.len(), &frame);
    folder.good(
        "delta",
        "what stands inside the seal of a body",
        &case.with("plain-hash", hash(&plain)),
        Base64(good.clone()),
    );
    let bomb = compressed(&vec![0; 65 << 20]);
    let trailing = compressed(&longer(&plain));
    for (name, class, comment, bytes) in [
        ("padding", "body", "padding that is not zero", flipped(&good, -1)),
        ("padding_none", "body", "not padded", good[..8 + frame.len()].to_vec()),
        ("plain_len", "body", "decompresses to more than it says", padded(plain.len() - 1, &frame)),
        ("too_large", "body", "says that it has more than 64 MiB", padded((64 << 20) + 1, &bomb)),
        ("bomb", "body", "65 MiB of zeros that say they are 64", padded(64 << 20, &bomb)),
        ("bomb_small", "body", "65 MiB of zeros that say they are 100 bytes", padded(100, &bomb)),
        ("frame_len", "body", "a frame longer than the body", patched(&good, 4, &u32::MAX.to_le_bytes())),
        ("short", "truncated", "ends inside the lengths", vec![0; 7]),
        ("trailing", "trailing", "a byte after the end of the body", padded(plain.len() + 1, &trailing)),
    ] {
        folder.bad(name, class, comment, &case, Base64(bytes));
    }
}

fn labels(folder: &mut Folder) {
    let key = MasterKey::from_bytes(MASTER).label_key(ACCOUNT);
    let case = Case::new("label").hex("label-key", key.expose()).with("set", SET);
    for (name, text) in [("short", "Ada's laptop"), ("long", &"n".repeat(100)), ("unicode", "Büro \u{1f5a8}")] {
        let sealed = label::seal(&key, SET, text, &mut Seeded::new(name));
        folder.good(name, "a sealed name", &case.with("text", text), Hex(sealed));
    }
    let sealed = label::seal(&key, SET, "attic", &mut Seeded::new("attic"));
    folder.bad(
        "other_set",
        "label",
        "moved to another machine",
        &case.with("set", SetId([9; 16])),
        Hex(sealed.clone()),
    );
    folder.bad("other_key", "label", "another account's key", &case.hex("label-key", [1; 32]), Hex(sealed.clone()));
    for (name, bytes) in [
        ("flipped", flipped(&sealed, 30)),
        ("version", patched(&sealed, 0, &[2])),
        ("truncated", shorter(&sealed)),
        ("empty", vec![]),
    ] {
        folder.bad(name, "label", "not what was sealed", &case, Hex(bytes));
    }
    let aad = [&b"iotabackup/label/v1\0"[..], &SET.0].concat();
    for (name, text) in [("not_utf8", vec![0xff; 64]), ("too_long", vec![b'n'; 257])] {
        let sealed = XChaCha20Poly1305::new(key.expose().into())
            .encrypt(&[7; 24].into(), Payload { msg: &text, aad: &aad })
            .expect("it seals");
        folder.bad(name, "label", "opens, but is no name", &case, Hex([&[1][..], &[7; 24], &sealed].concat()));
    }
}

fn live_channel(folder: &mut Folder) {
    let key = MasterKey::from_bytes(MASTER).live_key(ACCOUNT, SET, 1);
    let place = live::Place { account: ACCOUNT, set: SET };
    let case = |to: &str, after: u64| {
        Case::new("live")
            .hex("live", key.expose())
            .with("account", ACCOUNT)
            .with("set", SET)
            .with("to", to)
            .with("after", after)
    };
    let seal = |direction, seq, text: &str| {
        live::seal(&key, direction, &place, seq, text, &mut Seeded::new(text)).expect("it is short")
    };
    let order = seal(live::Direction::ToMachine, 7, r#"{"order":"resume"}"#);
    for (name, to, direction, text) in [
        ("order", "machine", live::Direction::ToMachine, r#"{"order":"resume"}"#),
        ("status", "owner", live::Direction::ToOwner, r#"{"stage":"idle"}"#),
        ("empty_text", "owner", live::Direction::ToOwner, ""),
    ] {
        let good = case(to, 6).with("seq", 7).with("text", text);
        folder.good(name, "a message of the live channel", &good, Hex(seal(direction, 7, text)));
    }
    folder.bad("again", "live", "shown before", &case("machine", 7), Hex(order.clone()));
    folder.bad("sent_back", "live", "of the other direction", &case("owner", 6), Hex(order.clone()));
    folder.bad(
        "other_set",
        "live",
        "another machine's",
        &case("machine", 6).with("set", SetId([9; 16])),
        Hex(order.clone()),
    );
    for (name, bytes) in [
        ("renumbered", patched(&order, 0, &[8])),
        ("flipped", flipped(&order, 60)),
        ("truncated", shorter(&order)),
        ("short", vec![0; 7]),
    ] {
        folder.bad(name, "live", "not what was sealed", &case("machine", 0), Hex(bytes));
    }
}

fn cuts(folder: &mut Folder) {
    let secret = ChunkerSecret::from_bytes([0x22; 32]);
    let key = CutKey::new(&secret);
    let case = Case::new("cut").hex("chunker", secret.expose());
    let paths: Vec<String> = (0..1500).map(|number| format!("home/ada/{number}")).collect();
    let ends = |is_end: &dyn Fn(usize) -> bool, count: usize| {
        (0..count).filter(|&number| is_end(number)).map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
    };
    let path = |number: usize| iota_core::path::TreePath::parse(paths[number].as_bytes()).expect("it is a path");
    let text = || Text(paths.join("\n") + "\n");
    let pages = case.with("what", "page").with("ends", ends(&|number| key.ends_page(&path(number)), 1500));
    folder.good("page", "after which of these paths a page ends", &pages, text());
    let index = case.with("what", "index").with("ends", ends(&|number| key.ends_index_page(&path(number)), 1500));
    folder.good("index", "after which pages, by their first paths, an index page ends", &index, text());
    let lengths: Vec<u64> = (0..200).map(|number| number * 331 % 65_536).collect();
    let content = |number: usize| ChunkKey(*blake3::hash(&number.to_le_bytes()).as_bytes());
    let bundle = case
        .with("what", "bundle")
        .with("ends", ends(&|number| key.ends_bundle(&content(number), lengths[number]), 200));
    let lines = lengths.iter().map(|length| format!("{length}\n")).collect::<String>();
    folder.good(
        "bundle",
        "after which small files of these lengths a bundle ends; content key i is H(i u64)",
        &bundle,
        Text(lines),
    );
    folder.bad("escape", "invalid", "no path", &case.with("what", "page"), Text("home\n../etc\n".into()));

    for (name, count) in [("inline", 8), ("pages", 9), ("many", 3000)] {
        let case = Case::new("extents").hex("dedup", DEDUP).with("count", count);
        let (ends, entry) = packed(count);
        let case = case.with("ends", ends).with("entry-hash", entry);
        folder.good(
            name,
            "a list of extents, where its pages end, and the entry that refers to them",
            &case,
            Hex(vec![]),
        );
    }
}

/// Lengths of chunks, from the definition: every position, the hash as a sum, one block of AES at a time.
fn lengths(secret: &[u8; 32], plaintext: &[u8], (min, max, divisor): (usize, usize, u64)) -> String {
    use aes::cipher::{BlockCipherEncrypt, KeyInit as _};
    let mut table = [0; 2048];
    let seed = blake3::derive_key("iotabackup 2026-11 v1 chunker table", secret);
    blake3::Hasher::new_keyed(&seed).finalize_xof().fill(&mut table);
    let table: Vec<u64> =
        table.chunks(8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes"))).collect();
    let key = blake3::derive_key("iotabackup 2026-11 v1 chunker aes key", secret);
    let cipher = aes::Aes128Enc::new(key[..16].try_into().expect("16 bytes"));
    let is_cut = |end: usize| {
        let hash = plaintext[end - 64..end].iter().fold(0u64, |hash, &byte| {
            let shifted = if hash >> 63 == 1 { (hash << 1) ^ 0x1b } else { hash << 1 };
            shifted ^ table[usize::from(byte)]
        });
        let mut block: aes::Block = [&hash.to_le_bytes()[..], &[0; 8]].concat()[..].try_into().expect("16 bytes");
        cipher.encrypt_block(&mut block);
        u64::from_le_bytes(block[..8].try_into().expect("eight bytes")) < u64::MAX / divisor
    };
    let (mut start, mut lengths) = (0, Vec::new());
    for end in 1..=plaintext.len() {
        let length = end - start;
        if length == max || end == plaintext.len() || (length >= min && is_cut(end)) {
            lengths.push(length.to_string());
            start = end;
        }
    }
    lengths.join(" ")
}

fn chunkers(folder: &mut Folder) {
    let (normal, fine) = ((64 << 10, 1 << 20, 134_464), (8 << 10, 128 << 10, 24_576));
    for (name, class, bounds, rule, plaintext) in [
        ("normal", "normal", normal, "xof cut 3000000", xof("cut", 3_000_000)),
        ("fine", "fine", fine, "xof cut 1000000", xof("cut", 1_000_000)),
        ("zeros", "normal", normal, "repeat 256 2500000", vec![0; 2_500_000]),
        ("zeros_fine", "fine", fine, "repeat 256 300000", vec![0; 300_000]),
        ("pattern", "normal", normal, "pattern 251 1500000", (0..1_500_000).map(|i| (i % 251) as u8).collect()),
        ("short", "normal", normal, "xof cut 100", xof("cut", 100)),
        ("minimum", "fine", fine, "xof cut 8192", xof("cut", 8192)),
        ("nothing", "normal", normal, "xof cut 0", vec![]),
    ] {
        let case = Case::new("chunker").hex("chunker", [0x22; 32]).with("class", class).with("plaintext", rule);
        let case = case.with("lengths", lengths(&[0x22; 32], &plaintext, bounds));
        folder.good(name, "the lengths of the chunks of a file", &case, Hex(vec![]));
    }
    let case = Case::new("size-class");
    for (name, file, head, class) in [
        ("plain", "letter.txt", b"Dear".to_vec(), "normal"),
        ("suffix", "disk.qcow2", vec![], "fine"),
        ("sqlite", "data", b"SQLite format 3\0".to_vec(), "fine"),
        ("qcow2", "data", b"QFI\xfb\0\0\0\x03".to_vec(), "fine"),
        ("vmdk", "data", b"KDMV".to_vec(), "fine"),
    ] {
        let mut head = head;
        head.resize(512.max(head.len()), 0);
        folder.good(
            name,
            "the size class of a file by name and first bytes",
            &case.with("name", file).with("class", class),
            Hex(head),
        );
    }
}

/// Where pages of `count` numbered extents end, and the hash of the entry `f` with that content; built without
/// `pack_extents`, from the definition.
fn packed(count: u64) -> (String, String) {
    use iota_core::{
        entry::{Entry, Kind, Metadata},
        extent::{ChunkRef, Content, Extent, ExtentPageRef, encode_extent_page},
        path::TreePath,
    };
    let length = 32 << 10;
    let (mut pages, mut page, mut ends, mut all) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..count {
        let chunk = ChunkRef::private(Cid::of(&number.to_le_bytes()), ChunkKey([number as u8; 32]));
        let extent = Extent::Slice { chunk, offset: 0, length };
        page.push(extent);
        all.push(extent);
        let is_end = u64::from_le_bytes(chunk.cid.0[..8].try_into().expect("eight bytes")) < u64::MAX / 512;
        if is_end {
            ends.push(number.to_string());
        }
        if is_end || page.len() == 2048 || number + 1 == count {
            let plaintext = encode_extent_page(&page);
            let ckey = chunk_key(&dedup(), &plaintext);
            let chunk = ChunkRef::private(seal_stored(&ckey, &plaintext).cid, ckey);
            let bytes = u64::from(length) * page.len() as u64;
            pages.push(ExtentPageRef { chunk, bytes, count: page.len() as u64 });
            page.clear();
        }
    }
    let content = if count <= 8 { Content::Inline(all) } else { Content::Pages(pages) };
    let kind = Kind::File { size: u64::from(length) * count, link: None, content };
    let path = TreePath::parse(b"f").expect("it is a path");
    (ends.join(" "), Entry { path, metadata: Metadata::default(), kind }.hash().to_string())
}
