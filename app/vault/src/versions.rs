//! Versions of a path, one part of the history at a time: a base and the deltas after it. A small file that was stored again
//! elsewhere is no version of its own.

use iota_core::commit::{Change, Header};
use iota_core::difference::Difference;
use iota_core::entry::Entry;
use iota_core::id::{Digest, SetId};
use iota_core::operation::Operation;
use iota_core::path::TreePath;
use iota_core::state::State;
use iota_core::vault::{FindVersions, Version, VersionPage};

use crate::contents::Contents;
use crate::history::opened;
use crate::keys::OpenVault;
use crate::machines;
use crate::platform::Platform;
use crate::point::Point;
use crate::problem::{Result, Tell, missing};
use crate::show;

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
    let at = question.before.map_or(history.place().0, |before| before - 1);
    let bodies = opened(&history.segment(platform, at).await?, open)?;
    let mut bodies = bodies.into_iter();
    let (base_header, base) = bodies.next().ok_or_else(|| missing("part of the history"))?;
    let base = Point { header: base_header, state: State::replay([base]).tell()? };
    let kept = history.kept(platform, base.header.seq, at).await?;
    let mut told = vec![(base.header.clone(), base.entry(platform, open, &path).await?)];
    for (header, body) in bodies {
        if let Change::Delta(operations) = &body.change
            && let Some(entry) = last_word(operations, &path)
        {
            told.push((header, entry.cloned()));
        }
    }
    let before = kept.below.map(|below| below + 1);
    let newer = question.before.and_then(|before| open.oldest_version(question.set, &path, before));
    let hashes = hashes(&mut Contents::new(platform, open), &told, newer.as_deref()).await?;
    if let (Some(before), [(_, entry), ..], [hash, ..]) = (before, &told[..], &hashes[..]) {
        open.keep_oldest_version(Oldest { set: question.set, path, before, entry: entry.clone(), hash: *hash });
    }
    let told = told.iter().zip(hashes);
    let mut versions: Vec<_> = told.map(|((header, entry), hash)| version(header, entry.as_ref(), hash)).collect();
    versions.dedup_by(|later, earlier| later.hash == earlier.hash);
    versions.reverse();
    // Of one that no snapshot has any more there is nothing left.
    let mut end = at + 1;
    versions.retain_mut(|version| {
        let shown = kept.oldest_in(version.seq, std::mem::replace(&mut end, version.seq));
        version.seq = shown.unwrap_or(version.seq);
        shown.is_some()
    });
    Ok(VersionPage { versions, before, from_ms: base.header.device_time_ms })
}

/// The oldest version of a part of the history, which the newest one of the part before may be, too.
pub struct Oldest {
    /// Of this set.
    pub set: SetId,
    /// And this path.
    pub path: TreePath,
    /// Just past where the part before ends.
    pub before: u64,
    entry: Option<Entry>,
    /// It was told to have this.
    hash: Option<Digest>,
}

/// Hashes for what was told of a path, oldest first; the same where nothing but the place of the bytes differs. `newer` is what comes
/// after the newest.
async fn hashes<P: Platform>(
    contents: &mut Contents<'_, P>,
    told: &[(Header, Option<Entry>)],
    newer: Option<&Oldest>,
) -> Result<Vec<Option<Digest>>> {
    let later = told.iter().skip(1).map(|(_, entry)| entry).chain(newer.map(|newer| &newer.entry));
    let pairs = told.iter().zip(later);
    let differences = pairs.map(|((_, before), after)| Difference::between(before.clone(), after.clone())).collect();
    let differences = contents.settle(differences).await?;
    let mut hashes: Vec<_> = told.iter().map(|(_, entry)| entry.as_ref().map(Entry::hash)).collect();
    hashes.extend(newer.map(|newer| newer.hash));
    for place in (0..differences.len()).rev() {
        if differences[place].is_none() {
            hashes[place] = hashes[place + 1];
        }
    }
    hashes.truncate(told.len());
    Ok(hashes)
}

/// What a delta says of a path: an entry, its removal (`Some(None)`), or nothing.
fn last_word<'o>(operations: &'o [Operation], path: &TreePath) -> Option<Option<&'o Entry>> {
    let at = operations.binary_search_by(|operation| operation.path().cmp(path)).ok()?;
    match &operations[at] {
        Operation::Put(entry) => Some(Some(entry)),
        Operation::Remove(_) => Some(None),
    }
}

fn version(header: &Header, entry: Option<&Entry>, hash: Option<Digest>) -> Version {
    Version {
        seq: header.seq,
        device_time_ms: header.device_time_ms,
        hash,
        kind: entry.map(show::kind),
        bytes: entry.map_or(0, Entry::size),
        mtime_s: entry.map_or(0, |entry| entry.metadata.mtime.seconds),
    }
}
