//! Points by day.

use super::Point;
use crate::words::Moment;

const DAY_MS: u64 = 86_400_000;

/// The points of a day, in the calendar of who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Number of the day, counted from 1 January 1970.
    pub number: i64,
    /// The time of its first point.
    pub moment: Moment,
    /// Place of its first point among all.
    pub first: usize,
    /// How many there are.
    pub count: usize,
    /// How much changed ([`Point::amount`]).
    pub amount: u64,
}

impl Day {
    /// Its points.
    pub fn of<'p>(&self, points: &'p [Point]) -> &'p [Point] {
        points.get(self.first..self.first + self.count).unwrap_or_default()
    }
}

/// Points by day, oldest first. A machine whose clock was set back has days twice.
pub fn days(points: &[Point]) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    for (place, point) in points.iter().enumerate() {
        let moment = Moment::local(point.device_ms);
        match days.last_mut() {
            Some(day) if day.moment.same_day(&moment) => {
                day.count += 1;
                day.amount += point.amount();
            }
            _ => {
                let (number, amount) = (moment.day_number(), point.amount());
                days.push(Day { number, moment, first: place, count: 1, amount });
            }
        }
    }
    days
}

/// When the day of a moment begins, in the calendar of who looks; milliseconds since 1970, both.
pub fn begin_of_day(ms: u64) -> u64 {
    midnight(ms, |ms| u64::from(Moment::local(ms).second_of_day()) * 1000)
}

/// When the day of a moment began. `of_day` says what clocks show at a moment; they may have been set since midnight.
fn midnight(ms: u64, of_day: impl Fn(u64) -> u64) -> u64 {
    let near = ms.saturating_sub(of_day(ms) + ms % 1000);
    match of_day(near) {
        before if before > DAY_MS / 2 => near + DAY_MS - before,
        after => near.saturating_sub(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_a_day_stay_together() {
        let at = |seq, device_ms| Point { seq, device_ms, ..Point::default() };
        let points = [at(1, 10), at(2, 20), at(3, DAY_MS + 5), at(4, 4 * DAY_MS), at(5, 4 * DAY_MS + 1)];
        let days = days(&points);
        let found: Vec<_> = days.iter().map(|day| (day.number, day.first, day.count)).collect();
        assert_eq!(found, [(0, 0, 2), (1, 2, 1), (4, 3, 2)]);
        assert_eq!(days[2].of(&points)[0].seq, 4);
    }

    #[test]
    fn a_day_has_what_its_deltas_tell_and_a_base_is_as_little_as_can_be() {
        let delta = |body_bytes| Point { body_bytes, ..Point::default() };
        let base = Point { base: true, body_bytes: 1_000_000, ..Point::default() };
        assert_eq!(days(&[delta(553), base, delta(5120), delta(0)])[0].amount, 1 + 1 + 10 + 1);
    }

    #[test]
    fn a_day_begins_at_its_midnight_when_clocks_are_set_in_it() {
        // At two o'clock of day 3 clocks go an hour forward, or back.
        const HOUR_MS: u64 = 3_600_000;
        let set_ms = 3 * DAY_MS + 2 * HOUR_MS;
        for noon_ms in [3 * DAY_MS + 12 * HOUR_MS, 4 * DAY_MS - HOUR_MS - 1] {
            let forward = |ms| (if ms < set_ms { ms } else { ms + HOUR_MS }) % DAY_MS;
            assert_eq!(midnight(noon_ms, forward), 3 * DAY_MS);
            let back = |ms| (if ms < set_ms { ms } else { ms - HOUR_MS }) % DAY_MS;
            assert_eq!(midnight(noon_ms, back), 3 * DAY_MS);
        }
    }
}
