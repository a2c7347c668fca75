//! Everything that a file system says of a tree, for comparison. Needs `iota_agent` and `iota_core` only.

use iota_agent::platform::{
    FileKey, FileKind, Stretch, attributes_at, list, next_stretch, open_directory, open_file, open_given_directory,
    read_link, status_at,
};
use iota_core::{
    entry::Timestamp,
    id::{Cid, Digest},
};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::Read,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

/// Files below this size lose their holes.
pub const SPARSE_FROM_BYTES: u64 = 64 << 10;

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub kind: FileKind,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: Timestamp,
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub size: u64,
    /// Hash of a file's bytes.
    pub content: Option<Digest>,
    /// Where data begins and ends, of large files.
    pub data: Vec<(u64, u64)>,
    pub target: Option<Vec<u8>>,
    pub device: (u32, u32),
    /// First path, in byte order, of the same file.
    pub same_as: Option<Vec<u8>>,
}

pub type Tree = BTreeMap<Vec<u8>, Node>;

/// The tree below `root`, which is not part of it itself.
pub fn look(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut firsts = HashMap::new();
    let root = open_given_directory(root).unwrap();
    let mut stack: Vec<(Vec<u8>, OwnedFd)> = vec![(Vec::new(), root)];
    while let Some((path, directory)) = stack.pop() {
        let names = list(directory.as_fd()).unwrap();
        for name in (0..names.len()).map(|index| names.get(index).unwrap()) {
            let mut child = path.clone();
            child.extend_from_slice(if path.is_empty() { b"" } else { b"/" });
            child.extend_from_slice(name);
            let node = node(&directory, name, &child, &mut firsts);
            if node.kind == FileKind::Directory {
                stack.push((child.clone(), open_directory(directory.as_fd(), name).unwrap()));
            }
            tree.insert(child, node);
        }
    }
    link_groups(&mut tree);
    tree
}

fn node(directory: &OwnedFd, name: &[u8], path: &[u8], firsts: &mut HashMap<FileKey, Vec<u8>>) -> Node {
    let status = status_at(directory.as_fd(), name).unwrap();
    let is_file = status.kind == FileKind::File;
    let attributes = attributes_at(directory.as_fd(), name).unwrap();
    let mut same_as = None;
    if is_file && status.links > 1 {
        let first = firsts.entry(status.key).or_insert_with(|| path.to_vec());
        if path < &first[..] {
            *first = path.to_vec();
        }
        same_as = Some(format!("{:?}", status.key).into_bytes());
    }
    let (content, data) = if is_file {
        let file: File = open_file(directory.as_fd(), name).unwrap().into();
        (Some(hash(&file)), if status.size < SPARSE_FROM_BYTES { vec![] } else { stretches(&file, status.size) })
    } else {
        (None, vec![])
    };
    Node {
        kind: status.kind,
        mode: status.mode,
        uid: status.uid,
        gid: status.gid,
        mtime: status.mtime,
        xattrs: attributes.into_iter().map(|(name, value)| (name.into(), value.unwrap().into())).collect(),
        size: if is_file { status.size } else { 0 },
        content,
        data,
        target: (status.kind == FileKind::Symlink).then(|| read_link(directory.as_fd(), name).unwrap().into()),
        device: status.device,
        same_as,
    }
}

/// Names groups of links by their first path instead of their inode.
fn link_groups(tree: &mut Tree) {
    let mut firsts: HashMap<Vec<u8>, (Vec<u8>, usize)> = HashMap::new();
    for (path, node) in tree.iter() {
        if let Some(group) = &node.same_as {
            firsts.entry(group.clone()).or_insert_with(|| (path.clone(), 0)).1 += 1;
        }
    }
    for node in tree.values_mut() {
        // A group of one has its other links outside of the tree.
        node.same_as = node
            .same_as
            .take()
            .map(|group| firsts[&group].clone())
            .filter(|(_, count)| *count > 1)
            .map(|(first, _)| first);
    }
}

fn hash(mut file: &File) -> Digest {
    let mut digest = Digest::ZERO;
    let mut buffer = vec![0; 1 << 20];
    let mut position = 0u64;
    loop {
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read(&mut buffer[filled..]).unwrap() {
                0 => break,
                count => filled += count,
            }
        }
        if filled == 0 {
            return digest;
        }
        position += filled as u64;
        let numbered = [&digest.0[..], &position.to_le_bytes(), &Cid::of(&buffer[..filled]).0].concat();
        digest = Digest(Cid::of(&numbered).0);
    }
}

fn stretches(file: &File, size: u64) -> Vec<(u64, u64)> {
    let (mut all, mut at) = (vec![], 0);
    while at < size {
        let next = match next_stretch(file.as_fd(), at, size).unwrap() {
            Stretch::HoleUntil(end) => end,
            Stretch::DataUntil(end) => {
                all.push((at, end));
                end
            }
        };
        at = next;
    }
    all
}

/// What is not the same, one line each.
pub fn differences(was: &Tree, is: &Tree) -> Vec<String> {
    let show = |path: &[u8]| path.escape_ascii().to_string();
    let mut lines = vec![];
    for (path, node) in was {
        match is.get(path) {
            None => lines.push(format!("{} is missing", show(path))),
            Some(other) if other != node => lines.push(format!("{}: {node:?} is {other:?}", show(path))),
            Some(_) => {}
        }
    }
    lines.extend(is.keys().filter(|path| !was.contains_key(*path)).map(|path| format!("{} is too much", show(path))));
    lines
}
