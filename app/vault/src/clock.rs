//! When an open vault locks by itself.

/// Without anybody there for this long it locks.
pub const IDLE_MS: u64 = 15 * 60 * 1000;
/// How often it is looked.
pub const LOOK_MS: u32 = 5_000;
