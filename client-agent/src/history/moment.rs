//! Points in time, as a person names them.

use super::{ReadError, Result};
use jiff::{Timestamp, civil, tz::TimeZone};

/// A point in the history of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The newest commit that is not partial, or the newest when all are.
    Latest,
    /// The commit with this number.
    Seq(u64),
    /// Likewise of those that the server had received by then, milliseconds since 1970.
    Until(u64),
}

impl Moment {
    /// Parses `latest`, a commit number, or a time: RFC 3339 (`2026-11-25T18:00:00Z`), or a date with or without a time of
    /// day (`2026-11-25 18:00`, seconds optional) in `zone`. A date alone means the end of that day.
    ///
    /// # Errors
    /// [`ReadError::BadPoint`].
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Self> {
        let bad = || ReadError::BadPoint(text.to_owned());
        if text == "latest" {
            return Ok(Self::Latest);
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::Seq).map_err(|_| bad());
        }
        let time = match text.parse::<Timestamp>() {
            Ok(time) => time,
            Err(_) => local(text, zone).ok_or_else(bad)?,
        };
        u64::try_from(time.as_millisecond()).map(Self::Until).map_err(|_| bad())
    }
}

fn local(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if text.len() == "2026-11-25".len() {
        let day: civil::Date = text.parse().ok()?;
        let next = day.tomorrow().ok()?.at(0, 0, 0, 0);
        let midnight = zone.to_ambiguous_zoned(next).compatible().ok()?.timestamp();
        return midnight.checked_sub(jiff::SignedDuration::from_millis(1)).ok();
    }
    let time: civil::DateTime = text.parse().ok()?;
    Some(zone.to_ambiguous_zoned(time).compatible().ok()?.timestamp())
}

/// A time as this program shows it: RFC 3339, UTC, whole seconds.
pub fn show_time(ms: u64) -> String {
    let time = i64::try_from(ms / 1000).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "unknown".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_name_points_in_several_ways() {
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        let parse = |text: &str| Moment::parse(text, &berlin).unwrap();
        assert_eq!(parse("latest"), Moment::Latest);
        assert_eq!(parse("17"), Moment::Seq(17));
        let noon = 1_795_604_400_000;
        assert_eq!(parse("2026-11-25T11:00:00Z"), Moment::Until(noon));
        assert_eq!(parse("2026-11-25T12:00:00+01:00"), Moment::Until(noon));
        assert_eq!(parse("2026-11-25 12:00"), Moment::Until(noon));
        assert_eq!(parse("2026-11-25 12:00:01"), Moment::Until(noon + 1000));
        assert_eq!(parse("2026-11-25"), Moment::Until(noon + 12 * 3_600_000 - 1));
        assert_eq!(show_time(noon), "2026-11-25T11:00:00Z");
        for bad in ["", "newest", "-1", "2026-13-01", "2026-11-25 25:00", "99999999999999999999", "1969-01-01"] {
            assert!(matches!(Moment::parse(bad, &berlin), Err(ReadError::BadPoint(_))), "{bad}");
        }
    }
}
