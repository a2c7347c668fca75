//! Restores that a machine carries out.

use super::Selection;
use crate::{
    id::{RestoreId, SetId},
    restore::{Ordered, Outcome, Overwrite, Target},
};
use serde::{Deserialize, Serialize};

/// Orders a restore: seals it to a machine, signs the grant, and gives both to the server, which keeps them for the machine. Needs an open
/// vault and a password that was proved just now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderRestore {
    /// The set whose files come back.
    pub set: SetId,
    /// The commit.
    pub at: u64,
    /// Which of them.
    pub selection: Selection,
    /// The set of the machine that restores: the same or another.
    pub machine: SetId,
    /// Where to.
    pub target: Target,
    /// What is replaced.
    pub overwrite: Overwrite,
    /// Only look, and say what would be done.
    pub dry_run: bool,
}

/// The restores that a machine was ordered to do in the last 30 days, newest first. Needs an open vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListRestores {
    /// The set of the machine.
    pub machine: SetId,
}

/// A restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreView {
    /// Which.
    pub order: RestoreId,
    /// The set whose files come back.
    pub set: SetId,
    /// The commit.
    pub at: u64,
    /// When it was ordered, milliseconds since 1970.
    pub ordered_ms: u64,
    /// When it ends by itself.
    pub until_ms: u64,
    /// What was ordered, as far as that can be read; names are safe to show.
    pub ordered: Option<Ordered>,
    /// How it stands.
    pub standing: Standing,
}

/// How a restore stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The machine has it to do, or does it: then its live word tells how far it is ([`crate::live::Status::restore`]).
    Open,
    /// It was cancelled before the machine said that it ended.
    Cancelled,
    /// Its time is over.
    Expired,
    /// It has ended; names are safe to show.
    Ended(Box<Outcome>),
    /// The machine ended it, and what it says cannot be read: it was enrolled anew since, or the server altered it.
    Unreadable,
}

/// Cancels a restore. What is complete stays.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CancelRestore {
    /// The set of the machine.
    pub machine: SetId,
    /// Which.
    pub order: RestoreId,
}
