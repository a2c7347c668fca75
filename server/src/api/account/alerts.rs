//! How an account hears of missed backups.

pub mod replace;
pub mod show;
pub mod test;
