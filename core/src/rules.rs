//! What is backed up, what is left out, and how paths are treated: the one evaluator of the agent and of the pages.
//!
//! [`RuleFile`] is what people write, [`Rules`] decides. A decision about a path looks at that path and the directories above it by name alone: what lies
//! in a directory that was left out is never asked about, as in `.gitignore`. Traits are settings with a name; [`Attachment`]s say which paths have them;
//! for each setting the nearest wins. `docs/traits.md` describes the language.

mod coverage;
mod decide;
mod file;
mod pattern;
mod schedule;
mod search;
mod traits;
mod tree;
mod units;
mod verdict;

pub use coverage::{Counter, LeftOut, RuleCoverage, Share};
pub use decide::{Choice, Facts, Settings, Source};
pub use file::{Bandwidth, Rest, RuleFile, RuleRoot};
pub use schedule::{LocalTime, Schedule};
pub use search::Search;
pub use traits::{Attachment, Chunking, PathKind, Priority, Sharing, Trait};
pub use tree::RootNode;
pub use units::{Size, Span};
pub use verdict::{Reason, Verdict};

use decide::Attached;
use pattern::{Pattern, PatternList};
use std::{sync::Arc, time::Duration};
use thiserror::Error;

/// Most patterns, roots, traits and attachments that a file may have, each.
pub const MAX_ITEMS: usize = 1000;
/// A server takes slower uploads for dead ones, bytes per second.
const LEAST_BANDWIDTH: Size = Size(100_000);
/// How long a machine may rest by itself.
const REST: [Duration; 2] = [Duration::from_secs(600), Duration::from_secs(7 * 24 * 3600)];
/// Longest pattern and longest path, bytes.
pub const MAX_TEXT_BYTES: usize = 4096;

/// What people wrote cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RuleError {
    /// A root is not an absolute path.
    #[error("{0:?} is not an absolute path without `.` and `..`; give the full path")]
    Root(String),
    /// A pattern does not parse.
    #[error("the pattern {pattern:?} is not valid: {message}; see the syntax of .gitignore")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        message: String,
    },
    /// A trait cannot be.
    #[error("the trait {name:?} is not valid: {message}")]
    Trait {
        /// Its name.
        name: String,
        /// What is wrong with it.
        message: String,
    },
    /// A trait that is attached is nowhere.
    #[error("there is no trait {0:?}; write [trait.{0}] with its settings, or correct the name")]
    NoSuchTrait(String),
    /// Transfers would be so slow that the server ends them.
    #[error(
        "a limit of \"{0}\" is too slow: transfers need {LEAST_BANDWIDTH} a second; to rest, use `iota pause` or a schedule"
    )]
    Bandwidth(Size),
    /// A limit of nothing.
    #[error("a limit of bandwidth limits nothing; give it up, down, or both, as up = \"2M\"")]
    NoBandwidth,
    /// A rest would be no rest, or no backup.
    #[error("longest = \"{0}\" is no time to rest; write 10m to 7d")]
    Rest(Span),
    /// More than can be checked for every path.
    #[error("there are more than {MAX_ITEMS} {0}; join some of them")]
    TooMany(&'static str),
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
    patterns: PatternList,
    /// Those of the program first, then as they were written.
    attached: Arc<[Attached]>,
}

impl Rules {
    /// Prepares what a file says.
    ///
    /// # Errors
    /// [`RuleError`].
    pub fn compile(file: &RuleFile) -> Result<Self, RuleError> {
        let counts = [
            ("roots", file.roots.len()),
            ("patterns", file.exclude.len()),
            ("traits", file.traits.len()),
            ("attachments", file.attach.len()),
            ("limits of bandwidth", file.bandwidth.len()),
        ];
        if file.bandwidth.iter().any(|limit| limit.up.is_none() && limit.down.is_none()) {
            return Err(RuleError::NoBandwidth);
        }
        let mut limits = file.bandwidth.iter().flat_map(|limit| [limit.up, limit.down]).flatten();
        if let Some(limit) = limits.find(|limit| *limit < LEAST_BANDWIDTH) {
            return Err(RuleError::Bandwidth(limit));
        }
        let longest = file.rest.longest;
        if !(REST[0]..=REST[1]).contains(&longest.0) {
            return Err(RuleError::Rest(longest));
        }
        if let Some((what, _)) = counts.into_iter().find(|(_, count)| *count > MAX_ITEMS) {
            return Err(RuleError::TooMany(what));
        }
        let mut roots = RootNode::default();
        for root in &file.roots {
            roots.insert(&root.path()?, root.one_file_system.unwrap_or(file.one_file_system))?;
        }
        Ok(Self {
            roots: Arc::new(roots),
            skip_caches: file.skip_caches,
            max_file_bytes: file.max_file_bytes,
            patterns: PatternList::parse(&file.exclude)?,
            attached: decide::attach(file)?.into(),
        })
    }

    /// The pattern that leaves `path` out; `path` is absolute, `directory` says what it is.
    pub fn excluding(&self, path: &[u8], directory: bool) -> Option<&str> {
        self.excluding_pattern(path, directory).map(|(_, pattern)| pattern.text())
    }

    fn excluding_pattern(&self, path: &[u8], directory: bool) -> Option<(usize, &Pattern)> {
        self.patterns.deciding(path, directory).filter(|(_, pattern)| !pattern.brings_back())
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
