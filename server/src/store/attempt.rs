//! Attempts to sign in, so that guessing is slow and a restart forgives nobody.
//!
//! An attempt is counted before it is checked and taken back when it was right: however many come at once, no more are
//! checked than the limits allow.

use iota_core::id::Digest;
use sqlx::{PgConnection, PgPool};

use super::{Result, signed};

const MINUTE_MS: u64 = 60 * 1000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
/// A count that nobody reaches.
const ANY: i64 = i64::MAX;

/// How many failures a bucket allows.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// In a minute.
    pub per_minute: i64,
    /// In an hour.
    pub per_hour: i64,
    /// In a day.
    pub per_day: i64,
    /// Whether each failure of an hour beyond the fifth doubles the time until the next attempt.
    pub slowing: bool,
}

/// Of one login from one network: whoever fails elsewhere does not hold its owner up.
pub const OF_LOGIN: Allowance = Allowance { per_minute: 5, per_hour: 30, per_day: ANY, slowing: true };
/// Of one login from all networks together.
pub const OF_LOGIN_ALTOGETHER: Allowance = Allowance { per_minute: 60, per_hour: 300, per_day: ANY, slowing: false };
/// Of one network: many people may share it.
pub const OF_NETWORK: Allowance = Allowance { per_minute: 60, per_hour: 60, per_day: ANY, slowing: false };
/// Of the second factor of one account, once the password was right, from all networks together.
pub const OF_SECOND_FACTOR: Allowance = Allowance { per_minute: ANY, per_hour: 10, per_day: 30, slowing: false };

/// Test mails that one account sends itself.
pub const OF_TEST_MAILS: Allowance = Allowance { per_minute: 3, per_hour: 10, per_day: 30, slowing: false };

/// A bucket and what it allows.
pub type Bucket = ([u8; 32], Allowance);

/// Name of a bucket: each part with its length, so that no two lists of parts are one bucket.
pub fn bucket(parts: &[&[u8]]) -> [u8; 32] {
    let mut named = Vec::new();
    for part in parts {
        named.extend((part.len() as u64).to_le_bytes());
        named.extend(*part);
    }
    Digest::of(&named).0
}

/// An attempt that was counted.
#[derive(Debug)]
pub struct Counted {
    buckets: Vec<[u8; 32]>,
    at_ms: u64,
}

/// Counts an attempt in all buckets, or says after how many milliseconds to try again.
pub async fn begin(pool: &PgPool, buckets: &[Bucket], now_ms: u64) -> Result<std::result::Result<Counted, u64>> {
    let mut sorted = buckets.to_vec();
    sorted.sort_by_key(|(bucket, _)| *bucket);
    let mut transaction = pool.begin().await?;
    for (bucket, _) in &sorted {
        lock(&mut transaction, bucket).await?;
    }
    forget(&mut transaction, now_ms).await?;
    let mut wait_ms = 0;
    for (bucket, allowance) in &sorted {
        wait_ms = wait_ms.max(wait_of(&failures(&mut transaction, bucket, now_ms).await?, *allowance, now_ms));
    }
    if wait_ms > 0 {
        return Ok(Err(wait_ms));
    }
    for (bucket, _) in &sorted {
        sqlx::query!("INSERT INTO attempt (bucket, at_ms) VALUES ($1, $2)", &bucket[..], signed(now_ms))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(Ok(Counted { buckets: sorted.into_iter().map(|(bucket, _)| bucket).collect(), at_ms: now_ms }))
}

/// Takes back an attempt that was right.
pub async fn succeeded(pool: &PgPool, counted: Counted) -> Result<()> {
    for bucket in counted.buckets {
        sqlx::query!(
            "DELETE FROM attempt WHERE ctid = (SELECT ctid FROM attempt WHERE bucket = $1 AND at_ms = $2 LIMIT 1)",
            &bucket[..],
            signed(counted.at_ms),
        )
        .execute(pool)
        .await?;
    }
    Ok(())
}

/// One attempt at a time looks at a bucket.
async fn lock(connection: &mut PgConnection, bucket: &[u8; 32]) -> Result<()> {
    let [a, b, c, d, e, f, g, h, ..] = *bucket;
    let key = i64::from_le_bytes([a, b, c, d, e, f, g, h]);
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", key).execute(connection).await?;
    Ok(())
}

/// Only after all locks are held: it touches rows of other buckets, and must not wait for them with less.
async fn forget(connection: &mut PgConnection, now_ms: u64) -> Result<()> {
    let (from, to) = (signed(now_ms.saturating_sub(DAY_MS)), signed(now_ms + HOUR_MS));
    sqlx::query!("DELETE FROM attempt WHERE at_ms <= $1 OR at_ms > $2", from, to).execute(connection).await?;
    Ok(())
}

/// Times of the failures of the last day, newest first. What lies in the future was written by a clock that jumped.
async fn failures(connection: &mut PgConnection, bucket: &[u8; 32], now_ms: u64) -> Result<Vec<i64>> {
    let times = sqlx::query_scalar!(
        "SELECT at_ms FROM attempt WHERE bucket = $1 AND at_ms > $2 AND at_ms <= $3 ORDER BY at_ms DESC",
        &bucket[..],
        signed(now_ms.saturating_sub(DAY_MS)),
        signed(now_ms),
    );
    Ok(times.fetch_all(connection).await?)
}

/// How long to wait after failures at `times` (newest first), milliseconds.
fn wait_of(times: &[i64], allowance: Allowance, now_ms: u64) -> u64 {
    let until = |time: Option<&i64>, window_ms: u64| {
        time.map_or(0, |&time| u64::try_from(time).unwrap_or(0).saturating_add(window_ms).saturating_sub(now_ms))
    };
    let index = |count: i64| usize::try_from(count).unwrap_or(0).saturating_sub(1);
    let by_minute = until(times.get(index(allowance.per_minute)), MINUTE_MS);
    let by_hour = until(times.get(index(allowance.per_hour)), HOUR_MS);
    let by_day = until(times.get(index(allowance.per_day)), DAY_MS);
    let lately = times.iter().filter(|time| until(Some(time), HOUR_MS) > 0).count();
    let beyond = lately.saturating_sub(5).min(8);
    let pause_ms = if allowance.slowing && lately >= 5 { 1000 << beyond } else { 0 };
    by_minute.max(by_hour).max(by_day).max(until(times.first().filter(|_| pause_ms > 0), pause_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 10 * DAY_MS;

    fn wait(ago_ms: &[u64], allowance: Allowance) -> u64 {
        let times: Vec<i64> = ago_ms.iter().map(|ago| signed(NOW - ago)).collect();
        wait_of(&times, allowance, NOW)
    }

    #[test]
    fn a_bucket_is_of_its_parts_only() {
        let lists: [&[&[u8]]; 5] = [
            &[b"login", b"a", b"\0b"],
            &[b"login", b"a\0", b"b"],
            &[b"login", b"a\0\0b", b""],
            &[b"logina", b"\0b"],
            &[],
        ];
        let mut buckets = lists.map(bucket).to_vec();
        buckets.sort_unstable();
        buckets.dedup();
        assert_eq!(buckets.len(), lists.len());
    }

    #[test]
    fn five_in_a_minute_and_then_wait_for_the_first_to_be_old() {
        assert_eq!(wait(&[0, 0, 0, 0], OF_LOGIN), 0);
        assert_eq!(wait(&[0, 10_000, 20_000, 30_000, 40_000], OF_LOGIN), 20_000);
    }

    #[test]
    fn thirty_in_an_hour() {
        let spread: Vec<u64> = (1..=30).map(|n| n * 110_000).collect();
        assert_eq!(wait(&spread[..29], Allowance { slowing: false, ..OF_LOGIN }), 0);
        assert_eq!(wait(&spread, OF_LOGIN), HOUR_MS - 30 * 110_000);
    }

    #[test]
    fn codes_are_guessed_ten_times_in_an_hour_and_thirty_times_in_a_day() {
        assert_eq!(wait(&[0; 9], OF_SECOND_FACTOR), 0);
        assert_eq!(wait(&[0; 10], OF_SECOND_FACTOR), HOUR_MS);
        let spread: Vec<u64> = (1..=30).map(|n| n * HOUR_MS / 4).collect();
        assert_eq!(wait(&spread[..29], OF_SECOND_FACTOR), 0);
        assert_eq!(wait(&spread, OF_SECOND_FACTOR), DAY_MS - 30 * HOUR_MS / 4);
        assert_eq!(wait(&spread, OF_LOGIN), 0);
    }

    #[test]
    fn each_failure_beyond_the_fifth_doubles_the_pause() {
        let spread = |count: u64| (0..count).map(|n| 1 + n * 61_000).collect::<Vec<_>>();
        assert_eq!(wait(&spread(5), OF_LOGIN), 999);
        assert_eq!(wait(&spread(8), OF_LOGIN), 7_999);
        assert_eq!(wait(&spread(20), OF_LOGIN), 255_999);
        assert_eq!(wait(&spread(20), OF_NETWORK), 0);
    }
}
