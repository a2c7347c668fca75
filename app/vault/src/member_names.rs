//! What the members of an archive are called: names that every system takes, and in one folder no two that some system takes for
//! the same, so that nothing overwrites anything when the archive is unpacked.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hasher};

use iota_core::id::Digest;
use unicode_normalization::UnicodeNormalization;

use crate::show;

/// Longest name that had to be changed, bytes: every system takes it.
const NAME_BYTES: usize = 200;

/// Gives names to entries that come in the order of their keys: all that stand in a folder, then what is below each of them.
///
/// It remembers what it gave in one folder, and which folders on the way to that one are called otherwise than they were.
#[derive(Default)]
pub struct MemberNames {
    top: Level,
    /// The folders on the way to the entry that came last.
    below: Vec<Level>,
    /// A folder may come up whose entry did not.
    expects_unseen: bool,
}

/// A folder.
#[derive(Default)]
struct Level {
    /// Its name as it was; none at the top.
    name: Box<[u8]>,
    /// What the names of its entries are put behind: its path in the archive with a slash, nothing at the top.
    place: String,
    /// The names that were given in it, folded, and to which names; marks stand for both.
    given: HashMap<u64, u64>,
    /// Folders in it that have another name than they had.
    renamed: HashMap<Box<[u8]>, String>,
}

impl MemberNames {
    /// At the top, nothing gets the name `reserved`.
    pub fn new(reserved: &str) -> Self {
        let mut names = Self::default();
        // No entry has an empty name.
        names.top.given.insert(folded(reserved), mark(b""));
        names
    }

    /// Some entries are lost, maybe those of folders of which more is to come: names are remembered for longer from here on.
    pub fn expect_unseen(&mut self) {
        self.expects_unseen = true;
    }

    /// The path in the archive of the entry at `path`; that its name is another one goes into `notes`.
    pub fn give(&mut self, path: &[u8], is_folder: bool, notes: &mut VecDeque<String>) -> String {
        let slash = path.iter().rposition(|&byte| byte == b'/');
        self.go_to(slash.map_or(&[], |slash| &path[..slash]), notes);
        self.call(path, is_folder, notes)
    }

    fn go_to(&mut self, folder: &[u8], notes: &mut VecDeque<String>) {
        let names: Vec<&[u8]> = folder.split(|&byte| byte == b'/').filter(|name| !name.is_empty()).collect();
        let shared = self.below.iter().zip(&names).take_while(|(level, name)| *level.name == ***name).count();
        self.below.truncate(shared);
        for depth in shared..names.len() {
            let here = match self.last().known(names[depth]) {
                Some(here) => here,
                None => self.call(&names[..=depth].join(&b'/'), true, notes),
            };
            let place = here + "/";
            if !self.expects_unseen {
                // All that stand in the folder above came before what is below one of them.
                self.last().given = HashMap::new();
            }
            self.below.push(Level { name: names[depth].into(), place, ..Level::default() });
        }
    }

    /// Names an entry of the folder that was gone to, and notes it when that is another name.
    fn call(&mut self, path: &[u8], is_folder: bool, notes: &mut VecDeque<String>) -> String {
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let level = self.last();
        let (given, is_other) = level.give(name, is_folder);
        let here = format!("{}{given}", level.place);
        if is_other {
            let rest = if is_folder { ", with all that is in it" } else { "" };
            notes.push_back(format!("renamed: {} is here {here}{rest}", show::text(path)));
        }
        here
    }

    fn last(&mut self) -> &mut Level {
        self.below.last_mut().unwrap_or(&mut self.top)
    }
}

impl Level {
    /// Where a folder is in the archive, as far as it is remembered.
    fn known(&self, name: &[u8]) -> Option<String> {
        let given = match self.renamed.get(name) {
            Some(given) => given,
            None => std::str::from_utf8(name).ok().filter(|text| self.given.get(&folded(text)) == Some(&mark(name)))?,
        };
        Some(format!("{}{given}", self.place))
    }

    /// The name of an entry, and whether it is another one than it had.
    fn give(&mut self, name: &[u8], is_folder: bool) -> (String, bool) {
        let mut given = safe_name(name);
        let mut tries = 0;
        while self.given.contains_key(&folded(&given)) {
            given = Cow::Owned(marked_name(name, tries));
            tries += 1;
        }
        self.given.insert(folded(&given), mark(name));
        let is_other = matches!(given, Cow::Owned(_));
        if is_other && is_folder {
            self.renamed.insert(name.into(), given.clone().into_owned());
        }
        (given.into_owned(), is_other)
    }
}

/// Stands for a name. Of two that have the same mark the later one gets another name without need, and nothing else happens.
fn mark(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(name);
    hasher.finish()
}

/// A mark that is the same for names that some system does not tell apart: by case, or by how their letters are composed.
fn folded(name: &str) -> u64 {
    if name.is_ascii() {
        return mark(name.to_ascii_lowercase().as_bytes());
    }
    // By way of the capitals, as they are the same for more: ß and ss, both forms of the small sigma.
    let folded: String = name.nfd().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfd().collect();
    mark(folded.as_bytes())
}

/// A name that every system takes as it is; another one is marked, so that two that differ still do.
fn safe_name(name: &[u8]) -> Cow<'_, str> {
    let trimmed = trimmed(name);
    match std::str::from_utf8(name).ok().filter(|text| *text == trimmed && !is_device(text)) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(marked_name(name, 0)),
    }
}

/// A name with a part of the hash of what it was before its extension; each try has another.
fn marked_name(name: &[u8], tries: usize) -> String {
    let trimmed = trimmed(name);
    // There are no zeros in names.
    let hash = Digest::of(&[name, &vec![0; tries]].concat()).to_string();
    let (stem, extension) = match trimmed.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 16 => (stem, format!(".{extension}")),
        _ => (&trimmed[..], String::new()),
    };
    let stem = &stem[..stem.floor_char_boundary(NAME_BYTES - extension.len())];
    format!("{stem}~{}{extension}", &hash[..8])
}

/// A name without what some system refuses.
fn trimmed(name: &[u8]) -> String {
    let refused = |c: char| matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let clean = show::text(name).replace(refused, "_");
    clean.trim_end_matches(['.', ' ']).to_owned()
}

/// Names that are devices on Windows, whatever follows a dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_left_alone_or_changed_so_that_they_still_differ() {
        for name in ["notes.txt", ".bashrc", "Köln–Łódź", "a b", "console.txt", "com10", "…"] {
            assert!(matches!(safe_name(name.as_bytes()), Cow::Borrowed(same) if same == name), "{name}");
        }
        let hostile: [&[u8]; 12] = [
            b"..\\..\\x",
            b".._.._x\\",
            b"C:evil.exe",
            b"a?b",
            b"a*b",
            b"caf\xe9.txt",
            b"a\nb",
            "a\u{202e}gpj.exe".as_bytes(),
            b"dot.",
            b"space ",
            b"nul.txt",
            b"COM1",
        ];
        let mut seen = HashSet::new();
        for name in hostile {
            let safe = safe_name(name);
            assert!(matches!(safe, Cow::Owned(_)), "{}", name.escape_ascii());
            assert!(
                !safe.contains(['\\', ':', '*', '?', '/', '\n']) && !safe.ends_with(['.', ' ']) && !is_device(&safe),
                "{safe}"
            );
            assert!(seen.insert(safe.into_owned()));
        }
        assert!(safe_name(b"caf\xe9.txt").ends_with(".txt"));
        assert!(safe_name(&[b'\n'; 255]).len() < 255);
    }

    /// Paths in the archive of files (folders with a slash at their end), and the notes.
    fn given(names: &mut MemberNames, paths: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut notes = VecDeque::new();
        let give = |path: &&str| names.give(path.trim_end_matches('/').as_bytes(), path.ends_with('/'), &mut notes);
        let given = paths.iter().map(give).collect();
        (given, notes.into())
    }

    #[test]
    fn what_a_system_does_not_tell_apart_is_folded_to_the_same() {
        for (one, other) in [
            ("README", "Readme"),
            ("\u{e9}t\u{e9}", "e\u{301}te\u{301}"),
            ("\u{c9}T\u{c9}", "e\u{301}te\u{301}"),
            ("STRASSE", "straße"),
            ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"),
            ("\u{212a}", "k"),
            ("\u{1fc3}", "\u{3b7}\u{345}"),
            ("가", "\u{1100}\u{1161}"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        let others = ["a", "ä", "á", "a\u{302}", "å", "b", "日", "本", ".", "a.", "aa"].map(folded);
        assert_eq!(HashSet::from(others).len(), others.len());
    }

    #[test]
    fn folders_that_would_be_one_stay_apart_with_all_below() {
        let mut names = MemberNames::new("Text");
        let paths = ["D/", "d/", "text", "D/X/", "D/x/", "D/X/y", "D/x/y", "d/e/", "d/x", "d/x~", "d/e/f"];
        let (given, notes) = given(&mut names, &paths);
        let mark = |name: &str| marked_name(name.as_bytes(), 0);
        let (d, text, x) = (mark("d"), mark("text"), mark("x"));
        let mut expected =
            vec!["D".to_owned(), d.clone(), text.clone(), "D/X".into(), format!("D/{x}"), "D/X/y".into()];
        expected.push(format!("D/{x}/y"));
        expected.extend(["e", "x", "x~", "e/f"].map(|name| format!("{d}/{name}")));
        assert_eq!(given, expected);
        let expected = [
            format!("renamed: d is here {d}, with all that is in it"),
            format!("renamed: text is here {text}"),
            format!("renamed: D/x is here D/{x}, with all that is in it"),
        ];
        assert_eq!(notes, expected);
    }

    #[test]
    fn a_name_that_looks_like_a_changed_one_is_none_of_it() {
        let first = marked_name(b"readme.txt", 0);
        let (given, notes) = given(&mut MemberNames::new(""), &["README.txt", &first, "readme.txt"]);
        assert_eq!(given, ["README.txt".to_owned(), first, marked_name(b"readme.txt", 1)]);
        assert_eq!(notes.len(), 1);
        let long = "ä".repeat(127);
        let (given, _) = self::given(&mut MemberNames::new(""), &[&long.to_uppercase(), &long]);
        assert!(given[1].starts_with("ää") && given[1].len() <= NAME_BYTES + 9, "{given:?}");
    }

    #[test]
    fn a_folder_whose_entry_is_lost_is_none_of_those_that_are_not() {
        let mut names = MemberNames::new("");
        given(&mut names, &["A/", "B/", "c/"]);
        names.expect_unseen();
        let (given, notes) = given(&mut names, &["A/x", "B/x", "C/x", "C/y", "a/x", "c/x"]);
        let (upper, lower) = (marked_name(b"C", 0), marked_name(b"a", 0));
        let expected = [
            "A/x".into(),
            "B/x".into(),
            format!("{upper}/x"),
            format!("{upper}/y"),
            format!("{lower}/x"),
            "c/x".into(),
        ];
        assert_eq!(given, expected);
        assert_eq!(notes.len(), 2);
    }

    #[test]
    fn names_are_kept_of_one_folder_at_a_time() {
        let mut names = MemberNames::new("");
        let mut notes = VecDeque::new();
        names.give(b"d", true, &mut notes);
        for number in 0..100_000 {
            names.give(format!("d/{number}").as_bytes(), true, &mut notes);
        }
        assert_eq!((names.top.given.len(), names.below.len(), names.below[0].given.len()), (0, 1, 100_000));
        names.give(b"d/5/x", false, &mut notes);
        assert_eq!((names.below[0].given.len(), names.below[1].given.len(), notes.len()), (0, 1, 0));
        assert!(names.below[0].renamed.is_empty());
    }
}
