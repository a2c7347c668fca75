//! The second factor of an account: codes of an authenticator app.

pub mod begin;
pub mod confirm;
pub mod remove;
pub mod show;
