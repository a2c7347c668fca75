//! What a machine asks.

pub mod challenge;
pub mod head;
pub mod live;
pub mod restores;
pub mod session;
pub mod uploads;
