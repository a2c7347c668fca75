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
