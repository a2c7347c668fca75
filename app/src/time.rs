//! Points in time of a machine: its commits as the server lists them, by day.

mod days;
mod points;
mod steps;

pub use days::{Day, days, height};
pub use points::{Point, Points};
pub use steps::{day_step, place, step};
