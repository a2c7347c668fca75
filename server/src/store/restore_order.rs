//! Restores that owners ordered. An order is open until its machine ends it, its owner cancels it, or its time is over.

use iota_core::api::json::{Bytes, RestoreInfo, RestoreOrder};
use iota_core::id::RestoreId;
use iota_core::restore::{Opened, SignedGrant};
use sqlx::PgConnection;

use super::{Result, StoreError, signed, unsigned};

/// Orders of a machine that are remembered.
const MAX_LISTED: i64 = 100;

/// Where an order belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRows {
    /// Row of the set of the machine that restores.
    pub set_no: i64,
    /// Row of the machine.
    pub device_no: i64,
    /// Row of the set that it may read.
    pub source_set_no: i64,
}

/// What the account gave with an order, as it is kept.
#[derive(Debug, Clone, Copy)]
pub struct OrderBytes<'a> {
    /// The order, sealed to the machine.
    pub sealed: &'a [u8],
    /// The list of the objects that the grant opens.
    pub objects: &'a [u8],
    /// What was ordered, sealed for the owner.
    pub note: &'a [u8],
}

/// What an open order lets a machine read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Row of the set.
    pub set_no: i64,
    /// The commit.
    pub seq: u64,
    /// Which objects of those that the commit uses.
    pub opened: Opened,
}

/// Notes an order; `false` when there is one of this id.
pub async fn insert(
    connection: &mut PgConnection,
    rows: OrderRows,
    grant: &SignedGrant,
    bytes: OrderBytes<'_>,
) -> Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO restore_order (restore_id, set_no, device_no, source_set_no, seq, ordered_ms, until_ms, signed, sealed,
             objects, note)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
        &grant.grant.restore.0[..],
        rows.set_no,
        rows.device_no,
        rows.source_set_no,
        signed(grant.grant.seq),
        signed(grant.grant.ordered_ms),
        signed(grant.grant.until_ms),
        grant.encode(),
        bytes.sealed,
        bytes.objects,
        bytes.note,
    );
    Ok(inserted.execute(connection).await?.rows_affected() == 1)
}

/// Whether there is this very order.
pub async fn is_known(connection: &mut PgConnection, grant: &SignedGrant) -> Result<bool> {
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM restore_order WHERE restore_id = $1 AND signed = $2) AS "known!""#,
        &grant.grant.restore.0[..],
        grant.encode(),
    );
    Ok(known.fetch_one(connection).await?)
}

/// How many orders of a machine are open.
pub async fn count_open(connection: &mut PgConnection, device_no: i64, now_ms: u64) -> Result<u64> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM restore_order
           WHERE device_no = $1 AND cancelled_ms IS NULL AND ended_ms IS NULL AND until_ms > $2"#,
        device_no,
        signed(now_ms),
    );
    unsigned(count.fetch_one(connection).await?, "orders")
}

/// Forgets all but the newest orders of a set that are over, and what those that are over were.
pub async fn trim(connection: &mut PgConnection, set_no: i64, now_ms: u64) -> Result<()> {
    sqlx::query!(
        "WITH old AS (
           SELECT restore_id, row_number() OVER (ORDER BY ordered_ms DESC) AS place FROM restore_order
           WHERE set_no = $1 AND (cancelled_ms IS NOT NULL OR ended_ms IS NOT NULL OR until_ms <= $2))
         DELETE FROM restore_order USING old WHERE restore_order.restore_id = old.restore_id AND place > $3",
        set_no,
        signed(now_ms),
        MAX_LISTED,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE restore_order SET sealed = '', objects = '' WHERE set_no = $1 AND until_ms <= $2 AND sealed <> ''",
        set_no,
        signed(now_ms),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Orders to the machines of a set, newest first.
pub async fn list_of(connection: &mut PgConnection, set_no: i64) -> Result<Vec<RestoreInfo>> {
    let rows = sqlx::query!(
        "SELECT signed, note, cancelled_ms, ended_ms, outcome FROM restore_order
         WHERE set_no = $1 ORDER BY ordered_ms DESC, restore_id LIMIT $2",
        set_no,
        2 * MAX_LISTED,
    );
    let time = |ms: Option<i64>| ms.map(|ms| unsigned(ms, "order to restore")).transpose();
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| {
        Ok(RestoreInfo {
            grant: Bytes(row.signed),
            note: Bytes(row.note),
            cancelled_ms: time(row.cancelled_ms)?,
            ended_ms: time(row.ended_ms)?,
            outcome: row.outcome.map(Bytes),
        })
    })
    .collect()
}

/// Open orders of a machine, oldest first.
pub async fn list_open(connection: &mut PgConnection, device_no: i64, now_ms: u64) -> Result<Vec<RestoreOrder>> {
    let rows = sqlx::query!(
        "SELECT signed, sealed FROM restore_order
         WHERE device_no = $1 AND cancelled_ms IS NULL AND ended_ms IS NULL AND until_ms > $2
         ORDER BY ordered_ms, restore_id",
        device_no,
        signed(now_ms),
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    Ok(rows.map(|row| RestoreOrder { grant: Bytes(row.signed), sealed: Bytes(row.sealed) }).collect())
}

/// What an open order of a machine lets it read. The grant as it was signed counts, not what the rows say beside it.
pub async fn find_open(
    connection: &mut PgConnection,
    device_no: i64,
    restore: RestoreId,
    now_ms: u64,
) -> Result<Option<Granted>> {
    let row = sqlx::query!(
        "SELECT source_set_no, signed, objects FROM restore_order
         WHERE restore_id = $1 AND device_no = $2 AND cancelled_ms IS NULL AND ended_ms IS NULL AND until_ms > $3",
        &restore.0[..],
        device_no,
        signed(now_ms),
    );
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    let damaged = |_| StoreError::Damaged("order to restore");
    let grant = SignedGrant::decode(&row.signed).map_err(damaged)?.grant;
    let opened = grant.opens.with_list(&row.objects).map_err(damaged)?;
    Ok(Some(Granted { set_no: row.source_set_no, seq: grant.seq, opened }))
}

/// Cancels an order of a set, unless it is over; `false` when there is none.
pub async fn cancel(connection: &mut PgConnection, set_no: i64, restore: RestoreId, now_ms: u64) -> Result<bool> {
    let cancelled = sqlx::query!(
        "UPDATE restore_order SET sealed = '', objects = '', cancelled_ms = CASE
             WHEN ended_ms IS NULL THEN coalesce(cancelled_ms, $3) ELSE cancelled_ms END
         WHERE restore_id = $1 AND set_no = $2",
        &restore.0[..],
        set_no,
        signed(now_ms),
    );
    Ok(cancelled.execute(connection).await?.rows_affected() == 1)
}

/// Notes what a machine says of an order, once; `false` when it has none of this id.
pub async fn end(
    connection: &mut PgConnection,
    device_no: i64,
    restore: RestoreId,
    outcome: &[u8],
    now_ms: u64,
) -> Result<bool> {
    let ended = sqlx::query!(
        "UPDATE restore_order SET sealed = '', objects = '', ended_ms = coalesce(ended_ms, $4), outcome = coalesce(outcome, $3)
         WHERE restore_id = $1 AND device_no = $2",
        &restore.0[..],
        device_no,
        outcome,
        signed(now_ms),
    );
    Ok(ended.execute(connection).await?.rows_affected() == 1)
}
