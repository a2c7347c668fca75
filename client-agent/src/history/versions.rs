//! The versions of one path.

use super::{
    Contents, History, ReadError, Result, Snapshot, WalkError,
    between::KeyRange,
    log::{Changes, Scope},
};
use iota_core::{difference::Difference, path::TreePath};

/// A snapshot in which a path is not what it was in the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// What became of the path.
    pub change: Difference,
}

/// All versions of a path that are kept.
#[derive(Debug)]
pub struct Versions {
    /// The oldest first.
    pub versions: Vec<Version>,
    /// What could not be read; versions that stood there are missing.
    pub losses: Vec<WalkError>,
}

impl History<'_> {
    /// What became of `path` in the course of `snapshots` (newest first, [`History::snapshots`]). All sealed bodies of the log are
    /// read, and of each base the page that holds the path, when it is another one than before.
    ///
    /// # Errors
    /// [`ReadError::NeverThere`] when it is in none of them; as [`History::at`].
    pub fn versions(&self, snapshots: &[Snapshot], path: &TreePath) -> Result<Versions> {
        let objects = self.objects();
        let mut contents = Contents::new(&objects);
        let (mut versions, mut losses, mut last) = (Vec::new(), Vec::new(), None);
        let scope = Scope { range: KeyRange::of(path), is_wanted: &|changed| changed == path };
        self.follow(snapshots, &scope, |snapshot, changes| {
            let Changes { mut entries, losses: lost } = changes;
            losses.extend(lost);
            let Some(entry) = entries.remove(path) else { return Ok(()) };
            let before = std::mem::replace(&mut last, entry.clone());
            if let Some(change) = Difference::between(before, entry)
                && let Some(change) = contents.settle(change)?
            {
                versions.push(Version { snapshot: snapshot.clone(), change });
            }
            Ok(())
        })?;
        if versions.is_empty() && losses.is_empty() {
            return Err(ReadError::NeverThere(path.as_bytes().escape_ascii().to_string()));
        }
        Ok(Versions { versions, losses })
    }
}
