//! What every side of IotaBackup agrees on: ids, paths, entries, commits, pages, references, and the messages
//! between agent, browser and server.
//!
//! Pure: no I/O, no clock, no randomness, no keys. It hashes and it checks signatures; it never opens anything.
//! The bytes are described in `docs/format.md`.

pub mod api;
pub mod certificate;
pub mod chain;
pub mod commit;
pub mod difference;
pub mod entry;
pub mod extent;
pub mod history;
pub mod id;
pub mod live;
pub mod operation;
pub mod pack;
pub mod page;
pub mod path;
pub mod proof;
pub mod refs;
pub mod replay;
pub mod restore;
pub mod retention;
pub mod rules;
pub mod slot;
pub mod state;
pub mod vault;
pub mod wire;
