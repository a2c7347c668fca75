//! A folder, or some of what is in it, on its way into one zip: what its members are called, and what such a file cannot hold.

use std::collections::VecDeque;
use std::fmt::Write;

use iota_core::entry::{Entry, Kind};
use iota_core::extent::Content;
use iota_core::path::{Key, TreePath};
use iota_core::vault::{MAX_CHOSEN, Selection, ZipView};

use crate::keys::OpenVault;
use crate::member_names::MemberNames;
use crate::platform::Platform;
use crate::point::{KeyRange, Point, Walk};
use crate::problem::{Result, failed, missing};
use crate::show;
use crate::zip::{Member, MemberKind};

/// Most lines of the list of what is different.
const MAX_NOTES: usize = 10_000;
/// What that list is called.
const NOTES_NAME: &str = "What is different - IotaBackup.txt";

/// What comes next into an archive.
pub enum Item {
    /// A member, and where its content lies.
    Member(Member, Content),
    /// A member with this content.
    Link(Member, Vec<u8>),
    /// What is to be said about it.
    Note(String),
}

/// The folder of a selection, and those of its entries that were chosen, in order; none: all.
///
/// # Errors
/// When what was chosen is not in the folder, or too much.
pub fn chosen(open: &OpenVault, selection: &Selection) -> Result<(Option<TreePath>, Vec<TreePath>)> {
    if selection.only.len() > MAX_CHOSEN {
        return Err(failed(format!("at most {MAX_CHOSEN} entries can be chosen; take their folder instead")));
    }
    let folder = selection.folder.as_ref().map(|token| open.path(token)).transpose()?;
    let mut chosen = selection.only.iter().map(|token| open.path(token)).collect::<Result<Vec<_>>>()?;
    chosen.sort();
    chosen.dedup();
    if chosen.iter().any(|path| path.parent() != folder) {
        return Err(missing("file in this folder"));
    }
    Ok((folder, chosen))
}

/// Ranges of keys, in order.
type Ranges = VecDeque<KeyRange>;

/// The members of an archive, as they are needed.
pub struct Members<'p, P> {
    platform: &'p P,
    open: &'p OpenVault,
    point: &'p Point,
    /// Of the path of each member, so many bytes are left out.
    skip: usize,
    ranges: Ranges,
    walk: Option<Walk<'p, P>>,
    window: std::vec::IntoIter<Entry>,
    names: MemberNames,
    notes: VecDeque<String>,
}

impl<'p, P: Platform> Members<'p, P> {
    /// What `selection` stands for at a point.
    ///
    /// # Errors
    /// When there is no such folder, or what was chosen is not in it.
    pub fn new(platform: &'p P, open: &'p OpenVault, point: &'p Point, selection: &Selection) -> Result<Self> {
        let (folder, chosen) = chosen(open, selection)?;
        let mut ranges = Ranges::new();
        let below = |path: &TreePath| (Key::subtree_start(Some(path)), Some(Key::subtree_end(path)));
        // A folder brings its own name along.
        ranges.extend(folder.as_ref().map(itself));
        if chosen.is_empty() {
            ranges.push_back(folder.as_ref().map_or((Vec::new(), None), below));
        } else {
            // In key order, as names are given: first all that stand in the folder, then what is below each.
            ranges.extend(chosen.iter().map(itself).chain(chosen.iter().map(below)));
        }
        let base = folder.as_ref().and_then(TreePath::parent);
        let skip = base.map_or(0, |base| base.as_bytes().len() + 1);
        Ok(Self {
            platform,
            open,
            point,
            skip,
            ranges,
            walk: None,
            window: Vec::new().into_iter(),
            names: MemberNames::new(NOTES_NAME),
            notes: VecDeque::new(),
        })
    }

    async fn entry(&mut self) -> Result<Option<Entry>> {
        loop {
            if let Some(entry) = self.window.next() {
                return Ok(Some(entry));
            }
            let Some(walk) = &mut self.walk else {
                let Some((start, end)) = self.ranges.pop_front() else { return Ok(None) };
                self.walk = Some(self.point.walk(self.platform, self.open, start, end).await?);
                continue;
            };
            let entries = walk.next().await?;
            let lost = walk.lost();
            if lost > 0 {
                self.names.expect_unseen();
            }
            match entries {
                Some(entries) => self.window = entries.into_iter(),
                None => {
                    self.walk = None;
                    if lost > 0 {
                        self.notes.push_back(format!(
                            "missing: up to {lost} files and folders whose page is damaged in the store, so that not even their names are known"
                        ));
                    }
                }
            }
        }
    }

    /// What comes next; `None` at the end.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn next(&mut self) -> Result<Option<Item>> {
        loop {
            if let Some(note) = self.notes.pop_front() {
                return Ok(Some(Item::Note(note)));
            }
            match self.entry().await? {
                Some(entry) => {
                    if let Some(item) = self.item(entry) {
                        return Ok(Some(item));
                    }
                }
                None if self.notes.is_empty() => return Ok(None),
                None => {}
            }
        }
    }

    fn item(&mut self, entry: Entry) -> Option<Item> {
        let relative = &entry.path.as_bytes()[self.skip.min(entry.path.as_bytes().len())..];
        let (kind, bytes) = match &entry.kind {
            Kind::File { size, .. } => (MemberKind::File, *size),
            Kind::Dir => (MemberKind::Folder, 0),
            Kind::Symlink { target } => (MemberKind::Link, target.len() as u64),
            Kind::Fifo | Kind::Char { .. } | Kind::Block { .. } | Kind::Socket => {
                self.notes.push_back(format!("left out: {}, a pipe, device or socket", show::text(relative)));
                return None;
            }
        };
        let mut name = self.names.give(relative, kind == MemberKind::Folder, &mut self.notes);
        if !entry.metadata.xattrs.is_empty() {
            self.notes.push_back(format!("without its extended attributes: {name}"));
        }
        if matches!(&entry.kind, Kind::File { link: Some(link), .. } if *link != entry.path) {
            self.notes.push_back(format!("a copy of its own, and no hard link any more: {name}"));
        }
        if entry.metadata.torn {
            self.notes.push_back(format!("changed while it was backed up, its parts may not fit together: {name}"));
        }
        if kind == MemberKind::Folder {
            name.push('/');
        }
        let member = Member { name, kind, mode: entry.metadata.mode, mtime_s: entry.metadata.mtime.seconds, bytes };
        Some(match entry.kind {
            Kind::File { content, .. } => Item::Member(member, content),
            Kind::Symlink { target } => Item::Link(member, target.into()),
            _ => Item::Member(member, Content::Inline(Vec::new())),
        })
    }
}

/// The keys of a path alone.
pub fn itself(path: &TreePath) -> KeyRange {
    let start = path.key().as_bytes().to_vec();
    let end = [&start[..], &[0]].concat();
    (start, Some(end))
}

/// Counts what an archive would hold.
///
/// # Errors
/// As [`Members::next`]; when there is nothing to take.
pub async fn measure(
    platform: &impl Platform,
    open: &OpenVault,
    point: &Point,
    selection: &Selection,
) -> Result<ZipView> {
    let mut members = Members::new(platform, open, point, selection)?;
    let mut view = ZipView::default();
    while let Some(entry) = members.entry().await? {
        match entry.kind {
            Kind::Dir => view.folders += 1,
            Kind::File { .. } => view.files += 1,
            _ => view.others += 1,
        }
        view.bytes = view.bytes.saturating_add(entry.size());
    }
    if view.files + view.folders + view.others == 0 && selection.folder.is_some() {
        return Err(missing("folder at this point in time"));
    }
    Ok(view)
}

/// What an archive cannot hold, or holds otherwise: a text at its end.
#[derive(Default)]
pub struct Notes {
    lines: Vec<String>,
    more: u64,
}

impl Notes {
    /// Notes a line.
    pub fn add(&mut self, line: String) {
        if self.lines.len() < MAX_NOTES { self.lines.push(line) } else { self.more += 1 }
    }

    /// Name and content of the text; none when there is nothing to say.
    pub fn text(self) -> Option<(&'static str, String)> {
        let Self { mut lines, more } = self;
        if lines.is_empty() {
            return None;
        }
        lines.sort();
        let mut text = String::from(
            "What in this archive is not as it was backed up. The command line (iota restore) brings everything back as it was, owners too.\n\n",
        );
        for line in lines {
            text.push_str(&line);
            text.push('\n');
        }
        if more > 0 {
            // Writing into a string does not fail.
            let _ = writeln!(text, "and {more} more");
        }
        Some((NOTES_NAME, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_different_is_said_within_bounds() {
        assert!(Notes::default().text().is_none());
        let mut notes = Notes::default();
        (0..MAX_NOTES + 5).for_each(|number| notes.add(format!("{number}")));
        let text = notes.text().unwrap().1;
        assert!(text.lines().count() == MAX_NOTES + 3 && text.ends_with("and 5 more\n"));
    }
}
