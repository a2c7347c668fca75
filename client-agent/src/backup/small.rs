//! Bundles: small files that are stored together, in entry order, cut at file boundaries by a keyed hash.

use super::FileId;
use iota_core::extent::ChunkKey;
use iota_crypto::cut::{CutKey, MAX_BUNDLE_BYTES};
use std::collections::HashMap;

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
}

impl Bundle {
    /// Adds `file` to an equal content that is in the bundle already.
    pub fn share(&mut self, content: &ChunkKey, file: FileId) -> bool {
        match self.by_content.get(&content.0) {
            Some(&member) => {
                self.members[member].files.push(file);
                true
            }
            None => false,
        }
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
        self.bytes.extend_from_slice(plaintext);
        cut.ends_bundle(&content, plaintext.len() as u64)
    }
}
