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

/// The same thing, done once or several times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repeated {
    /// What.
    pub what: String,
    /// How many times.
    pub times: u32,
    /// All of it.
    pub all: Step,
    /// The one in the middle, milliseconds.
    pub median_ms: f64,
    /// The longest, milliseconds.
    pub most_ms: f64,
}

impl Repeated {
    /// What `steps` took.
    pub fn of(what: impl Into<String>, steps: &[Step]) -> Self {
        let mut times_ms: Vec<f64> = steps.iter().map(|step| step.ms).collect();
        times_ms.sort_by(f64::total_cmp);
        let sum = |of: fn(&Step) -> u64| steps.iter().map(of).sum();
        let all = Step {
            ms: times_ms.iter().sum(),
            requests: sum(|step| step.requests),
            objects: sum(|step| step.objects),
            bytes: sum(|step| step.bytes),
        };
        let at = |place: usize| times_ms.get(place).copied().unwrap_or_default();
        let (median_ms, most_ms) = (at(times_ms.len() / 2), at(times_ms.len().saturating_sub(1)));
        Self { what: what.into(), times: steps.len() as u32, all, median_ms, most_ms }
    }
}

/// What was measured of a set's past.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// Commits of the set.
    pub commits: u64,
    /// Bases among them.
    pub bases: u32,
    /// What a person waits for.
    pub waits: Vec<Repeated>,
    /// A folder taken out as a zip.
    pub zip: Opened,
    /// Names that were read.
    pub names: u64,
    /// Memory that reading them took at most, bytes, without what a browser keeps elsewhere; none where the system does not tell.
    pub names_memory: Option<u64>,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The same set many commits later.
    pub past: Past,
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
