//! Sessions of owners without a browser.

pub mod challenge;
pub mod session;
