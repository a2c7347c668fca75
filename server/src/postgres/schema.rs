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

#[cfg(test)]
mod tests {
    use iota_core::commit::{Flags, Header};

    use super::*;
    use crate::test_support::TestDatabase;

    async fn numbers(pool: &PgPool, query: &'static str) -> Vec<i64> {
        sqlx::query_scalar(query).fetch_all(pool).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_there_before_has_its_bytes_in_use_counted() {
        let database = TestDatabase::create_empty().await;
        let pool = database.connect().await;
        sqlx::raw_sql(include_str!("../../../migrations/0001_first.sql")).execute(&pool).await.unwrap();
        // Commit 3 is lost. 1 uses a and b, 2 uses b and c, 3 only b, 4 b and c again.
        let rows = r"
            INSERT INTO account (account_id, login, identity, verifier, slot_list, slots_version, administrator, created_ms)
                VALUES (decode(repeat('01', 16), 'hex'), 'a@b', decode(repeat('01', 32), 'hex'), '', '', 1, true, 1);
            INSERT INTO backup_set (set_id, account_no, label, created_ms, head_seq)
                VALUES (decode(repeat('01', 16), 'hex'), 1, '', 1, 4), (decode(repeat('02', 16), 'hex'), 1, '', 1, 0);
            INSERT INTO domain (kind, account_no) VALUES (0, 1);
            INSERT INTO chunk (domain_no, cid, pack, position, object_bytes)
                SELECT 1, decode(repeat(name, 32), 'hex'), 1, bytes, bytes
                FROM (VALUES ('0a', 100), ('0b', 20), ('0c', 3)) AS new (name, bytes);
            INSERT INTO reference (set_no, domain_no, cid, from_seq, to_seq)
                SELECT 1, 1, decode(repeat(name, 32), 'hex'), from_seq, to_seq
                FROM (VALUES ('0a', 1, 2), ('0b', 1, NULL), ('0c', 2, 3), ('0c', 4, NULL)) AS new (name, from_seq, to_seq);
            INSERT INTO commit
                SELECT 1, seq, decode(repeat('01', 32), 'hex'), 1, NULL, 1, 1, 1, 1, 1, 1, 1
                FROM (VALUES (1), (2), (4)) AS new (seq);";
        sqlx::raw_sql(rows).execute(&pool).await.unwrap();
        sqlx::raw_sql(include_str!("../../../migrations/0002_browser.sql")).execute(&pool).await.unwrap();
        assert_eq!(numbers(&pool, "SELECT live_bytes FROM commit ORDER BY seq").await, [120, 23, 23]);
        assert_eq!(numbers(&pool, "SELECT live_bytes FROM backup_set ORDER BY set_no").await, [23, 0]);

        // Days are counted, too: 1 and 2 arrived on the first, 4 with gaps on the third.
        let mut header = vec![0; Header::BYTES + 64];
        header[Header::BYTES - 4] = Flags::GAPS.bits() as u8;
        let late = sqlx::query("UPDATE commit SET header = $1, received_ms = 2 * 86400000 WHERE seq = 4").bind(header);
        late.execute(&pool).await.unwrap();
        sqlx::raw_sql(include_str!("../../../migrations/0003_days.sql")).execute(&pool).await.unwrap();
        let days = "SELECT day * 100 + commits * 10 + gaps::int FROM set_day ORDER BY set_no, day";
        assert_eq!(numbers(&pool, days).await, [20, 211]);
        pool.close().await;
    }
}
