//! States from a base and deltas, and chains of headers: whatever parses can be applied and read.

#![no_main]

use iota_core::{
    chain::verify_path,
    commit::{Body, Change, Header, Totals},
    id::Digest,
    page::decode_page,
    state::State,
};
use libfuzzer_sys::fuzz_target;
use std::convert::Infallible;

fuzz_target!(|data: &[u8]| {
    let headers: Vec<Header> = data.chunks(Header::BYTES).filter_map(|bytes| Header::decode(bytes).ok()).collect();
    let _ = verify_path(&headers);
    let Some((&[low, high], data)) = data.split_first_chunk() else { return };
    let (page, delta) = data.split_at(usize::from(u16::from_le_bytes([low, high])).min(data.len()));
    let (Ok(entries), Ok(delta)) = (decode_page(page), Body::decode(delta)) else { return };
    let base = Body {
        change: Change::Base(Vec::new()),
        seen: Vec::new(),
        gaps: Vec::new(),
        gap_count: 0,
        totals: Totals::default(),
        state_root: Digest([0; 32]),
    };
    let state = State::replay([base, delta]).expect("it begins with a base");
    let merge = |start: Vec<u8>, end: Option<Vec<u8>>| -> Vec<_> {
        let pages = entries.iter().cloned().map(Ok::<_, Infallible>);
        state.overlay.merge(pages, start, end).map(|Ok(entry)| entry).collect()
    };
    let all = merge(Vec::new(), None);
    assert!(all.is_sorted_by(|a, b| a.path < b.path), "a path stands twice or in another order");
    if let Some(middle) = all.get(all.len() / 2) {
        let key = middle.path.key().as_bytes().to_vec();
        let parts = [merge(Vec::new(), Some(key.clone())), merge(key, None)].concat();
        assert_eq!(parts, all, "ranges do not add up");
    }
});
