//! The agent of IotaBackup, program iota: scan, chunk, seal, upload, commit, restore.

pub mod account;
pub mod backup;
pub mod commands;
pub mod config;
pub mod decide;
pub mod durable;
pub mod enrol;
pub mod history;
pub mod identity;
pub mod live;
pub mod monitor;
pub mod ordered;
pub mod owner;
pub mod platform;
pub mod ratchet;
pub mod remote;
pub mod restore;
pub mod rules;
pub mod scan;
pub mod state;
pub mod upload;
pub mod vault;
pub mod verify;
pub mod witness;
