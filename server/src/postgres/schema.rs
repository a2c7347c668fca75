//! The tables' version: brought up to ours at every start, and never down.

use std::cmp::Ordering;

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

/// Checks that a running server has brought the tables to this program's version, and changes nothing.
///
/// # Errors
/// [`PostgresError::Newer`], [`PostgresError::Older`], [`PostgresError::Connect`].
pub async fn require_current(pool: &PgPool) -> Result<()> {
    let newest = sqlx::query_scalar::<_, Option<i64>>("SELECT max(version) FROM _sqlx_migrations");
    let found = newest.fetch_one(pool).await.map_err(PostgresError::Connect)?.unwrap_or(0);
    match found.cmp(&known()) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(PostgresError::Newer { found, known: known() }),
        Ordering::Less => Err(PostgresError::Older { found, known: known() }),
    }
}

fn known() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}
