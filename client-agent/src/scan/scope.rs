//! Which part of the tree a walk looks at: all of it, or paths that may have changed.

use crate::backup::source::KeyRange;
use iota_core::path::TreePath;
use std::{collections::BTreeMap, sync::Arc};

/// Paths to look at, as a tree. What leads to one of them is looked at as well: a directory changes with what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Everything below, too.
    whole: bool,
    children: BTreeMap<Box<[u8]>, Arc<Scope>>,
}

impl Scope {
    /// Everything.
    pub fn whole() -> Self {
        Self { whole: true, children: BTreeMap::new() }
    }

    /// Whether everything below is looked at.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether nothing is looked at.
    pub fn is_empty(&self) -> bool {
        !self.whole && self.children.is_empty()
    }

    /// Adds a path; with `below`, everything below it as well.
    pub fn add(&mut self, path: &TreePath, below: bool) {
        let mut node = self;
        for name in path.components() {
            if node.whole {
                return;
            }
            node = Arc::make_mut(node.children.entry(name.into()).or_default());
        }
        if below {
            *node = Self::whole();
        }
    }

    /// What is looked at below a child; `None` when the child itself is not.
    pub fn child(self: &Arc<Self>, name: &[u8]) -> Option<Arc<Self>> {
        if self.whole { Some(Arc::clone(self)) } else { self.children.get(name).cloned() }
    }

    /// The names of the children to look at, in order, when not all are.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.children.keys().map(|name| &**name)
    }

    /// The sort keys of everything that is looked at: in order, without overlap.
    pub fn ranges(&self) -> Vec<KeyRange> {
        if self.whole {
            return vec![KeyRange::everything()];
        }
        let mut ranges = Vec::new();
        self.add_ranges(&mut Vec::new(), &mut ranges);
        ranges
    }

    fn add_ranges(&self, path: &mut Vec<u8>, ranges: &mut Vec<KeyRange>) {
        let within = |path: &mut Vec<u8>, name: &[u8], visit: &mut dyn FnMut(&mut Vec<u8>)| {
            let parent = path.len();
            if parent > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            visit(path);
            path.truncate(parent);
        };
        for name in self.children.keys() {
            within(path, name, &mut |path| {
                let Ok(path) = TreePath::parse(path) else { return };
                let key = path.key().as_bytes().to_vec();
                let end = [&key[..], &[0]].concat();
                ranges.push(KeyRange { start: key, end: Some(end) });
            });
        }
        for (name, child) in &self.children {
            within(path, name, &mut |path| {
                if !child.whole {
                    return child.add_ranges(path, ranges);
                }
                let Ok(path) = TreePath::parse(path) else { return };
                ranges.push(KeyRange::below(&path));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> TreePath {
        TreePath::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_leads_to_a_path_is_looked_at_and_what_lies_beside_is_not() {
        let mut scope = Scope::default();
        assert!(scope.is_empty());
        scope.add(&path("home/ada/notes"), false);
        scope.add(&path("home/bob"), true);
        scope.add(&path("home/bob/deep/er"), false);
        let scope = Arc::new(scope);
        let home = scope.child(b"home").unwrap();
        assert_eq!(home.names().collect::<Vec<_>>(), [&b"ada"[..], b"bob"]);
        assert!(scope.child(b"etc").is_none() && home.child(b"eve").is_none());
        assert!(home.child(b"bob").unwrap().child(b"anything").unwrap().is_whole());
        assert!(home.child(b"ada").unwrap().child(b"notes").unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn ranges_hold_exactly_what_is_looked_at(
            added in prop::collection::vec(("[ab.]{1,2}(/[ab.]{1,2}){0,3}", any::<bool>()), 0..6),
            asked in prop::collection::vec("[ab.]{1,2}(/[ab.]{1,2}){0,3}", 20),
        ) {
            let mut scope = Scope::default();
            let added: Vec<_> = added.iter().filter_map(|(text, below)| Some((TreePath::parse(text.as_bytes()).ok()?, *below))).collect();
            for (path, below) in &added {
                scope.add(path, *below);
            }
            let ranges = scope.ranges();
            for pair in ranges.windows(2) {
                prop_assert!(pair[0].end.as_ref().unwrap() <= &pair[1].start);
            }
            for path in asked.iter().filter_map(|text| TreePath::parse(text.as_bytes()).ok()) {
                let leads = |to: &TreePath| to.as_bytes() == path.as_bytes() || to.as_bytes().starts_with(&[path.as_bytes(), b"/"].concat());
                let below = |top: &TreePath| path.as_bytes().starts_with(&[top.as_bytes(), b"/"].concat());
                let expected = added.iter().any(|(added, whole)| leads(added) || *whole && below(added));
                let key = path.key().as_bytes().to_vec();
                let found = ranges.iter().any(|range| range.holds(&key));
                prop_assert_eq!(found, expected, "{:?}", path);
            }
        }
    }
}
