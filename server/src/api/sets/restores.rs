//! Restores that machines of the account are ordered to do.

pub mod cancel;
pub mod list;
pub mod order;

use iota_core::restore::{MAX_LIST_BYTES, MAX_ORDER_BYTES, MAX_OUTCOME_BYTES};

/// Longest body: grant, sealed order, list of objects and note in base64.
pub const MAX_BYTES: usize = 2 * (MAX_ORDER_BYTES + MAX_LIST_BYTES + MAX_OUTCOME_BYTES);
