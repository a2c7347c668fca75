//! Sizes and spans of time as people write them.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, time::Duration};

/// The longest span.
const MAX_SPAN: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A number of bytes: `800`, `500K`, `20M`, `4G`, `1T`, in powers of a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Size(pub u64);

/// A span of time: `90s`, `5m`, `8h`, `2d`, `3w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(pub Duration);

const SIZES: [(&str, u64); 4] = [("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("K", 1_000)];
const SPANS: [(&str, u64); 5] = [("w", 7 * 24 * 3600), ("d", 24 * 3600), ("h", 3600), ("m", 60), ("s", 1)];

/// The digits and what follows them.
fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// The largest unit that says a number exactly.
fn in_units(number: u64, units: &[(&'static str, u64)], smallest: &'static str) -> String {
    let whole = |(_, factor): &&(&str, u64)| number > 0 && number.is_multiple_of(*factor);
    match units.iter().find(whole) {
        Some((unit, factor)) => format!("{}{unit}", number / factor),
        None => format!("{number}{smallest}"),
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a size; write bytes, or 500K, 20M, 4G");
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let unit = unit.to_ascii_uppercase();
        let unit = unit.strip_suffix('B').unwrap_or(&unit);
        let factor = SIZES.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let factor = if unit.is_empty() { 1 } else { factor.ok_or_else(wrong)? };
        number.checked_mul(factor).map(Self).ok_or_else(wrong)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a span of time; write 90s, 5m, 8h, 2d or 3w");
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let factor = SPANS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
        let seconds = number.checked_mul(factor.ok_or_else(wrong)?).ok_or_else(wrong)?;
        if seconds > MAX_SPAN.as_secs() { Err(wrong()) } else { Ok(Self(Duration::from_secs(seconds))) }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&in_units(self.0, &SIZES, ""))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&in_units(self.0.as_secs(), &SPANS, "s"))
    }
}

impl TryFrom<String> for Size {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let cases = [("0", 0), ("123", 123), ("4G", 4_000_000_000), ("5mb", 5_000_000), ("1k", 1000), ("7B", 7)];
        for (text, size) in cases {
            assert_eq!(text.parse(), Ok(Size(size)), "{text}");
        }
        for text in ["", "G", "-1", "1.5G", "4X", "99999999999999T", "4é", "4 G", "٣"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        for (size, text) in [(0, "0"), (1_500, "1500"), (20_000_000, "20M"), (3_000, "3K")] {
            assert_eq!(Size(size).to_string(), text);
        }
    }

    #[test]
    fn spans() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("5m", 300), ("8h", 28_800), ("2d", 172_800), ("1w", 604_800)] {
            assert_eq!(text.parse(), Ok(Span(Duration::from_secs(seconds))), "{text}");
        }
        for text in ["", "5", "m", "-1s", "1.5h", "5M", "99999999999999999999s", "101000w"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        for (seconds, text) in [(0, "0s"), (90, "90s"), (120, "2m"), (3600, "1h"), (14 * 86_400, "2w")] {
            assert_eq!(Span(Duration::from_secs(seconds)).to_string(), text);
        }
    }
}
