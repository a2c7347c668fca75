//! What is backed up: roots, and what is left out below them.
//!
//! [`file`] is what stands in `rules.toml`, [`edit`] changes it with checks, [`Rules`] decides. A decision about a path looks at that
//! path alone: what lies in a directory that was left out is never asked about, as in `.gitignore`.

pub mod edit;
pub mod explain;
pub mod file;
mod tree;

pub use edit::Notice;
pub use explain::{Decision, explain};
pub use file::{RuleFile, RuleRoot};
pub use tree::RootNode;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::{
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};
use thiserror::Error;

/// The rules cannot be used.
#[derive(Debug, Error)]
pub enum RulesError {
    /// The file cannot be read or written.
    #[error("{path}: {error}; check that the directory exists and belongs to you")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The file is not what it should be.
    #[error(
        "{path} is not valid: {message}; correct it or write the rules again with `iota include` and `iota exclude`"
    )]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with its line.
        message: String,
    },
    /// A root is not an absolute path.
    #[error("{0:?} is not an absolute path without `.` and `..`; give the full path")]
    Root(PathBuf),
    /// A pattern does not parse.
    #[error("the pattern {pattern:?} is not valid: {message}; see the syntax of .gitignore")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// There is no such path.
    #[error("{path:?} cannot be included: {error}; check the spelling")]
    Absent {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

/// Rules, ready to decide.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Roots and the directories that lead to them.
    pub roots: Arc<RootNode>,
    /// Leave out the content of directories that are tagged as caches.
    pub skip_caches: bool,
    /// Leave out files above this size, bytes.
    pub max_file_bytes: Option<u64>,
    patterns: Option<Gitignore>,
}

impl Rules {
    /// Prepares what a file says.
    ///
    /// # Errors
    /// [`RulesError::Root`] and [`RulesError::Pattern`].
    pub fn compile(file: &RuleFile) -> Result<Self, RulesError> {
        let mut roots = RootNode::default();
        for root in &file.roots {
            roots.insert(&root.path()?, root.one_file_system.unwrap_or(file.one_file_system))?;
        }
        let patterns = if file.exclude.is_empty() { None } else { Some(compile_patterns(&file.exclude)?) };
        Ok(Self {
            roots: Arc::new(roots),
            skip_caches: file.skip_caches,
            max_file_bytes: file.max_file_bytes,
            patterns,
        })
    }

    /// The pattern that leaves `path` out; `path` is absolute, `directory` says what it is.
    pub fn excluding(&self, path: &[u8], directory: bool) -> Option<&str> {
        let matched = self.patterns.as_ref()?.matched(Path::new(OsStr::from_bytes(path)), directory);
        match matched {
            ignore::Match::Ignore(glob) => Some(glob.original()),
            ignore::Match::None | ignore::Match::Whitelist(_) => None,
        }
    }

    /// Whether a change at an absolute path is of no interest: it lies below no root and leads to none, or a pattern leaves it out. What it is, is not
    /// known; patterns for directories alone do not count.
    pub fn leave_out(&self, path: &[u8]) -> bool {
        let mut node = Some(&*self.roots);
        let mut covered = false;
        for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
            node = node.and_then(|node| node.children.get(name)).map(|child| &**child);
            match node {
                Some(node) => covered |= node.root.is_some(),
                None if !covered => return true,
                None => {}
            }
        }
        node.is_none() && self.excluding(path, false).is_some()
    }

    /// Whether a file of `size` bytes is too large.
    pub fn is_too_large(&self, size: u64) -> bool {
        self.max_file_bytes.is_some_and(|limit| size > limit)
    }
}

fn compile_patterns(patterns: &[String]) -> Result<Gitignore, RulesError> {
    let mut builder = GitignoreBuilder::new("/");
    builder.allow_unclosed_class(false);
    for pattern in patterns {
        check_pattern(pattern)?;
        let failed =
            |error: ignore::Error| RulesError::Pattern { pattern: pattern.clone(), message: error.to_string() };
        builder.add_line(None, pattern).map_err(failed)?;
    }
    builder.build().map_err(|error| RulesError::Pattern { pattern: patterns.join(" "), message: error.to_string() })
}

/// What `.gitignore` would silently take for something else is refused.
fn check_pattern(pattern: &str) -> Result<(), RulesError> {
    let refuse = |message: &str| Err(RulesError::Pattern { pattern: pattern.to_owned(), message: message.to_owned() });
    let body = pattern.strip_prefix('!').unwrap_or(pattern);
    if body.trim().is_empty() {
        return refuse("it is empty");
    }
    if pattern.starts_with('#') {
        return refuse("a line that begins with # is a comment; write \\# for the character itself");
    }
    if body.contains(['\n', '\0']) {
        return refuse("it contains a line break or a zero byte");
    }
    if body.starts_with("./") || body.starts_with("../") || body.starts_with("~/") {
        return refuse("patterns count from the root of the machine; begin with / or with a name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(patterns: &[&str]) -> Rules {
        let exclude = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        Rules::compile(&RuleFile { exclude, ..RuleFile::default() }).unwrap()
    }

    #[test]
    fn patterns_mean_what_gitignore_says() {
        let rules = rules(&["*.o", "/home/ada/.cache/", "!keep.o", "target", "/var/**/log", "a?b"]);
        let cases: [(&[u8], bool, bool); 14] = [
            (b"/src/x.o", false, true),
            (b"/src/keep.o", false, false),
            (b"/home/ada/.cache", true, true),
            (b"/home/ada/.cache", false, false),
            (b"/home/bob/.cache", true, false),
            (b"/x/home/ada/.cache", true, false),
            (b"/deep/er/target", true, true),
            (b"/deep/er/target", false, true),
            (b"/deep/er/targets", true, false),
            (b"/var/a/b/log", true, true),
            (b"/var/log", true, true),
            (b"/x/\xff\xfe.o", false, true),
            (b"/x/a\xffb", false, true),
            (b"/x/\xff", false, false),
        ];
        for (path, directory, out) in cases {
            assert_eq!(rules.excluding(path, directory).is_some(), out, "{}", path.escape_ascii());
        }
        assert_eq!(rules.excluding(b"/src/x.o", false), Some("*.o"));
    }

    #[test]
    fn misleading_patterns_are_refused() {
        for pattern in ["", "!", "# x", "./x", "~/x", "../x", "a\nb", "a[", "{a"] {
            let file = RuleFile { exclude: vec![pattern.to_owned()], ..RuleFile::default() };
            let result = Rules::compile(&file);
            assert!(matches!(result, Err(RulesError::Pattern { .. })), "{pattern:?}");
        }
    }
}
