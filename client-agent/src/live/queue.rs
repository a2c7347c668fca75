//! Paths that changed, each until its turn comes.

use super::urgency::Urgency;
use crate::rules::Priority;
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
    /// As it was found when it changed last, or when its turn seemed to have come.
    pub urgency: Urgency,
    /// That was when its turn seemed to have come, and it has not changed since.
    pub looked_at: bool,
}

impl Waiting {
    /// A path that changed at a time.
    pub fn new(first_ms: u64, last_ms: u64, below: bool, urgency: Urgency) -> Self {
        Self { first_ms, last_ms, below, urgency, looked_at: false }
    }

    /// When its turn comes, unless it changes again.
    pub fn due_ms(&self) -> u64 {
        match self.urgency.priority {
            Priority::Low => self.longest_ms().max(self.urgency.opens_ms),
            Priority::Normal | Priority::High => self.ready_ms(),
        }
    }

    /// When it may go along with others.
    fn ready_ms(&self) -> u64 {
        let quiet_ms = self.last_ms.saturating_add(self.urgency.settle.as_millis() as u64);
        quiet_ms.min(self.longest_ms()).max(self.urgency.opens_ms)
    }

    fn longest_ms(&self) -> u64 {
        self.first_ms.saturating_add(self.urgency.longest_wait.as_millis() as u64)
    }
}

/// A path and what is known of it.
pub type Turn = (Box<[u8]>, Waiting);

/// What is written down of a path that waits. How it waits is for its traits to say, as they are when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The path.
    pub path: Box<[u8]>,
    /// Its first change.
    pub first_ms: u64,
    /// Its last.
    pub last_ms: u64,
    /// Everything below it may have changed as well.
    pub below: bool,
}

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
    pub fn of_saved(saved: impl IntoIterator<Item = Saved>, now_ms: u64, urgency: impl Fn(&[u8]) -> Urgency) -> Self {
        let mut queue = Self::default();
        for Saved { path, first_ms, last_ms, below } in saved {
            let last_ms = last_ms.min(now_ms);
            let waiting = Waiting::new(first_ms.min(last_ms), last_ms, below, urgency(&path));
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
    pub fn touch(&mut self, path: &[u8], below: bool, now_ms: u64, urgency: impl FnOnce(&[u8]) -> Urgency) -> bool {
        let known = self.waiting.get(path).map(|waiting| (waiting.first_ms.min(now_ms), waiting.below || below));
        let room = known.is_some() || self.len() < MAX_WAITING;
        if room {
            let (first_ms, below) = known.unwrap_or((now_ms, below));
            self.put(path.into(), Waiting::new(first_ms, now_ms, below, urgency(path)));
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

    /// Looks again at paths whose turn seems to have come; some are found to wait longer. Says how much it presses that a turn is now, if any is.
    pub fn due(&mut self, now_ms: u64, mut urgency: impl FnMut(&[u8]) -> Urgency) -> Option<Priority> {
        let due: Vec<_> = self.paths_due(now_ms).collect();
        let mut most = None;
        for path in due {
            let Some(mut waiting) = self.waiting.get(&path).cloned() else { continue };
            // A schedule that was open may have closed again.
            if !waiting.looked_at || waiting.urgency.opens_ms > 0 {
                (waiting.urgency, waiting.looked_at) = (urgency(&path), true);
                self.reorder(&path, waiting.clone());
            }
            if waiting.due_ms() <= now_ms {
                most = most.max(Some(waiting.urgency.priority));
            }
        }
        most
    }

    fn paths_due(&self, now_ms: u64) -> impl Iterator<Item = Box<[u8]>> {
        self.by_due.iter().take_while(move |(due_ms, _)| *due_ms <= now_ms).map(|(_, path)| path.clone())
    }

    /// What [`Self::put`] does, for what need not be written down.
    fn reorder(&mut self, path: &[u8], waiting: Waiting) {
        if let Some(before) = self.waiting.get_mut(path) {
            self.by_due.remove(&(before.due_ms(), path.into()));
            self.by_due.insert((waiting.due_ms(), path.into()));
            *before = waiting;
        }
    }

    /// Takes the paths whose turn is now, as [`Queue::due`] found it: of `Some` priority only those, and with `None` all, and what may go along with them.
    /// They stay written down until [`Queue::done`].
    pub fn take(&mut self, now_ms: u64, only: Option<Priority>) -> &[Turn] {
        let mut due: Vec<_> = self.paths_due(now_ms).collect();
        if only.is_none() && !due.is_empty() {
            let along = |waiting: &Waiting| waiting.urgency.priority == Priority::Low && waiting.ready_ms() <= now_ms;
            due.extend(self.waiting.iter().filter(|(_, waiting)| along(waiting)).map(|(path, _)| path.clone()));
        }
        for path in due {
            let wanted = |waiting: &Waiting| only.is_none_or(|priority| waiting.urgency.priority == priority);
            if self.waiting.get(&path).is_some_and(wanted)
                && let Some(waiting) = self.remove(&path)
            {
                self.taken.push((path, waiting));
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
            // When a schedule opens was told by the old clock: it is looked up again.
            let urgency = Urgency { opens_ms: 0, ..waiting.urgency };
            let waiting = Waiting { first_ms, last_ms, urgency, looked_at: false, ..waiting };
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
    use std::time::Duration;

    const SECOND: u64 = 1000;

    fn small(_: &[u8]) -> Urgency {
        Urgency::UNKNOWN
    }

    fn large(_: &[u8]) -> Urgency {
        Urgency { settle: Duration::from_secs(120), ..Urgency::UNKNOWN }
    }

    /// By its first letter.
    fn by_name(path: &[u8]) -> Urgency {
        let priority = match path[1] {
            b'h' => Priority::High,
            b'l' => Priority::Low,
            _ => Priority::Normal,
        };
        Urgency { priority, opens_ms: if path[1] == b's' { 100 * SECOND } else { 0 }, ..Urgency::UNKNOWN }
    }

    fn taken(queue: &mut Queue, now_ms: u64, urgency: fn(&[u8]) -> Urgency) -> Vec<String> {
        let only = queue.due(now_ms, urgency).filter(|priority| *priority == Priority::High);
        let turns = queue.take(now_ms, only);
        turns.iter().map(|(path, _)| String::from_utf8_lossy(path).into_owned()).collect()
    }

    #[test]
    fn a_path_waits_until_it_is_quiet_and_never_for_ever() {
        let mut queue = Queue::default();
        queue.touch(b"/a", false, 0, small);
        assert_eq!(queue.next_due_ms(), Some(5 * SECOND));
        queue.touch(b"/a", false, 4 * SECOND, small);
        assert_eq!(queue.due(5 * SECOND, small), None);
        assert_eq!(queue.due(9 * SECOND, small), Some(Priority::Normal));
        assert_eq!(taken(&mut queue, 9 * SECOND, small), ["/a"]);
        queue.done();
        // One that is written to every second has its turn after an hour.
        for second in 0..3600 {
            queue.touch(b"/log", false, second * SECOND, small);
            assert_eq!(queue.due(second * SECOND, small), None, "{second}");
        }
        queue.touch(b"/log", false, 3600 * SECOND, small);
        assert_eq!(queue.due(3600 * SECOND, small), Some(Priority::Normal));
    }

    #[test]
    fn large_files_wait_longer_and_that_is_found_when_their_turn_seems_to_have_come() {
        let mut queue = Queue::default();
        queue.touch(b"/film", false, 0, small);
        assert_eq!(queue.due(5 * SECOND, large), None);
        assert_eq!(queue.next_due_ms(), Some(120 * SECOND));
        assert!(taken(&mut queue, 119 * SECOND, large).is_empty());
        assert_eq!(taken(&mut queue, 120 * SECOND, large), ["/film"]);
    }

    #[test]
    fn a_path_waits_by_its_own_traits_from_its_first_change_on() {
        let quick = |_: &[u8]| Urgency { settle: Duration::from_secs(2), ..Urgency::UNKNOWN };
        let mut queue = Queue::default();
        queue.touch(b"/letter", false, 0, quick);
        assert_eq!(queue.next_due_ms(), Some(2 * SECOND));
        assert_eq!(queue.due(2 * SECOND, quick), Some(Priority::Normal));
        assert_eq!(queue.take(2 * SECOND, None).len(), 1);
        queue.done();
        let log = |_: &[u8]| Urgency { longest_wait: Duration::from_secs(60), ..Urgency::UNKNOWN };
        for second in 0..60 {
            queue.touch(b"/log", false, second * SECOND, log);
            assert_eq!(queue.due(second * SECOND, log), None, "{second}");
        }
        queue.touch(b"/log", false, 60 * SECOND, log);
        assert_eq!(queue.due(60 * SECOND, log), Some(Priority::Normal));
        // It has grown meanwhile.
        queue.touch(b"/film", false, 100 * SECOND, small);
        queue.touch(b"/film", false, 101 * SECOND, large);
        assert_eq!(queue.in_order().last().map(|(_, waiting)| waiting.due_ms()), Some(221 * SECOND));
    }

    #[test]
    fn what_was_taken_and_failed_waits_on_with_what_came_meanwhile() {
        let mut queue = Queue::default();
        queue.touch(b"/a", true, 0, small);
        queue.touch(b"/b", false, 0, small);
        assert_eq!(taken(&mut queue, 5 * SECOND, small), ["/a", "/b"]);
        queue.touch(b"/a", false, 6 * SECOND, small);
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
        queue.touch(b"/a", false, 0, small);
        assert_eq!(queue.take_unsaved().len(), 1);
        assert!(queue.take_unsaved().is_empty());
        assert_eq!(taken(&mut queue, 5 * SECOND, small), ["/a"]);
        assert!(queue.take_unsaved().is_empty());
        queue.done();
        assert_eq!(queue.take_unsaved(), [(b"/a"[..].into(), None)]);
    }

    #[test]
    fn a_clock_that_goes_back_keeps_nobody_waiting() {
        let mut queue = Queue::default();
        queue.touch(b"/a", false, 1_000_000 * SECOND, small);
        queue.clock_was_set(10 * SECOND);
        assert_eq!(queue.next_due_ms(), Some(15 * SECOND));
        queue.touch(b"/scheduled", false, 10 * SECOND, by_name);
        queue.clock_was_set(SECOND);
        assert!(queue.in_order().all(|(_, waiting)| waiting.due_ms() == 6 * SECOND));
        let saved = Saved { path: b"/a"[..].into(), first_ms: 99 * SECOND, last_ms: 99 * SECOND, below: false };
        assert_eq!(Queue::of_saved([saved.clone()], 10 * SECOND, small).next_due_ms(), Some(15 * SECOND));
        assert_eq!(Queue::of_saved([saved], 10 * SECOND, large).next_due_ms(), Some(130 * SECOND));
    }

    #[test]
    fn the_queue_has_an_end() {
        let mut queue = Queue::default();
        for number in 0..MAX_WAITING {
            assert!(queue.touch(format!("/{number}").as_bytes(), false, 0, small));
        }
        assert!(!queue.touch(b"/one more", false, 0, small));
        assert!(queue.touch(b"/0", false, 1, small));
    }

    #[test]
    fn what_presses_goes_first_and_what_does_not_goes_along() {
        let mut queue = Queue::default();
        for path in ["/high", "/low", "/normal", "/scheduled"] {
            queue.touch(path.as_bytes(), false, 0, small);
        }
        assert_eq!(taken(&mut queue, 5 * SECOND, by_name), ["/high"]);
        queue.done();
        assert_eq!(taken(&mut queue, 6 * SECOND, by_name), ["/normal", "/low"]);
        queue.done();
        assert_eq!(taken(&mut queue, 99 * SECOND, by_name), [] as [&str; 0]);
        assert_eq!(queue.next_due_ms(), Some(100 * SECOND));
        let open = |_: &[u8]| Urgency::UNKNOWN;
        assert_eq!(queue.due(100 * SECOND, open), Some(Priority::Normal));
        queue.take(100 * SECOND, None);
        queue.done();
        // Alone it waits as long as it may.
        queue.touch(b"/low", false, 200 * SECOND, small);
        assert_eq!(queue.due(205 * SECOND, by_name), None);
        assert_eq!(queue.next_due_ms(), Some(3800 * SECOND));
        assert_eq!(taken(&mut queue, 3800 * SECOND, by_name), ["/low"]);
    }
}
