//! The tables' version: brought up to ours at every start, and never down.

use sqlx::PgPool;
use sqlx::migrate::{MigrateError, Migrator};

use super::{PostgresError, Result};

static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// Brings the tables to this program's version.
///
/// # Errors
/// [`PostgresError::Newer`] when a later version made them, [`PostgresError::Migrate`].
pub async fn migrate(pool: &PgPool) -> Result<()> {
    MIGRATOR.run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => PostgresError::Newer { found, known: known() },
        other => PostgresError::Migrate(other),
    })
}

fn known() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}
