//! How often and how long a request is tried.

use iota_crypto::secret::{random_bytes, system_random};
use std::time::Duration;

const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Waits. Injected, so that tests need not.
pub trait Sleeper: Send + Sync {
    /// Returns after `duration`.
    fn sleep(&self, duration: Duration);
}

/// Lets the thread sleep.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThreadSleeper;

impl Sleeper for ThreadSleeper {
    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// How often and how long a request is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts at one request, at least one.
    pub attempts: u32,
    /// Longest wait between two; a server that asks for more is not waited for.
    pub longest_wait: Duration,
    /// A request ends when neither side has moved a byte for this long.
    pub idle: Duration,
}

impl Patience {
    /// For work that nobody waits for: about a minute, long enough for a server to start again.
    pub const BACKUP: Self =
        Self { attempts: 8, longest_wait: Duration::from_secs(60), idle: Duration::from_secs(120) };
    /// For a person at a terminal: a few seconds.
    pub const PERSON: Self = Self { attempts: 4, longest_wait: Duration::from_secs(20), idle: Duration::from_secs(60) };

    /// How long to wait after failed attempt number `attempt` (from 1): half a second, doubled each time, of which up to
    /// half is left to chance; at least what the server asked for. `None`: it was the last.
    pub(super) fn wait(&self, attempt: u32, asked: Option<Duration>) -> Option<Duration> {
        if attempt >= self.attempts || asked.is_some_and(|asked| asked > self.longest_wait) {
            return None;
        }
        let full = FIRST_WAIT.saturating_mul(1 << (attempt - 1).min(16)).min(self.longest_wait);
        let chance = u32::from(random_bytes::<1>(&mut system_random())[0]);
        let wait = full / 2 + full * chance / 510;
        Some(asked.map_or(wait, |asked| asked + wait / 4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_end_and_heed_the_server() {
        let patience = Patience::BACKUP;
        let waits: Vec<Duration> = (1..8).map(|attempt| patience.wait(attempt, None).unwrap()).collect();
        for (number, wait) in waits.iter().enumerate() {
            let full = (FIRST_WAIT * (1 << number)).min(patience.longest_wait);
            assert!(*wait >= full / 2 && *wait <= full, "{wait:?} of {full:?}");
        }
        assert_eq!(patience.wait(8, None), None);
        assert!(patience.wait(1, Some(Duration::from_secs(9))).unwrap() >= Duration::from_secs(9));
        assert_eq!(patience.wait(1, Some(Duration::from_secs(3600))), None);
    }
}
