//! A way in for somebody who lost the password and has the recovery words.

pub mod create;
pub mod slots;
