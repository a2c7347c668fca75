//! Sweeps: rounds that mark chunks which nothing uses.

use sqlx::{PgConnection, PgPool};

use super::{Result, signed, unsigned};

/// When the newest sweep began.
pub async fn newest_ms(pool: &PgPool) -> Result<Option<u64>> {
    let row = sqlx::query_scalar!("SELECT begun_ms FROM sweep ORDER BY sweep_no DESC LIMIT 1");
    row.fetch_optional(pool).await?.map(|at_ms| unsigned(at_ms, "sweep")).transpose()
}

/// Begins a sweep. Returns what it marks chunks with.
pub async fn begin(connection: &mut PgConnection, now_ms: u64) -> Result<i64> {
    let sweep = sqlx::query_scalar!("INSERT INTO sweep (begun_ms) VALUES ($1) RETURNING sweep_no", signed(now_ms));
    Ok(sweep.fetch_one(connection).await?)
}

/// Seals every sweep whose marks are committed. Not in the transaction of a mark: a session could begin between the epoch that is drawn
/// here and the mark that it cannot see yet.
pub async fn seal(pool: &PgPool) -> Result<()> {
    sqlx::query!("UPDATE sweep SET sealed_epoch = nextval('epoch') WHERE sealed_epoch IS NULL").execute(pool).await?;
    Ok(())
}
