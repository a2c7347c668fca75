//! What is missing from the state, at any moment of a scan.

use super::source::KeyRange;
use iota_core::{
    commit::{Gap, MAX_LISTED_GAPS},
    path::{Key, MAX_PATH_BYTES, TreePath},
};
use std::collections::HashSet;

/// The gaps of a scan, and those of the commit before, which hold for what was not scanned again yet.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    listed: Vec<Gap>,
    count: u64,
    before: Vec<Gap>,
    count_before: u64,
    /// What the scan looks at.
    ranges: Vec<KeyRange>,
    /// Key of the path that was scanned last.
    reached: Vec<u8>,
}

impl Gaps {
    /// Begins a scan of `ranges` after a commit that had `count` gaps.
    pub fn begin(listed: Vec<Gap>, count: u64, ranges: Vec<KeyRange>) -> Self {
        Self { before: listed, count_before: count, ranges, ..Self::default() }
    }

    /// The scan has come to `key`.
    pub fn reached(&mut self, key: &[u8]) {
        self.reached.clear();
        self.reached.extend_from_slice(key);
    }

    /// What is at `path` could be kept, and there is nothing below it.
    pub fn settle(&mut self, path: &[u8]) {
        if self.is_of_all() {
            return;
        }
        let before = self.before.len();
        self.before.retain(|gap| *gap.path != *path);
        self.count_before -= (before - self.before.len()) as u64;
    }

    /// The scan has ended: of the commit before holds only what the scan did not look at.
    pub fn end(&mut self) {
        self.reached.clear();
        if self.is_of_all() {
            (self.before, self.count_before) = (Vec::new(), 0);
            return;
        }
        let before = self.before.len();
        let ranges = std::mem::take(&mut self.ranges);
        self.before.retain(|gap| !is_covered(&ranges, gap));
        self.count_before -= (before - self.before.len()) as u64;
    }

    fn is_of_all(&self) -> bool {
        self.ranges == [KeyRange::everything()]
    }

    /// Adds a gap of the scan.
    pub fn add(&mut self, gap: Gap) {
        self.count += 1;
        if self.listed.len() < MAX_LISTED_GAPS {
            let end = gap.path.len().min(MAX_PATH_BYTES);
            self.listed.push(Gap { path: gap.path[..end].into(), ..gap });
        }
    }

    /// The listed gaps of the state as it is, and how many it has. In the middle of a scan there may be fewer.
    pub fn of_state(&self) -> (Vec<Gap>, u64) {
        let again: HashSet<&[u8]> = self.listed.iter().map(|gap| &*gap.path).collect();
        let before = self.before.iter().filter(|gap| self.is_ahead(gap) && !again.contains(&*gap.path));
        let mut gaps = self.listed.clone();
        gaps.extend(before.cloned());
        let ahead = (gaps.len() - self.listed.len()) as u64;
        let unlisted = self.count_before - self.before.len() as u64;
        gaps.truncate(MAX_LISTED_GAPS);
        (gaps, self.count + ahead + unlisted)
    }

    /// Whether the scan has not passed the path and what is below it, or will not come to it.
    fn is_ahead(&self, gap: &Gap) -> bool {
        let passed = TreePath::parse(&gap.path).is_ok_and(|path| Key::subtree_end(&path) <= self.reached);
        !passed || !is_covered(&self.ranges, gap)
    }
}

/// Whether a scan of `ranges` tells a gap again if it is still one: it looks at the path and at all below it.
fn is_covered(ranges: &[KeyRange], gap: &Gap) -> bool {
    TreePath::parse(&gap.path)
        .map_or(ranges == [KeyRange::everything()], |path| ranges.iter().any(|range| range.covers(&path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use iota_core::commit::GapReason;

    fn gap(path: &str) -> Gap {
        Gap { path: path.as_bytes().into(), reason: GapReason::Io }
    }

    fn paths(gaps: &Gaps) -> (Vec<String>, u64) {
        let (listed, count) = gaps.of_state();
        (listed.iter().map(|gap| String::from_utf8_lossy(&gap.path).into_owned()).collect(), count)
    }

    #[test]
    fn a_gap_of_before_holds_until_everything_below_it_was_scanned_and_counts_once() {
        let mut gaps = Gaps::begin(vec![gap("a/f"), gap("b")], 2 + 5, vec![KeyRange::everything()]);
        let reach =
            |gaps: &mut Gaps, path: &str| gaps.reached(TreePath::parse(path.as_bytes()).unwrap().key().as_bytes());
        let are = |paths: &[&str], count| (paths.iter().map(|&path| path.to_owned()).collect(), count);
        // `b` itself was told, but it has not been entered.
        reach(&mut gaps, "c");
        assert_eq!(paths(&gaps), are(&["a/f", "b"], 7));
        reach(&mut gaps, "b/x");
        assert_eq!(paths(&gaps), are(&["b"], 6));
        gaps.add(gap("b"));
        assert_eq!(paths(&gaps), are(&["b"], 6));
        reach(&mut gaps, "c/x");
        assert_eq!(paths(&gaps), are(&["b"], 6));
        gaps.end();
        assert_eq!(paths(&gaps), are(&["b"], 1));
    }

    #[test]
    fn a_scan_of_a_part_ends_the_gaps_that_it_looked_at() {
        let path = |text: &str| TreePath::parse(text.as_bytes()).unwrap();
        let key = path("c").key().as_bytes().to_vec();
        let one = KeyRange { end: Some([&key[..], &[0]].concat()), start: key };
        let ranges = vec![one, KeyRange::below(&path("b"))];
        let mut gaps = Gaps::begin(vec![gap("a"), gap("b"), gap("b/x"), gap("c"), gap("d")], 5 + 2, ranges);
        gaps.reached(path("c").key().as_bytes());
        gaps.settle(b"c");
        assert_eq!(paths(&gaps), (["a", "b", "b/x", "d"].map(String::from).into(), 6));
        gaps.reached(path("b/x").key().as_bytes());
        gaps.add(gap("b/x"));
        gaps.end();
        assert_eq!(paths(&gaps), (["b/x", "a", "d"].map(String::from).into(), 5));
    }

    #[test]
    fn more_gaps_are_counted_than_are_listed() {
        let mut gaps = Gaps::begin(vec![gap("z")], 1, vec![KeyRange::everything()]);
        (0..MAX_LISTED_GAPS + 3).for_each(|number| gaps.add(gap(&format!("{number}"))));
        let (listed, count) = gaps.of_state();
        assert_eq!((listed.len(), count), (MAX_LISTED_GAPS, MAX_LISTED_GAPS as u64 + 4));
    }
}
