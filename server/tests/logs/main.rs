//! Uploads, commits and reading, asked over HTTP of a real server with a real database.

#![expect(clippy::unwrap_used, reason = "a panic is how tests fail")]

mod defects;
mod histories;

mod reading;
mod rebuilding;
mod restores;
mod sessions;
mod sweeps;
