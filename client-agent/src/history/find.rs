//! Names across all snapshots, those that are gone too.

use super::{
    History, Result, Snapshot, WalkError,
    between::KeyRange,
    log::{Changes, Scope},
};
use iota_core::{
    entry::{Entry, Kind, Timestamp},
    extent::Content,
    path::TreePath,
    rules::Search,
};
use std::collections::HashMap;

/// A snapshot, as far as a list of findings tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub seq: u64,
    /// When the server received it, milliseconds since 1970.
    pub received_ms: u64,
}

/// Snapshots one after another in which a path was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first.
    pub first: Place,
    /// The last.
    pub last: Place,
}

/// A path that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub path: TreePath,
    /// What it was at last; a file is without its extents.
    pub kind: Kind,
    /// Time of its last change, then.
    pub mtime: Timestamp,
    /// When it was there, the oldest first; at least one.
    pub stretches: Vec<Stretch>,
    /// The newest snapshot has it.
    pub is_there: bool,
}

/// What was found.
#[derive(Debug)]
pub struct Findings {
    /// In key order.
    pub found: Vec<Found>,
    /// What could not be read; what stood there is not found, or when it was there is not certain.
    pub losses: Vec<WalkError>,
}

impl History<'_> {
    /// The paths that `search` finds in `snapshots` (newest first, [`History::snapshots`]), in those versions that `fits`. The names of
    /// the oldest snapshot are read, all sealed bodies of the log, and of each base the pages that are not in the one before; what was
    /// found is in memory.
    ///
    /// # Errors
    /// As [`History::at`].
    pub fn find(&self, snapshots: &[Snapshot], search: &Search, fits: impl Fn(&Entry) -> bool) -> Result<Findings> {
        let fits = |entry: &Entry| search.matches(&entry.path, entry.kind == Kind::Dir) && fits(entry);
        let scope = Scope { range: KeyRange::default(), is_wanted: &|path| search.matches(path, true) };
        let (mut found, mut losses) = (HashMap::<TreePath, Found>::new(), Vec::new());
        let mut before = None;
        self.follow(snapshots, &scope, |snapshot, changes| {
            let Changes { entries, losses: lost } = changes;
            losses.extend(lost);
            let place = Place { seq: snapshot.header.seq, received_ms: snapshot.received_ms };
            for (path, entry) in entries {
                let known = found.get_mut(&path);
                match (entry.filter(&fits), known) {
                    (Some(entry), Some(known)) => known.meet(entry, place),
                    (Some(entry), None) => drop(found.insert(path, Found::new(entry, place))),
                    (None, Some(known)) => known.leave(before),
                    (None, None) => {}
                }
            }
            before = Some(place);
            Ok(())
        })?;
        let mut found: Vec<Found> = found.into_values().collect();
        found.iter_mut().filter(|found| found.is_there).for_each(|found| found.stay(before));
        found.sort_by_cached_key(|found| found.path.key());
        Ok(Findings { found, losses })
    }
}

impl Found {
    fn new(entry: Entry, place: Place) -> Self {
        let stretches = vec![Stretch { first: place, last: place }];
        Self { kind: outline(entry.kind), mtime: entry.metadata.mtime, path: entry.path, stretches, is_there: true }
    }

    fn meet(&mut self, entry: Entry, place: Place) {
        (self.kind, self.mtime) = (outline(entry.kind), entry.metadata.mtime);
        if !std::mem::replace(&mut self.is_there, true) {
            self.stretches.push(Stretch { first: place, last: place });
        }
    }

    /// It was there up to `last`.
    fn leave(&mut self, last: Option<Place>) {
        if std::mem::replace(&mut self.is_there, false) {
            self.stay(last);
        }
    }

    fn stay(&mut self, last: Option<Place>) {
        if let (Some(stretch), Some(last)) = (self.stretches.last_mut(), last) {
            stretch.last = last;
        }
    }
}

/// A kind without the extents, of which there may be many.
fn outline(kind: Kind) -> Kind {
    match kind {
        Kind::File { size, .. } => Kind::File { size, link: None, content: Content::Inline(Vec::new()) },
        other => other,
    }
}
