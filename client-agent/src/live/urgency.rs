//! How long a change waits before it is backed up, by the traits of its path.

use crate::{
    platform::status_of_path,
    rules::{Facts, LocalTime, PathKind, Priority, Rules, Schedule, Settings, facts},
};
use jiff::{Timestamp, tz::TimeZone};
use std::time::Duration;

const MINUTE_MS: u64 = 60_000;

/// A path's turn comes when it is quiet for `settle`, or its first change is `longest_wait` ago, but not before `opens_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Urgency {
    /// How long there must be no change.
    pub settle: Duration,
    /// How long a path that never rests waits.
    pub longest_wait: Duration,
    /// Whose turn comes first.
    pub priority: Priority,
    /// When its schedule lets it, milliseconds since 1970; 0: at any time.
    pub opens_ms: u64,
}

impl Urgency {
    /// Of a path that nobody has looked at yet.
    pub const UNKNOWN: Self = Self {
        settle: Duration::from_secs(5),
        longest_wait: Duration::from_secs(3600),
        priority: Priority::Normal,
        opens_ms: 0,
    };

    /// What the rules say of an absolute path as it is now.
    pub fn of_path(rules: &Rules, path: &[u8], now_ms: u64) -> Self {
        let facts = match status_of_path(path) {
            Ok(status) => facts(&status, now_ms),
            // What is gone, or cannot be seen, is told as soon as any other small thing.
            Err(_) => Facts { kind: PathKind::Other, size: 0, age: Duration::ZERO },
        };
        Self::of_settings(&rules.settings(path, &facts), now_ms)
    }

    fn of_settings(settings: &Settings, now_ms: u64) -> Self {
        Self {
            settle: settings.settle,
            longest_wait: settings.longest_wait,
            priority: settings.priority,
            opens_ms: settings.schedule.as_ref().map_or(0, |schedule| opens_ms(schedule, now_ms)),
        }
    }
}

/// When a schedule opens next, milliseconds since 1970; 0 while it is open.
pub fn opens_ms(schedule: &Schedule, now_ms: u64) -> u64 {
    match schedule.opens_in(local_time(now_ms)) {
        0 => 0,
        minutes => now_ms - now_ms % MINUTE_MS + u64::from(minutes) * MINUTE_MS,
    }
}

/// The minute of the week by the clock of this machine.
pub fn local_time(now_ms: u64) -> LocalTime {
    time_in(now_ms, &TimeZone::system())
}

fn time_in(now_ms: u64, zone: &TimeZone) -> LocalTime {
    let now = Timestamp::from_millisecond(now_ms as i64).unwrap_or_default().to_zoned(zone.clone());
    let minute = u32::from(now.hour().unsigned_abs()) * 60 + u32::from(now.minute().unsigned_abs());
    LocalTime::new(u32::from(now.weekday().to_monday_zero_offset().unsigned_abs()), minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_go_by_the_zone_of_the_machine() {
        // Thursday, 2026-11-26, 22:46 UTC.
        let now_ms = 1_795_733_160_000;
        assert_eq!(time_in(now_ms, &TimeZone::UTC), LocalTime::new(3, 22 * 60 + 46));
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(time_in(now_ms, &zone), LocalTime::new(4, 46));
    }
}
