//! How fast the uploads of this process may go, all together, or what it fetches.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often the limit is looked up.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What may be sent at once after a rest.
const BURST: Duration = Duration::from_millis(250);

/// Bytes per second that may be sent now; `None`: any. 0: what is under way is sent, and nothing else begins.
pub type Limit = dyn Fn() -> Option<u64> + Send + Sync;

/// Shared by all requests of a connection pool; a copy is the same.
#[derive(Clone)]
pub struct Throttle(Arc<Shared>);

struct Shared {
    limit: Box<Limit>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    limit: Option<u64>,
    looked: Option<Instant>,
    /// When what was given away so far will have been sent.
    free_at: Option<Instant>,
}

impl Throttle {
    /// Goes by `limit`, which is asked about once a second.
    pub fn new(limit: impl Fn() -> Option<u64> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { limit: Box::new(limit), state: Mutex::default() }))
    }

    /// Whether nothing may begin.
    pub(super) fn is_held(&self, now: Instant) -> bool {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.look(&self.0.limit, now);
        state.limit == Some(0)
    }

    /// Takes up to `wanted` bytes: how many may be sent, and how long to wait before.
    pub(super) fn take(&self, wanted: usize, now: Instant) -> (usize, Duration) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.look(&self.0.limit, now);
        let Some(limit) = state.limit.filter(|limit| *limit > 0) else {
            state.free_at = None;
            return (wanted, Duration::ZERO);
        };
        // Small parts, so that the connection never seems dead.
        let part = usize::try_from(limit / 4).unwrap_or(usize::MAX).clamp(1, wanted);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let start = state.free_at.map_or(now, |free_at| free_at.max(earliest));
        state.free_at = Some(start + Duration::from_secs_f64(part as f64 / limit as f64));
        (part, start.saturating_duration_since(now))
    }
}

impl State {
    fn look(&mut self, limit: &Limit, now: Instant) {
        if self.looked.is_none_or(|looked| now.saturating_duration_since(looked) >= LOOK_EVERY) {
            (self.limit, self.looked) = (limit(), Some(now));
        }
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new(|| None)
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Throttle")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn all_together_send_no_more_than_the_limit_and_a_new_limit_counts_within_a_second() {
        let limit = Arc::new(AtomicU64::new(100_000));
        let throttle = Throttle::new({
            let limit = Arc::clone(&limit);
            move || Some(limit.load(Ordering::Relaxed)).filter(|limit| *limit < u64::MAX)
        });
        let start = Instant::now();
        // Two senders in turn, each of which waits as it is told.
        let mut clocks = [start, start];
        let mut sent = 0;
        while let Some(sender) = (0..2).min_by_key(|sender| clocks[*sender])
            && clocks[sender] < start + Duration::from_secs(10)
        {
            let (bytes, wait) = throttle.take(1 << 20, clocks[sender]);
            clocks[sender] += wait;
            sent += bytes;
        }
        assert!((1_000_000..=1_060_000).contains(&sent), "{sent} in ten seconds");
        limit.store(u64::MAX, Ordering::Relaxed);
        let later = start + Duration::from_secs(12);
        assert_eq!(throttle.take(1 << 20, later), (1 << 20, Duration::ZERO));
        limit.store(10, Ordering::Relaxed);
        assert_eq!(throttle.take(1 << 20, later), (1 << 20, Duration::ZERO), "looked up a moment ago");
        assert_eq!(throttle.take(1 << 20, later + LOOK_EVERY).0, 2);
    }

    #[test]
    fn while_it_is_held_nothing_begins_and_what_is_under_way_is_sent() {
        let throttle = Throttle::new(|| Some(0));
        assert!(throttle.is_held(Instant::now()));
        assert_eq!(throttle.take(1 << 20, Instant::now()), (1 << 20, Duration::ZERO));
        assert!(!Throttle::default().is_held(Instant::now()));
        assert!(!Throttle::new(|| Some(100_000)).is_held(Instant::now()));
    }
}
