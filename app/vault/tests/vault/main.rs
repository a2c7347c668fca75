//! The vault against the agent's own backups and a server in memory, honest or not.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "../../../../client-agent/tests/support/mod.rs"]
mod support;

mod accounts;
mod browsing;
mod churn;
mod contents;
mod downloads;
mod folder_changes;
mod lies;
mod listings;
mod live;
mod restores;
mod retention;
mod space;
mod tab;
mod times;
mod zips;
