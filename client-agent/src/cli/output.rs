//! What is printed: lines for people, or one JSON object for programs.

use serde::Serialize;
use std::{
    fmt::Display,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

/// The one JSON object is printed.
static IS_OUT: Mutex<bool> = Mutex::new(false);

/// Where words go.
#[derive(Debug, Clone, Copy, Default)]
pub struct Output {
    /// One JSON object instead of lines.
    pub json: bool,
    /// Results and errors only.
    pub quiet: bool,
}

impl Output {
    /// A line of a result, on standard output; nothing with `--json`.
    pub fn line(&self, text: impl Display) {
        if !self.json {
            write(io::stdout(), &clean_lines(&text.to_string()));
        }
    }

    /// A remark, on standard error; nothing with `--json` or `--quiet`.
    pub fn note(&self, text: impl Display) {
        if !self.json && !self.quiet {
            write(io::stderr(), &clean_lines(&text.to_string()));
        }
    }

    /// The one JSON object; nothing without `--json`, and nothing when there was one.
    pub fn object(&self, value: &impl Serialize) {
        self.object_and(value, || ());
    }

    /// [`Output::object`], and `then` before another thread can print one; neither when there was one.
    pub fn object_and(&self, value: &impl Serialize, then: impl FnOnce()) {
        let mut is_out = IS_OUT.lock().unwrap_or_else(PoisonError::into_inner);
        if self.json && !*is_out {
            let text = serde_json::to_string(value).expect("results are maps, lists, texts and numbers");
            write(io::stdout(), &text);
            *is_out = true;
            then();
        }
    }

    /// Whether a person may watch.
    pub fn is_chatty(&self) -> bool {
        !self.json && !self.quiet
    }
}

/// A reader that went away (`iota ls | head`) is no error of ours.
pub(super) fn write(mut stream: impl Write, text: &str) {
    let _ = writeln!(stream, "{text}");
}

/// Names come from anywhere: what would steer a terminal or turn the direction of text is shown, not sent.
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_steering(letter) {
            cleaned.push_str(&format!("‹U+{:04X}›", u32::from(letter)));
        } else {
            cleaned.push(letter);
        }
    }
    cleaned
}

/// [`clean`] for text of several lines of our own.
pub fn clean_lines(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

fn is_steering(letter: char) -> bool {
    let directions =
        matches!(letter, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || directions || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// A path in JSON: text, and its bytes when text alone would lose some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JsonPath {
    /// The path, with U+FFFD for what is no text.
    pub path: String,
    /// Its bytes in hexadecimal, when they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
}

impl JsonPath {
    /// The absolute path of a path in a tree.
    pub fn in_tree(path: &[u8]) -> Self {
        Self::new(&[b"/", path].concat())
    }

    /// A path as it is.
    pub fn new(path: &[u8]) -> Self {
        let hex = std::str::from_utf8(path).is_err().then(|| data_encoding::HEXLOWER.encode(path));
        Self { path: String::from_utf8_lossy(path).into_owned(), path_hex: hex }
    }
}

/// Bytes for people: `1.5 GB`.
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["bytes", "KB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut amount = bytes as f64;
    while amount >= 999.5 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} bytes") } else { format!("{amount:.1} {}", UNITS[unit]) }
}

/// A moment for people: `3 hours ago`.
pub fn human_ago(now_ms: u64, then_ms: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let ago_s = now_ms.saturating_sub(then_ms) / 1000;
    let (unit_s, unit) = UNITS.into_iter().find(|(unit_s, _)| ago_s >= *unit_s).unwrap_or((1, "second"));
    let count = ago_s / unit_s;
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(clean("a\x1b[2Jb\u{202e}c\u{9b}d\ne"), "a‹U+001B›[2Jb‹U+202E›c‹U+009B›d‹U+000A›e");
        assert_eq!(clean("Käse 漢字 🙂"), "Käse 漢字 🙂");
        assert_eq!(clean_lines("a\nb\rc"), "a\nb‹U+000D›c");
    }

    #[test]
    fn paths_keep_their_bytes_in_json() {
        let text = |path: &JsonPath| serde_json::to_string(path).unwrap();
        assert_eq!(text(&JsonPath::in_tree(b"a/b")), r#"{"path":"/a/b"}"#);
        assert_eq!(text(&JsonPath::in_tree(b"\xff")), "{\"path\":\"/\u{fffd}\",\"path_hex\":\"2fff\"}");
    }

    #[test]
    fn moments_for_people() {
        assert_eq!(human_ago(10_000, 9_000), "1 second ago");
        assert_eq!(human_ago(3 * 86_400_000, 0), "3 days ago");
        assert_eq!(human_ago(0, 5_000), "0 seconds ago");
    }

    #[test]
    fn bytes_for_people() {
        assert_eq!(human_bytes(999), "999 bytes");
        assert_eq!(human_bytes(1_500_000), "1.5 MB");
        assert_eq!(human_bytes(999_999), "1.0 MB");
        assert_eq!(human_bytes(u64::MAX), "18446.7 PB");
    }
}
