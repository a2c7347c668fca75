//! Everything about one entry.

use iota_core::entry::{Entry, Kind};
use iota_core::vault::{EntryView, ShowEntry};

use crate::keys::OpenVault;
use crate::platform::Platform;
use crate::point;
use crate::problem::{Result, missing};
use crate::show;

/// Answers [`ShowEntry`].
///
/// # Errors
/// A problem when there is nothing at the path.
pub async fn details(platform: &impl Platform, open: &OpenVault, question: &ShowEntry) -> Result<EntryView> {
    let path = open.path(&question.path)?;
    let point = point::open_at(platform, open, question.set, question.at).await?;
    let entry =
        point.entry(platform, open, &path).await?.ok_or_else(|| missing("file or folder at this point in time"))?;
    Ok(EntryView {
        name: show::text(path.name()),
        crumbs: show::crumbs(open, &path)?,
        kind: show::kind(&entry),
        bytes: entry.size(),
        mtime_s: entry.metadata.mtime.seconds,
        mode: show::mode(entry.metadata.mode),
        owner: show::owner(&entry),
        xattrs: entry.metadata.xattrs.iter().map(|xattr| show::text(&xattr.name)).collect(),
        target: target(&entry),
        torn: entry.metadata.torn,
        content: entry.content_hash(),
    })
}

fn target(entry: &Entry) -> Option<String> {
    match &entry.kind {
        Kind::Symlink { target } => Some(show::text(target)),
        Kind::File { link: Some(link), .. } if *link != entry.path => Some(show::text(link.as_bytes())),
        _ => None,
    }
}
