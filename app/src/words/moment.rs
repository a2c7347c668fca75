//! Times: on the clock and in the calendar of who reads, and how long ago they were.

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

/// A time as clock and calendar show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Year of the common era.
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
    /// 0 is Sunday.
    pub weekday: u32,
}

impl Moment {
    /// Where the reader is; on the server, where nobody reads times, UTC. Milliseconds since 1970.
    pub fn local(ms: u64) -> Self {
        Self::local_s(i64::try_from(ms / 1000).unwrap_or(i64::MAX))
    }

    /// Likewise, from seconds since 1970, which may lie before it.
    #[cfg(feature = "hydrate")]
    pub fn local_s(s: i64) -> Self {
        use web_sys::js_sys::Date;
        let date = Date::new(&(s as f64 * 1000.0).into());
        if date.get_time().is_nan() {
            return Self::utc(s);
        }
        Self {
            year: date.get_full_year() as i32,
            month: date.get_month() + 1,
            day: date.get_date(),
            hour: date.get_hours(),
            minute: date.get_minutes(),
            second: date.get_seconds(),
            weekday: date.get_day(),
        }
    }

    /// Likewise, from seconds since 1970, which may lie before it.
    #[cfg(not(feature = "hydrate"))]
    pub fn local_s(s: i64) -> Self {
        Self::utc(s)
    }

    /// In UTC. What lies outside the years 0 to 9999 is brought to their edge.
    fn utc(s: i64) -> Self {
        let s = s.clamp(-62_167_219_200, 253_402_300_799);
        let (days, rest) = (s.div_euclid(DAY_S as i64), s.rem_euclid(DAY_S as i64) as u32);
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u32;
        Self {
            year: (year_of_era + era * 400) as i32 + i32::from(month <= 2),
            month,
            day: (day_of_year - (153 * shifted + 2) / 5 + 1) as u32,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            weekday: (days + 4).rem_euclid(7) as u32,
        }
    }

    /// Its day, counted from 1 January 1970.
    pub fn day_number(&self) -> i64 {
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let shifted = i64::from((self.month + 9) % 12);
        let day_of_year = (153 * shifted + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The beginning of a day, counted from 1 January 1970.
    pub fn of_day(number: i64) -> Self {
        Self::utc(number.saturating_mul(DAY_S as i64))
    }

    /// Seconds since midnight.
    pub fn second_of_day(&self) -> u32 {
        self.hour * 3600 + self.minute * 60 + self.second
    }

    /// Whether both lie on the same day.
    pub fn same_day(&self, other: &Self) -> bool {
        (self.year, self.month, self.day) == (other.year, other.month, other.day)
    }

    /// As in `09:58`.
    pub fn clock(&self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// As in `09:58:12`.
    pub fn clock_seconds(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// As in `30 Oct`.
    pub fn day_month(&self) -> String {
        format!("{}\u{a0}{}", self.day, &self.month_name()[..3])
    }

    /// As in `30 Oct 2026`.
    pub fn date(&self) -> String {
        format!("{} {}", self.day_month(), self.year)
    }

    /// As in `Fri 30 Oct 2026`.
    pub fn day_date(&self) -> String {
        format!("{} {}", &self.weekday_name()[..3], self.date())
    }

    /// As in `Friday 30 October 2026`, for who hears it.
    pub fn spoken(&self) -> String {
        format!("{} {} {} {}", self.weekday_name(), self.day, self.month_name(), self.year)
    }

    /// As in `30 Oct 2026, 09:58`.
    pub fn date_clock(&self) -> String {
        format!("{}, {}", self.date(), self.clock())
    }

    /// As in `Fri 30 Oct 2026, 09:58`.
    pub fn full(&self) -> String {
        format!("{}, {}", self.day_date(), self.clock())
    }

    /// As in `2026-10-30T09:58:12`, for programs.
    pub fn iso(&self) -> String {
        let Self { year, month, day, .. } = self;
        format!("{year:04}-{month:02}-{day:02}T{}", self.clock_seconds())
    }

    fn month_name(&self) -> &'static str {
        MONTHS[(self.month as usize + 11) % 12]
    }

    fn weekday_name(&self) -> &'static str {
        WEEKDAYS[self.weekday as usize % 7]
    }
}

/// How long ago something was, as in `40 s ago`; what lies ahead is now. Milliseconds since 1970.
pub fn age(then_ms: u64, now_ms: u64) -> String {
    match now_ms.saturating_sub(then_ms) / 1000 {
        0 => "now".into(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// A length of time in its largest unit, as in `40 s`, `12 min`, `3 h`, `4 days`. Seconds.
pub fn span(seconds: u64) -> String {
    let (number, unit) = match seconds {
        s if s < MINUTE_S => (s, "s"),
        s if s < HOUR_S => (s / MINUTE_S, "min"),
        s if s < DAY_S => (s / HOUR_S, "h"),
        s => (s / DAY_S, if s < 2 * DAY_S { "day" } else { "days" }),
    };
    format!("{}\u{a0}{unit}", super::count(number))
}

/// Now, milliseconds since 1970, by the clock of this device.
#[cfg(feature = "hydrate")]
pub fn now_ms() -> u64 {
    web_sys::js_sys::Date::now() as u64
}

/// Now, milliseconds since 1970. On the server no page shows the time, so it is 0.
#[cfg(not(feature = "hydrate"))]
pub fn now_ms() -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (s, text) in [
            (0, "Thu 1 Jan 1970, 00:00"),
            (-1, "Wed 31 Dec 1969, 23:59"),
            (951_782_400, "Tue 29 Feb 2000, 00:00"),
            (1_793_354_292, "Fri 30 Oct 2026, 09:58"),
            (i64::MAX, "Fri 31 Dec 9999, 23:59"),
            (i64::MIN, "Sat 1 Jan 0, 00:00"),
        ] {
            assert_eq!(Moment::utc(s).full().replace('\u{a0}', " "), text);
        }
    }

    #[test]
    fn days_are_counted_from_1970() {
        for number in [-719_000, -1, 0, 59, 60, 11_016, 20_756, 2_900_000] {
            assert_eq!(Moment::of_day(number).day_number(), number);
        }
        assert_eq!(Moment::utc(1_793_354_292).day_number(), 20_756);
        assert_eq!(Moment::utc(1_793_354_292).second_of_day(), 9 * 3600 + 58 * 60 + 12);
    }

    #[test]
    fn a_moment_is_written_in_many_ways() {
        let moment = Moment::utc(1_793_354_292);
        assert_eq!(moment.spoken(), "Friday 30 October 2026");
        assert_eq!(moment.clock_seconds(), "09:58:12");
        assert_eq!(moment.iso(), "2026-10-30T09:58:12");
        assert!(moment.same_day(&Moment::utc(1_793_354_292 + 3600)) && !moment.same_day(&Moment::utc(1_793_440_692)));
    }

    #[test]
    fn ages_have_one_unit() {
        for (seconds, text) in [
            (0, "now"),
            (40, "40 s ago"),
            (119, "1 min ago"),
            (7_200, "2 h ago"),
            (86_400, "1 day ago"),
            (400 * 86_400, "400 days ago"),
        ] {
            assert_eq!(
                age(1_000_000, 1_000_000 + seconds * 1000),
                text.replace(' ', "\u{a0}").replace("\u{a0}ago", " ago")
            );
        }
        assert_eq!(age(2_000, 1_000), "now");
    }
}
