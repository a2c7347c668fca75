//! The server of IotaBackup: keeps ciphertext and sealed logs. Never links iota-crypto.

pub mod api;
pub mod app_state;
pub mod auth;
mod body_limit;
mod body_pace;
pub mod client_address;
pub mod clock;
pub mod codes;
pub mod commands;
pub mod commits;
pub mod config;
mod connections;
pub mod data_dir;
pub mod doctor;
pub mod error;
pub mod extract;
pub mod host_key;
pub mod limits;
pub mod log;
pub mod memory;
pub mod packs;
pub mod pages;
pub mod postgres;
pub mod rate;
pub mod rebuild;
pub mod recent;
pub mod records;
pub mod router;
mod same_origin;
pub mod security_headers;
pub mod serve;
pub mod shutdown;
pub mod store;
pub mod telemetry;
#[cfg(feature = "test-support")]
pub mod test_support;
pub mod tls;
