//! Whether the directory of every path is in the state, along a walk in key order.

use iota_core::{
    entry::{Entry, Kind},
    path::TreePath,
};
use std::collections::BTreeSet;

/// Directories that may still be entered: those of each level of the current branch.
#[derive(Default)]
pub(super) struct Parents(Vec<Level>);

/// A directory of the branch, and the names of its subdirectories.
type Level = (Option<TreePath>, BTreeSet<Box<[u8]>>);

impl Parents {
    /// Whether the directory of `entry` was met before; remembers `entry` if it is one itself.
    pub fn has(&mut self, entry: &Entry) -> bool {
        let parent = entry.path.parent();
        let known = self.enter(parent.as_ref());
        if entry.kind == Kind::Dir
            && known
            && let Some((_, directories)) = self.0.last_mut()
        {
            directories.insert(entry.path.name().into());
        }
        known
    }

    fn enter(&mut self, parent: Option<&TreePath>) -> bool {
        if self.0.is_empty() {
            self.0.push((None, BTreeSet::new()));
        }
        while self.0.len() > 1 && !self.is_within(parent) {
            self.0.pop();
        }
        let innermost = self.0.last().and_then(|(path, _)| path.as_ref());
        if innermost == parent {
            return true;
        }
        // In key order a directory is entered from the one that holds it.
        let told = parent.is_some_and(|parent| parent.parent().as_ref() == innermost);
        let name = parent.map(TreePath::name).unwrap_or_default();
        let known = told && self.0.last().is_some_and(|(_, directories)| directories.contains(name));
        if known {
            self.0.push((parent.cloned(), BTreeSet::new()));
        }
        known
    }

    fn is_within(&self, parent: Option<&TreePath>) -> bool {
        match (self.0.last().and_then(|(path, _)| path.as_ref()), parent) {
            (None, _) => true,
            (Some(innermost), Some(parent)) => parent.starts_with(innermost),
            (Some(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::entry::Metadata;

    #[test]
    fn every_directory_must_have_been_told() {
        let entry = |path: &str, kind: Kind| Entry {
            path: TreePath::parse(path.as_bytes()).unwrap(),
            metadata: Metadata::default(),
            kind,
        };
        let told = [
            ("a", Kind::Dir, true),
            ("b", Kind::Fifo, true),
            ("c", Kind::Dir, true),
            ("a/x", Kind::Dir, true),
            ("a/x/y", Kind::Fifo, true),
            ("a/z/y", Kind::Fifo, false),
            ("b/x", Kind::Fifo, false),
            ("c/x", Kind::Dir, true),
            ("c/w/deep/er", Kind::Dir, false),
            ("c/x/y", Kind::Fifo, true),
        ];
        let mut parents = Parents::default();
        for (path, kind, good) in told {
            assert_eq!(parents.has(&entry(path, kind)), good, "{path}");
        }
    }
}
