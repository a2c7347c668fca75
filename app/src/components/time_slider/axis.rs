//! The days that the upper slider shows, and the parts of a day.

use crate::time::Day;
use crate::words::Moment;

/// Seconds of a day.
pub const DAY_S: u32 = 86_400;
/// Parts of a day that have a bar of their own: ten minutes.
const PARTS: usize = 144;

/// A run of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// The last, counted from 1 January 1970.
    pub last: i64,
    /// How many.
    pub count: u32,
    /// Whether the last is the newest that there is.
    pub newest: bool,
}

impl Axis {
    /// Up to the newest day, or around a day that lies further back.
    pub fn new(newest: i64, chosen: Option<i64>, count: u32) -> Self {
        let chosen = chosen.unwrap_or(newest);
        let count_of = i64::from(count);
        let last = if chosen > newest - count_of { newest } else { (chosen + count_of / 2).min(newest) };
        Self { last, count, newest: last == newest }
    }

    /// The day at a place.
    pub fn day(&self, index: i64) -> i64 {
        self.last - i64::from(self.count) + 1 + index
    }

    /// The place of a day.
    pub fn index(&self, day: i64) -> i64 {
        (day - self.day(0)).clamp(0, i64::from(self.count) - 1)
    }

    /// How many points each day has.
    pub fn counts(&self, days: &[Day]) -> Vec<u64> {
        let mut counts = vec![0; self.count as usize];
        for day in days {
            let index = usize::try_from(day.number - self.day(0)).ok();
            if let Some(count) = index.and_then(|index| counts.get_mut(index)) {
                *count += day.count as u64;
            }
        }
        counts
    }

    /// Five dates along it, with their places in percent.
    pub fn labels(&self) -> impl Iterator<Item = (f64, String)> {
        let axis = *self;
        (0..=4).map(move |quarter| {
            let day = axis.day(i64::from(axis.count - 1) * quarter / 4);
            let today = quarter == 4 && axis.newest;
            let text = if today { "today".to_owned() } else { Moment::of_day(day).day_month() };
            (quarter as f64 * 25.0, text)
        })
    }
}

/// How many points fall into each part of a day.
pub fn bins(seconds: &[u32]) -> [u64; PARTS] {
    let mut bins = [0; PARTS];
    for second in seconds {
        let part = *second as usize * PARTS / DAY_S as usize;
        bins[part.min(PARTS - 1)] += 1;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_shows_the_chosen_day() {
        let near = Axis::new(1000, Some(990), 120);
        assert_eq!((near.last, near.day(0), near.index(990)), (1000, 881, 109));
        let far = Axis::new(1000, Some(500), 120);
        assert_eq!((far.last, far.newest, far.index(500)), (560, false, 59));
        assert_eq!((near.index(5), near.index(5000)), (0, 119));
    }

    #[test]
    fn parts_of_a_day_are_ten_minutes() {
        let bins = bins(&[0, 599, 600, 86_399, 90_000]);
        assert_eq!((bins[0], bins[1], bins[143]), (2, 1, 2));
    }
}
