//! Opens commits with the owner's keys, straight from the format.

use super::{ACCOUNT, SET, server::MemoryServer, tree::MemoryTree};
use iota_core::{
    commit::{Body, Change, CommitKind},
    entry::{Entry, Kind},
    extent::{ChunkRef, Content, Extent},
    page::{decode_index, decode_page},
    state::{State, StateCheck},
};
use iota_crypto::{
    body,
    chunk::ChunkOpener,
    keys::{DedupKey, MasterKey},
};

/// The body of a commit.
pub fn body(server: &MemoryServer, master: &MasterKey, seq: u64) -> Body {
    let inner = server.inner.lock().unwrap();
    let stored = &inner.commits[seq as usize - 1];
    let key = master.log_root(ACCOUNT, SET, 1).advance(seq - 1).body_key();
    body::open(&key, &stored.frame.header.header, &stored.frame.body).unwrap()
}

pub fn restore(server: &MemoryServer, master: &MasterKey, dedup: &DedupKey, seq: u64) -> MemoryTree {
    let inner = server.inner.lock().unwrap();
    let open = |chunk: &ChunkRef| {
        let mut out = Vec::new();
        let object = inner.objects.get(&chunk.cid).expect("a kept commit has all its objects");
        ChunkOpener::default().open_checked(dedup, chunk, object, &mut out).unwrap();
        out
    };
    let commits = &inner.commits[..seq as usize];
    let base = commits.iter().rposition(|stored| stored.frame.header.header.kind == CommitKind::Base).unwrap();
    let bodies = commits[base..].iter().map(|stored| {
        let header = &stored.frame.header.header;
        let key = master.log_root(ACCOUNT, SET, 1).advance(header.seq - 1).body_key();
        body::open(&key, header, &stored.frame.body).unwrap()
    });
    let bodies: Vec<_> = bodies.collect();
    assert!(matches!(bodies[0].change, Change::Base(_)));
    let state = State::replay(bodies).unwrap();
    let pages = state.top.iter().flat_map(|index| decode_index(&open(&index.chunk)).unwrap());
    let entries: Vec<Entry> = pages.flat_map(|page| decode_page(&open(&page.chunk)).unwrap()).collect();
    let entries = entries.into_iter().map(Ok::<_, ()>);
    let mut check = StateCheck::default();
    let mut tree = MemoryTree::default();
    for entry in state.overlay.merge(entries, vec![], None) {
        let entry = entry.unwrap();
        check.add(&entry);
        let text = String::from_utf8(entry.path.as_bytes().to_vec()).unwrap();
        match entry.kind {
            Kind::File { size, content, .. } => {
                let mut bytes = Vec::new();
                for extent in extents(&content, &open) {
                    match extent {
                        Extent::Slice { chunk, offset, length, .. } => {
                            bytes.extend_from_slice(&open(&chunk)[offset as usize..][..length as usize]);
                        }
                        Extent::Hole { length } => bytes.resize(bytes.len() + length as usize, 0),
                    }
                }
                assert_eq!(bytes.len() as u64, size);
                tree.file(&text, bytes);
            }
            _ => tree.dir(&text),
        }
    }
    check.finish(&state.state_root).unwrap();
    assert_eq!(state.totals.files + state.totals.dirs, tree.nodes.len() as u64);
    tree
}

fn extents(content: &Content, open: &impl Fn(&ChunkRef) -> Vec<u8>) -> Vec<Extent> {
    match content {
        Content::Inline(extents) => extents.clone(),
        Content::Pages(pages) => pages.iter().flat_map(|page| page.decode_page(&open(&page.chunk)).unwrap()).collect(),
        Content::Index(pages) => pages
            .iter()
            .flat_map(|page| page.decode_index(&open(&page.chunk)).unwrap())
            .flat_map(|page| page.decode_page(&open(&page.chunk)).unwrap())
            .collect(),
    }
}
