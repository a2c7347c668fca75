//! Bytes and counts.

const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// Bytes in decimal units with at most three significant digits, as in `61.8 GB`.
pub fn bytes(bytes: u64) -> String {
    let mut unit = 0;
    let mut divisor = 1u64;
    // Half a step before the next unit, rounding would print four digits.
    while unit + 1 < UNITS.len() && u128::from(bytes) * 2 >= u128::from(divisor) * 1999 {
        unit += 1;
        divisor *= 1000;
    }
    let name = UNITS[unit];
    if divisor == 1 {
        return format!("{bytes}\u{a0}{name}");
    }
    let value = bytes as f64 / divisor as f64;
    let digits = if value < 9.995 {
        2
    } else if value < 99.95 {
        1
    } else {
        0
    };
    let number = format!("{value:.digits$}");
    let number = if digits > 0 { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    format!("{number}\u{a0}{name}")
}

/// A count with thousands separators, as in `684,199`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun, as in `1 file`, `14 files`.
pub fn many(number: u64, one: &str, more: &str) -> String {
    format!("{}\u{a0}{}", count(number), if number == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_at_most_three_digits_and_a_unit() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (1_005, "1 kB"),
            (1_016, "1.02 kB"),
            (8_140_000, "8.14 MB"),
            (61_800_000_000, "61.8 GB"),
            (99_960_000_000, "100 GB"),
            (412_600_000_000, "413 GB"),
            (999_400_000, "999 MB"),
            (999_500_000, "1 GB"),
            (999_999_999, "1 GB"),
            (1_500_000_000_000, "1.5 TB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(number), text.replace(' ', "\u{a0}"));
        }
    }

    #[test]
    fn counts_have_separators() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (684_199, "684,199"), (1_000_000, "1,000,000")]
        {
            assert_eq!(count(number), text);
        }
        assert_eq!(many(1, "file", "files"), "1\u{a0}file");
        assert_eq!(many(2_000, "file", "files"), "2,000\u{a0}files");
    }
}
