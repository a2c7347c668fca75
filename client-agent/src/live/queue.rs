//! Paths that changed, each until its turn comes.

use super::urgency::Urgency;
use std::collections::{BTreeMap, BTreeSet};

/// More paths than this are one scan of everything.
pub const MAX_WAITING: usize = 200_000;

/// A path that changed and was not backed up since. Times are in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its first change.
    pub first_ms: u64,
    /// Its last.
    pub last_ms: u64,
    /// Everything below it may have changed as well.
    pub below: bool,
    /// What was found the last time that its turn seemed to have come.
    pub urgency: Urgency,
}

impl Waiting {
    /// When its turn comes, unless it changes again.
    pub fn due_ms(&self) -> u64 {
        let quiet = self.last_ms.saturating_add(self.urgency.settle.as_millis() as u64);
        let longest = self.first_ms.saturating_add(self.urgency.longest_wait.as_millis() as u64);
        quiet.min(longest)
    }
}

/// A path and what is known of it.
pub type Turn = (Box<[u8]>, Waiting);

/// See the module.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: BTreeMap<Box<[u8]>, Waiting>,
    by_due: BTreeSet<(u64, Box<[u8]>)>,
    taken: Vec<Turn>,
    /// What is to be written down.
    unsaved: BTreeSet<Box<[u8]>>,
}

impl Queue {
    /// A queue as it was written down. Times later than now are of a clock that was wrong.
    pub fn of_saved(saved: impl IntoIterator<Item = Turn>, now_ms: u64) -> Self {
        let mut queue = Self::default();
        for (path, mut waiting) in saved {
            waiting.last_ms = waiting.last_ms.min(now_ms);
            waiting.first_ms = waiting.first_ms.min(waiting.last_ms);
            queue.by_due.insert((waiting.due_ms(), path.clone()));
            queue.waiting.insert(path, waiting);
        }
        queue
    }

    /// How many paths wait.
    pub fn len(&self) -> usize {
        self.waiting.len() + self.taken.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A path changed; with `below`, everything below it may have. Says whether there is room for it.
    pub fn touch(&mut self, path: &[u8], below: bool, now_ms: u64) -> bool {
        let urgency = Urgency::of_size(0);
        let fresh = Waiting { first_ms: now_ms, last_ms: now_ms, below, urgency };
        if let Some(waiting) = self.waiting.get(path) {
            let (first_ms, below) = (waiting.first_ms.min(now_ms), waiting.below || below);
            self.put(path.into(), Waiting { first_ms, below, urgency: waiting.urgency, ..fresh });
            return true;
        }
        let room = self.len() < MAX_WAITING;
        if room {
            self.put(path.into(), fresh);
        }
        room
    }

    fn put(&mut self, path: Box<[u8]>, waiting: Waiting) {
        self.remove(&path);
        self.by_due.insert((waiting.due_ms(), path.clone()));
        self.unsaved.insert(path.clone());
        self.waiting.insert(path, waiting);
    }

    fn remove(&mut self, path: &[u8]) -> Option<Waiting> {
        let waiting = self.waiting.remove(path)?;
        self.by_due.remove(&(waiting.due_ms(), path.into()));
        self.unsaved.insert(path.into());
        Some(waiting)
    }

    /// When the next turn comes, as far as is known.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.by_due.first().map(|(due_ms, _)| *due_ms)
    }

    /// Looks again at paths whose turn seems to have come; some are found to wait longer. Says whether one's turn is now.
    pub fn is_due(&mut self, now_ms: u64, mut urgency: impl FnMut(&[u8]) -> Urgency) -> bool {
        while let Some((due_ms, path)) = self.by_due.first().cloned() {
            if due_ms > now_ms {
                break;
            }
            let Some(mut waiting) = self.waiting.get(&path).cloned() else { break };
            waiting.urgency = urgency(&path);
            if waiting.due_ms() <= now_ms {
                return true;
            }
            self.put(path, waiting);
        }
        false
    }

    /// Takes all paths whose turn is now. They stay written down until [`Queue::done`].
    pub fn take(&mut self, now_ms: u64, mut urgency: impl FnMut(&[u8]) -> Urgency) -> &[Turn] {
        let due: Vec<_> =
            self.by_due.iter().take_while(|(due_ms, _)| *due_ms <= now_ms).map(|(_, path)| path.clone()).collect();
        for path in due {
            let Some(mut waiting) = self.waiting.get(&path).cloned() else { continue };
            waiting.urgency = urgency(&path);
            if waiting.due_ms() <= now_ms {
                self.remove(&path);
                self.taken.push((path, waiting));
            } else {
                self.put(path, waiting);
            }
        }
        &self.taken
    }

    /// What was taken is backed up.
    pub fn done(&mut self) {
        self.taken.clear();
    }

    /// What was taken is not backed up, and waits on.
    pub fn put_back(&mut self) {
        for (path, taken) in std::mem::take(&mut self.taken) {
            let waiting = match self.waiting.get(&path) {
                Some(again) => Waiting { first_ms: taken.first_ms, below: taken.below || again.below, ..again.clone() },
                None => taken,
            };
            self.put(path, waiting);
        }
    }

    /// A walk of everything that began at `began_ms` is backed up: what did not change since has had its turn.
    pub fn forget_before(&mut self, began_ms: u64) {
        let old: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.last_ms < began_ms)
            .map(|(path, _)| path.clone())
            .collect();
        for path in &old {
            self.remove(path);
        }
    }

    /// The clock was set back: nothing changed later than now.
    pub fn clock_was_set(&mut self, now_ms: u64) {
        for (path, waiting) in std::mem::take(&mut self.waiting) {
            self.by_due.remove(&(waiting.due_ms(), path.clone()));
            let (first_ms, last_ms) = (waiting.first_ms.min(now_ms), waiting.last_ms.min(now_ms));
            let waiting = Waiting { first_ms, last_ms, ..waiting };
            self.by_due.insert((waiting.due_ms(), path.clone()));
            self.unsaved.insert(path.clone());
            self.waiting.insert(path, waiting);
        }
    }

    /// What changed since this was asked last: how each path stands now, `None` for one that waits no more.
    pub fn take_unsaved(&mut self) -> Vec<(Box<[u8]>, Option<Waiting>)> {
        let taken: BTreeSet<_> = self.taken.iter().map(|(path, _)| path.clone()).collect();
        let unsaved = std::mem::take(&mut self.unsaved);
        // What is under way is still written down, and comes again.
        let (later, now): (BTreeSet<_>, BTreeSet<_>) =
            unsaved.into_iter().partition(|path| taken.contains(path) && !self.waiting.contains_key(path));
        self.unsaved = later;
        now.into_iter().map(|path| (path.clone(), self.waiting.get(&path).cloned())).collect()
    }

    /// The paths that wait, those whose turn comes first at the beginning.
    pub fn in_order(&self) -> impl Iterator<Item = (&[u8], &Waiting)> {
        self.by_due.iter().filter_map(|(_, path)| Some((&**path, self.waiting.get(path)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1000;

    fn small(_: &[u8]) -> Urgency {
        Urgency::of_size(0)
    }

    fn large(_: &[u8]) -> Urgency {
        Urgency::of_size(25_000_000)
    }

    fn taken(queue: &mut Queue, now_ms: u64, urgency: fn(&[u8]) -> Urgency) -> Vec<String> {
        let turns = queue.take(now_ms, urgency);
        turns.iter().map(|(path, _)| String::from_utf8_lossy(path).into_owned()).collect()
    }

    #[test]
    fn a_path_waits_until_it_is_quiet_and_never_for_ever() {
        let mut queue = Queue::default();
        queue.touch(b"/a", false, 0);
        assert_eq!(queue.next_due_ms(), Some(5 * SECOND));
        queue.touch(b"/a", false, 4 * SECOND);
        assert!(!queue.is_due(5 * SECOND, small));
        assert!(queue.is_due(9 * SECOND, small));
        assert_eq!(taken(&mut queue, 9 * SECOND, small), ["/a"]);
        queue.done();
        // One that is written to every second has its turn after an hour.
        for second in 0..3600 {
            queue.touch(b"/log", false, second * SECOND);
            assert!(!queue.is_due(second * SECOND, small), "{second}");
        }
        queue.touch(b"/log", false, 3600 * SECOND);
        assert!(queue.is_due(3600 * SECOND, small));
    }

    #[test]
    fn large_files_wait_longer_and_that_is_found_when_their_turn_seems_to_have_come() {
        let mut queue = Queue::default();
        queue.touch(b"/film", false, 0);
        assert!(!queue.is_due(5 * SECOND, large));
        assert_eq!(queue.next_due_ms(), Some(120 * SECOND));
        assert!(taken(&mut queue, 119 * SECOND, large).is_empty());
        assert_eq!(taken(&mut queue, 120 * SECOND, large), ["/film"]);
    }

    #[test]
    fn what_was_taken_and_failed_waits_on_with_what_came_meanwhile() {
        let mut queue = Queue::default();
        queue.touch(b"/a", true, 0);
        queue.touch(b"/b", false, 0);
        assert_eq!(taken(&mut queue, 5 * SECOND, small), ["/a", "/b"]);
        queue.touch(b"/a", false, 6 * SECOND);
        queue.put_back();
        assert_eq!(queue.len(), 2);
        let all: Vec<_> =
            queue.in_order().map(|(path, waiting)| (path.to_vec(), waiting.first_ms, waiting.below)).collect();
        assert_eq!(all, [(b"/b".to_vec(), 0, false), (b"/a".to_vec(), 0, true)]);
        queue.forget_before(6 * SECOND);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn what_is_under_way_stays_written_down() {
        let mut queue = Queue::default();
        queue.touch(b"/a", false, 0);
        assert_eq!(queue.take_unsaved().len(), 1);
        assert!(queue.take_unsaved().is_empty());
        queue.take(5 * SECOND, small);
        assert!(queue.take_unsaved().is_empty());
        queue.done();
        assert_eq!(queue.take_unsaved(), [(b"/a"[..].into(), None)]);
    }

    #[test]
    fn a_clock_that_goes_back_keeps_nobody_waiting() {
        let mut queue = Queue::default();
        queue.touch(b"/a", false, 1_000_000 * SECOND);
        queue.clock_was_set(10 * SECOND);
        assert_eq!(queue.next_due_ms(), Some(15 * SECOND));
        let later = Waiting { first_ms: 99 * SECOND, last_ms: 99 * SECOND, below: false, urgency: small(b"") };
        assert_eq!(Queue::of_saved([(b"/a"[..].into(), later)], 10 * SECOND).next_due_ms(), Some(15 * SECOND));
    }

    #[test]
    fn the_queue_has_an_end() {
        let mut queue = Queue::default();
        for number in 0..MAX_WAITING {
            assert!(queue.touch(format!("/{number}").as_bytes(), false, 0));
        }
        assert!(!queue.touch(b"/one more", false, 0));
        assert!(queue.touch(b"/0", false, 1));
    }
}
