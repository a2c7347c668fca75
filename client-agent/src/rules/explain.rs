//! Why a path is, or is not, in the backup.

use super::{Choice, RootNode, Rules, facts};
use crate::platform::{FileKind, Status, is_pseudo, open_directory, open_root, status_at, status_of, status_of_path};
use crate::scan::is_cache;
use std::{
    fmt, io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

/// What the rules say about a path, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It lies in a root, and nothing leaves it out.
    Included {
        /// The root.
        root: PathBuf,
    },
    /// It is kept because it leads to a root.
    LeadsToRoot,
    /// No root contains it.
    OutsideRoots,
    /// A pattern leaves it, or a directory above it, out.
    Pattern {
        /// What matched.
        path: PathBuf,
        /// The pattern.
        pattern: String,
    },
    /// A directory above it is a cache.
    Cache {
        /// The tagged directory.
        directory: PathBuf,
    },
    /// The file is larger than allowed.
    TooLarge,
    /// A trait leaves it, or a directory above it, out.
    Trait {
        /// What matched.
        path: PathBuf,
        /// Why, in words.
        why: String,
    },
    /// Another file system begins at or above it.
    OtherFileSystem {
        /// Where.
        directory: PathBuf,
    },
    /// It lies in a file system of the kernel's own.
    Pseudo {
        /// Where that begins.
        directory: PathBuf,
    },
    /// A directory on the way is a link, or cannot be opened.
    Unreachable {
        /// Which.
        directory: PathBuf,
    },
}

impl fmt::Display for Decision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Included { root } => write!(formatter, "included: it lies in the root {}", root.display()),
            Self::LeadsToRoot => write!(formatter, "included without its content: it leads to a root"),
            Self::OutsideRoots => write!(formatter, "left out: no root contains it"),
            Self::Pattern { path, pattern } => {
                write!(formatter, "left out: the pattern {pattern} matches {}", path.display())
            }
            Self::Trait { path, why } => write!(formatter, "left out: {}, by the {why}", path.display()),
            Self::Cache { directory } => write!(formatter, "left out: {} is tagged as a cache", directory.display()),
            Self::TooLarge => write!(formatter, "left out: the file is larger than max_file_bytes"),
            Self::OtherFileSystem { directory } => {
                write!(formatter, "left out: another file system begins at {}", directory.display())
            }
            Self::Pseudo { directory } => {
                write!(formatter, "left out: {} is a file system of the kernel's own", directory.display())
            }
            Self::Unreachable { directory } => {
                write!(formatter, "cannot be reached: {} is a link or cannot be opened", directory.display())
            }
        }
    }
}

impl Decision {
    /// Whether the path itself is kept.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Included { .. } | Self::LeadsToRoot)
    }
}

/// The root that covers the place where the walk down is.
struct Cover {
    root: PathBuf,
    one_file_system: bool,
    device: u64,
}

/// Why a path is, or is not, in the backup, and how it is treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Whether it is, and why.
    pub decision: Decision,
    /// Its settings; none for what is left out.
    pub settings: Vec<Choice>,
}

/// Walks down to an absolute `path` as a scan at a time would, and says what happens to it.
///
/// # Errors
/// When `path` is not there or is not absolute.
pub fn explain(rules: &Rules, path: &Path, now_ms: u64) -> io::Result<Explained> {
    let decision = decide(rules, path, now_ms)?;
    let settings = match decision {
        Decision::Included { .. } => {
            let bytes = path.as_os_str().as_bytes();
            rules.explain(bytes, &facts(&status_of_path(bytes)?, now_ms))
        }
        _ => Vec::new(),
    };
    Ok(Explained { decision, settings })
}

fn decide(rules: &Rules, path: &Path, now_ms: u64) -> io::Result<Decision> {
    let bytes = path.as_os_str().as_bytes();
    let bytes = bytes.strip_prefix(b"/").ok_or_else(|| io::Error::other("the path is not absolute"))?;
    let mut directory = open_root()?;
    let mut node = Some(&*rules.roots);
    let mut cover = cover_of(node, Path::new("/"), status_of(&directory)?.key.device);
    let mut below_cache = None;
    let mut here = PathBuf::from("/");
    let names: Vec<&[u8]> = bytes.split(|&byte| byte == b'/').filter(|name| !name.is_empty()).collect();
    for (depth, name) in names.iter().enumerate() {
        here.push(std::ffi::OsStr::from_bytes(name));
        let status = status_at(directory.as_fd(), name)?;
        let is_dir = status.kind == FileKind::Directory;
        node = node.and_then(|node| node.children.get(*name)).map(|child| &**child);
        if node.is_some_and(|node| node.root.is_some()) {
            cover = cover_of(node, &here, status.key.device);
            below_cache = None;
        } else if let Some(cover_here) = &cover {
            let crossed = is_dir && (status.mount_point || status.key.device != cover_here.device);
            let out = left_out(rules, &here, &status, now_ms, below_cache.take());
            match out {
                Some(_) if node.is_some() => cover = None,
                Some(decision) => return Ok(decision),
                None if crossed && depth + 1 < names.len() => {
                    if let Some(decision) = crossing(cover_here, &directory, name, &here)?
                        && node.is_none()
                    {
                        return Ok(decision);
                    }
                }
                None => {}
            }
        } else if node.is_none() {
            return Ok(Decision::OutsideRoots);
        }
        if depth + 1 < names.len() {
            let unreachable = || Decision::Unreachable { directory: here.clone() };
            let Ok(next) = open_directory(directory.as_fd(), name) else { return Ok(unreachable()) };
            directory = next;
            if rules.skip_caches
                && cover.is_some()
                && is_cache(directory.as_fd())
                && names[depth + 1] != b"CACHEDIR.TAG"
            {
                below_cache = Some(here.clone());
            }
        }
    }
    Ok(match cover {
        Some(Cover { root, .. }) => Decision::Included { root },
        None if node.is_some() => Decision::LeadsToRoot,
        None => Decision::OutsideRoots,
    })
}

fn cover_of(node: Option<&RootNode>, path: &Path, device: u64) -> Option<Cover> {
    let one_file_system = node?.root?;
    Some(Cover { root: path.to_owned(), one_file_system, device })
}

fn left_out(rules: &Rules, path: &Path, status: &Status, now_ms: u64, cache: Option<PathBuf>) -> Option<Decision> {
    let is_dir = status.kind == FileKind::Directory;
    if let Some(directory) = cache {
        return Some(Decision::Cache { directory });
    }
    if let Some(pattern) = rules.excluding(path.as_os_str().as_bytes(), is_dir) {
        return Some(Decision::Pattern { path: path.to_owned(), pattern: pattern.to_owned() });
    }
    if status.kind == FileKind::File && rules.is_too_large(status.size) {
        return Some(Decision::TooLarge);
    }
    let (bytes, facts) = (path.as_os_str().as_bytes(), facts(status, now_ms));
    let choices = if rules.trait_excludes(bytes, &facts) { rules.explain(bytes, &facts) } else { return None };
    let choice = choices.into_iter().find(|choice| choice.setting == "exclude")?;
    Some(Decision::Trait { path: path.to_owned(), why: choice.source.describe() })
}

fn crossing(cover: &Cover, parent: &OwnedFd, name: &[u8], path: &Path) -> io::Result<Option<Decision>> {
    if cover.one_file_system {
        return Ok(Some(Decision::OtherFileSystem { directory: path.to_owned() }));
    }
    let opened = open_directory(parent.as_fd(), name)?;
    Ok(is_pseudo(opened.as_fd())?.then(|| Decision::Pseudo { directory: path.to_owned() }))
}
