//! Versions of a path, one part of the history at a time: a base and the deltas after it.

use iota_core::commit::{Change, Header};
use iota_core::entry::Entry;
use iota_core::operation::Operation;
use iota_core::path::TreePath;
use iota_core::state::State;
use iota_core::vault::{FindVersions, Version, VersionPage};

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
    let mut versions = vec![version(&base.header, base.entry(platform, open, &path).await?.as_ref())];
    for (header, body) in bodies {
        if let Change::Delta(operations) = &body.change
            && let Some(entry) = last_word(operations, &path)
        {
            versions.push(version(&header, entry));
        }
    }
    versions.dedup_by(|later, earlier| later.hash == earlier.hash);
    versions.reverse();
    // Of one that no snapshot has any more there is nothing left.
    let mut end = at + 1;
    versions.retain_mut(|version| {
        let shown = kept.oldest_in(version.seq, std::mem::replace(&mut end, version.seq));
        version.seq = shown.unwrap_or(version.seq);
        shown.is_some()
    });
    let before = kept.below.map(|below| below + 1);
    Ok(VersionPage { versions, before, from_ms: base.header.device_time_ms })
}

/// What a delta says of a path: an entry, its removal (`Some(None)`), or nothing.
fn last_word<'o>(operations: &'o [Operation], path: &TreePath) -> Option<Option<&'o Entry>> {
    let at = operations.binary_search_by(|operation| operation.path().cmp(path)).ok()?;
    match &operations[at] {
        Operation::Put(entry) => Some(Some(entry)),
        Operation::Remove(_) => Some(None),
    }
}

fn version(header: &Header, entry: Option<&Entry>) -> Version {
    Version {
        seq: header.seq,
        device_time_ms: header.device_time_ms,
        hash: entry.map(Entry::hash),
        kind: entry.map(show::kind),
        bytes: entry.map_or(0, Entry::size),
        mtime_s: entry.map_or(0, |entry| entry.metadata.mtime.seconds),
    }
}
