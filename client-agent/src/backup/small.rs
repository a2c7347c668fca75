//! Bundles: small files that are stored together, in entry order, cut at file boundaries by a keyed hash.

use super::FileId;
use iota_core::extent::ChunkKey;
use iota_crypto::cut::{CutKey, MAX_BUNDLE_BYTES};
use std::collections::HashMap;

/// Most files that wait for one bundle: what waits is in memory, and many files may share one short content.
const MAX_BUNDLE_FILES: usize = 8192;

/// A small content in a bundle, and the files that have it.
#[derive(Debug)]
pub struct Member {
    /// Keyed hash of the content.
    pub content: ChunkKey,
    /// First byte in the bundle.
    pub start: u32,
    /// Bytes.
    pub bytes: u32,
    /// Files that wait for it.
    pub files: Vec<FileId>,
}

/// The bundle that is being filled.
#[derive(Debug, Default)]
pub struct Bundle {
    /// Contents, one after another.
    pub bytes: Vec<u8>,
    /// What is where.
    pub members: Vec<Member>,
    by_content: HashMap<[u8; 32], usize>,
    files: usize,
}

impl Bundle {
    /// Adds `file` to an equal content that is in the bundle already.
    pub fn share(&mut self, content: &ChunkKey, file: FileId) -> bool {
        match self.by_content.get(&content.0) {
            Some(&member) => {
                self.members[member].files.push(file);
                self.files += 1;
                true
            }
            None => false,
        }
    }

    /// Whether no other file should wait for this bundle.
    pub fn is_crowded(&self) -> bool {
        self.files >= MAX_BUNDLE_FILES
    }

    /// Whether `length` more bytes do not fit.
    pub fn is_full_for(&self, length: usize) -> bool {
        self.bytes.len() + length > MAX_BUNDLE_BYTES
    }

    /// Appends a content; returns whether the bundle ends with it.
    pub fn push(&mut self, content: ChunkKey, plaintext: &[u8], file: FileId, cut: &CutKey) -> bool {
        let member =
            Member { content, start: self.bytes.len() as u32, bytes: plaintext.len() as u32, files: vec![file] };
        self.by_content.insert(content.0, self.members.len());
        self.members.push(member);
        self.files += 1;
        self.bytes.extend_from_slice(plaintext);
        cut.ends_bundle(&content, plaintext.len() as u64)
    }
}
