//! A full reference list while it is compared with what a set uses. Rows live for one transaction; the table is not logged.

use iota_core::id::Cid;
use sqlx::PgConnection;

use super::{Result, id, unsigned};

/// Adds references of the set whose row is locked.
pub async fn insert(connection: &mut PgConnection, set_no: i64, cids: &[Cid]) -> Result<()> {
    let ids: Vec<&[u8]> = cids.iter().map(|cid| &cid.0[..]).collect();
    sqlx::query!(
        "INSERT INTO staged_reference (set_no, cid) SELECT $1, unnest($2::bytea[])",
        set_no,
        &ids as &[&[u8]],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells the planner how many there are, and to join them as sets: without this it expects a handful.
pub async fn settle(connection: &mut PgConnection) -> Result<()> {
    sqlx::raw_sql("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'").execute(connection).await?;
    Ok(())
}

/// The first, at most `limit`, whose chunks are not here or damaged. Takes marks of a sweep off the others.
pub async fn missing(connection: &mut PgConnection, set_no: i64, domain_no: i64, limit: usize) -> Result<Vec<Cid>> {
    sqlx::query!(
        "WITH marked AS MATERIALIZED (
             SELECT chunk.cid FROM chunk JOIN staged_reference AS staged ON staged.cid = chunk.cid
             WHERE staged.set_no = $1 AND chunk.domain_no = $2 AND condemned <> 0
             ORDER BY chunk.cid FOR NO KEY UPDATE OF chunk)
         UPDATE chunk SET condemned = 0 FROM marked WHERE chunk.domain_no = $2 AND chunk.cid = marked.cid",
        set_no,
        domain_no,
    )
    .execute(&mut *connection)
    .await?;
    let missing = sqlx::query_scalar!(
        "SELECT cid FROM staged_reference AS staged WHERE set_no = $1 AND NOT EXISTS (
             SELECT FROM chunk WHERE chunk.domain_no = $2 AND chunk.cid = staged.cid AND NOT damaged)
         LIMIT $3",
        set_no,
        domain_no,
        limit as i64,
    );
    missing.fetch_all(connection).await?.iter().map(|cid| id(cid, "chunk")).collect()
}

/// Sealed bytes of the list's chunks together.
pub async fn total_bytes(connection: &mut PgConnection, set_no: i64, domain_no: i64) -> Result<u64> {
    let total = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(object_bytes), 0)::bigint AS "bytes!"
           FROM staged_reference AS staged JOIN chunk ON chunk.domain_no = $2 AND chunk.cid = staged.cid
           WHERE staged.set_no = $1"#,
        set_no,
        domain_no,
    );
    unsigned(total.fetch_one(connection).await?, "length")
}

/// Makes rows, marked as damaged, for chunks of the list that have none. Returns how many.
pub async fn restore_lost(connection: &mut PgConnection, set_no: i64, domain_no: i64) -> Result<u64> {
    let lost = sqlx::query!(
        "INSERT INTO chunk (domain_no, cid, pack, position, object_bytes, damaged)
         SELECT $2, cid, 0, 0, 0, true FROM staged_reference WHERE set_no = $1
         ON CONFLICT DO NOTHING",
        set_no,
        domain_no,
    );
    Ok(lost.execute(connection).await?.rows_affected())
}

/// Forgets the references of a set.
pub async fn delete(connection: &mut PgConnection, set_no: i64) -> Result<()> {
    sqlx::query!("DELETE FROM staged_reference WHERE set_no = $1", set_no).execute(connection).await?;
    Ok(())
}
