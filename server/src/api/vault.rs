//! What opens a vault: sealed, and for its owner alone.

pub mod drill;
pub mod show;
pub mod slots;
