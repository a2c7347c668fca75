//! Which commits of a set use which chunks: intervals, one row for each lifetime.
//!
//! A foreign key makes sure that no reference is without its chunk. Callers hold the row of the set, so that its references stay where
//! they are meanwhile.

use iota_core::id::Cid;
use sqlx::PgConnection;

use super::{Result, StoreError, id, signed, unsigned};

/// How many of `cids` the newest state of a set uses.
pub async fn count_open(connection: &mut PgConnection, set_no: i64, domain_no: i64, cids: &[Cid]) -> Result<u64> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM unnest($3::bytea[]) AS wanted (cid)
           CROSS JOIN LATERAL (
               SELECT FROM reference
               WHERE set_no = $1 AND domain_no = $2 AND reference.cid = wanted.cid AND to_seq IS NULL LIMIT 1) AS found"#,
        set_no,
        domain_no,
        &bytes_of(cids) as &[&[u8]],
    );
    unsigned(count.fetch_one(connection).await?, "count")
}

/// From commit `seq` on the set uses `cids`, which it did not before.
pub async fn open(connection: &mut PgConnection, set_no: i64, domain_no: i64, seq: u64, cids: &[Cid]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO reference (set_no, domain_no, cid, from_seq)
         SELECT $1, $2, cid, $3 FROM unnest($4::bytea[]) AS new (cid) ORDER BY cid",
        set_no,
        domain_no,
        signed(seq),
        &bytes_of(cids) as &[&[u8]],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The same for a history with gaps: what the set is said to use already stays as it is.
pub async fn open_missing(
    connection: &mut PgConnection,
    set_no: i64,
    domain_no: i64,
    seq: u64,
    cids: &[Cid],
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO reference (set_no, domain_no, cid, from_seq)
         SELECT $1, $2, cid, $3 FROM unnest($4::bytea[]) AS new (cid) ORDER BY cid
         ON CONFLICT DO NOTHING",
        set_no,
        domain_no,
        signed(seq),
        &bytes_of(cids) as &[&[u8]],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// From commit `seq` on the set uses `cids` no longer. Returns how many of them it used.
pub async fn close(connection: &mut PgConnection, set_no: i64, domain_no: i64, seq: u64, cids: &[Cid]) -> Result<u64> {
    let closed = sqlx::query!(
        "UPDATE reference SET to_seq = $3 WHERE ctid = ANY (ARRAY (
             SELECT found.ctid FROM unnest($4::bytea[]) AS gone (cid)
             CROSS JOIN LATERAL (
                 SELECT ctid FROM reference
                 WHERE set_no = $1 AND domain_no = $2 AND reference.cid = gone.cid AND to_seq IS NULL LIMIT 1) AS found))",
        set_no,
        domain_no,
        signed(seq),
        &bytes_of(cids) as &[&[u8]],
    );
    Ok(closed.execute(connection).await?.rows_affected())
}

/// From commit `seq` on the set uses exactly what [`super::staged_reference`] holds for it.
pub async fn replace_by_staged(connection: &mut PgConnection, set_no: i64, domain_no: i64, seq: u64) -> Result<()> {
    sqlx::query!(
        "UPDATE reference SET to_seq = $3
         WHERE set_no = $1 AND domain_no = $2 AND to_seq IS NULL AND NOT EXISTS (
             SELECT FROM staged_reference AS staged WHERE staged.set_no = $1 AND staged.cid = reference.cid)",
        set_no,
        domain_no,
        signed(seq),
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO reference (set_no, domain_no, cid, from_seq)
         SELECT $1, $2, cid, $3 FROM staged_reference AS staged
         WHERE set_no = $1 AND NOT EXISTS (
             SELECT FROM reference
             WHERE reference.set_no = $1 AND reference.domain_no = $2 AND to_seq IS NULL AND reference.cid = staged.cid)
         ORDER BY cid",
        set_no,
        domain_no,
        signed(seq),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What the newest state of a set uses, ascending: at most `limit` behind `after`.
pub async fn list_open(
    connection: &mut PgConnection,
    set_no: i64,
    after: Option<Cid>,
    limit: usize,
) -> Result<Vec<Cid>> {
    let open = sqlx::query_scalar!(
        "SELECT cid FROM reference WHERE set_no = $1 AND to_seq IS NULL AND ($2::bytea IS NULL OR cid > $2)
         ORDER BY domain_no, cid LIMIT $3",
        set_no,
        after.as_ref().map(|cid| &cid.0[..]),
        limit as i64,
    );
    open.fetch_all(connection).await?.iter().map(|cid| id(cid, "chunk")).collect()
}

/// Takes away, at most `limit` of them, what commits between two snapshots of a set used and neither snapshot does. `above` is nothing
/// when no snapshot is left there: then what the last commit used goes, too. Returns how many went.
pub async fn forget_between(
    connection: &mut PgConnection,
    set_no: i64,
    below: u64,
    above: Option<u64>,
    limit: u64,
) -> Result<u64> {
    let forgotten = sqlx::query!(
        "DELETE FROM reference WHERE ctid = ANY (ARRAY (
             SELECT ctid FROM reference
             WHERE set_no = $1 AND to_seq IS NOT NULL AND to_seq > $2 AND to_seq <= $3 AND from_seq > $2 LIMIT $4))",
        set_no,
        signed(below),
        above.map_or(i64::MAX, signed),
        signed(limit),
    );
    let forgotten = forgotten.execute(&mut *connection).await?.rows_affected();
    if above.is_some() || forgotten == limit {
        return Ok(forgotten);
    }
    let open = sqlx::query!(
        "DELETE FROM reference WHERE ctid = ANY (ARRAY (
             SELECT ctid FROM reference WHERE set_no = $1 AND to_seq IS NULL AND from_seq > $2 LIMIT $3))",
        set_no,
        signed(below),
        signed(limit - forgotten),
    );
    Ok(forgotten + open.execute(connection).await?.rows_affected())
}

/// Sealed bytes of the objects that no snapshot of `stays`, ascending, uses of those of a set, nor any other set. It is
/// given up after 20 seconds; the connection is in a transaction.
pub async fn bytes_used_between(connection: &mut PgConnection, set_no: i64, stays: &[u64]) -> Result<u64> {
    let stays: Vec<i64> = stays.iter().copied().map(signed).collect();
    sqlx::query!("SET LOCAL statement_timeout = '20s'").execute(&mut *connection).await?;
    // An interval holds one that stays if more of them are below its end than below its beginning.
    let bytes = sqlx::query_scalar!(
        r#"WITH gone AS (
               SELECT domain_no, cid FROM reference WHERE set_no = $1 GROUP BY domain_no, cid
               HAVING bool_and(width_bucket(from_seq - 1, $2::bigint[])
                   = width_bucket(coalesce(to_seq, 9223372036854775807) - 1, $2::bigint[])))
           SELECT coalesce(sum(object_bytes), 0)::bigint AS "bytes!" FROM gone JOIN chunk USING (domain_no, cid)
           WHERE NOT EXISTS (
               SELECT FROM reference AS other
               WHERE other.domain_no = gone.domain_no AND other.cid = gone.cid AND other.set_no <> $1)"#,
        set_no,
        &stays,
    );
    unsigned(bytes.fetch_one(connection).await?, "bytes")
}

/// Whether the database refused a reference because its chunk is gone.
pub fn is_chunk_missing(error: &StoreError) -> bool {
    const FOREIGN_KEY_VIOLATION: &str = "23503";
    let StoreError::Database(error) = error else { return false };
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == FOREIGN_KEY_VIOLATION)
}

fn bytes_of(cids: &[Cid]) -> Vec<&[u8]> {
    cids.iter().map(|cid| &cid.0[..]).collect()
}
