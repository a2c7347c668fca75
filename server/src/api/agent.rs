//! What a machine asks.

pub mod challenge;
pub mod session;
