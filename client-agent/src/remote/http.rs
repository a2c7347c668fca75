//! Speaks to a real server over HTTP/1.1: bodies of many megabytes from several threads, each on its own connection.
//!
//! ```text
//! machine, owner (bearer token by challenge and signature), web session (cookie) ─► transport ─► attempts ─► TLS
//! ```
//! Invariant: a permanent refusal is never asked again; what may pass is tried a bounded number of times. Invariant: no
//! answer is read beyond the size that its request allows.

mod address;
mod bearer;
mod machine;
mod outcome;
mod owner;
mod patience;
mod throttle;
mod tls;
mod transport;
mod upload_body;
mod web;

pub use address::{AddressError, ServerAddress, ServerPin};
pub use bearer::Speaker;
pub use machine::HttpRemote;
pub use owner::OwnerHttp;
pub use patience::{Patience, Sleeper, ThreadSleeper};
pub use throttle::Throttle;
pub use transport::{Http, Server};
pub use web::{AskCode, WebSession};
