//! Upload sessions. What one was told exists is not swept while it is open; epochs order sessions and sweeps, clocks do not.
//!
//! Locks are taken in the order set, upload.

use iota_core::api::json::UploadState;
use iota_core::id::UploadId;
use sqlx::PgConnection;

use super::{Result, signed, unsigned};
use crate::auth::Machine;

/// How long a session lives without being renewed.
pub const LEASE_MS: u64 = 24 * 3600 * 1000;
/// How long a session lives at most.
pub const LIFE_MS: u64 = 48 * 3600 * 1000;
/// Open sessions of one set.
pub const MAX_OPEN: i64 = 2;

/// When a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Unless it is renewed.
    pub lease_until_ms: u64,
    /// Whatever happens.
    pub life_until_ms: u64,
}

/// Begins a session of a set whose row is locked, and ends those that are over or too many, the oldest first.
pub async fn begin(connection: &mut PgConnection, upload: UploadId, machine: &Machine, now_ms: u64) -> Result<Ends> {
    sqlx::query!(
        "UPDATE upload SET open = false WHERE set_no = $1 AND open AND (
             device_no <> $2 OR lease_until_ms <= $3 OR life_until_ms <= $3 OR life_until_ms > $4
             OR upload_id NOT IN (
                 SELECT upload_id FROM upload WHERE set_no = $1 AND open ORDER BY start_epoch DESC LIMIT $5))",
        machine.set_no,
        machine.device_no,
        signed(now_ms),
        signed(now_ms + LIFE_MS),
        MAX_OPEN - 1,
    )
    .execute(&mut *connection)
    .await?;
    forget_ended(connection, machine.set_no).await?;
    let ends = Ends { lease_until_ms: now_ms + LEASE_MS, life_until_ms: now_ms + LIFE_MS };
    sqlx::query!(
        "INSERT INTO upload (upload_id, set_no, device_no, start_epoch, lease_until_ms, life_until_ms, begun_ms, active_ms)
         VALUES ($1, $2, $3, nextval('epoch'), $4, $5, $6, $6)",
        &upload.0[..],
        machine.set_no,
        machine.device_no,
        signed(ends.lease_until_ms),
        signed(ends.life_until_ms),
        signed(now_ms),
    )
    .execute(connection)
    .await?;
    Ok(ends)
}

/// Renews the lease of an open session of the machine; `None` when there is no such session.
pub async fn renew(
    connection: &mut PgConnection,
    upload: UploadId,
    machine: &Machine,
    now_ms: u64,
) -> Result<Option<Ends>> {
    let row = sqlx::query!(
        r#"UPDATE upload SET lease_until_ms = least($4, life_until_ms)
           WHERE upload_id = $1 AND set_no = $2 AND device_no = $3 AND open
             AND lease_until_ms > $5 AND life_until_ms > $5 AND life_until_ms <= $6
           RETURNING lease_until_ms, life_until_ms"#,
        &upload.0[..],
        machine.set_no,
        machine.device_no,
        signed(now_ms + LEASE_MS),
        signed(now_ms),
        signed(now_ms + LIFE_MS),
    );
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    let lease_until_ms = unsigned(row.lease_until_ms, "lease")?;
    Ok(Some(Ends { lease_until_ms, life_until_ms: unsigned(row.life_until_ms, "life")? }))
}

/// Whether the machine has this session, open. It stays so until the transaction ends. A session that would live longer than
/// any does was begun by a clock that jumped, and is over.
pub async fn hold_open(
    connection: &mut PgConnection,
    upload: UploadId,
    machine: &Machine,
    now_ms: u64,
) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT upload_id FROM upload
         WHERE upload_id = $1 AND set_no = $2 AND device_no = $3 AND open
           AND lease_until_ms > $4 AND life_until_ms > $4 AND life_until_ms <= $5
         FOR SHARE",
        &upload.0[..],
        machine.set_no,
        machine.device_no,
        signed(now_ms),
        signed(now_ms + LIFE_MS),
    );
    Ok(found.fetch_optional(connection).await?.is_some())
}

/// The same, and nothing of the session changes until the transaction ends: no part of a list that is being checked.
pub async fn hold_alone(
    connection: &mut PgConnection,
    upload: UploadId,
    machine: &Machine,
    now_ms: u64,
) -> Result<bool> {
    sqlx::query!("SELECT upload_id FROM upload WHERE upload_id = $1 FOR UPDATE", &upload.0[..])
        .fetch_optional(&mut *connection)
        .await?;
    hold_open(connection, upload, machine, now_ms).await
}

/// Notes that something arrived in a session.
pub async fn note_received(connection: &mut PgConnection, upload: UploadId, bytes: u64, now_ms: u64) -> Result<()> {
    sqlx::query!(
        "UPDATE upload SET received_bytes = received_bytes + $2, active_ms = $3 WHERE upload_id = $1 AND open",
        &upload.0[..],
        signed(bytes),
        signed(now_ms),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The open session of a set that was active last.
pub async fn active_of(connection: &mut PgConnection, set_no: i64, now_ms: u64) -> Result<Option<UploadState>> {
    let row = sqlx::query!(
        "SELECT begun_ms, active_ms, received_bytes FROM upload
         WHERE set_no = $1 AND open AND lease_until_ms > $2 AND life_until_ms > $2
         ORDER BY active_ms DESC, start_epoch DESC LIMIT 1",
        set_no,
        signed(now_ms),
    );
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some(UploadState {
        begun_ms: unsigned(row.begun_ms, "upload")?,
        active_ms: unsigned(row.active_ms, "upload")?,
        received_bytes: unsigned(row.received_bytes, "upload")?,
    }))
}

/// Ends a session of the machine; `false` when there is none that is open.
pub async fn end(connection: &mut PgConnection, upload: UploadId, machine: &Machine) -> Result<bool> {
    let ended = sqlx::query!(
        "UPDATE upload SET open = false WHERE upload_id = $1 AND set_no = $2 AND device_no = $3 AND open",
        &upload.0[..],
        machine.set_no,
        machine.device_no,
    );
    Ok(ended.execute(connection).await?.rows_affected() == 1)
}

/// Ends every session of a set: another machine writes it now.
pub async fn end_all(connection: &mut PgConnection, set_no: i64) -> Result<()> {
    sqlx::query!("UPDATE upload SET open = false WHERE set_no = $1 AND open", set_no).execute(connection).await?;
    Ok(())
}

/// Forgets the sessions of a set that have ended, with the parts that were staged in them.
async fn forget_ended(connection: &mut PgConnection, set_no: i64) -> Result<()> {
    sqlx::query!("DELETE FROM upload WHERE set_no = $1 AND NOT open", set_no).execute(connection).await?;
    Ok(())
}
