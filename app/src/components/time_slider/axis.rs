//! The days that the upper slider shows, and the parts of a day.

use crate::time::{Day, Keep};
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

    /// How much changed on each day; 0 on days without a point.
    pub fn amounts(&self, days: &[Day]) -> Vec<u64> {
        let mut amounts = vec![0; self.count as usize];
        for day in days {
            let index = usize::try_from(day.number - self.day(0)).ok();
            if let Some(amount) = index.and_then(|index| amounts.get_mut(index)) {
                *amount += day.amount;
            }
        }
        amounts
    }

    /// Where points are kept equally densely: places from the first on and before the second. `keeps` are those of `days`; each holds up to
    /// the next day with a point.
    pub fn runs(&self, days: &[Day], keeps: &[Keep]) -> Vec<(i64, i64, Keep)> {
        let place = |number: i64| (number - self.day(0)).clamp(0, i64::from(self.count));
        let ends = days.iter().skip(1).map(|day| place(day.number)).chain(days.last().map(|day| place(day.number + 1)));
        let mut runs: Vec<(i64, i64, Keep)> = Vec::new();
        for ((day, &keep), end) in days.iter().zip(keeps).zip(ends) {
            match runs.last_mut() {
                Some(last) if last.2 == keep => last.1 = last.1.max(end),
                _ => runs.push((place(day.number), end, keep)),
            }
        }
        runs.retain(|(from, to, _)| from < to);
        runs
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

/// How much falls into each part of a day: amounts, each with its second of the day.
pub fn bins(amounts: &[(u32, u64)]) -> [u64; PARTS] {
    let mut bins = [0; PARTS];
    for (second, amount) in amounts {
        let part = *second as usize * PARTS / DAY_S as usize;
        bins[part.min(PARTS - 1)] += amount;
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
        let bins = bins(&[(0, 1), (599, 5), (600, 7), (86_399, 2), (90_000, 3)]);
        assert_eq!((bins[0], bins[1], bins[2], bins[143]), (6, 7, 0, 5));
    }

    fn day(number: i64, amount: u64) -> Day {
        Day { number, moment: Moment::of_day(number), first: 0, count: 1, amount }
    }

    #[test]
    fn amounts_stand_at_their_days_and_what_lies_outside_is_left_out() {
        let axis = Axis { last: 100, count: 4, newest: true };
        // A machine whose clock was set back has a day twice.
        let days = [day(90, 1), day(98, 2), day(100, 3), day(98, 4), day(101, 5)];
        assert_eq!(axis.amounts(&days), [0, 6, 0, 3]);
    }

    #[test]
    fn days_that_are_kept_equally_densely_are_one_run() {
        let axis = Axis { last: 100, count: 10, newest: true };
        let (daily, all) = (Keep::Daily, Keep::All);
        let days = [day(80, 1), day(89, 1), day(93, 1), day(96, 1), day(98, 1)];
        assert_eq!(axis.runs(&days, &[daily, daily, daily, all, all]), [(0, 5, daily), (5, 8, all)]);
        assert_eq!(axis.runs(&days[..1], &[daily]), []);
        assert_eq!(axis.runs(&[], &[]), []);
    }
}
