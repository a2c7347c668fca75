//! Times of the week, as in `mon-fri 22:00-06:00, sat, sun`.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;
const MAX_WINDOWS: usize = 50;

/// A minute of the week by the clock of the machine: 0 is Monday, 0:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime(u32);

impl LocalTime {
    /// `day` counts from Monday, 0; `minute` from midnight.
    pub fn new(day: u32, minute: u32) -> Self {
        Self((day * DAY + minute) % WEEK)
    }
}

/// When something may be done. Windows go by the machine's local time; one that ends before it begins ends on the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule {
    text: String,
    /// Minutes of the week: first, and how many.
    windows: Vec<(u32, u32)>,
}

impl Schedule {
    /// Whether it is time.
    pub fn is_open(&self, now: LocalTime) -> bool {
        self.windows.iter().any(|(start, length)| (now.0 + WEEK - start) % WEEK < *length)
    }

    /// Minutes until it is time; 0 when it is.
    pub fn opens_in(&self, now: LocalTime) -> u32 {
        if self.is_open(now) {
            return 0;
        }
        self.windows.iter().map(|(start, _)| (start + WEEK - now.0) % WEEK).min().unwrap_or(0)
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a schedule; write days, times or both, as in \"22:00-06:00\" or \"mon-fri 22:00-06:00, sat, sun\""
            )
        };
        let mut windows = Vec::new();
        let mut days = Vec::new();
        for part in text.split(',') {
            let words: Vec<_> = part.split_whitespace().collect();
            let (named, time) = match words[..] {
                [word] => match parse_time(word) {
                    Some(time) => (None, Some(time)),
                    None => (Some(parse_days(word).ok_or_else(wrong)?), None),
                },
                [day, time] => (Some(parse_days(day).ok_or_else(wrong)?), Some(parse_time(time).ok_or_else(wrong)?)),
                _ => return Err(wrong()),
            };
            // "sat, sun 10:00-12:00" is both days with that time; a time alone is for the days before it, or for all.
            match named {
                Some(named) => days.extend(named),
                None if days.is_empty() => days.extend(0..7),
                None => {}
            }
            if let Some((start, length)) = time {
                windows.extend(days.drain(..).map(|day| (day * DAY + start, length)));
            }
        }
        windows.extend(days.drain(..).map(|day| (day * DAY, DAY)));
        if windows.is_empty() || windows.len() > MAX_WINDOWS {
            return Err(wrong());
        }
        Ok(Self { text: text.to_owned(), windows })
    }
}

/// `fri`, or `mon-fri`, which may go past Sunday.
fn parse_days(word: &str) -> Option<Vec<u32>> {
    let day = |name: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name)).map(|day| day as u32);
    let Some((first, last)) = word.split_once('-') else { return Some(vec![day(word)?]) };
    let (first, last) = (day(first)?, day(last)?);
    Some((0..=(last + 7 - first) % 7).map(|offset| (first + offset) % 7).collect())
}

/// `22:00-06:00`: where it begins, and for how many minutes.
fn parse_time(word: &str) -> Option<(u32, u32)> {
    let minute = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let digits = |text: &str| text.len() <= 2 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (hours, minutes): (u32, u32) =
            if digits(hours) && digits(minutes) { (hours.parse().ok()?, minutes.parse().ok()?) } else { return None };
        (minutes < 60 && hours * 60 + minutes <= DAY).then_some(hours * 60 + minutes)
    };
    let (start, end) = word.split_once('-')?;
    let (start, end) = (minute(start)?, minute(end)?);
    let length = if end > start { end - start } else { end + DAY - start };
    (start < DAY && start != end).then_some((start, length))
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str, hour: u32, minute: u32) -> LocalTime {
        let day = DAYS.iter().position(|name| *name == day).unwrap();
        LocalTime::new(day as u32, hour * 60 + minute)
    }

    #[test]
    fn windows() {
        let cases = [
            ("22:00-06:00", at("mon", 23, 0), 0),
            ("22:00-06:00", at("mon", 5, 59), 0),
            ("22:00-06:00", at("mon", 6, 0), 16 * 60),
            ("mon-fri 22:00-06:00", at("sat", 5, 0), 0),
            ("mon-fri 22:00-06:00", at("mon", 5, 0), 17 * 60),
            ("mon-fri 22:00-06:00, sat, sun", at("sun", 12, 0), 0),
            ("sat, sun 10:00-12:00", at("sat", 11, 0), 0),
            ("sat, sun 10:00-12:00", at("sun", 12, 0), 6 * 24 * 60 - 120),
            ("sun 23:00-01:00", at("mon", 0, 30), 0),
            ("fri-mon", at("mon", 23, 59), 0),
            ("fri-mon", at("tue", 0, 0), 3 * 24 * 60),
            ("0:00-24:00", at("wed", 12, 0), 0),
            ("09:00-12:00, 13:00-17:00", at("wed", 12, 15), 45),
        ];
        for (text, now, minutes) in cases {
            assert_eq!(text.parse::<Schedule>().unwrap().opens_in(now), minutes, "{text} at {now:?}");
        }
    }

    #[test]
    fn what_is_no_schedule() {
        let texts =
            ["", ",", "noon", "10:00", "10:00-10:00", "25:00-26:00", "10:60-11:00", "mon 10:00", "10:00-+1:00", "a-b"];
        for text in texts {
            assert!(text.parse::<Schedule>().is_err(), "{text:?}");
        }
        assert!("mon-sun,".repeat(20).parse::<Schedule>().is_err());
    }
}
