//! Steps through time.

use super::{Day, Point};

/// The place of a commit among points; of the newest when none is meant. A commit that is not kept any more stands for the one
/// before it.
pub fn place(points: &[Point], at: Option<u64>) -> Option<usize> {
    let last = points.len().checked_sub(1)?;
    match at {
        None => Some(last),
        Some(seq) => Some(points.partition_point(|point| point.seq <= seq).saturating_sub(1).min(last)),
    }
}

/// The point `by` places on, if there is one.
pub fn step(points: &[Point], place: usize, by: isize) -> Option<u64> {
    points.get(place.checked_add_signed(by)?).map(|point| point.seq)
}

/// The last point of the day `by` days with points on; the first day's first point when there is none before.
pub fn day_step(points: &[Point], days: &[Day], place: usize, by: isize) -> Option<u64> {
    let today = days.iter().position(|day| (day.first..day.first + day.count).contains(&place))?;
    let day = today.checked_add_signed(by).and_then(|day| days.get(day))?;
    day.of(points).last().map(|point| point.seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stay_within_what_is_kept() {
        let points: Vec<_> = [3, 5, 9].map(|seq| Point { seq, device_ms: seq * 86_400_000, ..Point::default() }).into();
        for (at, expected) in [(None, 2), (Some(9), 2), (Some(6), 1), (Some(5), 1), (Some(1), 0), (Some(99), 2)] {
            assert_eq!(place(&points, at), Some(expected), "{at:?}");
        }
        assert_eq!(place(&[], None), None);
        assert_eq!((step(&points, 1, 1), step(&points, 2, 1), step(&points, 0, -1)), (Some(9), None, None));
        let days = crate::time::days(&points);
        assert_eq!((day_step(&points, &days, 2, -1), day_step(&points, &days, 0, -1)), (Some(5), None));
    }
}
