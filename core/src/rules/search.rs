//! What a person looks for among the names of a backup.

use super::{RuleError, pattern::Pattern};
use crate::path::TreePath;

/// A pattern as in the rules when it has wildcards or ends with `/`; otherwise a part of the name, or of the whole path when it
/// has a `/`, and then capital letters do not matter.
#[derive(Debug, Clone)]
pub struct Search(Body);

#[derive(Debug, Clone)]
enum Body {
    /// In small letters, like the next.
    Name(Box<str>),
    Path(Box<str>),
    Pattern(Pattern),
}

impl Search {
    /// Parses what was asked for.
    ///
    /// # Errors
    /// [`RuleError::Pattern`].
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let is_part = !text.trim().is_empty() && !text.contains(['*', '?', '[', '{', '\\']) && !text.ends_with('/');
        Ok(Self(match is_part {
            true if text.contains('/') => Body::Path(text.to_lowercase().into()),
            true => Body::Name(text.to_lowercase().into()),
            false => {
                // What these mean at the beginning of a line of rules is of no use here.
                let escape = if text.starts_with(['!', '#']) { "\\" } else { "" };
                Body::Pattern(Pattern::parse(&format!("{escape}{text}"))?)
            }
        }))
    }

    /// Whether it finds `path`; `directory` says what that is.
    pub fn matches(&self, path: &TreePath, directory: bool) -> bool {
        self.finds(path.as_bytes(), directory)
    }

    /// Likewise, by the bytes of a path.
    pub fn finds(&self, path: &[u8], directory: bool) -> bool {
        match &self.0 {
            Body::Name(part) => contains(path.rsplit(|&byte| byte == b'/').next().unwrap_or(path), part),
            Body::Path(part) => contains(&[b"/", path].concat(), part),
            Body::Pattern(pattern) => pattern.matches(path, directory),
        }
    }
}

/// Whether `text` contains `part`, which is in small letters.
fn contains(text: &[u8], part: &str) -> bool {
    if part.is_ascii() {
        return text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()));
    }
    String::from_utf8_lossy(text).to_lowercase().contains(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_patterns() {
        let finds =
            |text: &str, path: &[u8]| Search::parse(text).unwrap().matches(&TreePath::parse(path).unwrap(), false);
        for (text, path, expected) in [
            ("port", &b"home/ada/report.odt"[..], true),
            ("PORT", b"home/ada/Report.odt", true),
            ("ada/rep", b"home/Ada/Report.odt", true),
            ("köln", "home/KÖLN.jpg".as_bytes(), true),
            ("Köln", "home/kolner".as_bytes(), false),
            ("*.ODT", b"home/ada/report.odt", false),
            ("ada", b"home/ada/report.odt", false),
            ("/ada/rep", b"home/ada/report.odt", true),
            ("/home", b"home/ada", true),
            ("*.odt", b"home/ada/report.odt", true),
            ("/home/*/report.odt", b"home/ada/report.odt", true),
            ("ada/*", b"home/ada/report.odt", false),
            ("**/ada/*", b"home/ada/report.odt", true),
            ("repor?.od[st]", b"home/ada/report.odt", true),
            ("!*", b"x/!important", true),
            ("!*", b"x/important", false),
            ("#1", b"x/#1", true),
            ("f*", b"x/f\xff", true),
            ("f", b"x/\xfff", true),
        ] {
            assert_eq!(finds(text, path), expected, "{text} {}", path.escape_ascii());
        }
        let directories = Search::parse("a*/").unwrap();
        let path = TreePath::parse(b"home/ada").unwrap();
        assert!(directories.matches(&path, true) && !directories.matches(&path, false));
        for bad in ["", "  ", "[", "/", "a\0*"] {
            assert!(Search::parse(bad).is_err(), "{bad}");
        }
    }
}
