//! The roots as a tree: the directories that lead to them, and the roots themselves.

use super::RuleError;
use crate::path::TreePath;
use std::{collections::BTreeMap, sync::Arc};

/// A directory on the way to a root, or a root.
#[derive(Debug, Clone, Default)]
pub struct RootNode {
    /// What leads further, by name.
    pub children: BTreeMap<Box<[u8]>, Arc<RootNode>>,
    /// This is a root; `true` keeps to its file system.
    pub root: Option<bool>,
}

impl RootNode {
    /// Adds a root; `/` is the node itself.
    pub(super) fn insert(&mut self, path: &[u8], one_file_system: bool) -> Result<(), RuleError> {
        if path == b"/" {
            self.root = Some(one_file_system);
            return Ok(());
        }
        let refused = || RuleError::Root(String::from_utf8_lossy(path).into_owned());
        let tree_path = path.strip_prefix(b"/").ok_or_else(refused)?;
        let tree_path = TreePath::parse(tree_path).map_err(|_| refused())?;
        let mut node = self;
        for component in tree_path.components() {
            node = Arc::make_mut(node.children.entry(component.into()).or_default());
        }
        node.root = Some(one_file_system);
        Ok(())
    }

    /// Whether anything leads further.
    pub fn leads_on(&self) -> bool {
        !self.children.is_empty()
    }
}
