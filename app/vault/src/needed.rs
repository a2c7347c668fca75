//! The objects that a machine asks for when it restores what was chosen: the pages on the way to it, the pages that describe long files, and
//! all content.
//!
//! It walks as the machine does (`client-agent/src/restore`): whatever the machine asks for beyond this list, its grant does not open. Of what
//! cannot be read here, the object that is lost is listed, and nothing below it.

use std::collections::BTreeSet;
use std::iter::successors;

use iota_core::entry::Kind;
use iota_core::extent::{Content, Extent, ExtentPageRef};
use iota_core::id::Cid;
use iota_core::path::TreePath;
use iota_core::restore::{MAX_LISTED_OBJECTS, ObjectList};
use iota_core::state::subtree_bounds;
use iota_crypto::chunk::ChunkOpener;

use crate::archive::itself;
use crate::keys::OpenVault;
use crate::objects;
use crate::platform::Platform;
use crate::point::{KeyRange, Point, range_at};
use crate::problem::Result;

/// Extent pages fetched at a time.
const WINDOW: usize = 128;

/// The objects that `paths` need, of which none lies below another; `None` when they are too many for a list, or everything is wanted. It
/// reads no further than to find that out.
///
/// # Errors
/// When the server does not answer, or the vault is locked meanwhile.
pub async fn objects_of<P: Platform>(
    platform: &P,
    open: &OpenVault,
    point: &Point,
    paths: &[TreePath],
) -> Result<Option<ObjectList>> {
    if paths.is_empty() {
        return Ok(None);
    }
    let mut ranges: BTreeSet<KeyRange> = BTreeSet::new();
    for path in paths {
        ranges.extend(successors(Some(path.clone()), TreePath::parent).map(|path| itself(&path)));
        let (start, end) = subtree_bounds(path);
        ranges.insert((start, Some(end)));
    }
    let ranges: Vec<KeyRange> = ranges.into_iter().collect();
    let mut needed = Needed { platform, open, objects: BTreeSet::new(), opener: ChunkOpener::default() };
    let fits = needed.add_all(point, &ranges).await?;
    Ok(if fits { ObjectList::of(&needed.objects) } else { None })
}

/// References to extent pages, each with whether it is one of the second level.
type ExtentPages = Vec<(ExtentPageRef, bool)>;

struct Needed<'p, P> {
    platform: &'p P,
    open: &'p OpenVault,
    objects: BTreeSet<Cid>,
    opener: ChunkOpener,
}

impl<P: Platform> Needed<'_, P> {
    /// `false` when they do not fit into one list.
    fn add(&mut self, objects: impl IntoIterator<Item = Cid>) -> bool {
        objects.into_iter().all(|cid| {
            self.objects.insert(cid);
            self.objects.len() <= MAX_LISTED_OBJECTS
        })
    }

    /// Adds what the entries in `ranges` need; `false` when that is too much.
    async fn add_all(&mut self, point: &Point, ranges: &[KeyRange]) -> Result<bool> {
        let (indexes, least_pages) = point.indexes(ranges);
        if least_pages > MAX_LISTED_OBJECTS as u64 || !self.add(indexes) {
            return Ok(false);
        }
        let mut walk = point.walk_in(self.platform, self.open, ranges).await?;
        let pages: Vec<Cid> = walk.pages().map(|(page, _)| page.chunk.cid).collect();
        if !self.add(pages) {
            return Ok(false);
        }
        while let Some(entries) = walk.next().await? {
            for entry in entries {
                let key = entry.path.key();
                let is_wanted = range_at(ranges, key.as_bytes()).is_some_and(|(start, _)| &start[..] <= key.as_bytes());
                let Kind::File { content, .. } = entry.kind else { continue };
                if !is_wanted {
                    continue;
                }
                let fits = match content {
                    Content::Inline(extents) => self.add_content(&extents),
                    Content::Pages(pages) => self.add_pages(pages, false).await?,
                    Content::Index(pages) => self.add_pages(pages, true).await?,
                };
                if !fits {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn add_content(&mut self, extents: &[Extent]) -> bool {
        self.add(extents.iter().filter_map(|extent| match extent {
            Extent::Slice { chunk, .. } => Some(chunk.cid),
            Extent::Hole { .. } => None,
        }))
    }

    /// Adds extent pages and what they lead to. Each is read once, however often files repeat themselves.
    async fn add_pages(&mut self, references: Vec<ExtentPageRef>, are_indexes: bool) -> Result<bool> {
        let mut pages = Vec::new();
        if !self.add_references(references, are_indexes, &mut pages) {
            return Ok(false);
        }
        while !pages.is_empty() {
            let window = pages.split_off(pages.len().saturating_sub(WINDOW));
            let cids: Vec<Cid> = window.iter().map(|(page, _)| page.chunk.cid).collect();
            let sealed = objects::read_kept(self.platform, &cids).await?;
            self.open.require_open()?;
            for (page, is_index) in &window {
                let opened = objects::open(self.open, &mut self.opener, &sealed, &page.chunk);
                let Some(plaintext) = opened else { continue };
                let fits = if *is_index {
                    let below = page.decode_index(&plaintext).unwrap_or_default();
                    self.add_references(below, false, &mut pages)
                } else {
                    self.add_content(&page.decode_page(&plaintext).unwrap_or_default())
                };
                if !fits {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Adds extent pages; those that were not met before go to the ones that are still to be read.
    fn add_references(&mut self, references: Vec<ExtentPageRef>, are_indexes: bool, unread: &mut ExtentPages) -> bool {
        references.into_iter().all(|page| {
            if self.objects.contains(&page.chunk.cid) {
                return true;
            }
            let fits = self.add([page.chunk.cid]);
            unread.push((page, are_indexes));
            fits
        })
    }
}
