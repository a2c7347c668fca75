//! Chunk objects: where their bytes lie, and whether a sweep has marked them.
//!
//! Invariant: a row is made only after its bytes are durable. Rows are locked in the order of their ids.
//!
//! Questions about many ids are written so that each id is looked up by itself (`LATERAL` with a limit): a planner that knows little of
//! a young table would rather go through all of it.

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
        r#"SELECT found.cid AS "cid!" FROM unnest($2::bytea[]) AS wanted (cid)
           CROSS JOIN LATERAL (
               SELECT chunk.cid FROM chunk
               WHERE domain_no = $1 AND chunk.cid = wanted.cid AND NOT damaged AND condemned = 0 LIMIT 1) AS found"#,
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
           WHERE (SELECT true FROM chunk
                  WHERE domain_no = $1 AND chunk.cid = wanted.cid AND NOT damaged LIMIT 1) IS NULL
           LIMIT $3"#,
        domain_no,
        &ids as &[&[u8]],
        limit as i64,
    );
    missing.fetch_all(connection).await?.iter().map(|cid| id(cid, "chunk")).collect()
}

/// Sealed bytes of `cids` together; those that are not here count nothing.
pub async fn total_bytes(connection: &mut PgConnection, domain_no: i64, cids: &[Cid]) -> Result<u64> {
    let total = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(object_bytes), 0)::bigint AS "bytes!" FROM unnest($2::bytea[]) AS wanted (cid)
           CROSS JOIN LATERAL (
               SELECT object_bytes FROM chunk WHERE domain_no = $1 AND chunk.cid = wanted.cid LIMIT 1) AS found"#,
        domain_no,
        &bytes_of(cids) as &[&[u8]],
    );
    unsigned(total.fetch_one(connection).await?, "length")
}

/// A chunk as a row is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkKey {
    domain_no: i64,
    cid: Vec<u8>,
}

impl ChunkKey {
    /// Before every chunk.
    pub const START: Self = Self { domain_no: 0, cid: Vec::new() };
}

/// Marks those of the next `limit` chunks behind `after` that nothing uses, with the number of a sweep. Returns the last of them; `None`
/// at the end.
pub async fn condemn(
    connection: &mut PgConnection,
    sweep_no: i64,
    after: &ChunkKey,
    limit: usize,
) -> Result<Option<ChunkKey>> {
    let last = sqlx::query_as!(
        ChunkKey,
        r#"SELECT domain_no AS "domain_no!", cid AS "cid!" FROM (
               SELECT domain_no, cid FROM chunk WHERE (domain_no, cid) > ($1, $2::bytea) ORDER BY domain_no, cid LIMIT $3) AS page
           ORDER BY domain_no DESC, cid DESC LIMIT 1"#,
        after.domain_no,
        after.cid,
        limit as i64,
    );
    let Some(last) = last.fetch_optional(&mut *connection).await? else { return Ok(None) };
    sqlx::query!(
        "WITH unused AS MATERIALIZED (
             SELECT domain_no, cid FROM chunk
             WHERE (domain_no, cid) > ($2, $3::bytea) AND (domain_no, cid) <= ($4, $5::bytea) AND condemned = 0
                 AND NOT EXISTS (
                     SELECT FROM reference WHERE reference.domain_no = chunk.domain_no AND reference.cid = chunk.cid)
             ORDER BY domain_no, cid FOR NO KEY UPDATE OF chunk)
         UPDATE chunk SET condemned = $1 FROM unused
         WHERE chunk.domain_no = unused.domain_no AND chunk.cid = unused.cid",
        sweep_no,
        after.domain_no,
        after.cid,
        last.domain_no,
        last.cid,
    )
    .execute(connection)
    .await?;
    Ok(Some(last))
}

/// Makes rows for durable objects, ascending by id and without repetition. One that is here already stays where it
/// is, unless it is damaged: then the new place counts.
pub async fn insert(connection: &mut PgConnection, domain_no: i64, stored: &[(Cid, Place)]) -> Result<()> {
    let rows = Columns::of(stored);
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
        &rows.ids as &[&[u8]],
        &rows.packs,
        &rows.positions,
        &rows.lengths,
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
        r#"SELECT found.cid AS "cid!", pack AS "pack!", position AS "position!", object_bytes AS "object_bytes!"
           FROM unnest($2::bytea[]) AS wanted (cid)
           CROSS JOIN LATERAL (
               SELECT chunk.cid, pack, position, object_bytes FROM chunk
               WHERE domain_no = $1 AND chunk.cid = wanted.cid AND NOT damaged AND (
                   SELECT true FROM reference JOIN backup_set USING (set_no)
                   WHERE reference.domain_no = $1 AND reference.cid = wanted.cid AND account_no = $3 LIMIT 1)
               LIMIT 1) AS found"#,
        domain_no,
        &bytes_of(cids) as &[&[u8]],
        account_no,
    );
    let rows = rows.fetch_all(connection).await?;
    rows.iter().map(|row| Ok((id(&row.cid, "chunk")?, place(row.pack, row.position, row.object_bytes)?))).collect()
}

/// Where the objects lie that the state of a set at a commit uses, or that lead to it; those that it does not, or that are damaged, are left
/// out.
pub async fn find_at(
    connection: &mut PgConnection,
    (set_no, seq): (i64, u64),
    domain_no: i64,
    cids: &[Cid],
) -> Result<Vec<(Cid, Place)>> {
    let rows = sqlx::query!(
        r#"SELECT found.cid AS "cid!", pack AS "pack!", position AS "position!", object_bytes AS "object_bytes!"
           FROM unnest($2::bytea[]) AS wanted (cid)
           CROSS JOIN LATERAL (
               SELECT chunk.cid, pack, position, object_bytes FROM chunk
               WHERE domain_no = $1 AND chunk.cid = wanted.cid AND NOT damaged AND (
                   SELECT true FROM reference
                   WHERE set_no = $3 AND reference.domain_no = $1 AND reference.cid = wanted.cid
                       AND from_seq <= $4 AND (to_seq IS NULL OR to_seq > $4) LIMIT 1)
               LIMIT 1) AS found"#,
        domain_no,
        &bytes_of(cids) as &[&[u8]],
        set_no,
        signed(seq),
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

/// Damaged chunks of the newest state of a set, at most `limit`.
pub async fn damaged_of(connection: &mut PgConnection, set_no: i64, domain_no: i64, limit: usize) -> Result<Vec<Cid>> {
    let damaged = sqlx::query_scalar!(
        "SELECT cid FROM chunk WHERE domain_no = $1 AND damaged AND EXISTS (
             SELECT FROM reference
             WHERE set_no = $2 AND reference.domain_no = $1 AND reference.cid = chunk.cid AND to_seq IS NULL)
         ORDER BY cid LIMIT $3",
        domain_no,
        set_no,
        limit as i64,
    );
    damaged.fetch_all(connection).await?.iter().map(|cid| id(cid, "chunk")).collect()
}

/// A chunk as a row says it lies in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedChunk {
    /// The chunk.
    pub cid: Cid,
    /// Where.
    pub place: Place,
    /// Whether it is known to be damaged.
    pub damaged: bool,
}

/// What rows say of a pack, in the order of positions.
pub async fn placed_in(connection: &mut PgConnection, pack: u64) -> Result<Vec<PlacedChunk>> {
    let rows = sqlx::query!(
        "SELECT cid, pack, position, object_bytes, damaged FROM chunk WHERE pack = $1 ORDER BY position",
        signed(pack),
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| {
        let place = place(row.pack, row.position, row.object_bytes)?;
        Ok(PlacedChunk { cid: id(&row.cid, "chunk")?, place, damaged: row.damaged })
    })
    .collect()
}

/// Takes the mark of damage off what lies at `place` and was found to be whole.
pub async fn mark_whole(connection: &mut PgConnection, place: Place) -> Result<()> {
    sqlx::query!(
        "UPDATE chunk SET damaged = false WHERE pack = $1 AND position = $2",
        signed(place.pack),
        signed(place.position),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes or replaces rows for objects that were found in the packs; where one stands twice the later call counts.
pub async fn restore(connection: &mut PgConnection, domain_no: i64, found: &[(Cid, Place)]) -> Result<()> {
    let rows = Columns::of(found);
    sqlx::query!(
        "INSERT INTO chunk (domain_no, cid, pack, position, object_bytes)
         SELECT $1, cid, pack, position, object_bytes
         FROM unnest($2::bytea[], $3::bigint[], $4::bigint[], $5::integer[]) AS new (cid, pack, position, object_bytes)
         ORDER BY cid
         ON CONFLICT (domain_no, cid) DO UPDATE SET
             pack = excluded.pack, position = excluded.position, object_bytes = excluded.object_bytes",
        domain_no,
        &rows.ids as &[&[u8]],
        &rows.packs,
        &rows.positions,
        &rows.lengths,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes rows, marked as damaged, for those of `cids` that have none: their bytes are in no pack. Returns how many.
pub async fn restore_lost(connection: &mut PgConnection, domain_no: i64, cids: &[Cid]) -> Result<u64> {
    let lost = sqlx::query!(
        "INSERT INTO chunk (domain_no, cid, pack, position, object_bytes, damaged)
         SELECT $1, cid, 0, 0, 0, true FROM unnest($2::bytea[]) AS lost (cid) ORDER BY cid
         ON CONFLICT DO NOTHING",
        domain_no,
        &bytes_of(cids) as &[&[u8]],
    );
    Ok(lost.execute(connection).await?.rows_affected())
}

/// How many chunks are marked as damaged.
pub async fn count_damaged(connection: &mut PgConnection) -> Result<u64> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM chunk WHERE damaged"#);
    unsigned(count.fetch_one(connection).await?, "count")
}

/// The highest number of a pack that a chunk lies in.
pub async fn newest_pack(connection: &mut PgConnection) -> Result<u64> {
    let newest = sqlx::query_scalar!(r#"SELECT coalesce(max(pack), 0) AS "pack!" FROM chunk"#);
    unsigned(newest.fetch_one(connection).await?, "pack")
}

/// The packs that chunks lie in.
pub async fn packs(connection: &mut PgConnection) -> Result<BTreeSet<u64>> {
    let packs = sqlx::query_scalar!("SELECT DISTINCT pack FROM chunk").fetch_all(connection).await?;
    packs.into_iter().map(|pack| unsigned(pack, "pack")).collect()
}

/// Chunks and places as arrays, one for each column.
struct Columns<'a> {
    ids: Vec<&'a [u8]>,
    packs: Vec<i64>,
    positions: Vec<i64>,
    lengths: Vec<i32>,
}

impl<'a> Columns<'a> {
    fn of(chunks: &'a [(Cid, Place)]) -> Self {
        Self {
            ids: chunks.iter().map(|(cid, _)| &cid.0[..]).collect(),
            packs: chunks.iter().map(|(_, place)| signed(place.pack)).collect(),
            positions: chunks.iter().map(|(_, place)| signed(place.position)).collect(),
            lengths: chunks.iter().map(|(_, place)| place.payload_bytes as i32).collect(),
        }
    }
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
