//! Whether clocks can be believed. A server whose clock was moved must not thin what is young, and a machine whose clock is
//! wrong must not have its commits judged by it.

use super::Point;

/// How far the clocks of a machine and of its server may be apart.
pub const MAX_SKEW_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * 3_600_000;

/// Whether a commit's clocks were too far apart: then nothing thins it.
pub fn is_doubtful(point: &Point) -> bool {
    point.received_ms.abs_diff(point.device_ms) > MAX_SKEW_MS
}

/// By which time a set is thinned when the server's clock says `now_ms`: that of the newest commit at which both clocks agreed, so that
/// a clock that jumps alone makes nothing older. `latest` are the set's newest commits, in any order, those of the last 24 hours
/// among them.
///
/// `None` when nothing may be thinned: no commit in these 24 hours, one that was received later than now, or clocks that mostly
/// disagree (the median of their differences).
pub fn agreed_ms(latest: &[Point], now_ms: u64) -> Option<u64> {
    if latest.iter().any(|point| point.received_ms > now_ms) {
        return None;
    }
    let within_a_day = || latest.iter().filter(|point| now_ms - point.received_ms < DAY_MS);
    let mut skews_ms: Vec<u64> = within_a_day().map(|point| point.received_ms.abs_diff(point.device_ms)).collect();
    skews_ms.sort_unstable();
    // Of an even number the upper one: in doubt nothing is thinned.
    let median_ms = *skews_ms.get(skews_ms.len() / 2)?;
    if median_ms > MAX_SKEW_MS {
        return None;
    }
    within_a_day().filter(|point| !is_doubtful(point)).map(|point| point.received_ms).max()
}

/// How far the server's clock is ahead of the machine's (below zero: behind), when both mostly disagree: the median over the last 24 hours
/// of the log, by what the commits sign of their receipts, is more than [`MAX_SKEW_MS`]. `points` in any order.
pub fn apart_ms(points: impl IntoIterator<Item = Point> + Clone) -> Option<i64> {
    let newest_ms = points.clone().into_iter().max_by_key(|point| point.seq)?.received_ms;
    let of_last_day = points.into_iter().filter(|point| newest_ms.abs_diff(point.received_ms) < DAY_MS);
    let mut all_ms: Vec<i64> = of_last_day.map(ahead_ms).collect();
    all_ms.sort_unstable();
    let median_ms = *all_ms.get(all_ms.len() / 2)?;
    (median_ms.unsigned_abs() > MAX_SKEW_MS).then_some(median_ms)
}

/// By so much the server's clock was ahead when a commit was received.
fn ahead_ms(point: Point) -> i64 {
    let by_ms = i64::try_from(point.received_ms.abs_diff(point.device_ms)).unwrap_or(i64::MAX);
    if point.received_ms < point.device_ms { -by_ms } else { by_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_790_000_000_000;
    const HOUR_MS: u64 = 3_600_000;

    /// Received so long ago, by a clock so far off; the newest first.
    fn points(ages_and_skews_ms: &[(u64, i64)]) -> Vec<Point> {
        let point = |(place, &(age_ms, skew_ms)): (usize, &(u64, i64))| {
            let received_ms = NOW_MS - age_ms;
            Point { seq: 100 - place as u64, received_ms, device_ms: received_ms.checked_add_signed(skew_ms).unwrap() }
        };
        ages_and_skews_ms.iter().enumerate().map(point).collect()
    }

    fn agreed(ages_and_skews_ms: &[(u64, i64)]) -> Option<u64> {
        agreed_ms(&points(ages_and_skews_ms), NOW_MS).map(|at_ms| NOW_MS - at_ms)
    }

    #[test]
    fn the_newest_commit_that_both_clocks_agree_on_says_what_time_it_is() {
        let year = 365 * 24 * HOUR_MS as i64;
        assert_eq!(agreed(&[(HOUR_MS, 0)]), Some(HOUR_MS));
        assert_eq!(agreed(&[(9 * HOUR_MS, 5), (HOUR_MS, -(HOUR_MS as i64)), (0, -year)]), Some(HOUR_MS));
        for nothing in [
            &[][..],
            &[(24 * HOUR_MS, 0)],
            &[(0, year)],
            &[(0, HOUR_MS as i64 + 1)],
            &[(HOUR_MS, 0), (0, year)],
            &[(2 * HOUR_MS, 0), (HOUR_MS, year), (0, -year)],
        ] {
            assert_eq!(agreed(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn clocks_that_mostly_disagree_are_told() {
        let hours = |ages_and_skews: &[(u64, i64)]| {
            let ms: Vec<_> = ages_and_skews.iter().map(|&(age, skew)| (age * HOUR_MS, skew * HOUR_MS as i64)).collect();
            apart_ms(points(&ms)).map(|ms| ms / HOUR_MS as i64)
        };
        // The skew of a machine that is ahead is that of a server which is behind.
        assert_eq!(hours(&[(0, 5), (1, 5), (2, 0)]), Some(-5));
        assert_eq!(hours(&[(0, -5), (1, -7), (2, -6)]), Some(6));
        assert_eq!(
            hours(&[(900, 5), (901, 5), (902, 5), (903, 0)]),
            Some(-5),
            "the last day of the log, whenever it was"
        );
        for agreed in
            [&[][..], &[(0, 0)], &[(0, 1)], &[(0, -1), (1, 0)], &[(0, 9), (1, 0), (2, 0)], &[(0, 0), (30, 9), (31, 9)]]
        {
            assert_eq!(hours(agreed), None, "{agreed:?}");
        }
        let ends = [
            Point { seq: 1, received_ms: u64::MAX, device_ms: 0 },
            Point { seq: 2, received_ms: u64::MAX, device_ms: 0 },
        ];
        assert_eq!(apart_ms(ends), Some(i64::MAX));
    }

    #[test]
    fn a_clock_that_jumps_makes_nothing_older() {
        let before = points(&[(2 * HOUR_MS, 0), (HOUR_MS, 0)]);
        for jump_ms in [HOUR_MS, 20 * HOUR_MS] {
            assert_eq!(agreed_ms(&before, NOW_MS + jump_ms), Some(NOW_MS - HOUR_MS));
        }
        assert_eq!(agreed_ms(&before, NOW_MS + 30 * HOUR_MS), None, "nobody says that so much time has passed");
        assert_eq!(agreed_ms(&before, NOW_MS - 3 * HOUR_MS), None, "what was received is still to come");
    }
}
