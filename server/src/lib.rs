//! The server of IotaBackup: keeps ciphertext and sealed logs. Never links iota-crypto.

pub mod pages;
pub mod security_headers;
