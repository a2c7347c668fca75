//! The agent of IotaBackup, program iota: scan, chunk, seal, upload, commit, restore.

pub mod ratchet;
pub mod remote;
pub mod state;
pub mod upload;
pub mod backup;
pub mod monitor;
