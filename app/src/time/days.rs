//! Points by day.

use super::Point;
use crate::words::Moment;

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
            Some(day) if day.moment.same_day(&moment) => day.count += 1,
            _ => days.push(Day { number: moment.day_number(), moment, first: place, count: 1 }),
        }
    }
    days
}

/// Height of a bar for an amount, 0 to 1: log₂(1 + amount), so that one big day does not flatten the year.
pub fn height(amount: u64, most: u64) -> f64 {
    let log = |amount: u64| (1.0 + amount as f64).log2();
    if most == 0 { 0.0 } else { (log(amount) / log(most)).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_a_day_stay_together() {
        const DAY_MS: u64 = 86_400_000;
        let at = |seq, device_ms| Point { seq, device_ms, ..Point::default() };
        let points = [at(1, 10), at(2, 20), at(3, DAY_MS + 5), at(4, 4 * DAY_MS), at(5, 4 * DAY_MS + 1)];
        let days = days(&points);
        let found: Vec<_> = days.iter().map(|day| (day.number, day.first, day.count)).collect();
        assert_eq!(found, [(0, 0, 2), (1, 2, 1), (4, 3, 2)]);
        assert_eq!(days[2].of(&points)[0].seq, 4);
    }

    #[test]
    fn bars_grow_with_the_logarithm() {
        assert_eq!(height(0, 100), 0.0);
        assert_eq!(height(100, 100), 1.0);
        assert_eq!(height(5, 0), 0.0);
        assert!(height(10, 100) > 0.5);
    }
}
