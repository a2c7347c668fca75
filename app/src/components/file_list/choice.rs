//! What is chosen of a folder: some of its entries, or all of them.

use std::collections::BTreeMap;

use iota_core::vault::{EntryKind, Listing, MAX_CHOSEN, PathToken, Row, Selection};

use crate::words::{bytes, count, many};

/// How much something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Entries.
    pub entries: u64,
    /// Folders among them.
    pub folders: u64,
    /// Sum of the sizes of the files among them.
    pub bytes: u64,
}

impl Amount {
    /// All of a folder.
    pub fn of(listing: &Listing) -> Self {
        Self { entries: listing.count.into(), folders: listing.folders.into(), bytes: listing.bytes }
    }
}

/// What is kept of an entry that is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    name: String,
    folder: bool,
    bytes: u64,
}

/// What is chosen of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// These entries, which may be none.
    Some(BTreeMap<PathToken, Part>),
    /// All of them; they need not be known.
    All(Amount),
}

impl Default for Choice {
    fn default() -> Self {
        Self::Some(BTreeMap::new())
    }
}

/// More than [`MAX_CHOSEN`] entries, and not all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

impl Choice {
    /// Whether nothing is chosen.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Some(parts) if parts.is_empty())
    }

    /// Whether all entries are.
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All(_))
    }

    /// Whether an entry is.
    pub fn contains(&self, token: &PathToken) -> bool {
        match self {
            Self::Some(parts) => parts.contains_key(token),
            Self::All(_) => true,
        }
    }

    /// These rows, which may be all that there are at one point in time and not at another.
    pub fn of(rows: &[Row]) -> Self {
        Self::Some(rows.iter().map(part).collect())
    }

    /// The entries, when they are known.
    pub fn tokens(&self) -> Vec<PathToken> {
        match self {
            Self::Some(parts) => parts.keys().cloned().collect(),
            Self::All(_) => Vec::new(),
        }
    }

    /// The same and these rows, of a folder with `whole`.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn with(&self, rows: &[Row], whole: Amount) -> Result<Self, TooMany> {
        let Self::Some(parts) = self else { return Ok(self.clone()) };
        let mut parts = parts.clone();
        parts.extend(rows.iter().map(part));
        match parts.len() {
            all if all as u64 == whole.entries => Ok(Self::All(whole)),
            some if some <= MAX_CHOSEN => Ok(Self::Some(parts)),
            _ => Err(TooMany),
        }
    }

    /// The same without an entry; `None` when all are chosen, of which the others are not known.
    pub fn without(&self, token: &PathToken) -> Option<Self> {
        let Self::Some(parts) = self else { return None };
        let mut parts = parts.clone();
        parts.remove(token);
        Some(Self::Some(parts))
    }

    /// All rows of a folder but one.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn all_but(rows: &[Row], token: &PathToken) -> Result<Self, TooMany> {
        let parts: BTreeMap<_, _> = rows.iter().filter(|row| row.token != *token).map(part).collect();
        if parts.len() <= MAX_CHOSEN { Ok(Self::Some(parts)) } else { Err(TooMany) }
    }

    /// How much it is.
    pub fn amount(&self) -> Amount {
        match self {
            Self::All(whole) => *whole,
            Self::Some(parts) => parts.values().fold(Amount::default(), |sum, part| Amount {
                entries: sum.entries + 1,
                folders: sum.folders + u64::from(part.folder),
                bytes: sum.bytes.saturating_add(part.bytes),
            }),
        }
    }

    /// In words, as in `3 chosen · 1.2 MB`; what is in folders is not counted.
    pub fn words(&self) -> String {
        let Amount { entries, folders, bytes: size } = self.amount();
        let all = if self.is_all() && entries > 1 { "All\u{a0}" } else { "" };
        let files = (entries > folders).then(|| bytes(size));
        let folders = (folders > 0).then(|| many(folders, "folder", "folders"));
        let parts: Vec<String> = files.into_iter().chain(folders).collect();
        format!("{all}{}\u{a0}chosen · {}", count(entries), parts.join(" and "))
    }

    /// What it is called, as in `3 entries of letters`; by its own name when it is one entry.
    pub fn name(&self, folder: &str) -> String {
        match self {
            Self::All(_) => folder.to_owned(),
            Self::Some(parts) => match parts.values().next() {
                Some(part) if parts.len() == 1 => part.name.clone(),
                _ => format!("{} of {folder}", many(parts.len() as u64, "entry", "entries")),
            },
        }
    }

    /// For the vault; none when nothing is chosen.
    pub fn selection(&self, folder: Option<PathToken>) -> Option<Selection> {
        match self {
            Self::All(_) => Some(Selection { folder, only: Vec::new() }),
            Self::Some(parts) if parts.is_empty() => None,
            Self::Some(parts) => Some(Selection { folder, only: parts.keys().cloned().collect() }),
        }
    }
}

fn part(row: &Row) -> (PathToken, Part) {
    let folder = row.kind == EntryKind::Folder;
    (row.token.clone(), Part { name: row.name.clone(), folder, bytes: row.bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(number: usize) -> PathToken {
        PathToken(format!("t{number}"))
    }

    fn row(number: usize) -> Row {
        let kind = if number == 0 { EntryKind::Folder } else { EntryKind::File };
        let bytes = if number == 0 { 0 } else { 1_000 };
        Row { name: format!("n{number}"), token: token(number), kind, bytes, mtime_s: 0, torn: false, picture: None }
    }

    fn rows(numbers: std::ops::Range<usize>) -> Vec<Row> {
        numbers.map(row).collect()
    }

    fn whole(entries: u64) -> Amount {
        Amount { entries, folders: 1, bytes: (entries - 1) * 1_000 }
    }

    #[test]
    fn entries_come_and_go() {
        let choice = Choice::default().with(&rows(1..3), whole(9)).unwrap();
        assert!(choice.contains(&token(1)) && !choice.contains(&token(3)) && !choice.is_empty());
        assert_eq!(choice.amount(), Amount { entries: 2, folders: 0, bytes: 2_000 });
        let fewer = choice.without(&token(1)).unwrap();
        assert_eq!(fewer.selection(None).unwrap().only, [token(2)]);
        assert!(fewer.without(&token(2)).unwrap().is_empty());
    }

    #[test]
    fn a_range_adds_to_what_was_chosen_and_counts_nothing_twice() {
        let base = Choice::default().with(&rows(5..6), whole(9)).unwrap();
        let long = base.with(&rows(1..6), whole(9)).unwrap();
        assert_eq!(long.amount().entries, 5);
        assert_eq!(base.with(&rows(4..6), whole(9)).unwrap().amount().entries, 2);
    }

    #[test]
    fn who_chooses_each_has_chosen_all() {
        let all = Choice::default().with(&rows(0..9), whole(9)).unwrap();
        assert_eq!(all, Choice::All(whole(9)));
        assert!(all.contains(&token(7)) && all.without(&token(7)).is_none());
        assert_eq!(all.with(&rows(1..2), whole(9)), Ok(all.clone()));
        assert_eq!(all.selection(Some(token(99))), Some(Selection { folder: Some(token(99)), only: vec![] }));
        let others = Choice::all_but(&rows(0..9), &token(7)).unwrap();
        assert!(!others.contains(&token(7)) && others.contains(&token(8)));
        assert_eq!(others.amount().entries, 8);
    }

    #[test]
    fn nothing_is_no_selection() {
        // A selection of no entries means all of them.
        assert_eq!(Choice::default().selection(None), None);
    }

    #[test]
    fn there_is_a_bound_unless_all_are_chosen() {
        let many = MAX_CHOSEN as u64 * 2;
        let full = Choice::default().with(&rows(0..MAX_CHOSEN), whole(many)).unwrap();
        assert_eq!(full.with(&rows(0..1), whole(many)), Ok(full.clone()));
        assert_eq!(full.with(&rows(MAX_CHOSEN..MAX_CHOSEN + 1), whole(many)), Err(TooMany));
        assert_eq!(Choice::all_but(&rows(0..MAX_CHOSEN + 2), &token(0)), Err(TooMany));
        let one_more = MAX_CHOSEN + 1;
        assert!(full.with(&rows(MAX_CHOSEN..one_more), whole(one_more as u64)).unwrap().is_all());
    }

    #[test]
    fn words_say_how_much_and_what() {
        let choice = |numbers| Choice::default().with(&rows(numbers), whole(9)).unwrap();
        let plain = |text: String| text.replace('\u{a0}', " ");
        for (choice, words, name) in [
            (choice(1..2), "1 chosen · 1 kB", "n1"),
            (choice(0..1), "1 chosen · 1 folder", "n0"),
            (choice(0..3), "3 chosen · 2 kB and 1 folder", "3 entries of letters"),
            (choice(0..9), "All 9 chosen · 8 kB and 1 folder", "letters"),
        ] {
            assert_eq!((plain(choice.words()).as_str(), plain(choice.name("letters")).as_str()), (words, name));
        }
    }
}
