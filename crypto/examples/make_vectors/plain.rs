//! Structures that everybody can read.

use crate::{Case, Folder, Payload::Hex, Payload::Text, flipped, longer, patched, shorter};
use iota_core::{
    api::frames::{CommitFrame, ObjectFrame, References, Segment, StoredCommit},
    certificate::{Certificate, SignedCertificate},
    chain::SkipChain,
    commit::{Body, Change, CommitKind, Flags, Gap, GapReason, Header, Seen, SignedHeader, Totals},
    entry::{Entry, Kind, Metadata, Timestamp, Xattr},
    extent::{ChunkKey, ChunkRef, Content, Extent, ExtentPageRef, encode_extent_index, encode_extent_page},
    id::{AccountId, Challenge, Cid, DeviceId, Digest, Domain, HeaderHash, RestoreId, ServerId, SetId, VerifyingKey},
    operation::Operation,
    page::{PageRef, encode_index, encode_page},
    path::TreePath,
    proof,
    refs::{Reference, encode_references, refs_root},
    restore::{FILES_LIFE_MS, Grant, LIFE_MS, Opens, Overwrite, SignedGrant, Target},
    retention::{Decision, Deletion, Policy, What},
    wire::Writer,
};
use iota_crypto::{
    keys::{AgreementSecret, SigningKey},
    ratchet::BodyKey,
    restore::Wish,
    retention,
};

pub(crate) fn write(folder: &mut Folder) {
    numbers(folder);
    paths(folder);
    entries(folder);
    pages(folder);
    extents(folder);
    headers(folder);
    certificates(folder);
    retentions(folder);
    restores(folder);
    bodies(folder);
    references(folder);
    frames(folder);
    chains(folder);
    proofs(folder);
}

pub(crate) const ACCOUNT: AccountId = AccountId([1; 16]);
pub(crate) const SET: SetId = SetId([2; 16]);
pub(crate) const DEVICE: DeviceId = DeviceId([3; 16]);

fn numbers(folder: &mut Folder) {
    let case = Case::new("varint");
    for (name, value, bytes) in [
        ("zero", 0, vec![0]),
        ("two_bytes", 300, vec![0xac, 0x02]),
        ("largest", u64::MAX, vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    ] {
        folder.good(name, "a number in its only form", &case.with("value", value), Hex(bytes));
    }
    for (name, class, bytes) in [
        ("longer_than_needed", "invalid", vec![0x80, 0x00]),
        ("longer_than_needed_3", "invalid", vec![0xac, 0x82, 0x00]),
        ("65_bits", "invalid", vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]),
        ("eleven_bytes", "invalid", vec![0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
        ("cut_off", "truncated", vec![0xac]),
        ("empty", "truncated", vec![]),
        ("trailing", "trailing", vec![0x01, 0x00]),
    ] {
        folder.bad(name, class, "another form of a number, or none", &case, Hex(bytes));
    }
    let case = Case::new("signed-varint");
    folder.good("minus_one", "zigzag of -1 is 1", &case.with("value", -1), Hex(vec![1]));
    folder.good(
        "smallest",
        "zigzag of the smallest number is the largest varint",
        &case.with("value", i64::MIN),
        Hex(vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    );
    let case = Case::new("padme").with("floor", 4096);
    folder.good(
        "chunks",
        "padded lengths of chunk payloads",
        &case
            .with("lengths", "10 4096 4097 200009 300000 1048576 1048585")
            .with("padded", "4096 4096 4352 200704 303104 1048576 1081344"),
        Hex(vec![]),
    );
    folder.good(
        "bodies",
        "padded lengths of bodies",
        &Case::new("padme").with("floor", 512).with("lengths", "1 513 1000 70000").with("padded", "512 544 1024 71680"),
        Hex(vec![]),
    );
}

fn paths(folder: &mut Folder) {
    let case = Case::new("path");
    for (name, path) in [
        ("top", "home".as_bytes().to_vec()),
        ("deep", b"home/ada/letter.txt".to_vec()),
        ("not_utf8", b"home/\xff\xfe/\x01\n".to_vec()),
        ("dots_inside", b".../..a/a..".to_vec()),
        ("longest_component", vec![b'a'; 255]),
        ("deepest", ["a"; 255].join("/").into_bytes()),
    ] {
        let key = TreePath::parse(&path).expect("it is a path").key();
        folder.good(name, "a path and its sort key", &case.hex("key", key.as_bytes()), Hex(path));
    }
    for (name, class, path) in [
        ("empty", "invalid", vec![]),
        ("absolute", "invalid", b"/etc/passwd".to_vec()),
        ("slash_at_end", "invalid", b"home/".to_vec()),
        ("empty_component", "invalid", b"home//ada".to_vec()),
        ("dot", "invalid", b"home/./ada".to_vec()),
        ("dot_dot", "invalid", b"../etc/passwd".to_vec()),
        ("dot_dot_inside", "invalid", b"home/../../etc".to_vec()),
        ("dot_dot_at_end", "invalid", b"home/..".to_vec()),
        ("zero_byte", "invalid", b"home/a\0b".to_vec()),
        ("long_component", "too-large", vec![b'a'; 256]),
        ("too_deep", "too-large", ["a"; 256].join("/").into_bytes()),
        ("too_long", "too-large", [&vec![b'a'; 255][..]; 17].join(&b'/')),
    ] {
        folder.bad(name, class, "not a path of this format", &case, Hex(path));
    }
    let case = Case::new("path-key");
    folder.good("deep", "the key of home/ada/x", &case.hex("path", b"home/ada/x"), Hex(b"home\0ada\0\0x".to_vec()));
    for (name, key) in [
        ("no_name", b"home\0\0".to_vec()),
        ("one_zero", b"home\0x".to_vec()),
        ("slash", b"home\0\0x/y".to_vec()),
        ("dot_dot", b"..\0\0x".to_vec()),
        ("empty", vec![]),
        ("four_zeros", b"home\0\0\0x".to_vec()),
    ] {
        folder.bad(name, "invalid", "no path has this key", &case, Hex(key));
    }
}

pub(crate) fn chunk(number: u8) -> ChunkRef {
    ChunkRef::private(Cid::of(&[number]), ChunkKey([number; 32]))
}

fn slice(number: u8, offset: u32, length: u32) -> Extent {
    Extent::Slice { chunk: chunk(number), offset, length }
}

fn path(text: &str) -> TreePath {
    TreePath::parse(text.as_bytes()).expect("it is a path")
}

fn metadata() -> Metadata {
    Metadata {
        mode: 0o644,
        uid: 1000,
        gid: 100,
        user: b"ada".as_slice().into(),
        group: b"users".as_slice().into(),
        mtime: Timestamp { seconds: -1, nanoseconds: 999_999_999 },
        xattrs: vec![
            Xattr { name: b"user.a".as_slice().into(), value: b"1".as_slice().into() },
            Xattr { name: b"user.b".as_slice().into(), value: b"".as_slice().into() },
        ],
        torn: false,
    }
}

fn plain_metadata(mode: u32) -> Metadata {
    Metadata { mode, ..Metadata::default() }
}

fn file(name: &str, content: Vec<Extent>) -> Entry {
    let size = content.iter().map(Extent::length).sum();
    let kind = Kind::File { size, link: None, content: Content::Inline(content) };
    Entry { path: path(name), metadata: plain_metadata(0o600), kind }
}

fn dir(name: &str) -> Entry {
    Entry { path: path(name), metadata: plain_metadata(0o755), kind: Kind::Dir }
}

fn entries(folder: &mut Folder) {
    let case = |entry: &Entry| Case::new("entry").hex("path", entry.path.as_bytes()).with("hash", entry.hash());
    let other = |kind| Entry { path: path("home/x"), metadata: metadata(), kind };
    let whole = Entry {
        path: path("home/ada/film"),
        metadata: Metadata { torn: true, ..metadata() },
        kind: Kind::File {
            size: 5 + (1 << 20) + (1 << 40),
            link: Some(path("home/ada/cinema")),
            content: Content::Inline(vec![slice(1, 7, 5), slice(2, 0, 1 << 20), Extent::Hole { length: 1 << 40 }]),
        },
    };
    let pages = vec![ExtentPageRef { chunk: chunk(4), bytes: 1 << 30, count: 1500 }];
    let size = 1 << 30;
    for (name, entry) in [
        ("file", whole.clone()),
        ("empty_file", file("empty", vec![])),
        (
            "isolated_file",
            file(
                "secret",
                vec![Extent::Slice { chunk: ChunkRef { domain: Domain::ISOLATED, ..chunk(1) }, offset: 7, length: 5 }],
            ),
        ),
        ("file_in_pages", other(Kind::File { size, link: None, content: Content::Pages(pages.clone()) })),
        ("file_in_two_levels", other(Kind::File { size, link: None, content: Content::Index(pages) })),
        ("dir", other(Kind::Dir)),
        ("symlink", other(Kind::Symlink { target: b"../../etc/passwd".as_slice().into() })),
        ("fifo", other(Kind::Fifo)),
        ("char", other(Kind::Char { major: 1, minor: 300 })),
        ("block", other(Kind::Block { major: 8, minor: u32::MAX })),
        ("socket", other(Kind::Socket)),
    ] {
        folder.good(name, "one entry of each kind", &case(&entry), Hex(entry.encode_tail()));
    }
    let case = Case::new("entry").hex("path", b"x");
    let tail = |entry: Entry| entry.encode_tail();
    let with = |change: &dyn Fn(&mut Metadata)| {
        let mut metadata = plain_metadata(0o600);
        change(&mut metadata);
        tail(Entry { path: path("x"), metadata, kind: Kind::Dir })
    };
    let xattr = |name: &[u8], value: &[u8]| Xattr { name: name.into(), value: value.into() };
    let content = |size, content| {
        tail(Entry { path: path("x"), metadata: plain_metadata(0), kind: Kind::File { size, link: None, content } })
    };
    let dir_tail = with(&|_| {});
    // The tail of an empty file ends with size, link, content tag, count.
    let empty_file = tail(file("x", vec![]));
    let end = empty_file.len();
    let many = |count: usize| Content::Pages(vec![ExtentPageRef { chunk: chunk(1), bytes: 1, count: 1 }; count]);
    for (name, class, comment, bytes) in [
        ("trailing", "trailing", "a byte after the end", longer(&tail(whole.clone()))),
        ("truncated", "truncated", "the last byte is missing", shorter(&tail(whole.clone()))),
        ("kind_0", "invalid", "kind 0 does not exist", patched(&dir_tail, 0, &[0])),
        ("kind_8", "invalid", "kind 8 does not exist", patched(&dir_tail, 0, &[8])),
        ("mode", "invalid", "mode beyond the permission bits", with(&|m| m.mode = 0o10000)),
        ("nanoseconds", "invalid", "a second has no 10^9th nanosecond", with(&|m| m.mtime.nanoseconds = 1_000_000_000)),
        ("flags", "invalid", "flag 2 does not exist", patched(&dir_tail, dir_tail.len() - 2, &[2])),
        (
            "xattr_order",
            "invalid",
            "attributes out of order",
            with(&|m| m.xattrs = vec![xattr(b"b", b""), xattr(b"a", b"")]),
        ),
        (
            "xattr_twice",
            "invalid",
            "an attribute stands twice",
            with(&|m| m.xattrs = vec![xattr(b"a", b""), xattr(b"a", b"")]),
        ),
        ("xattr_empty", "invalid", "an attribute without a name", with(&|m| m.xattrs = vec![xattr(b"", b"")])),
        ("xattr_zero", "invalid", "a zero byte in a name", with(&|m| m.xattrs = vec![xattr(b"a\0", b"")])),
        ("owner_long", "too-large", "a user name of 256 bytes", with(&|m| m.user = [b'u'; 256].into())),
        (
            "target_empty",
            "invalid",
            "a link to nothing",
            tail(Entry { path: path("x"), metadata: plain_metadata(0), kind: Kind::Symlink { target: [].into() } }),
        ),
        (
            "target_long",
            "too-large",
            "a link target of 4097 bytes",
            tail(Entry {
                path: path("x"),
                metadata: plain_metadata(0),
                kind: Kind::Symlink { target: vec![b'a'; 4097].into() },
            }),
        ),
        (
            "link_escapes",
            "invalid",
            "the leader of a hard-link group is no path",
            [&empty_file[..end - 4], &[0, 5], b"../..", &[0, 0]].concat(),
        ),
        ("content_tag", "invalid", "content of kind 3", patched(&empty_file, end - 2, &[3])),
        (
            "size_differs",
            "invalid",
            "extents cover less than the size",
            content(6, Content::Inline(vec![slice(1, 0, 5)])),
        ),
        (
            "size_overflows",
            "invalid",
            "extents cover more than 2^64",
            content(5, Content::Inline(vec![Extent::Hole { length: u64::MAX }; 2])),
        ),
        (
            "size_too_large",
            "too-large",
            "2^63 bytes",
            content(1 << 63, Content::Inline(vec![Extent::Hole { length: 1 << 63 }])),
        ),
        (
            "nine_extents",
            "too-large",
            "more extents than stand in an entry",
            content(9, Content::Inline(vec![slice(1, 0, 1); 9])),
        ),
        ("no_pages", "invalid", "content in no page at all", content(0, many(0))),
        ("513_pages", "too-large", "more pages than stand in an entry", content(513, many(513))),
        (
            "page_of_nothing",
            "invalid",
            "a page that covers no extent",
            content(1, Content::Pages(vec![ExtentPageRef { chunk: chunk(1), bytes: 1, count: 0 }])),
        ),
        (
            "page_count",
            "invalid",
            "more extents than bytes",
            content(1, Content::Pages(vec![ExtentPageRef { chunk: chunk(1), bytes: 1, count: 2 }])),
        ),
        ("extent_empty", "invalid", "an extent of no bytes", content(0, Content::Inline(vec![slice(1, 0, 0)]))),
        (
            "extent_beyond_chunk",
            "invalid",
            "an extent beyond the largest chunk",
            content(2, Content::Inline(vec![slice(1, (1 << 20) - 1, 2)])),
        ),
        ("hole_empty", "invalid", "a hole of no bytes", content(0, Content::Inline(vec![Extent::Hole { length: 0 }]))),
        (
            "domain_2",
            "invalid",
            "a domain that this version does not know",
            content(
                1,
                Content::Inline(vec![Extent::Slice {
                    chunk: ChunkRef { domain: Domain(2), ..chunk(1) },
                    offset: 0,
                    length: 1,
                }]),
            ),
        ),
    ] {
        folder.bad(name, class, comment, &case, Hex(bytes));
    }
}

fn state() -> Vec<Entry> {
    let mut entries = vec![
        dir("home"),
        dir("home/ada"),
        file("home/ada/letter", vec![slice(1, 0, 100)]),
        file("home/ada/letter.old", vec![slice(1, 100, 50)]),
        file("note", vec![slice(2, 0, 1)]),
    ];
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

fn pages(folder: &mut Folder) {
    let case = Case::new("page");
    let entries = state();
    let page = encode_page(&entries);
    let head = b"iotabackup/page/v1\0".len();
    folder.good("five", "five entries in key order", &case.with("items", 5), Hex(page.clone()));
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&page)));
    folder.bad("truncated", "truncated", "the last byte is missing", &case, Hex(shorter(&page)));
    folder.bad("version", "unknown-type", "a later version", &case, Hex(patched(&page, head - 2, b"2")));
    folder.bad("type", "unknown-type", "an index page in place of a page", &case, Hex(encode_index(&refs())));
    folder.bad("empty", "invalid", "no entry", &case, Hex(encode_page(&[])));
    folder.bad("count_beyond", "truncated", "one entry more than there is", &case, Hex(patched(&page, head, &[6])));
    folder.bad("count_too_large", "too-large", "1025 entries", &case, Hex([&page[..head], &[0x81, 0x08]].concat()));
    let swapped = [entries[1].clone(), entries[0].clone()];
    folder.bad("order", "invalid", "entries out of order", &case, Hex(encode_page(&swapped)));
    let twice = [entries[0].clone(), entries[0].clone()];
    folder.bad("twice", "invalid", "a path stands twice", &case, Hex(encode_page(&twice)));
    // The second entry written in full although it shares a prefix with the first.
    let mut writer = Writer::typed(b"iotabackup/page/v1\0");
    writer.varint(2);
    for name in [b"aa".as_slice(), b"ab"] {
        writer.varint(0).bytes(name).raw(&dir("aa").encode_tail());
    }
    folder.bad("prefix_not_longest", "invalid", "a shared prefix that is not the longest", &case, Hex(writer.finish()));
    let mut writer = Writer::typed(b"iotabackup/page/v1\0");
    writer.varint(1).varint(1).bytes(b"a").raw(&dir("a").encode_tail());
    folder.bad("prefix_of_nothing", "too-large", "the first path shares a prefix", &case, Hex(writer.finish()));
    let mut writer = Writer::typed(b"iotabackup/page/v1\0");
    writer.varint(2).varint(0).bytes(b"a").raw(&dir("a").encode_tail());
    writer.varint(1).bytes(b"/../b").raw(&dir("a").encode_tail());
    folder.bad("escapes", "invalid", "a path escapes once its prefix is joined", &case, Hex(writer.finish()));

    let case = Case::new("index");
    let index = encode_index(&refs());
    folder.good("two", "two references in key order", &case.with("items", 2), Hex(index.clone()));
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&index)));
    folder.bad("empty", "invalid", "no reference", &case, Hex(encode_index(&[])));
    folder.bad("type", "unknown-type", "a page in place of an index page", &case, Hex(page));
    let mut none = refs();
    none[1].entries = 0;
    folder.bad("no_entries", "invalid", "a page of no entries", &case, Hex(encode_index(&none)));
    none[1].entries = u64::MAX;
    folder.bad("sum", "invalid", "more entries than 64 bits count", &case, Hex(encode_index(&none)));
    let mut swapped = refs();
    swapped.reverse();
    folder.bad("order", "invalid", "references out of order", &case, Hex(encode_index(&swapped)));
    let head = b"iotabackup/index/v1\0".len();
    folder.bad("count_too_large", "too-large", "4097 references", &case, Hex([&index[..head], &[0x81, 0x20]].concat()));
}

fn refs() -> Vec<PageRef> {
    vec![
        PageRef { first: path("home"), chunk: chunk(1), entries: 256 },
        PageRef { first: path("home/ada/x"), chunk: chunk(2), entries: 1 },
    ]
}

fn extents(folder: &mut Folder) {
    let case = Case::new("extent-page");
    let list = [slice(1, 0, 1 << 20), Extent::Hole { length: 4096 }, slice(2, 5, 6)];
    let page = encode_extent_page(&list);
    let sums = case.with("covers-bytes", (1 << 20) + 4096 + 6).with("covers-count", 3);
    folder.good("three", "two slices and a hole", &sums.with("items", 3), Hex(page.clone()));
    folder.bad(
        "other_bytes",
        "invalid",
        "covers less than the reference says",
        &sums.with("covers-bytes", 1),
        Hex(page.clone()),
    );
    folder.bad(
        "other_count",
        "invalid",
        "has fewer extents than the reference says",
        &sums.with("covers-count", 4),
        Hex(page.clone()),
    );
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&page)));
    folder.bad("empty", "invalid", "no extent", &case, Hex(encode_extent_page(&[])));
    folder.bad(
        "sum",
        "invalid",
        "covers more than 2^64 bytes",
        &case,
        Hex(encode_extent_page(&[Extent::Hole { length: u64::MAX }, slice(1, 0, 1)])),
    );
    let head = b"iotabackup/extents/v1\0".len();
    folder.bad("count_too_large", "too-large", "2049 extents", &case, Hex([&page[..head], &[0x81, 0x10]].concat()));
    folder.bad(
        "count_beyond",
        "truncated",
        "2048 extents, of which three are there",
        &case,
        Hex(patched(&[&page[..head], &[0x80, 0x10], &page[head + 1..]].concat(), head, &[0x80, 0x10])),
    );
    let references = [1, 2].map(|number| ExtentPageRef { chunk: chunk(number), bytes: 1 << 30, count: 512 });
    let index = encode_extent_index(&references);
    folder.bad("type", "unknown-type", "a page of the second level in its place", &case, Hex(index.clone()));

    let case = Case::new("extent-index");
    let sums = case.with("covers-bytes", 2u64 << 30).with("covers-count", 1024);
    folder.good("two", "two references", &sums.with("items", 2), Hex(index.clone()));
    folder.bad(
        "other_bytes",
        "invalid",
        "covers less than the reference says",
        &sums.with("covers-bytes", 1 << 30),
        Hex(index.clone()),
    );
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&index)));
    folder.bad("empty", "invalid", "no reference", &case, Hex(encode_extent_index(&[])));
    folder.bad("type", "unknown-type", "an extent page in its place", &case, Hex(page));
}

pub(crate) fn header(seq: u64) -> Header {
    let hash = |seq: u64| if seq == 0 { HeaderHash::ZERO } else { HeaderHash([seq as u8; 32]) };
    Header {
        account: ACCOUNT,
        set: SET,
        device: DEVICE,
        seq,
        kind: if seq == 1 { CommitKind::Base } else { CommitKind::Delta },
        prev: hash(seq - 1),
        skip: hash(seq & (seq - 1)),
        body_cid: Cid([5; 32]),
        body_len: 600,
        refs_root: Digest([6; 32]),
        live_count: 7,
        live_xor: Digest([8; 32]),
        device_time_ms: 1_800_000_000_000,
        prev_received_ms: if seq == 1 { 0 } else { 1_799_999_999_000 },
        key_epoch: 1,
        flags: Flags::default().with(Flags::FULL_REFERENCES, seq == 1),
    }
}

pub(crate) fn device_key() -> SigningKey {
    SigningKey::from_seed(&[9; 32])
}

fn signed(key: &SigningKey, bytes: &[u8]) -> Vec<u8> {
    [bytes, &key.sign(bytes).0].concat()
}

fn headers(folder: &mut Folder) {
    let key = device_key();
    let case = Case::new("header").with("device-key", key.verifying_key());
    for (name, header) in [
        ("first", header(1)),
        ("delta", header(6)),
        ("gaps", Header { flags: Flags::GAPS.with(Flags::PARTIAL, true), ..header(7) }),
    ] {
        let comment = "a signed header and its hash";
        folder.good(name, comment, &case.with("hash", header.hash()), Hex(signed(&key, &header.encode())));
    }
    let bytes = header(6).encode();
    let good = signed(&key, &bytes);
    // Offsets: type 0, account 21, set 37, device 53, seq 69, kind 77, prev 78, skip 110, body 142, length 174,
    // refs 178, live count 210, xor 218, time 250, received 258, epoch 266, flags 270, signature 274.
    for (name, position) in [
        ("account", 21),
        ("set", 37),
        ("device", 53),
        ("seq", 70),
        ("prev", 78),
        ("skip", 110),
        ("body_cid", 142),
        ("body_len", 174),
        ("refs_root", 178),
        ("live_count", 210),
        ("live_xor", 218),
        ("time", 250),
        ("received", 258),
        ("epoch", 267),
        ("flags", 270),
        ("signature_r", 274),
        ("signature_s", 306),
    ] {
        // Setting flag 1 on a delta is refused before the signature is looked at.
        let class = if name == "flags" { "invalid" } else { "signature" };
        folder.bad(&format!("flipped_{name}"), class, "one bit is flipped", &case, Hex(flipped(&good, position)));
    }
    let other = SigningKey::from_seed(&[10; 32]).verifying_key();
    folder.bad(
        "other_device",
        "signature",
        "signed by another machine",
        &case.with("device-key", other),
        Hex(good.clone()),
    );
    let weak = VerifyingKey([&[1][..], &[0; 31]].concat().try_into().expect("32 bytes"));
    folder.bad("weak_key", "signature", "a key of small order", &case.with("device-key", weak), Hex(good.clone()));
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&good)));
    folder.bad("truncated", "trailing", "the signature has 63 bytes", &case, Hex(shorter(&good)));
    folder.bad("unsigned", "trailing", "no signature", &case, Hex(bytes.clone()));
    folder.bad("short", "truncated", "ends inside the header", &case, Hex(bytes[..200].to_vec()));
    // Well signed, and still refused: a writer would not have written these.
    for (name, class, comment, bytes) in [
        ("version", "unknown-type", "a later version", patched(&bytes, 19, b"2")),
        ("seq_0", "invalid", "commit 0 does not exist", patched(&bytes, 69, &0u64.to_le_bytes())),
        ("seq_too_large", "invalid", "commit 2^63", patched(&bytes, 69, &(1u64 << 63).to_le_bytes())),
        ("kind_0", "invalid", "kind 0 does not exist", patched(&bytes, 77, &[0])),
        ("kind_3", "invalid", "kind 3 does not exist", patched(&bytes, 77, &[3])),
        ("no_prev", "invalid", "commit 6 without a commit before", patched(&bytes, 78, &[0; 32])),
        ("no_skip", "invalid", "commit 6 without a skip link", patched(&bytes, 110, &[0; 32])),
        (
            "body_too_large",
            "too-large",
            "a body of more than 8 MiB",
            patched(&bytes, 174, &((8u32 << 20) + 1).to_le_bytes()),
        ),
        ("time_too_large", "invalid", "a time beyond 2^63", patched(&bytes, 250, &[0xff; 8])),
        ("epoch_0", "invalid", "key epoch 0 does not exist", patched(&bytes, 266, &[0; 4])),
        ("flag_8", "invalid", "flag 8 does not exist", patched(&bytes, 270, &[8])),
        ("full_delta", "invalid", "a delta with full references", patched(&bytes, 270, &[1])),
        ("first_delta", "invalid", "commit 1 as a delta", patched(&header(1).encode(), 77, &[2])),
        ("first_with_prev", "invalid", "commit 1 with a commit before", patched(&header(1).encode(), 78, &[1])),
        ("skip_where_none", "invalid", "commit 4 with a skip link", patched(&header(4).encode(), 110, &[1])),
    ] {
        folder.bad(name, class, comment, &case, Hex(signed(&key, &bytes)));
    }
}

pub(crate) fn certificate(first_seq: u64) -> Certificate {
    let mut chain = SkipChain::default();
    for seq in 1..first_seq {
        chain.push(HeaderHash([seq as u8; 32]));
    }
    Certificate {
        account: ACCOUNT,
        set: SET,
        device: DEVICE,
        key_epoch: if first_seq == 1 { 1 } else { 2 },
        signing_key: device_key().verifying_key(),
        agreement_key: AgreementSecret::from_bytes([11; 32]).public(),
        issued_ms: 1_800_000_000_000,
        first_seq,
        skip_chain: chain.hashes(),
    }
}

pub(crate) fn sign_certificate(certificate: Certificate, identity: &SigningKey) -> SignedCertificate {
    let signature = identity.sign(&certificate.encode());
    SignedCertificate { certificate, signature }
}

fn certificates(folder: &mut Folder) {
    let identity = SigningKey::from_seed(&[12; 32]);
    let case = Case::new("certificate").with("identity", identity.verifying_key());
    for (name, first_seq) in [("first", 1), ("later", 8)] {
        let signed = sign_certificate(certificate(first_seq), &identity);
        folder.good(name, "a signed certificate", &case, Hex(signed.encode()));
    }
    let bytes = certificate(8).encode();
    let signed = |bytes: &[u8]| [&identity.sign(bytes).0[..], bytes].concat();
    let good = signed(&bytes);
    // After the signature: type 64, account 90, set 106, device 122, epoch 138, keys 142 and 174, issued 206, first 214,
    // count 222, hashes 223.
    for (name, position) in [
        ("signature", 0),
        ("account", 90),
        ("set", 106),
        ("device", 122),
        ("epoch", 139),
        ("signing_key", 142),
        ("agreement_key", 174),
        ("issued", 206),
        ("hash", 223),
    ] {
        folder.bad(&format!("flipped_{name}"), "signature", "one bit is flipped", &case, Hex(flipped(&good, position)));
    }
    let other = SigningKey::from_seed(&[13; 32]).verifying_key();
    folder.bad(
        "other_identity",
        "signature",
        "signed for another account",
        &case.with("identity", other),
        Hex(good.clone()),
    );
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&good)));
    folder.bad("truncated", "truncated", "the last byte is missing", &case, Hex(shorter(&good)));
    for (name, class, comment, bytes) in [
        ("version", "unknown-type", "a later version", patched(&bytes, 24, b"2")),
        ("header_type", "unknown-type", "a signed header in its place", header(6).encode()),
        ("epoch_0", "invalid", "key epoch 0 does not exist", patched(&bytes, 74, &[0])),
        ("first_0", "invalid", "commit 0 does not exist", patched(&bytes, 150, &[0])),
        ("chain_short", "invalid", "two hashes where commit 7 needs three", {
            let bytes = patched(&bytes, 158, &[2]);
            bytes[..bytes.len() - 32].to_vec()
        }),
        ("chain_other", "invalid", "three hashes where commit 8 needs one", patched(&bytes, 150, &[9])),
        ("chain_long", "too-large", "64 hashes", patched(&bytes, 158, &[64])),
    ] {
        folder.bad(name, class, comment, &case, Hex(signed(&bytes)));
    }
}

fn retentions(folder: &mut Folder) {
    let identity = SigningKey::from_seed(&[12; 32]);
    let case = Case::new("retention").with("identity", identity.verifying_key());
    let decision = |version, what| Decision { account: ACCOUNT, version, decided_ms: 1_800_000_000_000, what };
    let limited = Policy::new(14, 60, 365, Some(3650)).expect("no span is shorter than the one before");
    for (name, version, policy) in [("default", 1, Policy::default()), ("limited", 10_000, limited)] {
        let case = case.with("version", version).with("policy", policy);
        let signed = retention::sign(decision(version, What::Keep(policy)), &identity);
        folder.good(name, "how long how much is kept", &case, Hex(signed.encode()));
    }
    let deletion = Deletion { set: SET, first: 3, last: 5 };
    for (name, version, what) in [("delete", 3, What::Delete(deletion)), ("undo", 4, What::Undo(3))] {
        let signed = retention::sign(decision(version, what), &identity);
        folder.good(name, "a deletion, and taking it back", &case.with("version", version), Hex(signed.encode()));
    }
    let signed = retention::sign(decision(5, What::Close), &identity);
    folder.good("close", "the account is to go", &case.with("version", 5), Hex(signed.encode()));
    let bytes = decision(2, What::Keep(limited)).encode();
    let signed = |bytes: &[u8]| [&identity.sign(bytes).0[..], bytes].concat();
    let good = signed(&bytes);
    // After the signature: type 64, account 88, version 104, time 112, kind 120, spans 121, 125, 129, 133.
    for (name, position) in [("signature", 0), ("account", 88), ("version", 104), ("time", 112), ("daily", 129)] {
        folder.bad(&format!("flipped_{name}"), "signature", "one bit is flipped", &case, Hex(flipped(&good, position)));
    }
    let other = SigningKey::from_seed(&[13; 32]).verifying_key();
    folder.bad(
        "other_identity",
        "signature",
        "signed for another account",
        &case.with("identity", other),
        Hex(good.clone()),
    );
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&good)));
    folder.bad("truncated", "truncated", "the last byte is missing", &case, Hex(shorter(&good)));
    for (name, class, comment, bytes) in [
        ("type_v2", "unknown-type", "a later version of the structure", patched(&bytes, 22, b"2")),
        ("certificate_type", "unknown-type", "a signed certificate in its place", certificate(1).encode()),
        ("version_0", "invalid", "version 0 does not exist", patched(&bytes, 40, &[0])),
        ("version_10001", "invalid", "an account decides ten thousand times", patched(&bytes, 40, &[0x11, 0x27])),
        ("late", "invalid", "a time beyond all times", patched(&bytes, 48, &[0xff; 8])),
        ("six_days", "invalid", "everything is kept for seven days at least", patched(&bytes, 57, &[6])),
        ("hourly_short", "invalid", "a span shorter than the one before", patched(&bytes, 61, &[13])),
        ("weekly_short", "invalid", "a last span shorter than the one before", patched(&bytes, 69, &[1, 0])),
        ("weekly_long", "invalid", "a span beyond a hundred years", patched(&bytes, 69, &[0xf9, 0x8e])),
        ("kind_0", "invalid", "no kind of decision", patched(&bytes, 56, &[0])),
        ("kind_5", "invalid", "no kind of decision yet", patched(&bytes, 56, &[5])),
        ("close_long", "trailing", "a policy after a closing", patched(&bytes, 56, &[4])),
        ("undo_itself", "invalid", "it takes back what is not before it", decision(2, What::Undo(2)).encode()),
        ("delete_none", "invalid", "commit 0 does not exist", {
            decision(2, What::Delete(Deletion { first: 0, ..deletion })).encode()
        }),
        ("delete_backwards", "invalid", "the last comes before the first", {
            decision(2, What::Delete(Deletion { first: 6, ..deletion })).encode()
        }),
    ] {
        folder.bad(name, class, comment, &case, Hex(signed(&bytes)));
    }
}

fn restores(folder: &mut Folder) {
    let identity = SigningKey::from_seed(&[12; 32]);
    let grant = Grant {
        account: ACCOUNT,
        restore: RestoreId([6; 16]),
        machine: SET,
        device: DeviceId([3; 16]),
        source: SetId([4; 16]),
        seq: 9,
        ordered_ms: 1_800_000_000_000,
        until_ms: 1_800_000_000_000 + LIFE_MS,
        opens: Opens::Snapshot,
    };
    let case = Case::new("restore_grant").with("identity", identity.verifying_key()).with("restore", grant.restore);
    let bytes = SignedGrant::signed_bytes(&grant, &Digest([8; 32]));
    let signed = |bytes: &[u8]| [&identity.sign(bytes).0[..], bytes].concat();
    let good = signed(&bytes);
    folder.good("grant", "a machine may read a snapshot of another for 30 days", &case, Hex(good.clone()));
    // After the signature: type 64, account 92, order 108, machine 124, device 140, source 156, commit 172, times 180 and 188, order 196.
    for (name, position) in [("signature", 0), ("grant_source", 156), ("grant_commit", 172), ("grant_order", 196)] {
        folder.bad(&format!("flipped_{name}"), "signature", "one bit is flipped", &case, Hex(flipped(&good, position)));
    }
    folder.bad("grant_trailing", "trailing", "a byte after the end", &case, Hex(longer(&good)));
    folder.bad("grant_truncated", "truncated", "the last byte is missing", &case, Hex(shorter(&good)));
    for (name, class, comment, bytes) in [
        ("grant_type_v2", "unknown-type", "a later version of the structure", patched(&bytes, 26, b"2")),
        ("grant_commit_0", "invalid", "commit 0 does not exist", patched(&bytes, 108, &[0])),
        ("grant_over", "invalid", "it ends when it begins", {
            SignedGrant::signed_bytes(&Grant { until_ms: grant.ordered_ms, ..grant }, &Digest([8; 32]))
        }),
        ("grant_long", "invalid", "it lasts longer than 30 days", {
            SignedGrant::signed_bytes(&Grant { until_ms: grant.until_ms + 1, ..grant }, &Digest([8; 32]))
        }),
    ] {
        folder.bad(name, class, comment, &case, Hex(signed(&bytes)));
    }

    let (opens, until_ms) = (Opens::Files(Digest([7; 32])), grant.ordered_ms + FILES_LIFE_MS);
    let grant = Grant { opens, until_ms, ..grant };
    let bytes = SignedGrant::signed_bytes(&grant, &Digest([8; 32]));
    let good = signed(&bytes);
    folder.good("files", "a machine may read objects of a list for 24 hours", &case, Hex(good.clone()));
    // The type is longer by six bytes; the list stands where the order did: after the signature 202, then the order 234.
    for (name, position) in [("files_commit", 178), ("files_list", 202), ("files_order", 234)] {
        folder.bad(&format!("flipped_{name}"), "signature", "one bit is flipped", &case, Hex(flipped(&good, position)));
    }
    folder.bad("files_trailing", "trailing", "a byte after the end", &case, Hex(longer(&good)));
    folder.bad("files_truncated", "truncated", "the last byte is missing", &case, Hex(shorter(&good)));
    for (name, class, comment, bytes) in [
        ("files_type_v2", "unknown-type", "a later version of the structure", patched(&bytes, 32, b"2")),
        ("files_long", "invalid", "it lasts longer than 24 hours", {
            SignedGrant::signed_bytes(&Grant { until_ms: until_ms + 1, ..grant }, &Digest([8; 32]))
        }),
    ] {
        folder.bad(name, class, comment, &case, Hex(signed(&bytes)));
    }

    let wish = |target, paths: &[&str]| Wish {
        header: HeaderHash([5; 32]),
        body_keys: vec![BodyKey::from_bytes([1; 32]), BodyKey::from_bytes([2; 32])],
        paths: paths.iter().map(|text| path(text)).collect(),
        target,
        overwrite: Overwrite::IfChanged,
        dry_run: false,
    };
    let case = Case::new("restore_order").with("header", HeaderHash([5; 32]));
    let beside = wish(Target::Beside("/srv/restored".into()), &["home/ada", "etc/hosts"]).encode();
    let in_place = wish(Target::InPlace, &[]).encode();
    folder.good("order_beside", "two paths into a folder", &case.with("paths", 2), Hex(beside.to_vec()));
    folder.good("order_in_place", "everything to where it was", &case.with("paths", 0), Hex(in_place.to_vec()));
    let case = case.with("paths", 0);
    // Type 28 bytes, header 32, dry run 60, overwrite 61, target 62, keys from 63 on, paths behind them.
    let (keys, paths) = (63, 63 + 4 + 64);
    for (name, class, comment, bytes) in [
        ("order_trailing", "trailing", "a byte after the end", longer(&in_place)),
        ("order_truncated", "truncated", "the last byte is missing", shorter(&in_place)),
        ("order_type_v2", "unknown-type", "a later version of the structure", patched(&in_place, 26, b"2")),
        ("order_dry_run_2", "invalid", "neither done nor foretold", patched(&in_place, 60, &[2])),
        ("order_overwrite_4", "invalid", "no such way to overwrite", patched(&in_place, 61, &[4])),
        ("order_target_2", "invalid", "no such target", patched(&in_place, 62, &[2])),
        ("order_no_keys", "invalid", "no key opens nothing", {
            [&in_place[..keys], &[0; 4], &in_place[paths..]].concat()
        }),
        ("order_many_keys", "too-large", "4097 keys", patched(&in_place, keys, &[1, 16])),
        ("order_many_paths", "too-large", "4097 paths", patched(&in_place, paths, &[1, 16])),
        ("order_relative", "invalid", "a folder that is no whole path", {
            wish(Target::Beside("srv/restored".into()), &[]).encode().to_vec()
        }),
        ("order_above", "invalid", "a folder that leads out of itself", {
            wish(Target::Beside("/srv/../etc".into()), &[]).encode().to_vec()
        }),
    ] {
        folder.bad(name, class, comment, &case, Hex(bytes));
    }
}

pub(crate) fn delta() -> Body {
    Body {
        change: Change::Delta(vec![
            Operation::Put(file("note", vec![slice(3, 0, 9)])),
            Operation::Remove(path("home/ada/letter.old")),
        ]),
        seen: vec![Seen { set: SetId([4; 16]), seq: 3, hash: HeaderHash([5; 32]) }],
        gaps: vec![Gap { path: b"home/bob".as_slice().into(), reason: GapReason::Permission }],
        gap_count: 2,
        totals: Totals { files: 2, dirs: 2, others: 0, bytes: 109 },
        state_root: Digest([7; 32]),
    }
}

pub(crate) fn base() -> Body {
    let totals = Totals { files: 3, dirs: 2, others: 0, bytes: 151 };
    Body { change: Change::Base(refs()), seen: vec![], gaps: vec![], gap_count: 0, totals, state_root: Digest([7; 32]) }
}

fn bodies(folder: &mut Folder) {
    let case = Case::new("body-plain");
    let bytes = delta().encode();
    folder.good("base", "the plaintext of a base", &case, Hex(base().encode()));
    folder.good("delta", "the plaintext of a delta", &case, Hex(bytes.clone()));
    folder.good(
        "empty_base",
        "the base of an empty state",
        &case,
        Hex(Body { change: Change::Base(vec![]), ..base() }.encode()),
    );
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&bytes)));
    folder.bad("truncated", "truncated", "the last byte is missing", &case, Hex(shorter(&bytes)));
    let head = b"iotabackup/body/v1\0".len();
    folder.bad("version", "unknown-type", "a later version", &case, Hex(patched(&bytes, head - 2, b"2")));
    folder.bad("kind", "invalid", "kind 3 does not exist", &case, Hex(patched(&bytes, head, &[3])));
    folder.bad("operation", "invalid", "operation 3 does not exist", &case, Hex(patched(&bytes, head + 2, &[3])));
    let too_many = [&bytes[..head + 1], &[0x81, 0x80, 0x40], &bytes[head + 2..]].concat();
    folder.bad("operations_too_many", "too-large", "2^20 + 1 operations", &case, Hex(too_many));
    let with = |change: &dyn Fn(&mut Body)| {
        let mut body = delta();
        change(&mut body);
        Hex(body.encode())
    };
    let swap = |body: &mut Body| {
        if let Change::Delta(operations) = &mut body.change {
            operations.reverse();
        }
    };
    folder.bad("order", "invalid", "operations out of order", &case, with(&swap));
    folder.bad("gap_count", "invalid", "fewer gaps than are listed", &case, with(&|body| body.gap_count = 0));
    folder.bad("seen_twice", "invalid", "a set is seen twice", &case, with(&|body| body.seen.push(body.seen[0])));
    folder.bad("seen_0", "invalid", "commit 0 was seen", &case, with(&|body| body.seen[0].seq = 0));
    let twice = |body: &mut Body| {
        let remove = Operation::Remove(path("note"));
        body.change = Change::Delta(vec![remove.clone(), remove]);
    };
    folder.bad("twice", "invalid", "two operations on one path", &case, with(&twice));
    let gap = |body: &mut Body| body.gaps[0].path = vec![b'a'; 4097].into();
    folder.bad("gap_long", "too-large", "the path of a gap has 4097 bytes", &case, with(&gap));
}

fn reference(number: u8) -> Reference {
    Reference::private(Cid([number; 32]))
}

fn references(folder: &mut Folder) {
    let lists = |added: &[u8], dropped: &[u8]| {
        let added: Vec<_> = added.iter().copied().map(reference).collect();
        (added, dropped.iter().copied().map(reference).collect::<Vec<_>>())
    };
    let case = Case::new("refs-root");
    for (name, added, dropped) in [("empty", &[][..], &[][..]), ("both", &[1, 2, 9], &[3, 4]), ("dropped", &[], &[1])] {
        let (added, dropped) = lists(added, dropped);
        let root = refs_root(&added, &dropped).expect("the lists are in order");
        let case = case.with("added", added.len()).with("root", root);
        folder.good(name, "two lists and their hash", &case, Hex(encode_references(&[added, dropped].concat())));
    }
    for (name, list) in [("order", [2, 1]), ("twice", [1, 1])] {
        let (list, _) = lists(&list, &[]);
        folder.bad(name, "invalid", "the list is not ascending", &case.with("added", 2), Hex(encode_references(&list)));
    }
    let case = Case::new("references").with("limit", 2);
    let (list, _) = lists(&[1, 2, 3], &[]);
    let bytes = encode_references(&list);
    folder.good("two", "two references", &case, Hex(bytes[..66].to_vec()));
    folder.bad("too_many", "too-large", "three where two are allowed", &case, Hex(bytes.clone()));
    folder.bad("truncated", "truncated", "ends inside a reference", &case, Hex(bytes[..65].to_vec()));
    folder.bad(
        "domain",
        "invalid",
        "a domain that this version does not know",
        &case,
        Hex(patched(&bytes[..66], 33, &[1])),
    );
}

fn frames(folder: &mut Folder) {
    let case = Case::new("bitmap").with("count", 10);
    folder.good("ten", "answers 0, 3 and 9 are yes", &case, Hex(vec![0b0000_1001, 0b10]));
    folder.bad("beyond", "invalid", "a bit beyond the last answer", &case, Hex(vec![0, 0b100]));
    folder.bad("long", "invalid", "a byte too many", &case, Hex(vec![0, 0, 0]));

    let case = Case::new("objects").with("limit", 2);
    let mut writer = Writer::new();
    for (number, object) in [(1, &b"object"[..]), (2, b"")] {
        ObjectFrame { reference: reference(number), object }.write(&mut writer);
    }
    let bytes = writer.finish();
    folder.good("two", "an object, and one that is not there", &case, Hex(bytes.clone()));
    folder.bad("too_many", "too-large", "two where one is allowed", &case.with("limit", 1), Hex(bytes.clone()));
    folder.bad("truncated", "truncated", "ends inside a frame", &case, Hex(shorter(&bytes)));
    folder.bad(
        "long",
        "too-large",
        "an object longer than any",
        &case,
        Hex(patched(&bytes, 33, &u32::MAX.to_le_bytes())),
    );

    let header = Header { body_len: 4, ..header(6) };
    let signature = device_key().sign(&header.encode());
    let header = SignedHeader { header, signature };
    let frame = |references| CommitFrame { header: header.clone(), body: vec![1; 4], references }.encode();
    let inline = References::Inline { added: vec![reference(1), reference(2)], dropped: vec![reference(3)] };
    let case = Case::new("commit-frame");
    let bytes = frame(inline);
    folder.good("inline", "a commit with its references", &case, Hex(bytes.clone()));
    folder.good(
        "staged",
        "a commit whose references were staged",
        &case,
        Hex(frame(References::Staged { parts: 2, count: 900_000 })),
    );
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&bytes)));
    folder.bad("truncated", "truncated", "the last byte is missing", &case, Hex(shorter(&bytes)));
    folder.bad("body_len", "invalid", "another length than the header says", &case, Hex(patched(&bytes, 338, &[5])));
    folder.bad("mode", "invalid", "references of kind 2", &case, Hex(patched(&bytes, 346, &[2])));
    folder.bad(
        "references_too_many",
        "too-large",
        "400,001 references",
        &case,
        Hex(patched(&bytes, 347, &400_001u32.to_le_bytes())),
    );

    let case = Case::new("segment");
    let commit = StoredCommit { header: header.clone(), body: vec![1; 4] };
    let bytes = Segment { path: vec![header.clone(); 2], commits: vec![commit] }.encode();
    folder.good("three", "a path of two and one commit", &case, Hex(bytes.clone()));
    folder.bad("trailing", "trailing", "a byte after the end", &case, Hex(longer(&bytes)));
    folder.bad("path_long", "too-large", "a path of 4097", &case, Hex(patched(&bytes, 0, &4097u32.to_le_bytes())));
    folder.bad("commits_many", "too-large", "1025 commits", &case, Hex(patched(&bytes, 680, &1025u32.to_le_bytes())));
}

fn chains(folder: &mut Folder) {
    let case = Case::new("skip-path");
    for (name, from, to, path) in [
        ("short", 7, 1, "7 6 4 3 2 1"),
        ("aligned", 12, 8, "12 8"),
        ("itself", 5, 5, "5"),
        ("by_prev", 8, 5, "8 7 6 5"),
    ] {
        let case = case.with("from", from).with("to", to).with("path", path);
        folder.good(name, "the numbers on the way down", &case, Hex(vec![]));
    }
    let case = Case::new("chain");
    let mut chain = SkipChain::default();
    let mut all = Vec::new();
    for seq in 1..=7 {
        let (prev, skip) = chain.next_links();
        let header = Header { prev, skip, ..header(seq) };
        chain.push(header.hash());
        all.push(header);
    }
    let joined = |seqs: &[usize]| -> Vec<u8> { seqs.iter().flat_map(|&seq| all[seq - 1].encode()).collect() };
    folder.good("links", "prev, skip, prev, prev, prev", &case, Hex(joined(&[7, 6, 4, 3, 2, 1])));
    folder.bad("gap", "chain", "commit 5 does not link to commit 3", &case, Hex(joined(&[5, 3])));
    folder.bad("upwards", "chain", "a link leads up", &case, Hex(joined(&[4, 5])));
    folder.bad("repeated", "chain", "a commit links to itself", &case, Hex(joined(&[4, 4])));
    let altered = Header { live_count: 8, ..all[5].clone() };
    folder.bad("altered", "chain", "commit 6 was altered", &case, Hex([all[6].encode(), altered.encode()].concat()));
    let foreign = Header { set: SetId([9; 16]), ..all[5].clone() };
    let upper = Header { prev: foreign.hash(), ..all[6].clone() };
    folder.bad(
        "other_set",
        "chain",
        "commit 7 links into another set",
        &case,
        Hex([upper.encode(), foreign.encode()].concat()),
    );
}

fn proofs(folder: &mut Folder) {
    let (server, challenge) = (ServerId([14; 16]), Challenge([15; 32]));
    let case = Case::new("proof").with("server-id", server);
    let owner = case.with("proof", "owner-session").with("account", ACCOUNT).with("challenge", challenge);
    folder.good(
        "owner",
        "what the account signs to read",
        &owner,
        Hex(proof::owner_session(server, ACCOUNT, challenge)),
    );
    let agent = case.with("proof", "agent-session").with("device", DEVICE).with("challenge", challenge);
    folder.good("agent", "what a machine signs to write", &agent, Hex(proof::agent_session(server, DEVICE, challenge)));
    let identity = SigningKey::from_seed(&[12; 32]).verifying_key();
    let create = case
        .with("proof", "account-create")
        .with("account", ACCOUNT)
        .with("identity", identity)
        .with("login", "ada@example.org")
        .hex("auth-secret", [16; 32]);
    let message = proof::account_creation(server, ACCOUNT, &identity, "ada@example.org", &[16; 32]);
    folder.good("account", "what the account signs when it is made", &create, Hex(message));

    let case = Case::new("login-name");
    for (name, raw, normal) in [
        ("capitals", " Ada@Example.ORG ", "ada@example.org"),
        ("fullwidth", "\u{ff21}da@example.org", "ada@example.org"),
        ("ligature", "o\u{fb03}ce@example.org", "office@example.org"),
        ("composed", "a\u{308}@example.org", "\u{e4}@example.org"),
        ("kelvin", "\u{212a}@example.org", "k@example.org"),
    ] {
        folder.good(name, "a login in its normal form", &case.hex("normal", normal), Text(raw.into()));
    }
}
