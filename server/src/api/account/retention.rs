//! What an account decided about its snapshots.

pub mod decide;
pub mod show;
