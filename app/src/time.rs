//! Points in time of a machine: its commits as the server lists them, by day.

mod days;
mod density;
mod points;
mod steps;

pub use days::{Day, begin_of_day, days};
pub use density::{Burst, Keep, bursts, height, keeps, percentile};
pub use points::{Point, Points, read_all};
pub use steps::{day_step, place, step};
