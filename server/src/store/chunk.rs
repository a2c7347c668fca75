//! Chunk objects: where their bytes lie, and whether a sweep has marked them.
//!
//! Invariant: a row is made only after its bytes are durable. Rows are locked in the order of their ids.

use std::collections::BTreeSet;

use iota_core::id::Cid;
use sqlx::PgConnection;

use super::{Result, StoreError, id, signed, unsigned};
use crate::packs::Place;

/// Which of `cids` are here and whole. Marks of a sweep are taken off them, so that they stay while the caller's session is open.
pub async fn keep(connection: &mut PgConnection, domain_no: i64, cids: &[Cid]) -> Result<BTreeSet<Cid>> {
    let ids = bytes_of(cids);
    uncondemn(connection, domain_no, &ids).await?;
    let found = sqlx::query_scalar!(
        "SELECT cid FROM chunk WHERE domain_no = $1 AND cid = ANY($2) AND NOT damaged AND condemned = 0",
        domain_no,
        &ids as &[&[u8]],
    );
    found.fetch_all(connection).await?.iter().map(|cid| id(cid, "chunk")).collect()
}

/// Takes marks off whole chunks among `ids`.
async fn uncondemn(connection: &mut PgConnection, domain_no: i64, ids: &[&[u8]]) -> Result<()> {
    sqlx::query!(
        "WITH marked AS MATERIALIZED (
             SELECT cid FROM chunk WHERE domain_no = $1 AND cid = ANY($2) AND condemned <> 0
             ORDER BY cid FOR NO KEY UPDATE)
         UPDATE chunk SET condemned = 0 FROM marked WHERE chunk.domain_no = $1 AND chunk.cid = marked.cid",
        domain_no,
        ids as &[&[u8]],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The first of `cids`, at most `limit`, that are not here or damaged. Takes marks of a sweep off the others.
pub async fn missing(connection: &mut PgConnection, domain_no: i64, cids: &[Cid], limit: usize) -> Result<Vec<Cid>> {
    let ids = bytes_of(cids);
    uncondemn(connection, domain_no, &ids).await?;
    let missing = sqlx::query_scalar!(
        r#"SELECT wanted.cid AS "cid!" FROM unnest($2::bytea[]) AS wanted (cid)
           WHERE NOT EXISTS (
               SELECT FROM chunk WHERE chunk.domain_no = $1 AND chunk.cid = wanted.cid AND NOT damaged)
           LIMIT $3"#,
        domain_no,
        &ids as &[&[u8]],
        limit as i64,
    );
    missing.fetch_all(connection).await?.iter().map(|cid| id(cid, "chunk")).collect()
}

/// Makes rows for durable objects, ascending by id and without repetition. One that is here already stays where it
/// is, unless it is damaged: then the new place counts.
pub async fn insert(connection: &mut PgConnection, domain_no: i64, stored: &[(Cid, Place)]) -> Result<()> {
    let ids: Vec<&[u8]> = stored.iter().map(|(cid, _)| &cid.0[..]).collect();
    let packs: Vec<i64> = stored.iter().map(|(_, place)| signed(place.pack)).collect();
    let positions: Vec<i64> = stored.iter().map(|(_, place)| signed(place.position)).collect();
    let lengths: Vec<i32> = stored.iter().map(|(_, place)| place.payload_bytes as i32).collect();
    sqlx::query!(
        "INSERT INTO chunk (domain_no, cid, pack, position, object_bytes)
         SELECT $1, cid, pack, position, object_bytes
         FROM unnest($2::bytea[], $3::bigint[], $4::bigint[], $5::integer[]) AS new (cid, pack, position, object_bytes)
         ORDER BY cid
         ON CONFLICT (domain_no, cid) DO UPDATE SET
             condemned = 0,
             damaged = false,
             pack = CASE WHEN chunk.damaged THEN excluded.pack ELSE chunk.pack END,
             position = CASE WHEN chunk.damaged THEN excluded.position ELSE chunk.position END,
             object_bytes = CASE WHEN chunk.damaged THEN excluded.object_bytes ELSE chunk.object_bytes END",
        domain_no,
        &ids as &[&[u8]],
        &packs,
        &positions,
        &lengths,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Where those of `cids` lie that snapshots of the account use.
pub async fn find_used(
    connection: &mut PgConnection,
    account_no: i64,
    domain_no: i64,
    cids: &[Cid],
) -> Result<Vec<(Cid, Place)>> {
    let rows = sqlx::query!(
        "SELECT cid, pack, position, object_bytes FROM chunk
         WHERE domain_no = $1 AND cid = ANY($2) AND NOT damaged AND EXISTS (
             SELECT FROM reference JOIN backup_set USING (set_no)
             WHERE reference.domain_no = chunk.domain_no AND reference.cid = chunk.cid AND account_no = $3)",
        domain_no,
        &bytes_of(cids) as &[&[u8]],
        account_no,
    );
    let rows = rows.fetch_all(connection).await?;
    rows.iter().map(|row| Ok((id(&row.cid, "chunk")?, place(row.pack, row.position, row.object_bytes)?))).collect()
}

/// Marks what lies at `place` as damaged: it counts as missing until it is sent again.
pub async fn mark_damaged(connection: &mut PgConnection, place: Place) -> Result<u64> {
    let marked = sqlx::query!(
        "UPDATE chunk SET damaged = true WHERE pack = $1 AND position = $2 AND NOT damaged",
        signed(place.pack),
        signed(place.position),
    );
    Ok(marked.execute(connection).await?.rows_affected())
}

/// Marks as damaged what rows of a pack say, except at `whole` positions. Returns how many are newly marked.
pub async fn mark_damaged_except(connection: &mut PgConnection, pack: u64, whole: &[u64]) -> Result<u64> {
    let whole: Vec<i64> = whole.iter().map(|&position| signed(position)).collect();
    let marked = sqlx::query!(
        "UPDATE chunk SET damaged = true
         WHERE pack = $1 AND NOT damaged AND position NOT IN (SELECT unnest($2::bigint[]))",
        signed(pack),
        &whole,
    );
    Ok(marked.execute(connection).await?.rows_affected())
}

/// How many of a pack's rows are not at `positions`, or have another length than there; and how many there are.
pub async fn misplaced(connection: &mut PgConnection, pack: u64, positions: &[(u64, u32)]) -> Result<(u64, u64)> {
    let (at, lengths): (Vec<i64>, Vec<i32>) = positions.iter().map(|&(at, length)| (signed(at), length as i32)).unzip();
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE NOT damaged AND (position, object_bytes) NOT IN (
               SELECT * FROM unnest($2::bigint[], $3::integer[]))) AS "misplaced!", count(*) AS "all!"
           FROM chunk WHERE pack = $1"#,
        signed(pack),
        &at,
        &lengths,
    );
    let row = row.fetch_one(connection).await?;
    Ok((unsigned(row.misplaced, "count")?, unsigned(row.all, "count")?))
}

/// How many chunks are marked as damaged.
pub async fn count_damaged(connection: &mut PgConnection) -> Result<u64> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM chunk WHERE damaged"#);
    unsigned(count.fetch_one(connection).await?, "count")
}

/// The packs that chunks lie in.
pub async fn packs(connection: &mut PgConnection) -> Result<BTreeSet<u64>> {
    let packs = sqlx::query_scalar!("SELECT DISTINCT pack FROM chunk").fetch_all(connection).await?;
    packs.into_iter().map(|pack| unsigned(pack, "pack")).collect()
}

fn bytes_of(cids: &[Cid]) -> Vec<&[u8]> {
    cids.iter().map(|cid| &cid.0[..]).collect()
}

/// The place that three numbers of a row stand for.
pub fn place(pack: i64, position: i64, payload_bytes: i32) -> Result<Place> {
    Ok(Place {
        pack: unsigned(pack, "pack")?,
        position: unsigned(position, "position")?,
        payload_bytes: u32::try_from(payload_bytes).map_err(|_| StoreError::Damaged("length"))?,
    })
}
