//! The web sessions of an account.

pub mod end;
pub mod end_others;
pub mod list;
