//! How much changed, and how densely points are kept.

use super::{Day, Point};

/// Ten minutes.
const PART_MS: u64 = 600_000;
const HOUR_MS: u64 = 3_600_000;
/// More than so many times the usual is a burst.
const BURST_TIMES: u64 = 20;
/// But not less than this ([`Point::amount`]): about a thousand files.
const LEAST_BURST: u64 = 200;

/// Height of a bar for an amount, 0 to 1: log₂(1 + amount), so that one big day does not flatten the year. `most` has the full height.
pub fn height(amount: u64, most: u64) -> f64 {
    let log = |amount: u64| (1.0 + amount as f64).log2();
    if most == 0 { 0.0 } else { (log(amount) / log(most)).min(1.0) }
}

/// Of what is above 0: how much `percent` of it do not exceed; 0 of nothing.
pub fn percentile(amounts: &[u64], percent: usize) -> u64 {
    let mut some: Vec<u64> = amounts.iter().copied().filter(|&amount| amount > 0).collect();
    some.sort_unstable();
    let rank = (some.len() * percent).div_ceil(100);
    some.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// Far more changed within ten minutes than usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Its first point.
    pub seq: u64,
    /// When that was, by the machine's clock, milliseconds since 1970.
    pub device_ms: u64,
    /// The point before.
    pub before: u64,
    /// How many times as much as usual.
    pub times: u64,
}

/// All bursts, oldest first. The usual is the median of all parts of ten minutes that have a delta. What belongs to the first backup is none,
/// nor is the day that `days` begins with. A change so large that it was told as a base is not seen.
pub fn bursts(points: &[Point], days: &[Day]) -> Vec<Burst> {
    let parts: Vec<&[Point]> =
        points.chunk_by(|one, other| one.device_ms / PART_MS == other.device_ms / PART_MS).collect();
    let amount = |part: &[Point]| part.iter().filter(|point| !point.base && !point.partial).map(Point::amount).sum();
    let amounts: Vec<u64> = parts.iter().map(|part| amount(part)).collect();
    let usual = percentile(&amounts, 50);
    let (mut place, mut bursts) = (0_usize, Vec::new());
    let first_day = days.first().map_or(0, |day| day.first + day.count);
    for (part, amount) in parts.into_iter().zip(amounts) {
        let before = place.checked_sub(1).filter(|_| place >= first_day).and_then(|before| points.get(before));
        if let Some(before) = before
            && amount > usual.saturating_mul(BURST_TIMES).max(LEAST_BURST - 1)
        {
            let Point { seq, device_ms, .. } = part[0];
            bursts.push(Burst { seq, device_ms, before: before.seq, times: amount / usual.max(1) });
        }
        place += part.len();
    }
    bursts
}

/// How densely points are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// The first and the last of a day at most.
    Daily,
    /// The first and the last of an hour at most.
    Hourly,
    /// More.
    All,
}

/// How densely points of each day are kept: at least as densely as of any day before, since points are thinned out with their age. A day on
/// which little was stored says nothing.
pub fn keeps(points: &[Point], days: &[Day]) -> Vec<Keep> {
    let own = |day: &Day| {
        let hour = |point: &Point| point.received_ms / HOUR_MS;
        match day.of(points).windows(3).any(|three| hour(&three[0]) == hour(&three[2])) {
            true => Keep::All,
            false if day.count > 2 => Keep::Hourly,
            false => Keep::Daily,
        }
    };
    let densest = |densest: &mut Keep, day: &Day| {
        *densest = (*densest).max(own(day));
        Some(*densest)
    };
    days.iter().scan(Keep::Daily, densest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::days;

    const DAY_MS: u64 = 86_400_000;

    fn at(seq: u64, ms: u64, body_bytes: u32) -> Point {
        Point { seq, device_ms: ms, received_ms: ms, body_bytes, ..Point::default() }
    }

    #[test]
    fn bars_grow_with_the_logarithm_up_to_the_most() {
        assert_eq!((height(0, 100), height(100, 100), height(5, 0), height(500, 100)), (0.0, 1.0, 0.0, 1.0));
        assert!(height(10, 100) > 0.5);
    }

    #[test]
    fn one_of_a_hundred_does_not_count_for_the_99th_percentile_and_nothing_does_not_for_any() {
        let amounts: Vec<u64> = (1..=99).chain([1_000_000]).chain([0; 50]).collect();
        assert_eq!((percentile(&amounts, 99), percentile(&amounts, 50)), (99, 50));
        assert_eq!((percentile(&[0, 7], 99), percentile(&[0], 99), percentile(&[], 50)), (7, 0, 0));
    }

    /// A point an hour, of the least size, for three days.
    fn calm() -> Vec<Point> {
        (0..72).map(|hour| at(hour + 1, hour * HOUR_MS, 553)).collect()
    }

    fn found(points: &[Point]) -> Vec<(u64, u64, u64)> {
        bursts(points, &days(points)).into_iter().map(|burst| (burst.seq, burst.before, burst.times)).collect()
    }

    #[test]
    fn a_burst_is_far_beyond_the_usual_and_beyond_a_floor() {
        let mut points = calm();
        assert_eq!(found(&points), []);
        points[40].body_bytes = 199 * 512;
        assert_eq!(found(&points), [], "many times the usual, but little");
        points[40].body_bytes = 200 * 512;
        assert_eq!(found(&points), [(41, 40, 200)]);
        points.iter_mut().for_each(|point| point.body_bytes = 10 * 512);
        points[40].body_bytes = 200 * 512;
        assert_eq!(found(&points), [], "20 times the usual, not more");
        points[40].body_bytes = 201 * 512;
        assert_eq!(found(&points), [(41, 40, 20)]);
    }

    #[test]
    fn points_of_ten_minutes_make_a_burst_together() {
        let mut points = calm();
        let more: Vec<_> = (0..4).map(|minute| at(0, 40 * HOUR_MS + minute * 120_000, 60 * 512)).collect();
        points.splice(40..41, more);
        (1..).zip(&mut points).for_each(|(seq, point)| point.seq = seq);
        assert_eq!(found(&points), [(41, 40, 240)]);
    }

    #[test]
    fn the_first_day_and_the_first_backup_and_bases_are_no_bursts() {
        let mut points = calm();
        points[0].body_bytes = 1 << 20;
        points[23].body_bytes = 1 << 20;
        assert_eq!(found(&points), []);
        points[30] = Point { base: true, body_bytes: 1 << 20, ..points[30] };
        points[31] = Point { partial: true, body_bytes: 1 << 20, ..points[31] };
        assert_eq!(found(&points), []);
        points[24].body_bytes = 1 << 20;
        assert_eq!(found(&points), [(25, 24, 2048)]);
        assert_eq!(found(&[]), []);
    }

    #[test]
    fn what_is_kept_of_long_ago_as_bases_does_not_make_the_usual_smaller() {
        let mut points: Vec<_> = (0..100).map(|day| Point { base: true, ..at(day + 1, day * DAY_MS, 900) }).collect();
        points.extend((0..20).map(|hour| at(101 + hour, 100 * DAY_MS + hour * HOUR_MS, 300 * 512)));
        assert_eq!(found(&points), []);
    }

    #[test]
    fn newer_days_are_kept_as_densely_as_older_ones() {
        let stored = [
            &[0][..],
            &[DAY_MS, DAY_MS + 1000],
            &[2 * DAY_MS, 2 * DAY_MS + 1000, 2 * DAY_MS + HOUR_MS],
            // A day on which little was stored.
            &[3 * DAY_MS],
            &[4 * DAY_MS, 4 * DAY_MS + 1000, 4 * DAY_MS + 2000],
            &[5 * DAY_MS],
        ];
        let points: Vec<_> = (1..).zip(stored.concat()).map(|(seq, ms)| at(seq, ms, 1)).collect();
        let (daily, hourly, all) = (Keep::Daily, Keep::Hourly, Keep::All);
        assert_eq!(keeps(&points, &days(&points)), [daily, daily, hourly, hourly, all, all]);
    }
}
