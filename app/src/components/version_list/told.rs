//! Versions as a list, newest first, and what became of the path with each.

use iota_core::vault::{EntryKind, Version};

use crate::words::bytes;

/// Puts older versions after the known ones. What did not change where two parts meet is one version, as old as the older. `unread`: between
/// both parts commits were passed over, and a search that ends before this commit reads them.
pub(super) fn append(known: &mut Vec<Version>, older: Vec<Version>, unread: Option<u64>) {
    if let (Some(last), Some(first)) = (known.last_mut(), older.first())
        && last.hash != first.hash
        && last.single.is_none()
    {
        last.single = unread;
    }
    known.extend(older);
    join(known);
}

/// Puts the single changes that were found before the commit `before` where they belong. `rest`: those before this commit were not
/// read yet; they are still to be read where the version before is an older one.
pub(super) fn insert(known: &mut Vec<Version>, mut single: Vec<Version>, before: u64, rest: Option<u64>) {
    let Some(place) = known.iter().position(|version| version.single == Some(before)) else { return };
    known[place].single = None;
    let rest = rest.filter(|&rest| known.get(place + 1).is_some_and(|older| older.seq + 1 < rest));
    single.last_mut().unwrap_or(&mut known[place]).single = rest;
    known.splice(place + 1..place + 1, single);
    join(known);
}

fn join(known: &mut Vec<Version>) {
    known.dedup_by(|older, newer| {
        let is_same = older.hash == newer.hash;
        if is_same {
            newer.clone_from(older);
        }
        is_same
    });
}

/// Nothing before the first version is no version.
pub(super) fn is_shown(versions: &[Version], place: usize) -> bool {
    place == 0 || versions[place].hash.is_some() || place + 1 < versions.len()
}

/// What stands around a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// The last file before it with other content.
    pub before: Option<Version>,
    /// The newest, when that is a file with other content.
    pub now: Option<Version>,
    /// Another that is there, as near as can be.
    pub nearest: Option<Version>,
}

impl Around {
    /// Around the version that a point in time has.
    pub(super) fn of(versions: &[Version], chosen: u64) -> Self {
        let place = versions.iter().position(|version| version.seq <= chosen).unwrap_or(versions.len());
        let (newer, rest) = versions.split_at(place);
        let (current, older) = rest.split_first().map_or((None, rest), |(current, older)| (Some(current), older));
        let differs = |version: &&Version| {
            let is_other = current.is_some_and(|current| current.hash.is_some() && current.content != version.content);
            is_other && version.kind == Some(EntryKind::File)
        };
        let there = newer.iter().chain(older).filter(|version| version.hash.is_some());
        Self {
            before: older.iter().find(differs).cloned(),
            now: newer.first().filter(differs).cloned(),
            nearest: there.min_by_key(|version| version.seq.abs_diff(chosen)).cloned(),
        }
    }
}

/// What became of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// It was not there before.
    First,
    /// It was there before, and then it was not.
    Back,
    /// It is not there.
    Gone,
    /// What it is, the bytes of a file, or where a link points; `same_time` although its time says otherwise.
    Content { same_time: bool },
    /// Another kind of thing.
    Kind(EntryKind),
    /// Nothing but permissions, owner, times and the like.
    Metadata,
}

impl Became {
    /// What became of it with the version at `place`; `None` while what was before is not known. `all`: there is nothing older.
    pub(super) fn at(versions: &[Version], place: usize, all: bool) -> Option<Self> {
        let (version, before) = (&versions[place], &versions[place + 1..]);
        if version.hash.is_none() {
            return Some(Self::Gone);
        }
        let older = before.first().filter(|older| older.hash.is_some());
        let Some(older) = older else {
            let was_there = before.iter().any(|older| older.hash.is_some());
            return if was_there { Some(Self::Back) } else { all.then_some(Self::First) };
        };
        Some(match (version.kind, older.kind) {
            (Some(kind), Some(was)) if kind != was => Self::Kind(kind),
            _ if version.content == older.content => Self::Metadata,
            _ => Self::Content { same_time: (version.mtime_s, version.mtime_ns) == (older.mtime_s, older.mtime_ns) },
        })
    }

    /// In words; `older` is the version before, which a size is compared with.
    pub(super) fn words(self, version: &Version, older: Option<&Version>) -> String {
        let size = bytes(version.bytes);
        let is_file = version.kind == Some(EntryKind::File);
        let of_file = |words: &str| if is_file { format!("{size}, {words}") } else { words.to_owned() };
        match self {
            Self::Gone => "deleted, or left out by a rule".into(),
            Self::First => of_file("first seen"),
            Self::Back => of_file("put back"),
            Self::Kind(EntryKind::Folder) => "a folder now".into(),
            Self::Kind(EntryKind::File) => of_file("a file now"),
            Self::Kind(EntryKind::Link) => "a link now".into(),
            Self::Kind(EntryKind::Special) => "a device or the like now".into(),
            Self::Metadata => of_file("only permissions, owner or times"),
            Self::Content { same_time: true } => of_file("other bytes, same time"),
            Self::Content { same_time: false } if !is_file => "it points elsewhere".into(),
            Self::Content { same_time: false } => {
                let was = older.map_or(version.bytes, |older| older.bytes);
                match version.bytes.abs_diff(was) {
                    0 => of_file("other content, as long as before"),
                    by if version.bytes > was => of_file(&format!("{} more", bytes(by))),
                    by => of_file(&format!("{} less", bytes(by))),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use iota_core::id::Digest;

    use super::*;

    fn version(seq: u64, hash: Option<u8>) -> Version {
        let hash = hash.map(|byte| Digest([byte; 32]));
        let kind = hash.map(|_| EntryKind::File);
        Version {
            seq,
            device_time_ms: seq,
            hash,
            content: hash,
            kind,
            bytes: 1000 * seq,
            mtime_s: seq as i64,
            mtime_ns: 0,
            single: None,
        }
    }

    fn seqs(versions: &[Version]) -> Vec<u64> {
        versions.iter().map(|version| version.seq).collect()
    }

    #[test]
    fn what_did_not_change_between_parts_is_one_version() {
        let mut known = vec![version(9, Some(2)), version(7, Some(1))];
        append(&mut known, vec![version(4, Some(1)), version(3, None), version(1, Some(3))], None);
        assert_eq!(seqs(&known), [9, 4, 3, 1]);
        let first = [version(2, Some(1)), version(1, None)];
        assert!(is_shown(&first, 0) && !is_shown(&first, 1) && is_shown(&known, 2));
    }

    #[test]
    fn single_changes_take_their_place_between_days() {
        let daily = |seq, hash, single| Version { single: Some(single), ..version(seq, hash) };
        let mut known = vec![version(90, Some(9))];
        append(&mut known, vec![daily(60, Some(6), 60), daily(30, Some(3), 30)], Some(81));
        assert_eq!(known[0].single, Some(81), "what lies between the parts was not read");
        // It came and went on the way, and the last change of the day is what the next base has.
        insert(
            &mut known,
            vec![version(55, Some(6)), version(50, None), version(41, Some(4)), version(31, Some(3))],
            60,
            Some(31),
        );
        assert_eq!(seqs(&known), [90, 55, 50, 41, 30]);
        assert_eq!(
            known.iter().map(|version| version.single).collect::<Vec<_>>(),
            [Some(81), None, None, None, Some(30)]
        );
        // The change is that of the base itself.
        insert(&mut known, vec![version(55, Some(6))], 81, Some(56));
        assert_eq!((seqs(&known), known[0].single), (vec![90, 55, 50, 41, 30], None));
        // Several bases lay between the two that were compared: what is before the first of them is still to be read.
        let mut several = vec![daily(60, Some(6), 60), daily(30, Some(3), 30)];
        insert(&mut several, vec![version(55, Some(5)), version(50, Some(4))], 60, Some(50));
        assert_eq!((seqs(&several), several[2].single), (vec![60, 55, 50, 30], Some(50)));
        insert(&mut several, vec![version(40, Some(4)), version(31, Some(3))], 50, Some(31));
        assert_eq!((seqs(&several), several[2].single), (vec![60, 55, 40, 30], None));
        let mut quiet = vec![daily(60, Some(6), 60), daily(30, Some(3), 30)];
        insert(&mut quiet, vec![], 60, Some(50));
        assert_eq!(quiet[0].single, Some(50));
        let before = known.clone();
        insert(&mut known, vec![version(20, Some(1))], 77, None);
        assert_eq!(known, before, "nobody asked for these");
    }

    #[test]
    fn around_a_version_is_what_it_can_be_compared_with() {
        let same = Version { content: Some(Digest([5; 32])), ..version(6, Some(6)) };
        let versions = [
            version(9, Some(9)),
            version(8, None),
            same.clone(),
            version(5, Some(5)),
            version(4, None),
            version(3, Some(3)),
        ];
        let around = |chosen| {
            let Around { before, now, nearest } = Around::of(&versions, chosen);
            [before, now, nearest].map(|version| version.map(|version| version.seq))
        };
        assert_eq!(around(12), [Some(6), None, Some(6)]);
        assert_eq!(around(8), [None, None, Some(9)], "what is gone has no content");
        // The one before differs in nothing but its metadata.
        assert_eq!(around(7), [Some(3), Some(9), Some(9)]);
        assert_eq!(around(3), [None, Some(9), Some(5)]);
        assert_eq!(around(1), [None, None, Some(3)], "from before the first");
        assert_eq!(Around::of(&[], 5), Around::default());
        let folder = [version(9, Some(9)), Version { kind: Some(EntryKind::Folder), ..version(5, Some(5)) }];
        assert_eq!(Around::of(&folder, 9).before, None);
    }

    #[test]
    fn each_version_says_what_became_of_the_path() {
        let (five, six) = (Digest([5; 32]), Some(6));
        let versions = [
            Version { content: Some(five), ..version(9, Some(8)) },
            Version { content: Some(five), ..version(8, Some(7)) },
            Version { mtime_s: 6, ..version(7, six) },
            version(6, Some(5)),
            version(5, None),
            Version { kind: Some(EntryKind::Folder), ..version(4, Some(3)) },
            version(3, Some(2)),
            version(2, None),
        ];
        let at = |place, all| Became::at(&versions, place, all);
        assert_eq!(at(0, false), Some(Became::Metadata));
        assert_eq!(at(1, false), Some(Became::Content { same_time: false }));
        assert_eq!(at(2, false), Some(Became::Content { same_time: true }));
        assert_eq!(at(3, false), Some(Became::Back));
        assert_eq!(at(4, false), Some(Became::Gone));
        assert_eq!(at(5, false), Some(Became::Kind(EntryKind::Folder)));
        assert_eq!((at(6, false), at(6, true)), (None, Some(Became::First)));
        let words = |place: usize| at(place, true).unwrap().words(&versions[place], versions.get(place + 1));
        assert_eq!(words(0), "9\u{a0}kB, only permissions, owner or times");
        assert_eq!(words(1), "8\u{a0}kB, 1\u{a0}kB more");
        assert_eq!(words(2), "7\u{a0}kB, other bytes, same time");
        assert_eq!(
            (words(3), words(5), words(6)),
            ("6\u{a0}kB, put back".into(), "a folder now".into(), "3\u{a0}kB, first seen".into())
        );
    }
}
