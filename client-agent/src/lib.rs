//! The agent of IotaBackup, program iota: scan, chunk, seal, upload, commit, restore.
