//! What changed below a folder, one part of the history at a time: a base and the deltas after it. Each snapshot is compared with the one
//! before it: what lies between two that are kept belongs to the later one.
//!
//! The first snapshot of a part is compared with the one before by their pages. Deltas after it say what changed; what was there before is
//! read once for all of them, of the paths that they speak of.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use iota_core::commit::{Body as CommitBody, Change, Header};
use iota_core::difference::Difference;
use iota_core::entry::{Entry, Kind};
use iota_core::operation::Operation;
use iota_core::path::{Key, TreePath};
use iota_core::vault::{ChildChange, FindFolderChanges, FolderChange, FolderChangesPage};

use crate::compare::Between;
use crate::contents::Contents;
use crate::history::History;
use crate::keys::OpenVault;
use crate::machines;
use crate::platform::Platform;
use crate::point::{Point, part};
use crate::problem::{Result, Tell};
use crate::show;
use crate::space::bytes_counted;

/// Most children of one snapshot that are named.
const MAX_CHILDREN: usize = 1000;
/// Most that are named in one answer; the newest come first.
const MAX_NAMED: usize = 20_000;

/// Answers [`FindFolderChanges`].
///
/// # Errors
/// When the part, or the snapshot before it, cannot be opened.
pub async fn find(
    platform: &impl Platform,
    open: &OpenVault,
    question: &FindFolderChanges,
) -> Result<FolderChangesPage> {
    let folder = question.folder.as_ref().map(|token| open.path(token)).transpose()?;
    let history = match (question.before, open.history(question.set)) {
        (Some(_), Some(history)) => history,
        _ => machines::history(platform, open, question.set).await?,
    };
    let at = question.before.map_or(history.place().0, |before| before.saturating_sub(1));
    let (mut point, mut deltas) = part(platform, open, &history, at).await?;
    let mut from_ms = point.header.device_time_ms;
    let mut kept = history.kept(platform, point.header.seq, at).await?;
    // Which are kept is the server's word; what was asked for is told in any case, with all that lies before it.
    if kept.seqs.last() != Some(&at) {
        kept.seqs.push(at);
    }
    let first = kept.seqs[0];
    let from_seq = kept.below.unwrap_or(first) + 1;
    let mut below = Below {
        platform,
        open,
        folder: folder.as_ref(),
        contents: Contents::new(platform, open),
        known: HashMap::new(),
    };
    let mut told = Vec::new();
    let after = deltas.split_off(deltas.partition_point(|(header, _)| header.seq <= first));
    point.advance(deltas);
    match kept.below {
        Some(before) => {
            let before = last(platform, open, &history, before).await?;
            told.push((point.header.clone(), below.between(&before, &point).await?));
        }
        None => from_ms = point.header.device_time_ms,
    }
    below.learn(&point, &after).await?;
    let mut after = after.into_iter().peekable();
    for &seq in &kept.seqs[1..] {
        let deltas: Vec<_> = std::iter::from_fn(|| after.next_if(|(header, _)| header.seq <= seq)).collect();
        if let Some(header) = deltas.last().map(|(header, _)| header.clone()) {
            told.push((header, below.in_deltas(deltas).await?));
        }
    }
    told.retain(|(_, told)| !told.paths.is_empty() || told.lost > 0);
    let mut left = MAX_NAMED;
    let mut changes = Vec::with_capacity(told.len());
    for (header, told) in told.iter().rev() {
        let change = below.shown(header, told, left.min(MAX_CHILDREN))?;
        left -= change.children.len();
        changes.push(change);
    }
    Ok(FolderChangesPage { changes, before: kept.below.map(|below| below + 1), from_seq, from_ms })
}

/// The state at a commit.
async fn last(platform: &impl Platform, open: &OpenVault, history: &History, seq: u64) -> Result<Point> {
    let (mut point, deltas) = part(platform, open, history, seq).await?;
    point.advance(deltas);
    Ok(point)
}

/// What a snapshot differs in from the one before it.
#[derive(Default)]
struct Told {
    paths: Vec<(TreePath, Became)>,
    lost: u64,
}

/// What became of a path.
#[derive(Clone, Copy)]
enum Became {
    Put { bytes: u64, is_folder: bool },
    Gone,
}

impl Became {
    fn of(after: Option<&Entry>) -> Self {
        after.map_or(Self::Gone, |entry| Self::Put {
            bytes: bytes_counted(entry).unwrap_or_default(),
            is_folder: entry.kind == Kind::Dir,
        })
    }
}

/// Where changes are looked for.
struct Below<'a, P> {
    platform: &'a P,
    open: &'a OpenVault,
    /// None for the top.
    folder: Option<&'a TreePath>,
    contents: Contents<'a, P>,
    /// What there is at the paths that deltas speak of; a path that may be in a lost page is left out.
    known: HashMap<Key, Option<Entry>>,
}

impl<P: Platform> Below<'_, P> {
    fn holds(&self, path: &TreePath) -> bool {
        self.folder.is_none_or(|folder| path != folder && path.starts_with(folder))
    }

    /// Reads what there is at the paths that `deltas` speak of.
    async fn learn(&mut self, point: &Point, deltas: &[(Header, CommitBody)]) -> Result<()> {
        let paths = deltas.iter().flat_map(|(_, body)| match &body.change {
            Change::Delta(operations) => &operations[..],
            Change::Base(_) => &[],
        });
        let paths = paths.map(Operation::path).filter(|path| self.holds(path));
        let keys: Vec<Key> = paths.map(TreePath::key).collect::<BTreeSet<_>>().into_iter().collect();
        let range = |key: &Key| (key.as_bytes().to_vec(), Some([key.as_bytes(), &[0]].concat()));
        let ranges: Vec<_> = keys.iter().map(range).collect();
        let mut there = HashMap::new();
        let mut walk = point.walk_in(self.platform, self.open, &ranges).await?;
        while let Some(entries) = walk.next().await? {
            let entries = entries.into_iter().map(|entry| (entry.path.key(), entry));
            there.extend(entries.filter(|(key, _)| keys.binary_search(key).is_ok()));
        }
        for key in keys {
            let entry = there.remove(&key);
            if entry.is_some() || !walk.may_have_lost(key.as_bytes()) {
                self.known.insert(key, entry);
            }
        }
        Ok(())
    }

    /// What deltas change of what is known, which then is what is there after them.
    async fn in_deltas(&mut self, deltas: Vec<(Header, CommitBody)>) -> Result<Told> {
        let mut last_words = BTreeMap::new();
        for (_, body) in deltas {
            let Change::Delta(operations) = body.change else { continue };
            for operation in operations.into_iter().filter(|operation| self.holds(operation.path())) {
                let path = operation.path().clone();
                let entry = match operation {
                    Operation::Put(entry) => Some(entry),
                    Operation::Remove(_) => None,
                };
                last_words.insert(path.key(), (path, entry));
            }
        }
        let (mut told, mut differences) = (Told::default(), Vec::new());
        for (key, (path, after)) in last_words {
            match (self.known.insert(key, after.clone()), after) {
                (Some(before), after) => differences.extend(Difference::between(before, after).map(Some)),
                (None, Some(after)) => told.paths.push((path, Became::of(Some(&after)))),
                (None, None) => told.lost += 1,
            }
        }
        self.tell(&mut told, differences).await?;
        Ok(told)
    }

    /// What differs between two points.
    async fn between(&mut self, before: &Point, after: &Point) -> Result<Told> {
        let mut told = Told::default();
        let mut between = Between::begin(self.platform, self.open, (before, after), self.folder).await?;
        loop {
            let window = between.window().await?;
            if window.is_empty() {
                told.lost = between.lost();
                return Ok(told);
            }
            self.tell(&mut told, window).await?;
        }
    }

    async fn tell(&mut self, told: &mut Told, differences: Vec<Option<Difference>>) -> Result<()> {
        let differences = self.contents.settle(differences).await?;
        let paths = differences.iter().flatten();
        told.paths.extend(paths.map(|difference| (difference.path().clone(), Became::of(difference.entries().1))));
        Ok(())
    }

    fn shown(&self, header: &Header, told: &Told, most: usize) -> Result<FolderChange> {
        let mut shown = FolderChange {
            seq: header.seq,
            device_time_ms: header.device_time_ms,
            put: 0,
            removed: 0,
            bytes: 0,
            children: Vec::new(),
            more_children: 0,
            lost: told.lost,
        };
        let changed_in: HashSet<_> = told.paths.iter().filter_map(|(path, _)| path.parent()).collect();
        let mut children: BTreeMap<&[u8], (u64, u64, bool)> = BTreeMap::new();
        let skip = self.folder.map_or(0, |folder| folder.as_bytes().len() + 1);
        for (path, became) in &told.paths {
            let rest = &path.as_bytes()[skip..];
            let slash = rest.iter().position(|&byte| byte == b'/');
            let (put, removed, gone) = children.entry(&rest[..slash.unwrap_or(rest.len())]).or_default();
            match *became {
                Became::Put { is_folder: true, .. } if changed_in.contains(path) => {}
                Became::Put { bytes, .. } => {
                    shown.put += 1;
                    shown.bytes = shown.bytes.saturating_add(bytes);
                    *put += 1;
                }
                Became::Gone => {
                    shown.removed += 1;
                    *removed += 1;
                    *gone |= slash.is_none();
                }
            }
        }
        shown.more_children = children.len().saturating_sub(most) as u64;
        for (name, (put, removed, gone)) in children.into_iter().take(most) {
            let path = match self.folder {
                Some(folder) => folder.join(name),
                None => TreePath::parse(name),
            };
            let token = self.open.token(&path.tell()?)?;
            shown.children.push(ChildChange { name: show::text(name), token, put, removed, gone });
        }
        Ok(shown)
    }
}
