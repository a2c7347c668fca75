//! Changing rules, with checks: what cannot be is refused, what looks wrong is named.

use super::{RuleFile, RuleRoot, Rules, RulesError, root_path};
use std::{
    fmt, fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// Something to tell the user about a change that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The root or pattern was there already; nothing changed.
    AlreadyThere(String),
    /// The root lies in another one.
    Inside {
        /// The new root.
        root: PathBuf,
        /// The root around it.
        outer: PathBuf,
    },
    /// A root's own path matches a pattern. The root wins; the pattern still counts below it.
    RootExcluded {
        /// The root.
        root: PathBuf,
        /// The pattern.
        pattern: String,
    },
    /// The path is a symbolic link: only the link itself is kept.
    IsLink {
        /// The link.
        path: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
    /// The path was given through a link; this is where it really is.
    Resolved {
        /// As given.
        given: PathBuf,
        /// As kept.
        real: PathBuf,
    },
    /// The pattern brings back what no pattern before it leaves out.
    BringsNothingBack(String),
}

impl fmt::Display for Notice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyThere(what) => write!(formatter, "{what} was there already"),
            Self::Inside { root, outer } => {
                write!(formatter, "{} lies in {}, which is backed up already", root.display(), outer.display())
            }
            Self::RootExcluded { root, pattern } => write!(
                formatter,
                "{} is backed up although the pattern {pattern} leaves it out: an included path wins over patterns",
                root.display()
            ),
            Self::IsLink { path, target } => write!(
                formatter,
                "{} is a link: only the link is kept, not what it points to; include {} for that",
                path.display(),
                target.display()
            ),
            Self::Resolved { given, real } => {
                write!(formatter, "{} is really {}, which was included", given.display(), real.display())
            }
            Self::BringsNothingBack(pattern) => {
                write!(formatter, "the pattern {pattern} brings back what nothing before it leaves out")
            }
        }
    }
}

/// Changes to rules.
pub trait Edit: Sized {
    /// Adds a root. Links on the way to it are resolved; a link at its end is kept as the link that it is.
    ///
    /// # Errors
    /// [`RulesError::Absent`] when there is no such path, [`RulesError::Invalid`] when it cannot be one.
    fn include(&mut self, given: &Path) -> Result<Vec<Notice>, RulesError>;

    /// Adds a pattern at the end, where it decides over those before.
    ///
    /// # Errors
    /// [`RulesError::Invalid`] when it does not parse.
    fn exclude(&mut self, pattern: &str) -> Result<Vec<Notice>, RulesError>;

    /// Takes a root away; says whether it was one.
    ///
    /// # Errors
    /// [`RulesError::Invalid`] when a root of the file is not valid.
    fn forget_root(&mut self, given: &Path) -> Result<bool, RulesError>;

    /// Takes a pattern away; says whether it was there.
    fn forget_pattern(&mut self, pattern: &str) -> bool;

    /// What contradicts itself in the whole file.
    ///
    /// # Errors
    /// Those of [`Rules::compile`].
    fn contradictions(&self) -> Result<Vec<Notice>, RulesError>;
}

impl Edit for RuleFile {
    fn include(&mut self, given: &Path) -> Result<Vec<Notice>, RulesError> {
        let absent = |error| RulesError::Absent { path: given.to_owned(), error };
        let real = resolve(given).map_err(absent)?;
        let mut notices = Vec::new();
        if given.is_absolute() && given.components().ne(real.components()) {
            notices.push(Notice::Resolved { given: given.to_owned(), real: real.clone() });
        }
        if let Ok(target) = fs::read_link(&real) {
            let target = real.parent().unwrap_or(Path::new("/")).join(target);
            notices.push(Notice::IsLink { path: real.clone(), target });
        }
        let mut others = Vec::new();
        for root in &self.roots {
            others.push(root_path(root)?);
        }
        if others.contains(&real) {
            return Ok(vec![Notice::AlreadyThere(real.display().to_string())]);
        }
        notices.extend(
            others
                .iter()
                .filter(|outer| real.starts_with(outer))
                .map(|outer| Notice::Inside { root: real.clone(), outer: outer.clone() }),
        );
        let added = Self { roots: [&self.roots[..], &[RuleRoot::new(&real)]].concat(), ..self.clone() };
        let rules = Rules::compile(&added)?;
        notices.extend(contradiction(&rules, &real));
        *self = added;
        Ok(notices)
    }

    fn exclude(&mut self, pattern: &str) -> Result<Vec<Notice>, RulesError> {
        if self.exclude.last().is_some_and(|last| last == pattern) {
            return Ok(vec![Notice::AlreadyThere(pattern.to_owned())]);
        }
        let added = Self { exclude: [&self.exclude[..], &[pattern.to_owned()]].concat(), ..self.clone() };
        let rules = Rules::compile(&added)?;
        let mut notices = Vec::new();
        for root in &added.roots {
            notices
                .extend(contradiction(&rules, &root_path(root)?).filter(
                    |notice| matches!(notice, Notice::RootExcluded { pattern: named, .. } if named == pattern),
                ));
        }
        if pattern.starts_with('!') && self.exclude.iter().all(|before| before.starts_with('!')) {
            notices.push(Notice::BringsNothingBack(pattern.to_owned()));
        }
        *self = added;
        Ok(notices)
    }

    fn forget_root(&mut self, given: &Path) -> Result<bool, RulesError> {
        let real = resolve(given).unwrap_or_else(|_| given.to_owned());
        let before = self.roots.len();
        let mut kept = Vec::new();
        for root in &self.roots {
            let path = root_path(root)?;
            if path != real && path != given {
                kept.push(root.clone());
            }
        }
        self.roots = kept;
        Ok(self.roots.len() < before)
    }

    fn forget_pattern(&mut self, pattern: &str) -> bool {
        let before = self.exclude.len();
        self.exclude.retain(|known| known != pattern);
        self.exclude.len() < before
    }

    fn contradictions(&self) -> Result<Vec<Notice>, RulesError> {
        let rules = Rules::compile(self)?;
        let mut notices = Vec::new();
        for root in &self.roots {
            notices.extend(contradiction(&rules, &root_path(root)?));
        }
        Ok(notices)
    }
}

/// The pattern that would leave a root, or a directory that leads to it, out.
fn contradiction(rules: &Rules, root: &Path) -> Option<Notice> {
    let is_dir = fs::symlink_metadata(root).is_ok_and(|metadata| metadata.is_dir());
    let mut levels = root.ancestors().filter(|level| *level != Path::new("/"));
    levels.find_map(|level| {
        let pattern = rules.excluding(level.as_os_str().as_bytes(), is_dir || level != root)?;
        Some(Notice::RootExcluded { root: root.to_owned(), pattern: pattern.to_owned() })
    })
}

/// The path without links on the way; what stands at its end must exist, and is not followed.
fn resolve(given: &Path) -> std::io::Result<PathBuf> {
    let real = match (given.parent(), given.file_name()) {
        (Some(parent), Some(name)) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            fs::canonicalize(parent)?.join(name)
        }
        _ => fs::canonicalize(given)?,
    };
    fs::symlink_metadata(&real)?;
    Ok(real)
}
