//! Requests per account, and per network of those who are unknown: token buckets in memory. They spare the machine;
//! what protects logins is in `store/attempt`.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use iota_core::api::json::code;
use tokio::time::Instant;

use crate::error::ApiError;

/// How many seconds' worth may come at once.
const BURST_S: f64 = 10.0;
/// Full buckets are forgotten when there are this many.
const MAX_BUCKETS: usize = 10_000;

/// One bucket for each account or network that asked lately.
#[derive(Debug)]
pub struct Rates<K> {
    per_s: f64,
    buckets: Mutex<HashMap<K, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl<K: Copy + Eq + Hash> Rates<K> {
    /// Allows `per_s` requests a second to each.
    pub fn new(per_s: u32) -> Self {
        Self { per_s: f64::from(per_s.max(1)), buckets: Mutex::default() }
    }

    /// Counts one request of `who`.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub fn take(&self, who: K, now: Instant) -> Result<(), ApiError> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|_, bucket| self.refilled(*bucket, now).left < self.full());
        }
        let bucket = buckets.entry(who).or_insert(Bucket { left: self.full(), at: now });
        *bucket = self.refilled(*bucket, now);
        if bucket.left < 1.0 {
            return Err(ApiError::new(code::TOO_MANY_REQUESTS, "too many requests: wait a little").retry_after_s(1));
        }
        bucket.left -= 1.0;
        Ok(())
    }

    fn full(&self) -> f64 {
        self.per_s * BURST_S
    }

    fn refilled(&self, bucket: Bucket, now: Instant) -> Bucket {
        let since: Duration = now.saturating_duration_since(bucket.at);
        Bucket { left: (bucket.left + since.as_secs_f64() * self.per_s).min(self.full()), at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let (rates, start) = (Rates::new(2), Instant::now());
        assert!((0..20).all(|_| rates.take(1, start).is_ok()));
        assert!(rates.take(1, start).is_err());
        assert!(rates.take(2, start).is_ok());
        let later = start + Duration::from_millis(1100);
        assert_eq!((0..5).filter(|_| rates.take(1, later).is_ok()).count(), 2);
    }

    #[test]
    fn idle_accounts_are_forgotten() {
        let (rates, start) = (Rates::new(2), Instant::now());
        (0..MAX_BUCKETS).for_each(|account| rates.take(account, start).unwrap());
        rates.take(MAX_BUCKETS, start + Duration::from_secs(60)).unwrap();
        assert_eq!(rates.buckets.lock().unwrap().len(), 1);
    }
}
