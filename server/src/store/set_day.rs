//! What a set did on each day.

use iota_core::api::json::DayInfo;
use sqlx::PgConnection;

use super::{Result, unsigned};

const DAY_MS: u64 = 86_400_000;

/// The day of a time: days since 1 January 1970, UTC.
pub fn day_of(at_ms: u64) -> i32 {
    i32::try_from(at_ms / DAY_MS).unwrap_or(i32::MAX)
}

/// Counts a commit.
pub async fn count(connection: &mut PgConnection, set_no: i64, received_ms: u64, gaps: bool) -> Result<()> {
    sqlx::query!(
        "INSERT INTO set_day (set_no, day, commits, gaps) VALUES ($1, $2, 1, $3)
         ON CONFLICT (set_no, day) DO UPDATE SET commits = set_day.commits + 1, gaps = $3",
        set_no,
        day_of(received_ms),
        gaps,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that the machine proved itself.
pub async fn note_contact(connection: &mut PgConnection, device_no: i64, at_ms: u64) -> Result<()> {
    sqlx::query!(
        "INSERT INTO set_day (set_no, day, commits, gaps) SELECT set_no, $2, 0, false FROM device WHERE device_no = $1
         ON CONFLICT DO NOTHING",
        device_no,
        day_of(at_ms),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The days of a set from `first` on, oldest first.
pub async fn list_from(connection: &mut PgConnection, set_no: i64, first: i32) -> Result<Vec<DayInfo>> {
    let rows = sqlx::query!(
        "SELECT day, commits, gaps FROM set_day WHERE set_no = $1 AND day >= $2 ORDER BY day",
        set_no,
        first,
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| {
        let day = unsigned(row.day.into(), "day")?;
        Ok(DayInfo { day, commits: unsigned(row.commits, "day")?, gaps: row.gaps })
    })
    .collect()
}
