//! What the agent asks of the operating system: listings, status, attributes, opening without following links.
//!
//! One file for each system, all with the same functions. Linux is the first.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::*;

#[cfg(not(target_os = "linux"))]
compile_error!("the agent knows Linux only; another system needs its own file beside platform/linux.rs");
