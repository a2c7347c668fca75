//! The only crate of IotaBackup that holds keys: seal, open, sign, derive.
