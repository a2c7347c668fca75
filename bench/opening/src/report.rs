//! What one run measured.

use serde::{Deserialize, Serialize};

use crate::browser::Traffic;

/// Pieces of one content that were opened one after the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// Bytes of plaintext.
    pub bytes: u64,
    /// Milliseconds.
    pub ms: f64,
}

impl Opened {
    /// Megabytes (10^6) of plaintext a second.
    pub fn mb_per_s(&self) -> f64 {
        self.bytes as f64 / self.ms / 1000.0
    }
}

/// Something that a person waits for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Milliseconds without the network's.
    pub ms: f64,
    /// Requests.
    pub requests: u64,
    /// Objects fetched.
    pub objects: u64,
    /// Bytes fetched, of everything.
    pub bytes: u64,
}

impl Step {
    /// A step that took `ms` and this traffic.
    pub fn new(ms: f64, Traffic { requests, objects, bytes }: Traffic) -> Self {
        Self { ms, requests, objects, bytes }
    }
}

/// Folders that were shown one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    /// How many.
    pub folders: u32,
    /// All of it.
    pub all: Step,
    /// The folder in the middle, milliseconds.
    pub median_ms: f64,
    /// 95 of 100 folders took no longer.
    pub p95_ms: f64,
}

impl Walk {
    /// Folders a second.
    pub fn folders_per_s(&self) -> f64 {
        f64::from(self.folders) / self.all.ms * 1000.0
    }
}

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Pieces of source text.
    pub text: Opened,
    /// Pieces of noise.
    pub noise: Opened,
    /// Files in the set.
    pub files: u64,
    /// The vault unlocked, the machines listed, the newest state opened.
    pub open: Step,
    /// The folder that is shown first.
    pub first: Step,
    /// The others.
    pub walk: Walk,
}

impl Report {
    /// Both contents.
    pub fn pieces(&self) -> Opened {
        Opened { bytes: self.text.bytes + self.noise.bytes, ms: self.text.ms + self.noise.ms }
    }

    /// Bytes fetched until something is seen.
    pub fn bytes_to_open(&self) -> u64 {
        self.open.bytes + self.first.bytes
    }
}
