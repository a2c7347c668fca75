//! Every structure reads back as it was written, has one encoding, and survives any damage without a panic; replay
//! equals a map.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use iota_core::{
    api::frames::{CommitFrame, ObjectFrame, References, Segment, StoredCommit, decode_objects},
    certificate::{Certificate, SignedCertificate},
    chain,
    commit::{Body, Change, CommitKind, Flags, Gap, GapReason, Header, Seen, SignedHeader, Totals},
    entry::{Entry, Kind, Metadata, Timestamp, Xattr},
    extent::{
        ChunkKey, ChunkRef, Content, Extent, ExtentPageRef, decode_extent_index, decode_extent_page,
        encode_extent_index, encode_extent_page,
    },
    id::{AccountId, AgreementKey, Cid, DeviceId, Digest, Domain, HeaderHash, SetId, Signature, SlotId, VerifyingKey},
    operation::Operation,
    page::{
        MAX_PAGE_ENTRIES, PAGE_BYTES, PageRef, PageWriter, decode_index, decode_page, encode_index, encode_page,
        pages_in,
    },
    path::{Key, TreePath},
    refs::{Reference, decode_references, encode_references},
    slot::{SignedSlotList, Slot, SlotHeader, SlotKind, SlotList},
    state::{State, StateCheck, subtree_bounds},
    wire::{Result, WireError, Writer},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use std::collections::BTreeMap;

// What there is.

fn any_path() -> impl Strategy<Value = TreePath> {
    let short = "[a-c.]{1,3}(/[a-c]{1,2}){0,3}";
    prop_oneof![4 => short.prop_map(String::into_bytes), 1 => vec(any::<u8>(), 1..300)]
        .prop_filter_map("a path", |bytes| TreePath::parse(&bytes).ok())
}

fn any_chunk() -> impl Strategy<Value = ChunkRef> {
    any::<([u8; 32], [u8; 32])>().prop_map(|(cid, ckey)| ChunkRef::private(Cid(cid), ChunkKey(ckey)))
}

fn any_extent() -> impl Strategy<Value = Extent> {
    let domain = prop_oneof![Just(Domain::PRIVATE), Just(Domain::ISOLATED)];
    let chunk = (any_chunk(), domain).prop_map(|(chunk, domain)| ChunkRef { domain, ..chunk });
    let slice = (chunk, 0..1u32 << 19, 1..1u32 << 19).prop_map(|(chunk, offset, length)| Extent::Slice {
        chunk,
        offset,
        length,
    });
    prop_oneof![4 => slice, 1 => (1..1u64 << 50).prop_map(|length| Extent::Hole { length })]
}

fn any_page_reference() -> impl Strategy<Value = ExtentPageRef> {
    (any_chunk(), 1..1u64 << 20, 0..1u64 << 30).prop_map(|(chunk, count, more)| ExtentPageRef {
        chunk,
        bytes: count + more,
        count,
    })
}

fn any_content() -> impl Strategy<Value = Content> {
    prop_oneof![
        4 => vec(any_extent(), 0..=8).prop_map(Content::Inline),
        1 => vec(any_page_reference(), 1..20).prop_map(Content::Pages),
        1 => vec(any_page_reference(), 1..20).prop_map(Content::Index),
    ]
}

fn any_kind() -> impl Strategy<Value = Kind> {
    let file = (any_content(), proptest::option::of(any_path())).prop_map(|(content, link)| Kind::File {
        size: content.bytes().unwrap(),
        link,
        content,
    });
    let device = (any::<u32>(), any::<u32>());
    prop_oneof![
        8 => file,
        2 => Just(Kind::Dir),
        1 => vec(1u8.., 1..100).prop_map(|target| Kind::Symlink { target: target.into() }),
        1 => Just(Kind::Fifo),
        1 => device.prop_map(|(major, minor)| Kind::Char { major, minor }),
        1 => device.prop_map(|(major, minor)| Kind::Block { major, minor }),
        1 => Just(Kind::Socket),
    ]
}

fn any_metadata() -> impl Strategy<Value = Metadata> {
    let owner = || vec(any::<u8>(), 0..20).prop_map(Vec::into_boxed_slice);
    let xattrs = proptest::collection::btree_map(vec(1u8.., 1..20), vec(any::<u8>(), 0..50), 0..4);
    let numbers = (0..=0o7777u32, any::<u32>(), any::<u32>(), any::<i64>(), 0..1_000_000_000u32, any::<bool>());
    (numbers, owner(), owner(), xattrs).prop_map(
        |((mode, uid, gid, seconds, nanoseconds, torn), user, group, xattrs)| {
            let xattrs =
                xattrs.into_iter().map(|(name, value)| Xattr { name: name.into(), value: value.into() }).collect();
            Metadata { mode, uid, gid, user, group, mtime: Timestamp { seconds, nanoseconds }, xattrs, torn }
        },
    )
}

fn any_entry() -> impl Strategy<Value = Entry> {
    (any_path(), any_metadata(), any_kind()).prop_map(|(path, metadata, kind)| Entry { path, metadata, kind })
}

fn any_entries(count: usize) -> impl Strategy<Value = Vec<Entry>> {
    vec(any_entry(), 1..count).prop_map(|entries| {
        entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect::<BTreeMap<_, _>>().into_values().collect()
    })
}

fn any_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![2 => any_entry().prop_map(Operation::Put), 1 => any_path().prop_map(Operation::Remove)]
}

fn any_operations() -> impl Strategy<Value = Vec<Operation>> {
    vec(any_operation(), 0..20).prop_map(|operations| {
        let by_path = operations.into_iter().map(|operation| (operation.path().clone(), operation));
        by_path.collect::<BTreeMap<_, _>>().into_values().collect()
    })
}

fn any_refs() -> impl Strategy<Value = Vec<PageRef>> {
    proptest::collection::btree_map(any_path(), (any_chunk(), 1..1000u64), 1..10)
        .prop_map(|refs| refs.into_iter().map(|(first, (chunk, entries))| PageRef { first, chunk, entries }).collect())
}

fn any_body() -> impl Strategy<Value = Body> {
    let change = prop_oneof![any_refs().prop_map(Change::Base), any_operations().prop_map(Change::Delta)];
    let seen = proptest::collection::btree_map(any::<[u8; 16]>(), (1..1u64 << 40, any::<[u8; 32]>()), 0..3);
    let gap = (vec(any::<u8>(), 0..50), 0..5usize)
        .prop_map(|(path, reason)| Gap { path: path.into(), reason: GapReason::ALL[reason].1 });
    let totals = any::<[u64; 4]>().prop_map(|[files, dirs, others, bytes]| Totals { files, dirs, others, bytes });
    (change, seen, vec(gap, 0..3), 0..100u64, totals, any::<[u8; 32]>()).prop_map(
        |(change, seen, gaps, more, totals, root)| Body {
            change,
            seen: seen
                .into_iter()
                .map(|(set, (seq, hash))| Seen { set: SetId(set), seq, hash: HeaderHash(hash) })
                .collect(),
            gap_count: gaps.len() as u64 + more,
            gaps,
            totals,
            state_root: Digest(root),
        },
    )
}

fn any_header() -> impl Strategy<Value = Header> {
    (
        1..=i64::MAX as u64,
        any::<bool>(),
        any::<[[u8; 16]; 3]>(),
        any::<[[u8; 32]; 3]>(),
        0..8u32,
        1..=u32::MAX,
        0..=8u32 << 20,
    )
        .prop_map(|(seq, is_base, [account, set, device], [a, b, c], flags, key_epoch, body_len)| {
            let hash = |seq: u64| if seq == 0 { HeaderHash::ZERO } else { HeaderHash(a) };
            let is_base = is_base || seq == 1 || flags & 1 == 1;
            Header {
                account: AccountId(account),
                set: SetId(set),
                device: DeviceId(device),
                seq,
                kind: if is_base { CommitKind::Base } else { CommitKind::Delta },
                prev: hash(seq - 1),
                skip: hash(chain::skip_of(seq)),
                body_cid: Cid(b),
                body_len,
                refs_root: Digest(c),
                live_count: seq / 3,
                live_xor: Digest(b),
                device_time_ms: seq,
                prev_received_ms: seq / 2,
                key_epoch,
                flags: Flags::parse(flags).unwrap(),
            }
        })
}

fn any_signed_header() -> impl Strategy<Value = SignedHeader> {
    (any_header(), any::<[[u8; 32]; 2]>())
        .prop_map(|(header, signature)| SignedHeader { header, signature: sign(signature) })
}

fn sign(halves: [[u8; 32]; 2]) -> Signature {
    Signature(halves.concat().try_into().unwrap())
}

fn any_certificate() -> impl Strategy<Value = SignedCertificate> {
    (1..=i64::MAX as u64, any::<[[u8; 16]; 3]>(), any::<[[u8; 32]; 4]>(), 1..=u32::MAX).prop_map(
        |(first_seq, [account, set, device], [a, b, c, d], key_epoch)| SignedCertificate {
            certificate: Certificate {
                account: AccountId(account),
                set: SetId(set),
                device: DeviceId(device),
                key_epoch,
                signing_key: VerifyingKey(a),
                agreement_key: AgreementKey(b),
                issued_ms: first_seq / 2,
                first_seq,
                skip_chain: vec![HeaderHash(c); (first_seq - 1).count_ones() as usize],
            },
            signature: sign([d, a]),
        },
    )
}

fn any_slot_list() -> impl Strategy<Value = SignedSlotList> {
    let kinds = proptest::sample::select(&[1u8, 2, 3, 5, 6][..]);
    let slot = (kinds, any::<[u32; 3]>(), any::<[u8; 32]>(), 1..5u32);
    let slots = proptest::collection::btree_map(any::<[u8; 16]>(), slot, 1..5);
    (slots, any::<[u8; 16]>(), 1..=u32::MAX, any::<[[u8; 32]; 2]>()).prop_map(|(slots, account, version, signature)| {
        let account = AccountId(account);
        let slots = slots.into_iter().map(|(slot, (kind, [m_kib, t, p], bytes, generation))| {
            let [salt, kind] = [bytes[..16].try_into().unwrap(), [kind; 16]];
            let kind = SlotKind::parse(kind[0]).unwrap();
            let header =
                SlotHeader { account, slot: SlotId(slot), generation, kind, m_kib, t, p, salt, nonce: [bytes[0]; 24] };
            Slot { header, commitment: bytes, sealed: [bytes[1]; 48] }
        });
        SignedSlotList { list: SlotList { account, version, slots: slots.collect() }, signature: sign(signature) }
    })
}

fn any_references() -> impl Strategy<Value = Vec<Reference>> {
    proptest::collection::btree_set(any::<[u8; 32]>(), 0..5)
        .prop_map(|ids| ids.into_iter().map(|cid| Reference::private(Cid(cid))).collect())
}

fn any_frame() -> impl Strategy<Value = CommitFrame> {
    let inline =
        (any_references(), any_references()).prop_map(|(added, dropped)| References::Inline { added, dropped });
    let staged = (any::<u32>(), any::<u64>()).prop_map(|(parts, count)| References::Staged { parts, count });
    (any_signed_header(), vec(any::<u8>(), 0..100), prop_oneof![inline, staged]).prop_map(
        |(mut header, body, references)| {
            header.header.body_len = body.len() as u32;
            CommitFrame { header, body, references }
        },
    )
}

fn any_segment() -> impl Strategy<Value = Segment> {
    let commit =
        (any_signed_header(), vec(any::<u8>(), 0..50)).prop_map(|(header, body)| StoredCommit { header, body });
    (vec(any_signed_header(), 0..3), vec(commit, 0..3)).prop_map(|(path, commits)| Segment { path, commits })
}

// Readers that write again what they read.

/// Reads foreign bytes and writes what it understood.
type Again = fn(&[u8]) -> Result<Vec<u8>>;

const AGAIN: [(&str, Again); 14] = [
    ("entry", |bytes| Ok(Entry::decode_tail(TreePath::parse(b"x")?, bytes)?.encode_tail())),
    ("page", |bytes| Ok(encode_page(&decode_page(bytes)?))),
    ("index", |bytes| Ok(encode_index(&decode_index(bytes)?))),
    ("extent page", |bytes| Ok(encode_extent_page(&decode_extent_page(bytes)?))),
    ("extent index", |bytes| Ok(encode_extent_index(&decode_extent_index(bytes)?))),
    ("body", |bytes| Ok(Body::decode(bytes)?.encode())),
    ("header", |bytes| Ok(SignedHeader::decode(bytes)?.encode())),
    ("certificate", |bytes| Ok(SignedCertificate::decode(bytes)?.encode())),
    ("slot", |bytes| Ok(Slot::decode(bytes)?.encode())),
    ("slot list", |bytes| Ok(SignedSlotList::decode(bytes)?.encode())),
    ("references", |bytes| Ok(encode_references(&decode_references(bytes, 100)?))),
    ("commit frame", |bytes| Ok(CommitFrame::decode(bytes)?.encode())),
    ("segment", |bytes| Ok(Segment::decode(bytes)?.encode())),
    ("objects", |bytes| Ok(write_objects(&decode_objects(bytes, 100)?))),
];

fn write_objects(frames: &[ObjectFrame<'_>]) -> Vec<u8> {
    let mut writer = Writer::new();
    frames.iter().for_each(|frame| frame.write(&mut writer));
    writer.finish()
}

/// Damage: up to four bytes replaced, removed or put in, or the end cut off.
fn any_damage() -> impl Strategy<Value = Vec<(Index, u8, u8)>> {
    vec((any::<Index>(), 0..4u8, any::<u8>()), 1..4)
}

fn damaged(bytes: &[u8], damage: &[(Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (index, how, value) in damage {
        if bytes.is_empty() {
            break;
        }
        let at = index.index(bytes.len());
        match how {
            0 => bytes[at] = *value,
            1 => bytes[at] ^= 1 << (value % 8),
            2 => bytes.insert(at, *value),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// Every encoding of a whole structure, with the name of its reader.
fn any_encoding() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let named = |name: &'static str| move |bytes: Vec<u8>| (name, bytes);
    prop_oneof![
        any_entry().prop_map(|entry| entry.encode_tail()).prop_map(named("entry")),
        any_entries(20).prop_map(|entries| encode_page(&entries)).prop_map(named("page")),
        any_refs().prop_map(|refs| encode_index(&refs)).prop_map(named("index")),
        vec(any_extent(), 1..20).prop_map(|extents| encode_extent_page(&extents)).prop_map(named("extent page")),
        vec(any_page_reference(), 1..20).prop_map(|pages| encode_extent_index(&pages)).prop_map(named("extent index")),
        any_body().prop_map(|body| body.encode()).prop_map(named("body")),
        any_signed_header().prop_map(|header| header.encode()).prop_map(named("header")),
        any_certificate().prop_map(|certificate| certificate.encode()).prop_map(named("certificate")),
        any_slot_list().prop_map(|list| list.encode()).prop_map(named("slot list")),
        any_slot_list().prop_map(|list| list.list.slots[0].encode()).prop_map(named("slot")),
        any_references().prop_map(|references| encode_references(&references)).prop_map(named("references")),
        any_frame().prop_map(|frame| frame.encode()).prop_map(named("commit frame")),
        any_segment().prop_map(|segment| segment.encode()).prop_map(named("segment")),
    ]
}

fn again(name: &str) -> Again {
    AGAIN.iter().find(|(known, _)| *known == name).unwrap().1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn what_is_written_reads_back((name, bytes) in any_encoding()) {
        prop_assert_eq!(again(name)(&bytes), Ok(bytes), "{}", name);
    }

    #[test]
    fn damage_is_refused_or_another_value_in_its_only_form((name, bytes) in any_encoding(), damage in any_damage()) {
        let bytes = damaged(&bytes, &damage);
        if let Ok(written) = again(name)(&bytes) {
            prop_assert_eq!(written, bytes, "{}", name);
        }
    }

    #[test]
    fn a_structure_is_not_taken_for_another((name, bytes) in any_encoding()) {
        let typed = ["page", "index", "extent page", "extent index", "body", "header", "slot"];
        for (other, again) in AGAIN.iter().filter(|(other, _)| *other != name && typed.contains(other)) {
            prop_assert!(again(&bytes).is_err(), "{} as {}", name, other);
        }
    }

    #[test]
    fn no_reader_panics_on_noise(noise in vec(any::<u8>(), 0..600)) {
        for (name, again) in AGAIN {
            if let Ok(written) = again(&noise) {
                prop_assert_eq!(&written, &noise, "{}", name);
            }
        }
        let _ = (TreePath::parse(&noise), Key::parse(&noise));
    }

    #[test]
    fn nothing_may_follow_or_be_missing((name, bytes) in any_encoding()) {
        if name != "references" {
            prop_assert!(again(name)(&[&bytes[..], &[0]].concat()).is_err(), "{}", name);
        }
        if !bytes.is_empty() {
            prop_assert!(again(name)(&bytes[..bytes.len() - 1]).is_err(), "{}", name);
        }
    }

    #[test]
    fn keys_are_paths_in_another_order(paths in vec(any_path(), 2..20)) {
        for path in &paths {
            prop_assert_eq!(&Key::parse(path.key().as_bytes()).unwrap(), path);
        }
        let directory = paths[0].clone();
        let (children_start, children_end) = (Key::children_start(Some(&directory)), Key::children_end(Some(&directory)));
        let (subtree_start, subtree_end) = subtree_bounds(&directory);
        for path in &paths {
            let key = path.key();
            let is_in = |start: &[u8], end: &[u8]| (start..end).contains(&key.as_bytes());
            prop_assert_eq!(is_in(&children_start, &children_end), path.parent().as_ref() == Some(&directory));
            prop_assert_eq!(is_in(&subtree_start, &subtree_end), *path != directory && path.starts_with(&directory));
        }
    }
}

// Replay.

/// A base in pages and index pages, kept by number.
#[derive(Default)]
struct Store(BTreeMap<[u8; 32], Vec<u8>>);

impl Store {
    fn put(&mut self, plaintext: Vec<u8>) -> ChunkRef {
        let cid = Cid::of(&plaintext);
        self.0.insert(cid.0, plaintext);
        ChunkRef::private(cid, ChunkKey([0; 32]))
    }

    /// The top of a base, with pages and index pages that end where `cuts` says.
    fn base(&mut self, entries: &[Entry], cuts: &[bool]) -> Vec<PageRef> {
        let pages: Vec<PageRef> = split(entries, cuts)
            .map(|run| PageRef {
                first: run[0].path.clone(),
                chunk: self.put(encode_page(run)),
                entries: run.len() as u64,
            })
            .collect();
        split(&pages, &cuts[cuts.len() / 2..])
            .map(|run| PageRef {
                first: run[0].first.clone(),
                chunk: self.put(encode_index(run)),
                entries: run.iter().map(|page| page.entries).sum(),
            })
            .collect()
    }

    /// The entries of the pages that may hold keys of the range.
    fn read(&self, top: &[PageRef], start: &[u8], end: Option<&[u8]>) -> Vec<Entry> {
        let plaintext = |page: &PageRef| &self.0[&page.chunk.cid.0];
        let mut entries = Vec::new();
        for index in &top[pages_in(top, start, end)] {
            let pages = decode_index(plaintext(index)).unwrap();
            for page in &pages[pages_in(&pages, start, end)] {
                entries.extend(decode_page(plaintext(page)).unwrap());
            }
        }
        entries
    }
}

/// Runs that end after each item whose flag is set.
fn split<'a, T>(items: &'a [T], cuts: &'a [bool]) -> impl Iterator<Item = &'a [T]> {
    let mut left = items;
    let mut at = 0;
    std::iter::from_fn(move || {
        let end = (0..left.len()).position(|i| cuts[(at + i) % cuts.len()]).map_or(left.len(), |i| i + 1);
        let (run, rest) = left.split_at(end);
        (left, at) = (rest, at + end);
        (!run.is_empty()).then_some(run)
    })
}

fn body(change: Change) -> Body {
    let totals = Totals::default();
    Body { change, seen: vec![], gaps: vec![], gap_count: 0, totals, state_root: Digest([0; 32]) }
}

/// A range of keys: between two paths, the children of one, everything below one, all.
fn any_range() -> impl Strategy<Value = (Vec<u8>, Option<Vec<u8>>)> {
    let key = |path: TreePath| path.key().as_bytes().to_vec();
    prop_oneof![
        (any_path(), any_path()).prop_map(move |(from, to)| (key(from), Some(key(to)))),
        any_path().prop_map(move |from| (key(from), None)),
        any_path().prop_map(|path| (Key::children_start(Some(&path)), Some(Key::children_end(Some(&path))))),
        any_path().prop_map(|path| (Key::subtree_start(Some(&path)), Some(Key::subtree_end(&path)))),
        Just((Key::children_start(None), Some(Key::children_end(None)))),
        Just((Vec::new(), None)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn replay_equals_a_map(
        entries in any_entries(40),
        cuts in vec(any::<bool>(), 8..20),
        deltas in vec(any_operations(), 0..6),
        ranges in vec(any_range(), 1..8),
    ) {
        let mut store = Store::default();
        let top = store.base(&entries, &cuts);
        let mut model: BTreeMap<Vec<u8>, Entry> =
            entries.iter().map(|entry| (entry.path.key().as_bytes().to_vec(), entry.clone())).collect();
        let mut bodies = vec![body(Change::Base(top))];
        for operations in deltas {
            for operation in &operations {
                let key = operation.path().key().as_bytes().to_vec();
                match operation {
                    Operation::Put(entry) => model.insert(key, entry.clone()),
                    Operation::Remove(_) => model.remove(&key),
                };
            }
            bodies.push(body(Change::Delta(operations)));
        }
        let state = State::replay(bodies).unwrap();
        for (start, end) in ranges {
            let pages = store.read(&state.top, &start, end.as_deref());
            let pages = pages.into_iter().map(Ok::<_, std::convert::Infallible>);
            let found: Vec<Entry> = state.overlay.merge(pages, start.clone(), end.clone()).map(|entry| entry.unwrap()).collect();
            let inside = |key: &[u8]| key >= &start[..] && end.as_ref().is_none_or(|end| key < &end[..]);
            let expected: Vec<Entry> =
                model.iter().filter(|(key, _)| inside(key)).map(|(_, entry)| entry.clone()).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_state_root_adds_up_in_any_order_and_notices_any_change(entries in any_entries(20), index in any::<Index>()) {
        let root = |entries: &[Entry]| {
            let mut root = Digest::ZERO;
            entries.iter().for_each(|entry| root.toggle(&entry.hash().0));
            root
        };
        let check = |entries: &[Entry], root: &Digest| {
            let mut check = StateCheck::default();
            entries.iter().for_each(|entry| check.add(entry));
            check.finish(root).is_ok()
        };
        let whole = root(&entries);
        let mut other = entries.clone();
        other.reverse();
        prop_assert!(check(&other, &whole));
        let removed = other.remove(index.index(entries.len()));
        prop_assert!(!check(&other, &whole));
        other.push(Entry { metadata: Metadata { torn: !removed.metadata.torn, ..removed.metadata }, ..removed });
        prop_assert!(!check(&other, &whole));
    }

    #[test]
    fn totals_count_out_what_they_counted_in(entries in any_entries(20)) {
        let mut totals = Totals::default();
        entries.iter().for_each(|entry| totals.add(entry));
        prop_assert_eq!(totals.files + totals.dirs + totals.others, entries.len() as u64);
        entries.iter().for_each(|entry| totals.remove(entry));
        prop_assert_eq!(totals, Totals::default());
    }

    #[test]
    fn pages_stay_within_a_chunk(entries in any_entries(60)) {
        let mut writer = PageWriter::default();
        for entry in &entries {
            prop_assert!(!writer.is_full() || writer.count() > 0);
            writer.push(entry);
        }
        let count = writer.count();
        let bytes = writer.finish();
        prop_assert!(count <= MAX_PAGE_ENTRIES && bytes.len() < PAGE_BYTES + (1 << 20));
        prop_assert_eq!(decode_page(&bytes).unwrap(), entries);
    }
}

#[test]
fn a_state_needs_a_base() {
    assert!(State::replay([]).is_err());
    assert!(State::replay([body(Change::Delta(vec![]))]).is_err());
    let state = State::replay([body(Change::Base(vec![])), body(Change::Delta(vec![]))]).unwrap();
    assert!(state.overlay.is_empty() && state.top.is_empty());
}

#[test]
fn shared_prefixes_do_not_exhaust_memory() {
    // A few bytes for each operation, and paths of nearly 4 KiB: written out, 80,000 of them are more than 300 MB.
    let parent = [vec![b'd'; 255], vec![b'/']].concat().repeat(15);
    let name = |number: u32| format!("{number:06}").into_bytes();
    let mut writer = Writer::typed(b"iotabackup/body/v1\0");
    writer.u8(2).varint(80_000).u8(2).varint(0).bytes(&[&parent[..], &name(0)].concat());
    for number in 1..80_000 {
        let (before, now) = (name(number - 1), name(number));
        let shared = before.iter().zip(&now).take_while(|(a, b)| a == b).count();
        writer.u8(2).varint((parent.len() + shared) as u64).bytes(&now[shared..]);
    }
    let plaintext = writer.finish();
    assert!(plaintext.len() < 1 << 20);
    assert_eq!(Body::decode(&plaintext), Err(WireError::TooLarge("paths")));
}
