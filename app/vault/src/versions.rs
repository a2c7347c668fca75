//! Versions of a path, one part of the history at a time: a base and the deltas after it, or, for what is long past, the bases of a month.
//! A small file that was stored again elsewhere is no version of its own.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures::future::try_join_all;
use iota_core::commit::{Change, Header};
use iota_core::difference::{Aspect, Difference};
use iota_core::entry::Entry;
use iota_core::id::{Digest, SetId};
use iota_core::operation::Operation;
use iota_core::path::TreePath;
use iota_core::vault::{FindVersions, Version, VersionPage};

use crate::contents::Contents;
use crate::history::{History, Kept};
use crate::keys::OpenVault;
use crate::machines;
use crate::platform::Platform;
use crate::point::{Point, entries_in_bases, part};
use crate::problem::Result;
use crate::show;

/// Bases that are compared at a time, a month of them.
const BASES: usize = 31;
/// Of which so many are asked for at once.
const AT_ONCE: usize = 8;

/// Answers [`FindVersions`].
///
/// # Errors
/// When the part cannot be opened, or the page of its base that holds the path is lost.
pub async fn find(platform: &impl Platform, open: &OpenVault, question: &FindVersions) -> Result<VersionPage> {
    let path = open.path(&question.path)?;
    let history = match (question.before, open.history(question.set)) {
        (Some(_), Some(history)) => history,
        _ => machines::history(platform, open, question.set).await?,
    };
    let at = question.before.map_or(history.place().0, |before| before.saturating_sub(1));
    let part = match question.before.filter(|_| question.daily) {
        Some(_) => by_bases(platform, open, &history, &path, at).await?,
        None => None,
    };
    let part = match part {
        Some(part) => part,
        // Also where no base is a snapshot any more.
        None => singly(platform, open, &history, &path, at).await?,
    };
    let newer = question.before.and_then(|before| open.told(question.set, &path, before));
    let mut hashes = hashes(&mut Contents::new(platform, open), &part.told, newer.as_deref()).await?;
    keep_to_what_was_told(open, (question.set, &path), &part.told, &mut hashes);
    let told = || part.told.iter().zip(&hashes);
    open.keep_told(
        question.set,
        &path,
        told().filter_map(|(told, &hashes)| {
            let before = told.ends_before?;
            Some((before, LaterVersion { entry: told.entry.clone(), hashes }))
        }),
    );
    let mut versions: Vec<_> = told().map(|(told, hashes)| version(told, hashes)).collect();
    versions.dedup_by(|later, earlier| later.hash == earlier.hash);
    versions.reverse();
    // Of one that no snapshot has any more there is nothing left.
    let mut end = at + 1;
    versions.retain_mut(|version| {
        let shown = part.kept.oldest_in(version.seq, std::mem::replace(&mut end, version.seq));
        version.seq = shown.unwrap_or(version.seq);
        shown.is_some()
    });
    Ok(VersionPage { versions, before: part.before, from_ms: part.from_ms, lost: part.lost })
}

/// What a part of the history says of a path.
struct Part {
    /// The oldest first.
    told: Vec<Told>,
    kept: Kept,
    /// Just past where the part before ends.
    before: Option<u64>,
    from_ms: u64,
    /// Bases that say nothing.
    lost: u32,
}

/// What one commit says of a path.
struct Told {
    header: Header,
    entry: Option<Entry>,
    /// A search that ends before this commit goes on from here.
    ends_before: Option<u64>,
    /// What lies between it and the one before was not read.
    is_daily: bool,
}

/// Every commit that says something.
async fn singly(
    platform: &impl Platform,
    open: &OpenVault,
    history: &History,
    path: &TreePath,
    at: u64,
) -> Result<Part> {
    let (base, deltas) = part(platform, open, history, at).await?;
    let kept = history.kept(platform, base.header.seq, at).await?;
    let before = kept.below.map(|below| below + 1);
    let entry = base.entry(platform, open, path).await?;
    let from_ms = base.header.device_time_ms;
    let mut told = vec![Told { header: base.header, entry, ends_before: before, is_daily: false }];
    for (header, body) in deltas {
        if let Change::Delta(operations) = &body.change
            && let Some(entry) = last_word(operations, path)
        {
            told.push(Told { header, entry: entry.cloned(), ends_before: None, is_daily: false });
        }
    }
    Ok(Part { told, kept, before, from_ms, lost: 0 })
}

/// The bases that are snapshots, as many as [`BASES`]; `None` when there is none.
async fn by_bases(
    platform: &impl Platform,
    open: &OpenVault,
    history: &History,
    path: &TreePath,
    at: u64,
) -> Result<Option<Part>> {
    let kept = history.kept_with_bases(platform, BASES, at).await?;
    let mut bases = Vec::with_capacity(kept.bases.len());
    for some in kept.bases.chunks(AT_ONCE) {
        bases.extend(try_join_all(some.iter().map(|&seq| base(platform, open, history, seq))).await?);
    }
    let Some(from_ms) = bases.first().map(|base| base.header.device_time_ms) else { return Ok(None) };
    let entries = entries_in_bases(platform, open, &bases, path).await?;
    let lost = entries.iter().filter(|entry| entry.is_none()).count() as u32;
    let end_below = |seq| kept.newest_in(0, seq).or(kept.below).map(|below| below + 1);
    let before = end_below(bases[0].header.seq);
    let told = bases.into_iter().zip(entries).filter_map(|(base, entry)| {
        let ends_before = end_below(base.header.seq);
        Some(Told { header: base.header, entry: entry?, ends_before, is_daily: ends_before.is_some() })
    });
    let told = told.collect();
    Ok(Some(Part { told, kept, before, from_ms, lost }))
}

async fn base(platform: &impl Platform, open: &OpenVault, history: &History, seq: u64) -> Result<Point> {
    Ok(part(platform, open, history, seq).await?.0)
}

/// An entry that was told before, from other commits around it, has the hashes that it had then: where its bytes lie may have changed on the
/// way, and what is one version must be one.
fn keep_to_what_was_told(open: &OpenVault, (set, path): (SetId, &TreePath), told: &[Told], hashes: &mut [Hashes]) {
    for place in 0..told.len() {
        let known = told[place].ends_before.and_then(|before| open.told(set, path, before));
        let Some(known) = known.filter(|known| known.entry == told[place].entry) else { continue };
        let now = hashes[place];
        for (hash, content) in &mut hashes[..] {
            if *hash == now.0 {
                *hash = known.hashes.0;
            }
            if *content == now.1 {
                *content = known.hashes.1;
            }
        }
    }
}

/// Hash of an entry, and of its content alone; none of nothing.
type Hashes = (Option<Digest>, Option<Digest>);

/// Versions of a path that were told, by where a search goes on from them: the newest of what it finds may be the same.
pub struct Known {
    /// Of this set.
    pub set: SetId,
    /// And this path.
    pub path: TreePath,
    /// By the commit before which the search ends.
    pub told: BTreeMap<u64, Rc<LaterVersion>>,
}

/// A version that was told.
pub struct LaterVersion {
    entry: Option<Entry>,
    /// It was told to have these.
    hashes: Hashes,
}

/// Hashes for what was told of a path, oldest first; the same where nothing but the place of the bytes differs. `newer` is what comes
/// after the newest.
async fn hashes<P: Platform>(
    contents: &mut Contents<'_, P>,
    told: &[Told],
    newer: Option<&LaterVersion>,
) -> Result<Vec<Hashes>> {
    let later = told.iter().skip(1).map(|told| &told.entry).chain(newer.map(|newer| &newer.entry));
    let pairs = told.iter().zip(later);
    let differences = pairs.map(|(told, after)| Difference::between(told.entry.clone(), after.clone())).collect();
    let differences = contents.settle(differences).await?;
    let mut hashes: Vec<Hashes> = told.iter().map(|told| hashes_of(told.entry.as_ref())).collect();
    hashes.extend(newer.map(|newer| newer.hashes));
    for place in (0..differences.len()).rev() {
        match differences[place].as_ref().map(Difference::aspect) {
            None => hashes[place] = hashes[place + 1],
            Some(Aspect::Metadata) => hashes[place].1 = hashes[place + 1].1,
            Some(_) => {}
        }
    }
    hashes.truncate(told.len());
    Ok(hashes)
}

fn hashes_of(entry: Option<&Entry>) -> Hashes {
    (entry.map(Entry::hash), entry.map(Entry::content_hash))
}

/// What a delta says of a path: an entry, its removal (`Some(None)`), or nothing.
fn last_word<'o>(operations: &'o [Operation], path: &TreePath) -> Option<Option<&'o Entry>> {
    let at = operations.binary_search_by(|operation| operation.path().cmp(path)).ok()?;
    match &operations[at] {
        Operation::Put(entry) => Some(Some(entry)),
        Operation::Remove(_) => Some(None),
    }
}

fn version(told: &Told, &(hash, content): &Hashes) -> Version {
    let entry = told.entry.as_ref();
    let mtime = entry.map(|entry| entry.metadata.mtime).unwrap_or_default();
    Version {
        seq: told.header.seq,
        device_time_ms: told.header.device_time_ms,
        hash,
        content,
        kind: entry.map(show::kind),
        bytes: entry.map_or(0, Entry::size),
        mtime_s: mtime.seconds,
        mtime_ns: mtime.nanoseconds,
        single: told.ends_before.filter(|_| told.is_daily),
    }
}
