//! Where a restore goes, and what it replaces.

use crate::path::TreePath;
use serde::{Deserialize, Serialize};

/// What becomes of files and symbolic links that are there. A directory is never replaced, and what the snapshot does not have stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overwrite {
    /// All stay; what is in the way is named.
    #[default]
    Never,
    /// Those that were changed before the ones of the snapshot are replaced.
    IfNewer,
    /// Those of another size or time are replaced.
    IfChanged,
    /// All are replaced.
    Always,
}

impl Overwrite {
    /// All of them, by their number in an order.
    pub const ALL: [Self; 4] = [Self::Never, Self::IfNewer, Self::IfChanged, Self::Always];
}

/// Where restored files go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// To where they were.
    InPlace,
    /// Below this folder, each at its full path: an absolute path of the machine.
    Beside(String),
}

impl Target {
    /// Fails when it is no folder that a machine would take, with words for people.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> ::core::result::Result<(), String> {
        let Self::Beside(folder) = self else { return Ok(()) };
        let inner = folder.strip_prefix('/').ok_or("give the folder as a whole path, beginning with /")?;
        TreePath::parse(inner.trim_end_matches('/').as_bytes())
            .map(drop)
            .map_err(|_| "that is no path of a folder; give one such as /srv/restored".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_whole_path_that_stays_where_it_says() {
        for folder in ["", "restored", "/", "/a/../b", "/a//b", "~/restored", "/a/./b", "/a\0b"] {
            assert!(Target::Beside(folder.into()).check().is_err(), "{folder:?}");
        }
        for folder in ["/restored", "/srv/restored/", "/home/ada/Ö"] {
            assert_eq!(Target::Beside(folder.into()).check(), Ok(()), "{folder:?}");
        }
    }
}
