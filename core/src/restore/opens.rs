//! What a grant opens of its snapshot: everything, or the objects of one list.

use super::LIFE_MS;
use crate::{
    id::{Cid, Digest},
    wire::{Reader, Result, WireError},
};
use std::collections::BTreeSet;

/// Most objects that a grant to files opens.
pub const MAX_LISTED_OBJECTS: usize = 4096;
/// How long a machine may take to files, milliseconds.
pub const FILES_LIFE_MS: u64 = 24 * 3_600_000;
/// Longest list of them, bytes.
pub const MAX_LIST_BYTES: usize = MAX_LISTED_OBJECTS * ID_BYTES;
const ID_BYTES: usize = 32;

/// What a grant opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// Everything that the snapshot uses.
    Snapshot,
    /// Of that, the objects of a list: the hash of its bytes, [`ObjectList::encode`].
    Files(Digest),
}

impl Opens {
    /// How long such a grant may last, milliseconds.
    pub const fn life_ms(self) -> u64 {
        match self {
            Self::Snapshot => LIFE_MS,
            Self::Files(_) => FILES_LIFE_MS,
        }
    }

    /// What is opened, out of the bytes of the list; there are none for a snapshot.
    ///
    /// # Errors
    /// [`WireError`] when they are no list, or not the one that was signed.
    pub fn with_list(self, list: &[u8]) -> Result<Opened> {
        match self {
            Self::Snapshot if list.is_empty() => Ok(Opened::Snapshot),
            Self::Files(digest) => {
                let objects = ObjectList::decode(list)?;
                if Digest::of(list) == digest { Ok(Opened::Files(objects)) } else { Err(BAD_LIST) }
            }
            Self::Snapshot => Err(BAD_LIST),
        }
    }
}

const BAD_LIST: WireError = WireError::Invalid("list of objects");

/// What a grant opens, its list at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// Everything that the snapshot uses.
    Snapshot,
    /// Of that, these.
    Files(ObjectList),
}

impl Opened {
    /// Whether an object that the snapshot uses is opened.
    pub fn contains(&self, cid: &Cid) -> bool {
        match self {
            Self::Snapshot => true,
            Self::Files(list) => list.0.binary_search(cid).is_ok(),
        }
    }
}

/// Objects of the account's private domain, rising, at most [`MAX_LISTED_OBJECTS`]. There may be none: what has no content can stand in
/// the bodies alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectList(Vec<Cid>);

impl ObjectList {
    /// A list of these; `None` when they are too many.
    pub fn of(objects: &BTreeSet<Cid>) -> Option<Self> {
        (objects.len() <= MAX_LISTED_OBJECTS).then(|| Self(objects.iter().copied().collect()))
    }

    /// One id after the other.
    pub fn encode(&self) -> Vec<u8> {
        self.0.iter().flat_map(|cid| cid.0).collect()
    }

    /// Parses [`ObjectList::encode`].
    ///
    /// # Errors
    /// [`WireError`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_LIST_BYTES {
            return Err(WireError::TooLarge("list of objects"));
        }
        let mut reader = Reader::new(bytes);
        let cids = (0..bytes.len().div_ceil(ID_BYTES)).map(|_| Ok(Cid(reader.array()?))).collect::<Result<Vec<_>>>()?;
        if cids.is_sorted_by(|one, next| one < next) { Ok(Self(cids)) } else { Err(BAD_LIST) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cid(number: usize) -> Cid {
        let mut bytes = [0; ID_BYTES];
        bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
        Cid(bytes)
    }

    fn bytes(numbers: impl IntoIterator<Item = usize>) -> Vec<u8> {
        numbers.into_iter().flat_map(|number| cid(number).0).collect()
    }

    #[test]
    fn a_list_has_one_encoding_and_a_bound() {
        for count in [0, 1, 2, MAX_LISTED_OBJECTS] {
            let list = ObjectList::of(&(0..count).map(cid).collect()).unwrap();
            assert_eq!((list.encode(), ObjectList::decode(&list.encode())), (bytes(0..count), Ok(list)), "{count}");
        }
        assert_eq!(ObjectList::of(&(0..=MAX_LISTED_OBJECTS).map(cid).collect()), None);
        assert_eq!(ObjectList::decode(&bytes(0..=MAX_LISTED_OBJECTS)), Err(WireError::TooLarge("list of objects")));
        assert_eq!(ObjectList::decode(&bytes([1, 2])[..63]), Err(WireError::Truncated));
        for wrong in [bytes([2, 1]), bytes([1, 1]), bytes([1, 3, 2])] {
            assert_eq!(ObjectList::decode(&wrong), Err(BAD_LIST));
        }
    }

    #[test]
    fn only_the_list_that_was_signed_opens_and_only_what_is_in_it() {
        let list = bytes([1, 5, 9]);
        let files = Opens::Files(Digest::of(&list));
        let opened = files.with_list(&list).unwrap();
        let contained = (0..11).map(cid).filter(|cid| opened.contains(cid)).collect::<Vec<_>>();
        assert_eq!(contained, [1, 5, 9].map(cid));
        for other in [bytes([]), bytes([1, 5]), bytes([1, 5, 10]), bytes([1, 5, 9, 10]), bytes([9, 5, 1])] {
            assert!(files.with_list(&other).is_err());
        }
        // A list that was signed as it should not be is none.
        let falling = bytes([2, 1]);
        assert_eq!(Opens::Files(Digest::of(&falling)).with_list(&falling), Err(BAD_LIST));
        let nothing = Opens::Files(Digest::of(&[])).with_list(&[]).unwrap();
        assert!(!nothing.contains(&cid(1)) && Opened::Snapshot.contains(&cid(1)));
        assert_eq!(Opens::Snapshot.with_list(&[]), Ok(Opened::Snapshot));
        assert_eq!(Opens::Snapshot.with_list(&list), Err(BAD_LIST));
    }
}
