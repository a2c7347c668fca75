//! Challenges that wait for a signature: one minute, once.

use iota_core::id::Challenge;
use sqlx::PgPool;

use super::{Result, signed};

/// How long a challenge is good.
pub const LIFE_MS: u64 = 60 * 1000;
/// Most that wait for one subject; the oldest go.
const MAX_WAITING: i64 = 64;

/// Keeps a challenge for an account or a machine; forgets what has ended.
pub async fn insert(pool: &PgPool, challenge: &Challenge, subject: &[u8; 16], now_ms: u64) -> Result<()> {
    let mut transaction = pool.begin().await?;
    sqlx::query!("DELETE FROM challenge WHERE expires_ms <= $1", signed(now_ms)).execute(&mut *transaction).await?;
    sqlx::query!(
        "DELETE FROM challenge WHERE challenge IN
           (SELECT challenge FROM challenge WHERE subject = $1 ORDER BY expires_ms DESC OFFSET $2)",
        &subject[..],
        MAX_WAITING - 1,
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "INSERT INTO challenge (challenge, subject, expires_ms) VALUES ($1, $2, $3)",
        &challenge.0[..],
        &subject[..],
        signed(now_ms + LIFE_MS),
    )
    .execute(&mut *transaction)
    .await?;
    Ok(transaction.commit().await?)
}

/// Uses up a challenge, good or not; whether it was good now for `subject`.
pub async fn take(pool: &PgPool, challenge: &Challenge, subject: &[u8; 16], now_ms: u64) -> Result<bool> {
    let taken =
        sqlx::query!("DELETE FROM challenge WHERE challenge = $1 RETURNING subject, expires_ms", &challenge.0[..],);
    let taken = taken.fetch_optional(pool).await?;
    let good = |expires_ms: i64| expires_ms > signed(now_ms) && expires_ms <= signed(now_ms + 2 * LIFE_MS);
    Ok(taken.is_some_and(|row| row.subject == subject[..] && good(row.expires_ms)))
}
