//! What an account is signed in with.

pub mod password;
pub mod second_factor;
