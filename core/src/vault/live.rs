//! What a machine is doing, and orders to it.

use crate::{
    id::SetId,
    live::{Order, Resting, Status},
};
use serde::{Deserialize, Serialize};

/// How a machine is, by its own sealed word. Needs an open vault. While it is asked at least every 30 seconds the machine tells more.
#[derive(Serialize, Deserialize)]
pub struct ReadLive {
    /// Its set.
    pub set: SetId,
}

/// How a machine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveView {
    /// It has a connection open, so that orders reach it.
    pub listens: bool,
    /// When its word arrived at the server.
    pub received_ms: Option<u64>,
    /// Its word, with names that are safe to show; none when it has said nothing since the server started.
    pub status: Option<Status>,
}

/// What all machines said last, in short. Needs an open vault; no machine tells more because of it. A machine that said nothing, or whose
/// word cannot be read, is not among them: its own page says why.
#[derive(Serialize, Deserialize)]
pub struct ReadWords {}

/// What a machine said last, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineWord {
    /// Its set.
    pub set: SetId,
    /// When its word arrived at the server. The times in it are brought to the server's clock by that.
    pub received_ms: u64,
    /// What it is at.
    pub doing: Doing,
    /// What is missing from its state, as far as it knows.
    pub gap_count: u64,
}

/// What a machine is at, by its own word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// It goes on.
    Works,
    /// Its last run failed; the next attempt follows by itself.
    Fails {
        /// Since when no run has ended well, milliseconds since 1970.
        since_ms: u64,
        /// Why, safe to show; empty when it does not say.
        reason: String,
    },
    /// It rests.
    Rests {
        /// Since when, milliseconds since 1970.
        since_ms: u64,
        /// Until when, milliseconds since 1970.
        until_ms: Option<u64>,
        /// Why; nothing when somebody asked for it.
        resting: Option<Resting>,
    },
    /// The server shows an older word than before: what it is at is not known.
    Unproven,
}

/// Seals an order and sends it to a machine that listens; answers its number. Needs an open vault.
#[derive(Serialize, Deserialize)]
pub struct GiveOrder {
    /// Its set.
    pub set: SetId,
    /// The order.
    pub order: Order,
}
