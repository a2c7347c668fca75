//! What an account is signed in with.

pub mod alerts;
pub mod password;
pub mod retention;
pub mod second_factor;
