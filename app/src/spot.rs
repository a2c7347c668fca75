//! A place in time and in the tree of a machine, as it stands in the fragment of an address: the number of a commit and a
//! sealed path, never a name. Fragments are not sent to servers.

use iota_core::id::SetId;
use iota_core::vault::PathToken;

/// Where somebody looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spot {
    /// The commit; none for the newest.
    pub at: Option<u64>,
    /// The folder or file; none for the top.
    pub path: Option<PathToken>,
}

impl Spot {
    /// Reads a fragment, with or without its sign. What makes no sense is left out.
    pub fn parse(fragment: &str) -> Self {
        let mut spot = Self::default();
        for part in fragment.trim_start_matches('#').split('&') {
            match part.split_once('=') {
                Some(("at", number)) => spot.at = number.parse().ok(),
                Some(("f", token)) if is_token(token) => spot.path = Some(PathToken(token.to_owned())),
                _ => {}
            }
        }
        spot
    }

    /// The fragment, with its sign.
    pub fn fragment(&self) -> String {
        let at = self.at.map(|at| format!("at={at}"));
        let path = self.path.as_ref().map(|path| format!("f={}", path.0));
        let parts: Vec<String> = at.into_iter().chain(path).collect();
        format!("#{}", parts.join("&"))
    }

    /// The same place at another time.
    pub fn at(&self, at: Option<u64>) -> Self {
        Self { at, path: self.path.clone() }
    }

    /// Another place at the same time.
    pub fn path(&self, path: Option<PathToken>) -> Self {
        Self { at: self.at, path }
    }
}

/// Two points in time, and the folder that is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    /// The earlier commit, if one was chosen.
    pub from: Option<u64>,
    /// The later one, and the folder.
    pub to: Spot,
}

impl Span {
    /// Reads a fragment, with or without its sign.
    pub fn parse(fragment: &str) -> Self {
        let from = fragment.trim_start_matches('#').split('&').find_map(|part| part.strip_prefix("from="));
        Self { from: from.and_then(|number| number.parse().ok()), to: Spot::parse(fragment) }
    }

    /// The fragment, with its sign.
    pub fn fragment(&self) -> String {
        let to = self.to.fragment();
        match self.from {
            Some(from) if to.len() > 1 => format!("#from={from}&{}", &to[1..]),
            Some(from) => format!("#from={from}"),
            None => to,
        }
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Address of a machine.
pub fn machine(set: SetId) -> String {
    format!("/machines/{set}")
}

/// Address of its rules.
pub fn rules(set: SetId) -> String {
    format!("/machines/{set}/rules")
}

/// Address of its timeline.
pub fn timeline(set: SetId) -> String {
    format!("/machines/{set}/timeline")
}

/// Address of the search among its names.
pub fn search(set: SetId) -> String {
    format!("/machines/{set}/search")
}

/// Address of what lies between two of its points in time.
pub fn compare(set: SetId, span: &Span) -> String {
    format!("/machines/{set}/compare{}", span.fragment())
}

/// Address of its files.
pub fn browse(set: SetId, spot: &Spot) -> String {
    format!("/machines/{set}/browse{}", spot.fragment())
}

/// Address of one of its files.
pub fn file(set: SetId, spot: &Spot) -> String {
    format!("/machines/{set}/file{}", spot.fragment())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_is_read_as_it_was_written() {
        let token = || Some(PathToken("9f-3_cA".into()));
        for (spot, fragment) in [
            (Spot::default(), "#"),
            (Spot { at: Some(31_204), path: None }, "#at=31204"),
            (Spot { at: None, path: token() }, "#f=9f-3_cA"),
            (Spot { at: Some(7), path: token() }, "#at=7&f=9f-3_cA"),
        ] {
            assert_eq!(spot.fragment(), fragment);
            assert_eq!(Spot::parse(fragment), spot);
        }
    }

    #[test]
    fn two_points_are_read_as_they_were_written() {
        let spot = Spot { at: Some(9), path: Some(PathToken("9f-3_cA".into())) };
        for (span, fragment) in [
            (Span::default(), "#"),
            (Span { from: Some(3), to: Spot::default() }, "#from=3"),
            (Span { from: Some(3), to: spot.clone() }, "#from=3&at=9&f=9f-3_cA"),
            (Span { from: None, to: spot }, "#at=9&f=9f-3_cA"),
        ] {
            assert_eq!(span.fragment(), fragment);
            assert_eq!(Span::parse(fragment), span);
        }
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        for fragment in ["", "#main", "#at=&f=", "#at=-1", "#at=x&f=a/b", "#f=<b>"] {
            assert_eq!(Spot::parse(fragment), Spot::default(), "{fragment}");
        }
    }
}
