//! Objects of the account: asked for in batches, checked, opened. Pages of states are kept, sealed, between visits.

use std::collections::HashMap;

use iota_core::extent::ChunkRef;
use iota_core::id::Cid;
use iota_crypto::chunk::ChunkOpener;

use crate::api;
use crate::keys::OpenVault;
use crate::platform::{Platform, Store};
use crate::problem::Result;

/// Sealed objects by id.
pub type Sealed = HashMap<Cid, Vec<u8>>;

/// Reads objects, first from what is kept here, and keeps the rest: for pages, which one folder after the other asks for
/// again. Those that are missing are not in the answer.
///
/// # Errors
/// When the server does not answer.
pub async fn read_kept(platform: &impl Platform, cids: &[Cid]) -> Result<Sealed> {
    let keys: Vec<String> = cids.iter().map(ToString::to_string).collect();
    let mut sealed = Sealed::new();
    // What cannot be read is fetched again.
    let kept = platform.load(Store::Pages, &keys).await.unwrap_or_default();
    for (&cid, kept) in cids.iter().zip(kept) {
        // What a browser kept is checked like what a server sends.
        if let Some(object) = kept.filter(|object| Cid::of(object) == cid) {
            sealed.insert(cid, object);
        }
    }
    let wanted: Vec<Cid> = cids.iter().copied().filter(|cid| !sealed.contains_key(cid)).collect();
    if wanted.is_empty() {
        return Ok(sealed);
    }
    let fetched: Vec<(Cid, Vec<u8>)> = wanted
        .iter()
        .copied()
        .zip(api::objects(platform, &wanted).await?)
        .filter_map(|(cid, object)| Some((cid, object.filter(|object| Cid::of(object) == cid)?)))
        .collect();
    let values: Vec<(String, &[u8])> = fetched.iter().map(|(cid, object)| (cid.to_string(), &object[..])).collect();
    // A browser that keeps nothing fetches again.
    let _ = platform.save(Store::Pages, &values).await;
    sealed.extend(fetched);
    Ok(sealed)
}

/// Opens one of `sealed`; `None` when it is missing or damaged.
pub fn open(open: &OpenVault, opener: &mut ChunkOpener, sealed: &Sealed, chunk: &ChunkRef) -> Option<Vec<u8>> {
    let mut plaintext = Vec::new();
    let object = sealed.get(&chunk.cid)?;
    opener.open_checked(&open.keys().ok()?.dedup, chunk, object, &mut plaintext).ok()?;
    Some(plaintext)
}
