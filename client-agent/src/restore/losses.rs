//! What could not be restored as it was.

use crate::history::LostObject;
use iota_core::path::TreePath;
use std::sync::{Mutex, PoisonError};

/// Most losses that are listed; more are counted.
pub const MAX_LISTED_LOSSES: usize = 1000;

/// Why something is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LossReason {
    /// An object of its content, or the page that describes it, is lost.
    Object(LostObject),
    /// There is something else at its path.
    Exists,
    /// What should be its directory is none, or could not be made.
    Parent(String),
    /// It could not be written.
    Write(String),
    /// It is there, but a part of its metadata is not.
    Metadata {
        /// Which part.
        part: String,
        /// Why.
        reason: String,
    },
    /// It is not given without being asked for: devices, setuid and setgid bits, capabilities.
    Withheld(&'static str),
    /// All entries together are not the state that was backed up.
    StateRoot,
}

impl LossReason {
    /// A stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Object(object) => object.fault.word(),
            Self::Exists => "exists",
            Self::Parent(_) => "parent",
            Self::Write(_) => "write",
            Self::Metadata { .. } => "metadata",
            Self::Withheld(_) => "withheld",
            Self::StateRoot => "state_root",
        }
    }
}

impl std::fmt::Display for LossReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object(object) => object.fmt(formatter),
            Self::Exists => formatter.write_str("something else is there already"),
            Self::Parent(reason) => write!(formatter, "its directory cannot be used: {reason}"),
            Self::Write(reason) => write!(formatter, "it could not be written: {reason}"),
            Self::Metadata { part, reason } => write!(formatter, "{part} could not be set: {reason}"),
            Self::Withheld(what) => formatter.write_str(what),
            Self::StateRoot => formatter.write_str("the entries do not add up to the state that was backed up"),
        }
    }
}

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Raw path; for a lost page that of the first entry in it, empty for the whole state.
    pub path: Box<[u8]>,
    /// How many entries it concerns: one, or what a lost page held.
    pub entries: u64,
    /// Why.
    pub reason: LossReason,
}

/// Collects losses of all threads.
#[derive(Default)]
pub(super) struct Losses(Mutex<(Vec<Loss>, u64)>);

impl Losses {
    pub fn add(&self, path: &TreePath, reason: LossReason) {
        self.push(Loss { path: path.as_bytes().into(), entries: 1, reason });
    }

    pub fn push(&self, loss: Loss) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1 += loss.entries;
        if inner.0.len() < MAX_LISTED_LOSSES {
            inner.0.push(loss);
        }
    }

    pub fn finish(self) -> (Vec<Loss>, u64) {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
