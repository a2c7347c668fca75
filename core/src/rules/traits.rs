//! Traits, and which paths have them.

use super::{RuleError, Schedule, Size, Span, units};
use crate::id::Domain;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// The longest that a path may have to be quiet.
const MAX_SETTLE: Duration = Duration::from_secs(7 * 24 * 3600);
/// The longest that a path may have to wait.
const MAX_WAIT: Duration = Duration::from_secs(31 * 24 * 3600);

/// Settings. What is not set is left to other traits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trait {
    /// Leave the path out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude: Option<bool>,
    /// How long there must be no change before it is backed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle: Option<Span>,
    /// How long it waits when it never rests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_wait: Option<Span>,
    /// When its changes are backed up; outranks the longest wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What goes first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Whether its chunks are compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<bool>,
    /// How it is cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chunking: Option<Chunking>,
    /// Who shares its chunks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Sharing>,
}

/// Whose turn comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// It makes no snapshot of its own before its longest wait is over; it goes along with others.
    Low,
    /// In its turn.
    #[default]
    Normal,
    /// Before all others, and without the minute between snapshots.
    High,
}

/// Into what chunks a file is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Chunking {
    /// By its name and its first bytes: fine for disk images and databases.
    #[default]
    Auto,
    /// About 200 KB.
    Normal,
    /// About 32 KB.
    Fine,
}

/// Who shares the chunks of a file: a dedup domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sharing {
    /// All machines of the account.
    #[default]
    Private,
    /// This machine alone.
    Isolated,
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PathKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, a pipe, a socket.
    Other,
}

/// A trait on paths. All conditions must hold; those of size and age are for files only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attachment {
    /// Name of the trait.
    #[serde(rename = "trait")]
    pub name: String,
    /// Patterns as in `.gitignore`; a directory stands for all that is in it. None: everything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Only files above this size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub larger_than: Option<Size>,
    /// Only files below this size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smaller_than: Option<Size>,
    /// Only files that were modified longer ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_than: Option<Span>,
    /// Only files that were modified since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer_than: Option<Span>,
    /// Only these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<PathKind>,
}

impl Trait {
    /// What the program sets for all paths.
    pub(super) fn of_all() -> Self {
        Self {
            exclude: Some(false),
            settle: Some(Span(Duration::from_secs(5))),
            longest_wait: Some(Span(Duration::from_secs(3600))),
            schedule: None,
            priority: Some(Priority::Normal),
            compression: Some(true),
            chunking: Some(Chunking::Auto),
            domain: Some(Sharing::Private),
        }
    }

    /// What it sets for large files: they are written for longer, and cost more each time.
    pub(super) fn of_large_files() -> Self {
        Self { settle: Some(Span(Duration::from_secs(120))), ..Self::default() }
    }

    /// What `self` sets, and where it sets nothing what `other` does.
    pub(super) fn or(&self, other: &Self) -> Self {
        let own = self.clone();
        Self {
            exclude: own.exclude.or(other.exclude),
            settle: own.settle.or(other.settle),
            longest_wait: own.longest_wait.or(other.longest_wait),
            schedule: own.schedule.or_else(|| other.schedule.clone()),
            priority: own.priority.or(other.priority),
            compression: own.compression.or(other.compression),
            chunking: own.chunking.or(other.chunking),
            domain: own.domain.or(other.domain),
        }
    }

    pub(super) fn check(&self, name: &str) -> Result<(), RuleError> {
        let refuse = |message: String| Err(RuleError::Trait { name: name.to_owned(), message });
        let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            return refuse("a name is up to 64 letters, digits, - and _".into());
        }
        if *self == Self::default() {
            return refuse("it sets nothing".into());
        }
        let too_long = |span: Option<Span>, limit| span.filter(|span| span.0 > limit);
        if let Some(span) = too_long(self.settle, MAX_SETTLE) {
            return refuse(format!("settle = \"{span}\" is longer than {}", units::Span(MAX_SETTLE)));
        }
        if let Some(span) = too_long(self.longest_wait, MAX_WAIT) {
            return refuse(format!("longest_wait = \"{span}\" is longer than {}", units::Span(MAX_WAIT)));
        }
        Ok(())
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        })
    }
}

impl fmt::Display for Chunking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Normal => "normal",
            Self::Fine => "fine",
        })
    }
}

impl Sharing {
    /// The domain.
    pub fn domain(self) -> Domain {
        match self {
            Self::Private => Domain::PRIVATE,
            Self::Isolated => Domain::ISOLATED,
        }
    }
}

impl fmt::Display for Sharing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Private => "private",
            Self::Isolated => "isolated",
        })
    }
}
