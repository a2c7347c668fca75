//! Paths inside a backup set: raw bytes, absolute, without the leading slash.

use crate::wire::{Result, WireError};
use ::core::fmt;

/// Longest component, bytes.
pub const MAX_COMPONENT_BYTES: usize = 255;
/// Longest path, bytes.
pub const MAX_PATH_BYTES: usize = 4096;
/// Most components in a path.
pub const MAX_DEPTH: usize = 255;

/// A checked path: `home/ada/letter.txt`. Bytes, not text; never empty, never escaping.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TreePath(Box<[u8]>);

impl TreePath {
    /// Checks `bytes`.
    ///
    /// # Errors
    /// [`WireError::Invalid`] for an empty path, an empty component, `.`, `..`, or NUL;
    /// [`WireError::TooLarge`] beyond the limits of this module.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_PATH_BYTES {
            return Err(WireError::TooLarge("path"));
        }
        let mut depth = 0;
        for component in bytes.split(|&byte| byte == b'/') {
            depth += 1;
            if component.len() > MAX_COMPONENT_BYTES {
                return Err(WireError::TooLarge("path component"));
            }
            if component.is_empty() || component == b"." || component == b".." || component.contains(&0) {
                return Err(WireError::Invalid("path component"));
            }
        }
        if depth > MAX_DEPTH {
            return Err(WireError::TooLarge("path depth"));
        }
        Ok(Self(bytes.into()))
    }

    /// The raw bytes, components joined by `/`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The components from the top.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'/')
    }

    /// The last component.
    pub fn name(&self) -> &[u8] {
        self.components().next_back().expect("a path has at least one component")
    }

    /// The directory that holds it; `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        let slash = self.0.iter().rposition(|&byte| byte == b'/')?;
        Some(Self(self.0[..slash].into()))
    }

    /// The path of `name` below this directory.
    ///
    /// # Errors
    /// Those of [`TreePath::parse`].
    pub fn join(&self, name: &[u8]) -> Result<Self> {
        let mut bytes = Vec::with_capacity(self.0.len() + 1 + name.len());
        bytes.extend_from_slice(&self.0);
        bytes.push(b'/');
        bytes.extend_from_slice(name);
        Self::parse(&bytes)
    }

    /// Whether `self` is `ancestor` or lies below it.
    pub fn starts_with(&self, ancestor: &Self) -> bool {
        self.0.strip_prefix(&*ancestor.0).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }

    /// The sort key: every parent component followed by 0x00, then 0x00, then the name.
    ///
    /// Children of one directory are contiguous, and so is its whole subtree.
    pub fn key(&self) -> Key {
        let split = self.0.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        let mut key = Vec::with_capacity(self.0.len() + 1);
        key.extend(self.0[..split].iter().map(|&byte| if byte == b'/' { 0 } else { byte }));
        key.push(0);
        key.extend_from_slice(&self.0[split..]);
        Key(key)
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TreePath({:?})", String::from_utf8_lossy(&self.0))
    }
}

impl PartialOrd for TreePath {
    fn partial_cmp(&self, other: &Self) -> Option<::core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TreePath {
    /// The order of [`TreePath::key`].
    fn cmp(&self, other: &Self) -> ::core::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// The sort key of a path; see [`TreePath::key`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    /// The bytes of the key, which order entries.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path that has this key.
    ///
    /// # Errors
    /// Those of [`TreePath::parse`], and [`WireError::Invalid`] when the bytes are no key.
    pub fn parse(bytes: &[u8]) -> Result<TreePath> {
        let split = match bytes.iter().rposition(|&byte| byte == 0) {
            Some(0) => 0,
            Some(position) if bytes[position - 1] == 0 => position,
            _ => return Err(WireError::Invalid("key")),
        };
        let mut path: Vec<u8> = bytes[..split].iter().map(|&byte| if byte == 0 { b'/' } else { byte }).collect();
        path.extend_from_slice(&bytes[split + 1..]);
        if bytes.contains(&b'/') {
            return Err(WireError::Invalid("key"));
        }
        TreePath::parse(&path)
    }

    /// Where the children of `directory` begin (`None`: the top); they end at [`Key::children_end`].
    pub fn children_start(directory: Option<&TreePath>) -> Vec<u8> {
        let mut key = Self::subtree_start(directory);
        key.push(0);
        key
    }

    /// Just past the last child of `directory`: everything below its subdirectories sorts from here on.
    pub fn children_end(directory: Option<&TreePath>) -> Vec<u8> {
        let mut key = Self::subtree_start(directory);
        key.push(1);
        key
    }

    /// Where everything below `directory` begins.
    pub fn subtree_start(directory: Option<&TreePath>) -> Vec<u8> {
        directory.map_or_else(Vec::new, |path| {
            let mut key: Vec<u8> = path.0.iter().map(|&byte| if byte == b'/' { 0 } else { byte }).collect();
            key.push(0);
            key
        })
    }

    /// Just past everything below `directory`.
    pub fn subtree_end(directory: &TreePath) -> Vec<u8> {
        let mut key = Self::subtree_start(Some(directory));
        *key.last_mut().expect("a subtree key ends with its separator") = 1;
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn refuses_what_could_escape() {
        for bad in ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "./a", "a/./b", "a\0b"] {
            assert!(TreePath::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(TreePath::parse(&[b'a'; 255]).is_ok());
        assert!(TreePath::parse(&[b'a'; 256]).is_err());
        assert!(TreePath::parse(["a"; 255].join("/").as_bytes()).is_ok());
        assert!(TreePath::parse(["a"; 256].join("/").as_bytes()).is_err());
    }

    #[test]
    fn keys_keep_children_and_subtrees_together() {
        let mut paths: Vec<_> = ["a/x/y", "b", "a", "a/x", "a.txt", "a/x.y/z", "a/z", "a/x.y"].map(path).to_vec();
        paths.sort();
        let order: Vec<_> = paths.iter().map(|path| String::from_utf8_lossy(path.as_bytes()).into_owned()).collect();
        assert_eq!(order, ["a", "a.txt", "b", "a/x", "a/x.y", "a/z", "a/x/y", "a/x.y/z"]);
        for path in &paths {
            assert_eq!(&Key::parse(path.key().as_bytes()).unwrap(), path);
        }
        let (start, end) = (Key::children_start(Some(&path("a"))), Key::children_end(Some(&path("a"))));
        let inside: Vec<_> = paths.iter().filter(|p| (&start[..]..&end[..]).contains(&p.key().as_bytes())).collect();
        assert_eq!(inside, [&path("a/x"), &path("a/x.y"), &path("a/z")]);
        let (start, end) = (Key::subtree_start(Some(&path("a/x"))), Key::subtree_end(&path("a/x")));
        let inside: Vec<_> = paths.iter().filter(|p| (&start[..]..&end[..]).contains(&p.key().as_bytes())).collect();
        assert_eq!(inside, [&path("a/x/y")]);
    }
}
