//! What is kept and what goes, with a real server and a real Postgres.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod closing;
mod deleting;
mod flooding;
mod freeing;
#[path = "../people/mod.rs"]
mod people;
mod restoring;
mod scene;
mod sweeping;
mod thinning;
