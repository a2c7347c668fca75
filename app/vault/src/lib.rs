//! The vault in the browser: the program of a Worker that holds the keys. It fetches, verifies, opens and replays, and hands
//! the pages what they show ([`iota_core::vault`]).
//!
//! ```text
//! page ── Ask ──► desk ──► vault ──► account, slots, machines, enrolment
//!                              └───► history ─► point ─► listing, entry, versions, folder_changes, names, compare, space, churn, download
//! ```
//! Invariant: keys are in this program's memory only, and gone when it locks. What it stores in the browser is sealed
//! (pages of states) or public (the witness).
//!
//! Everything but [`browser`] is free of the browser and is tested outside of it.

pub mod account;
pub mod api;
pub mod archive;
#[cfg(target_family = "wasm")]
pub mod browser;
pub mod churn;
pub mod clock;
pub mod compare;
pub mod contents;
pub mod desk;
pub mod download;
pub mod enrolment;
pub mod entry;
pub mod folder_changes;
pub mod history;
pub mod keys;
pub mod listing;
pub mod live;
pub mod machines;
pub mod member_names;
pub mod names;
pub mod needed;
pub mod objects;
pub mod passphrase;
pub mod platform;
pub mod point;
pub mod points_check;
pub mod problem;
pub mod restore;
pub mod retention;
pub mod server;
pub mod show;
pub mod slots;
pub mod space;
pub mod stretch;
pub mod versions;
pub mod witness;
pub mod zip;
