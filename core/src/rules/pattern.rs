//! Patterns as in `.gitignore`, from the root of the machine, over names that are bytes.

use super::{MAX_TEXT_BYTES, RuleError};
use std::sync::Arc;

/// One pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    text: String,
    body: Body,
    brings_back: bool,
    directories_only: bool,
}

/// What is compared with what. Most patterns need no glob.
#[derive(Debug, Clone)]
enum Body {
    /// The name is this.
    Name(Box<[u8]>),
    /// The name ends with this.
    Suffix(Box<[u8]>),
    /// The path is this, without its first `/`.
    Path(Box<[u8]>),
    /// The name matches a glob.
    NameGlob(Box<[u8]>),
    /// The path matches a glob.
    PathGlob(Box<[u8]>),
}

impl Pattern {
    /// Refuses what `.gitignore` would silently take for something else.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let refuse = |message: &str| Err(RuleError::Pattern { pattern: text.to_owned(), message: message.to_owned() });
        let (brings_back, body) = match text.strip_prefix('!') {
            Some(body) => (true, body),
            None => (false, text),
        };
        if body.trim().is_empty() {
            return refuse("it is empty");
        }
        if text.len() > MAX_TEXT_BYTES {
            return refuse("it is too long");
        }
        if text.starts_with('#') {
            return refuse("a line that begins with # is a comment; write \\# for the character itself");
        }
        if body.contains(['\n', '\0']) {
            return refuse("it contains a line break or a zero byte");
        }
        if ["./", "../", "~/"].iter().any(|start| body.starts_with(start)) {
            return refuse("patterns count from the root of the machine; begin with / or with a name");
        }
        if let Err(error) = fast_glob::validate(body) {
            return refuse(&error.to_string());
        }
        let (directories_only, body) = match body.strip_suffix('/') {
            Some(body) => (true, body),
            None => (false, body),
        };
        if body.is_empty() {
            return refuse("it names the root of the machine");
        }
        let body = match body.strip_prefix('/') {
            Some(path) => Body::of_path(path),
            None if body.contains('/') => Body::of_path(body),
            None => Body::of_name(body),
        };
        Ok(Self { text: text.to_owned(), body, brings_back, directories_only })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// It begins with `!`.
    pub fn brings_back(&self) -> bool {
        self.brings_back
    }

    /// Whether an absolute path matches, not what lies below it.
    pub fn matches(&self, path: &[u8], directory: bool) -> bool {
        if self.directories_only && !directory {
            return false;
        }
        let path = path.strip_prefix(b"/").unwrap_or(path);
        let name = || path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        match &self.body {
            Body::Name(text) => *name() == **text,
            Body::Suffix(text) => name().ends_with(text),
            Body::Path(text) => *path == **text,
            Body::NameGlob(glob) => fast_glob::glob_match(glob, name()),
            Body::PathGlob(glob) => fast_glob::glob_match(glob, path),
        }
    }
}

impl Body {
    fn of_name(text: &str) -> Self {
        match text.strip_prefix('*') {
            _ if is_literal(text) => Self::Name(text.as_bytes().into()),
            Some(suffix) if is_literal(suffix) => Self::Suffix(suffix.as_bytes().into()),
            _ => Self::NameGlob(as_glob(text)),
        }
    }

    fn of_path(text: &str) -> Self {
        if is_literal(text) { Self::Path(text.as_bytes().into()) } else { Self::PathGlob(as_glob(text)) }
    }
}

fn is_literal(text: &str) -> bool {
    !text.contains(['*', '?', '[', ']', '{', '}', '\\'])
}

/// A `!` at the beginning is no negation here.
fn as_glob(text: &str) -> Box<[u8]> {
    let escape = if text.starts_with('!') { "\\" } else { "" };
    [escape.as_bytes(), text.as_bytes()].concat().into()
}

/// Patterns of which the last that matches decides.
#[derive(Debug, Clone)]
pub(super) struct PatternList(Arc<[Pattern]>);

impl PatternList {
    pub fn parse(texts: &[String]) -> Result<Self, RuleError> {
        texts.iter().map(|text| Pattern::parse(text)).collect::<Result<_, _>>().map(Self)
    }

    /// The pattern that decides about a path, and its place in the list.
    pub fn deciding(&self, path: &[u8], directory: bool) -> Option<(usize, &Pattern)> {
        self.0.iter().enumerate().rev().find(|(_, pattern)| pattern.matches(path, directory))
    }
}
