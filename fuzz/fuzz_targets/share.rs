//! Shares: a page that somebody typed, and ones whose checksums hold, put together.

#![no_main]

use iota_core::id::ServerId;
use iota_crypto::{
    kit::KitPlace,
    shares::{Share, combine},
};
use iota_fuzz::{checked_text, settles, within};
use libfuzzer_sys::fuzz_target;

/// Bytes of a share without its checksum.
const SHARE_BYTES: usize = 51;

fuzz_target!(|data: &[u8]| {
    let place = KitPlace { server: "https://backup.example", server_id: ServerId([7; 16]), login: "ada@example.org" };
    let check = |page: &str| settles(page, Share::parse, |share| share.to_text(&place));
    check(&String::from_utf8_lossy(data));
    // A slot that all of them have, and their own bytes.
    let (slot, values) = data.split_at(data.len().min(iota_core::slot::Slot::BYTES));
    let slot = checked_text("IOTA-SLOT-1", slot);
    let page = |bytes: &[u8]| format!("{}\n{slot}", checked_text("IOTA-SHARE-1", bytes));
    let shares: Vec<Share> = values.chunks(SHARE_BYTES).take(20).filter_map(|bytes| check(&page(bytes))).collect();
    let opened = within(data.len() * 16, || combine(&shares));
    assert!(opened.is_err() || shares.len() >= 2, "one share is enough");
});
