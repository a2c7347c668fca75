//! Numbers and times as people read them: a unit to every number, a no-break space between them.

mod amount;
mod moment;
pub mod restore;

pub use amount::{bytes, count, many};
pub use moment::{Moment, age, now_ms, span};
