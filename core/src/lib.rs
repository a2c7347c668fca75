//! What every side of IotaBackup agrees on: ids, entries, commits, pages, references. Pure, holds no keys.
