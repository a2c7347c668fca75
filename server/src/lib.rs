//! The server of IotaBackup: keeps ciphertext and sealed logs. Never links iota-crypto.

pub mod packs;
pub mod pages;
pub mod security_headers;
