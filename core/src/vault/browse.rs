//! Points in time, folders, files.

use crate::id::{Digest, SetId};
use serde::{Deserialize, Serialize};

/// A path, sealed so that it can stand in an address: only the vault that made it can read it. Equal paths have equal tokens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathToken(pub String);

/// Opens a point in time: fetches, verifies, opens, replays.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenPoint {
    /// The set.
    pub set: SetId,
    /// The commit; none for the newest complete one.
    pub at: Option<u64>,
}

/// A point in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointView {
    /// Its commit.
    pub seq: u64,
    /// The newest commit of the set.
    pub newest_seq: u64,
    /// When the machine wrote it, by its own clock.
    pub device_time_ms: u64,
    /// The first full backup had not finished.
    pub partial: bool,
    /// Files in it.
    pub files: u64,
    /// Directories in it.
    pub dirs: u64,
    /// Links, devices and the like.
    pub others: u64,
    /// Sum of the sizes of the files.
    pub bytes: u64,
    /// How much the rules include that is missing or old.
    pub gap_count: u64,
    /// The first of it.
    pub gaps: Vec<GapView>,
    /// This browser has not seen the set before, so it cannot tell whether the state is the newest.
    pub first_visit: bool,
}

/// Something that is missing in a backup, or old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapView {
    /// Where, safe to show.
    pub path: String,
    /// Why, in a word or two.
    pub reason: String,
}

/// Lists a folder at a point in time. The vault keeps the list until the next one of the same tab, and hands out rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFolder {
    /// The set.
    pub set: SetId,
    /// The commit.
    pub at: u64,
    /// The folder; none for the top.
    pub folder: Option<PathToken>,
    /// What the rows are sorted by; folders come first.
    pub order: Order,
    /// The other way round.
    pub descending: bool,
}

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Name, as people sort: capital letters do not matter, numbers by their value.
    #[default]
    Name,
    /// Size.
    Size,
    /// Time of the last change.
    Changed,
}

/// A folder that was listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Names the list.
    pub listing: u32,
    /// Rows in it.
    pub count: u32,
    /// Folders among them.
    pub folders: u32,
    /// Sum of the sizes of the files in it.
    pub bytes: u64,
    /// Entries that cannot be shown because their page is missing or damaged, at most.
    pub lost: u64,
    /// The way from the top to the folder, the folder last; empty at the top.
    pub crumbs: Vec<Crumb>,
    /// Whether there is such a folder at this point.
    pub exists: bool,
}

/// A step of the way to a folder or file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crumb {
    /// Name, safe to show.
    pub name: String,
    /// Leads there.
    pub token: PathToken,
}

/// Hands out rows of a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadRows {
    /// Which list.
    pub listing: u32,
    /// First row, from 0.
    pub from: u32,
    /// How many at most.
    pub count: u32,
}

/// A row of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Name, safe to show: control characters and such that turn the direction of writing are written out.
    pub name: String,
    /// Leads there.
    pub token: PathToken,
    /// What it is.
    pub kind: EntryKind,
    /// Size, of files.
    pub bytes: u64,
    /// Time of the last change, seconds since 1970.
    pub mtime_s: i64,
    /// The file changed during every attempt to read it.
    pub torn: bool,
    /// Of a file that is called like a picture and has at most [`MAX_THUMB_BYTES`]: hash of its content
    /// ([`Entry::content_hash`](crate::entry::Entry::content_hash)).
    pub picture: Option<Digest>,
}

/// Longest picture that is shown beside its name in a list, bytes.
pub const MAX_THUMB_BYTES: u64 = 8_000_000;

/// Whether a name is that of a picture of a kind that browsers decode without running anything.
pub fn is_picture_name(name: &[u8]) -> bool {
    let place = name.iter().rposition(|&byte| byte == b'.');
    let extension = place.map(|place| name[place + 1..].to_ascii_lowercase());
    extension
        .is_some_and(|extension| [&b"png"[..], b"jpg", b"jpeg", b"webp", b"gif", b"avif"].contains(&&extension[..]))
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A directory.
    Folder,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A pipe, device or socket.
    Special,
}

/// The first row of a list whose name begins with what was typed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Jump {
    /// Which list.
    pub listing: u32,
    /// What was typed; capital letters do not matter.
    pub typed: String,
}

/// Where paths stand in a list, and what they are there. A path that is no longer in the folder, or never was, has no place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindRows {
    /// Which list.
    pub listing: u32,
    /// The paths, at most [`MAX_FOUND_ROWS`].
    pub tokens: Vec<PathToken>,
}

/// Most paths of one [`FindRows`].
pub const MAX_FOUND_ROWS: usize = 2 * super::MAX_CHOSEN + 1;

/// A row and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedRow {
    /// From 0.
    pub index: u32,
    /// What stands there.
    pub row: Row,
}

/// Compares a list with the same folder at the newest complete point.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompareListing {
    /// Which list.
    pub listing: u32,
}

/// What became of the rows of a list until the newest complete point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingComparison {
    /// The commit it was compared with; that of the list when there is no later complete one.
    pub seq: u64,
    /// When the machine wrote it, by its own clock.
    pub device_time_ms: u64,
    /// Rows that are not the same any more, in the order of the list. Rows of which nothing is known, because their page is missing or
    /// damaged at the newest point, are not among them.
    pub fates: Vec<FateRun>,
    /// Entries that could not be compared because their page is missing or damaged, at most.
    pub lost: u64,
}

impl ListingComparison {
    /// What became of a row; none when it is the same, or not known.
    pub fn fate(&self, index: u32) -> Option<Fate> {
        let run = self.fates.get(self.fates.partition_point(|run| run.from <= index).checked_sub(1)?)?;
        (index - run.from < run.count).then_some(run.fate)
    }
}

/// Rows after each other that became the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FateRun {
    /// The first, from 0.
    pub from: u32,
    /// How many.
    pub count: u32,
    /// What became of them.
    pub fate: Fate,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Nothing is at its path.
    Gone,
    /// Its path is something of another kind.
    OtherKind,
    /// It has other content.
    Changed,
    /// Nothing but permissions, owner, times and the like.
    Metadata,
}

/// Everything about an entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShowEntry {
    /// The set.
    pub set: SetId,
    /// The commit.
    pub at: u64,
    /// The entry.
    pub path: PathToken,
}

/// Everything about an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    /// Name, safe to show.
    pub name: String,
    /// The way to it, the entry last.
    pub crumbs: Vec<Crumb>,
    /// What it is.
    pub kind: EntryKind,
    /// Size, of files.
    pub bytes: u64,
    /// Time of the last change, seconds since 1970.
    pub mtime_s: i64,
    /// Permissions, as in `rw-r--r--`.
    pub mode: String,
    /// Owner and group, by name where known.
    pub owner: String,
    /// Names of extended attributes, safe to show.
    pub xattrs: Vec<String>,
    /// Where a symbolic link points, or the first path of hard links to the same file; safe to show.
    pub target: Option<String>,
    /// The file changed during every attempt to read it.
    pub torn: bool,
    /// Hash of what it is and contains, whatever its metadata ([`Entry::content_hash`](crate::entry::Entry::content_hash)).
    pub content: Digest,
}

/// Looks for versions of a path in the part of the history that ends before a commit: one base and what follows it, or the bases of a
/// month.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindVersions {
    /// The set.
    pub set: SetId,
    /// The path.
    pub path: PathToken,
    /// None for the newest part.
    pub before: Option<u64>,
    /// Compares bases, of which a day has one, and does not read what lies between them; only with `before`.
    pub daily: bool,
}

/// The versions in one part of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionPage {
    /// Newest first; the oldest may go on in the part before, with the same hash.
    pub versions: Vec<Version>,
    /// Just past where the part before ends; none when the history begins here.
    pub before: Option<u64>,
    /// When this part begins, by the machine's clock.
    pub from_ms: u64,
    /// Bases that say nothing of the path, because their pages are missing or damaged.
    pub lost: u32,
}

/// The path, from one commit on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The oldest snapshot with it.
    pub seq: u64,
    /// When the machine wrote the first commit with it.
    pub device_time_ms: u64,
    /// The entry's hash, or that of a later one which differs in nothing but where its bytes are stored; none when there is
    /// nothing at the path.
    pub hash: Option<Digest>,
    /// Likewise of what it is and contains, whatever its metadata ([`Entry::content_hash`](crate::entry::Entry::content_hash)).
    pub content: Option<Digest>,
    /// What it is, when there is something.
    pub kind: Option<EntryKind>,
    /// Size, of files.
    pub bytes: u64,
    /// Time of the last change, seconds since 1970.
    pub mtime_s: i64,
    /// And the nanoseconds of it.
    pub mtime_ns: u32,
    /// It was found in a base: what came and went between the base before and this one was not read. A search for single changes
    /// that ends before this commit reads it.
    pub single: Option<u64>,
}

/// Looks for what changed below a folder in the part of the history that ends before a commit: one base and the deltas that follow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindFolderChanges {
    /// The set.
    pub set: SetId,
    /// The folder, which may be gone; none for the top.
    pub folder: Option<PathToken>,
    /// None for the newest part.
    pub before: Option<u64>,
}

/// What changed below a folder in one part of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderChangesPage {
    /// Newest first; snapshots at which nothing below the folder differs from the one before are left out.
    pub changes: Vec<FolderChange>,
    /// Just past where the part before ends; none when the server lists no older snapshot.
    pub before: Option<u64>,
    /// What became of each snapshot from this commit on is told. Of the oldest it is not: then this is the commit after it.
    pub from_seq: u64,
    /// When this part begins, or the oldest snapshot was made, by the machine's clock, milliseconds since 1970.
    pub from_ms: u64,
}

/// What changed below a folder between a snapshot and the one before it. The oldest snapshot has none before it, and is not told.
///
/// A file counts also when nothing but its times or permissions changed, and not when it was only stored again elsewhere. A folder does
/// not count as changed when something in it is new, changed or gone: that alone changes its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderChange {
    /// The snapshot.
    pub seq: u64,
    /// When the machine wrote it, by its own clock, milliseconds since 1970.
    pub device_time_ms: u64,
    /// Entries below the folder that are new or changed.
    pub put: u64,
    /// Entries below the folder that were there no more, of any kind.
    pub removed: u64,
    /// Bytes of the files that are new or changed, each as large as it is.
    pub bytes: u64,
    /// What is in the folder itself, and changed or holds what did: the first by the bytes of their names, 1,000 at most.
    pub children: Vec<ChildChange>,
    /// How many more there are.
    pub more_children: u64,
    /// Entries that could not be compared because their page is missing or damaged, at most.
    pub lost: u64,
}

/// What changed at and below an entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildChange {
    /// Name, safe to show.
    pub name: String,
    /// Leads there; equal to [`Row::token`] of the same path.
    pub token: PathToken,
    /// Entries at and below it that are new or changed.
    pub put: u64,
    /// Entries at and below it that were there no more.
    pub removed: u64,
    /// It was there no more itself.
    pub gone: bool,
}
