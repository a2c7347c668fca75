//! What a machine is doing, and orders to it.

use crate::{
    id::SetId,
    live::{Order, Status},
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

/// Seals an order and sends it to a machine that listens; answers its number. Needs an open vault.
#[derive(Serialize, Deserialize)]
pub struct GiveOrder {
    /// Its set.
    pub set: SetId,
    /// The order.
    pub order: Order,
}
