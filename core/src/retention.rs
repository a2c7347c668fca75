//! Retention: which snapshots are kept, by calendar buckets over the times at which the server received them.
//!
//! ```text
//! age of a commit     0 ─────── every ─────── hourly ─────── daily ─────── weekly
//! what is kept        │ all of  │ first, last │ first, last  │ first, last │ none
//!                     │ them    │ of the hour │ of the day   │ of the week │
//! ```
//! Buckets are fixed: `received / unit`, in UTC, weeks from Monday on. A rule takes hold of a bucket once all of it is older than the
//! rule's days, so a bucket is judged when nothing can come into it any more, and as a whole. As hours lie within days and days within
//! weeks, the first and the last of a bucket are first and last of the finer ones within: what is left always leads to what follows from
//! everything, however often and whenever it is thinned.
//!
//! Whoever writes many commits only adds to buckets of today: there is no "keep the last n" that would push older ones out.

mod clocks;
mod explain;
mod in_force;
mod signed;

pub use clocks::{MAX_SKEW_MS, agreed_ms, apart_ms, is_doubtful};
pub use explain::{Gap, Shown, unexplained};
pub use in_force::{InForce, in_force};
pub use signed::{Decision, Decisions, Deletion, MAX_VERSION, SignedDecision, UNDO_MS, UnprovedDecisions, What};

use crate::wire::{Reader, Result, WireError, Writer};
use std::{fmt, str::FromStr};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const WEEK_MS: u64 = 7 * DAY_MS;
/// 1 January 1970 was a Thursday: so many days after a Monday.
const MONDAY_MS: u64 = 3 * DAY_MS;
/// For how many days every commit is kept at least.
pub const MIN_EVERY_DAYS: u32 = 7;
/// The longest of the spans: a hundred years.
pub const MAX_DAYS: u32 = 36_600;

/// For how many days how much is kept. Each span counts from the receipt, and none is shorter than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Policy {
    every_days: u32,
    hourly_days: u32,
    daily_days: u32,
    weekly_days: Option<u32>,
}

impl Default for Policy {
    /// What counts until an account decides: everything for a week, hourly for a month, daily for a year, weekly for ever.
    fn default() -> Self {
        Self { every_days: 7, hourly_days: 31, daily_days: 366, weekly_days: None }
    }
}

impl Policy {
    /// Every commit for `every_days`, two of each hour for `hourly_days`, two of each day for `daily_days`, two of each week for
    /// `weekly_days` (`None`: for ever).
    ///
    /// # Errors
    /// [`WireError::Invalid`] when it keeps less than everything for [`MIN_EVERY_DAYS`], a span is shorter than the one before, or
    /// longer than [`MAX_DAYS`].
    pub fn new(every_days: u32, hourly_days: u32, daily_days: u32, weekly_days: Option<u32>) -> Result<Self> {
        let spans = [MIN_EVERY_DAYS, every_days, hourly_days, daily_days, weekly_days.unwrap_or(MAX_DAYS), MAX_DAYS];
        if !spans.is_sorted() {
            return Err(WireError::Invalid("retention"));
        }
        Ok(Self { every_days, hourly_days, daily_days, weekly_days })
    }

    /// Days for which every commit is kept.
    pub fn every_days(&self) -> u32 {
        self.every_days
    }

    /// Days for which the first and the last of each hour are kept.
    pub fn hourly_days(&self) -> u32 {
        self.hourly_days
    }

    /// Days for which the first and the last of each day are kept.
    pub fn daily_days(&self) -> u32 {
        self.daily_days
    }

    /// Days for which the first and the last of each week are kept; `None` for ever.
    pub fn weekly_days(&self) -> Option<u32> {
        self.weekly_days
    }

    /// Whether it keeps whatever `other` keeps.
    pub fn covers(&self, other: &Self) -> bool {
        let days = |policy: &Self| {
            [policy.every_days, policy.hourly_days, policy.daily_days, policy.weekly_days.unwrap_or(u32::MAX)]
        };
        days(self).iter().zip(days(other)).all(|(own, other)| *own >= other)
    }

    /// Commits that were received from this time on, milliseconds since 1970, are all kept at `now_ms`.
    pub fn all_kept_from_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(u64::from(self.every_days) * DAY_MS) / HOUR_MS * HOUR_MS
    }

    /// Which rule has hold of a commit.
    fn rule(&self, received_ms: u64, now_ms: u64) -> Rule {
        let is_over = |unit: Unit, days: u32| unit.end_ms(received_ms) + u64::from(days) * DAY_MS <= now_ms;
        if self.weekly_days.is_some_and(|days| is_over(Unit::Week, days)) {
            return Rule::Past;
        }
        let rules = [(Unit::Week, self.daily_days), (Unit::Day, self.hourly_days), (Unit::Hour, self.every_days)];
        let found = rules.into_iter().find(|&(unit, days)| is_over(unit, days));
        found.map_or(Rule::Recent, |(unit, _)| Rule::Ends(unit, unit.number(received_ms)))
    }

    fn write(&self, writer: &mut Writer) {
        writer.u32(self.every_days).u32(self.hourly_days).u32(self.daily_days).u32(self.weekly_days.unwrap_or(0));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let (every, hourly, daily, weekly) = (reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?);
        Self::new(every, hourly, daily, (weekly != 0).then_some(weekly))
    }
}

/// As people write it, and as [`fmt::Display`] does: `7d,31d,366d,forever`.
impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> ::core::result::Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no retention; write four spans, as in 7d,31d,366d,forever: how long everything is kept ({MIN_EVERY_DAYS}d \
                 at least), hourly, daily, weekly, none shorter than the one before"
            )
        };
        let spans: Vec<&str> = text.split(',').map(str::trim).collect();
        let [every, hourly, daily, weekly] = spans[..] else { return Err(wrong()) };
        let days = |span: &str| span.strip_suffix('d').and_then(|days| days.parse::<u32>().ok()).ok_or_else(wrong);
        let weekly = if weekly == "forever" { None } else { Some(days(weekly)?) };
        Self::new(days(every)?, days(hourly)?, days(daily)?, weekly).map_err(|_| wrong())
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}d,{}d,{}d,", self.every_days, self.hourly_days, self.daily_days)?;
        match self.weekly_days {
            Some(days) => write!(formatter, "{days}d"),
            None => formatter.write_str("forever"),
        }
    }
}

/// A bucket's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// An hour.
    Hour,
    /// A day, UTC.
    Day,
    /// A week, from Monday on.
    Week,
}

impl Unit {
    fn number(self, at_ms: u64) -> u64 {
        match self {
            Self::Hour => at_ms / HOUR_MS,
            Self::Day => at_ms / DAY_MS,
            Self::Week => (at_ms + MONDAY_MS) / WEEK_MS,
        }
    }

    /// When the bucket that holds `at_ms` is over.
    fn end_ms(self, at_ms: u64) -> u64 {
        let next = self.number(at_ms) + 1;
        match self {
            Self::Hour => next * HOUR_MS,
            Self::Day => next * DAY_MS,
            Self::Week => next * WEEK_MS - MONDAY_MS,
        }
    }
}

/// What has hold of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Everything is kept.
    Recent,
    /// First and last of this bucket are kept.
    Ends(Unit, u64),
    /// Nothing is.
    Past,
}

/// What retention knows of a commit. Times are milliseconds since 1970, at most [`i64::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its number.
    pub seq: u64,
    /// When the server received it.
    pub received_ms: u64,
    /// What its machine's clock said.
    pub device_ms: u64,
}

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stays.
    Kept(Reason),
    /// Nothing asks for it.
    Goes,
}

/// Why a commit stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is the newest.
    Head,
    /// Everything of its age is kept.
    Recent,
    /// Its machine's clock and the server's were more than an hour apart: when it was made is not known.
    Doubtful,
    /// The first of its hour, day or week.
    First(Unit),
    /// The last of it.
    Last(Unit),
}

/// Judges `points`, kept commits of one set in ascending order, the newest of all being `head`. Receipts never fall from one commit to
/// the next, so those of a bucket are neighbours. A doubtful commit is no bucket's first or last: it displaces none.
///
/// Any stretch of the kept commits may be judged alone: its ends count as first and last then, so that more stays.
pub fn evaluate(policy: &Policy, points: &[Point], head: u64, now_ms: u64) -> Vec<Verdict> {
    let rules: Vec<Option<Rule>> =
        points.iter().map(|point| (!is_doubtful(point)).then(|| policy.rule(point.received_ms, now_ms))).collect();
    let mut following = None;
    let mut next: Vec<Option<Rule>> = vec![None; rules.len()];
    for (slot, rule) in next.iter_mut().zip(&rules).rev() {
        *slot = following;
        following = rule.or(following);
    }
    let mut previous = None;
    let verdicts = points.iter().zip(rules).zip(next).map(|((point, rule), next)| {
        let verdict = judge(rule, previous, next);
        previous = rule.or(previous);
        if point.seq == head { Verdict::Kept(Reason::Head) } else { verdict }
    });
    verdicts.collect()
}

/// `rule` is nothing for a doubtful commit; `previous` and `next` are those of its neighbours that are not.
fn judge(rule: Option<Rule>, previous: Option<Rule>, next: Option<Rule>) -> Verdict {
    match rule {
        None => Verdict::Kept(Reason::Doubtful),
        Some(Rule::Recent) => Verdict::Kept(Reason::Recent),
        Some(Rule::Ends(unit, _)) if previous != rule => Verdict::Kept(Reason::First(unit)),
        Some(Rule::Ends(unit, _)) if next != rule => Verdict::Kept(Reason::Last(unit)),
        Some(Rule::Ends(..) | Rule::Past) => Verdict::Goes,
    }
}
