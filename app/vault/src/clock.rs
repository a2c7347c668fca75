//! When an open vault locks by itself.

/// Without anybody there for this long it locks.
pub const IDLE_MS: u64 = 15 * 60 * 1000;
/// Downloads keep it open for so long without anybody there: the pace of a server does not decide.
pub const UNATTENDED_MS: u64 = 4 * 60 * 60 * 1000;
/// How often it is looked.
pub const LOOK_MS: u64 = 5_000;
