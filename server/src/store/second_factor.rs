//! Second factors: the sealed secret of an authenticator app, and hashes of recovery codes.
//!
//! Callers hold the row of the account's second factor while they decide.

use iota_core::id::Digest;
use sqlx::{PgConnection, PgPool};

use super::{Result, StoreError, id, signed, unsigned};

/// How long a new secret waits for its first code.
pub const PENDING_MS: u64 = 15 * 60 * 1000;

/// What is known of an account's second factor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecondFactor {
    /// Sealed; `None` when it is off.
    pub secret: Option<Vec<u8>>,
    /// Sealed; waits for its first code.
    pub pending: Option<Vec<u8>>,
    /// The newest step whose code was used.
    pub last_step: u64,
    /// Version of its newest record.
    pub record_version: u32,
}

/// Whether it is on, and how many recovery codes are left.
pub async fn count(pool: &PgPool, account_no: i64) -> Result<Option<u32>> {
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM recovery_code WHERE recovery_code.account_no = $1) AS "left!"
           FROM second_factor WHERE account_no = $1 AND secret IS NOT NULL"#,
        account_no,
    );
    let Some(row) = row.fetch_optional(pool).await? else { return Ok(None) };
    u32::try_from(row.left).map(Some).map_err(|_| StoreError::Damaged("recovery code"))
}

/// The second factor of an account, locked until the transaction ends.
pub async fn lock(connection: &mut PgConnection, account_no: i64, now_ms: u64) -> Result<SecondFactor> {
    sqlx::query!("INSERT INTO second_factor (account_no) VALUES ($1) ON CONFLICT DO NOTHING", account_no)
        .execute(&mut *connection)
        .await?;
    let row = sqlx::query!(
        "SELECT secret, pending, pending_until_ms, last_step, record_version FROM second_factor
         WHERE account_no = $1 FOR UPDATE",
        account_no,
    );
    let row = row.fetch_one(connection).await?;
    let waits = row.pending_until_ms > signed(now_ms) && row.pending_until_ms <= signed(now_ms + 2 * PENDING_MS);
    Ok(SecondFactor {
        secret: row.secret,
        pending: row.pending.filter(|_| waits),
        last_step: unsigned(row.last_step, "second factor")?,
        record_version: u32::try_from(row.record_version).map_err(|_| StoreError::Damaged("second factor"))?,
    })
}

/// Keeps a new secret until its first code comes; another one that waits is forgotten.
pub async fn set_pending(connection: &mut PgConnection, account_no: i64, sealed: &[u8], now_ms: u64) -> Result<()> {
    sqlx::query!(
        "UPDATE second_factor SET pending = $2, pending_until_ms = $3 WHERE account_no = $1",
        account_no,
        sealed,
        signed(now_ms + PENDING_MS),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Replaces secret (`None`: off) and recovery codes. The row is locked.
pub async fn set(
    connection: &mut PgConnection,
    account_no: i64,
    secret: Option<&[u8]>,
    codes: &[Digest],
    last_step: u64,
    record_version: u32,
) -> Result<()> {
    sqlx::query!(
        "UPDATE second_factor SET secret = $2, pending = NULL, last_step = $3, record_version = $4 WHERE account_no = $1",
        account_no,
        secret,
        signed(last_step),
        i64::from(record_version),
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!("DELETE FROM recovery_code WHERE account_no = $1", account_no).execute(&mut *connection).await?;
    let hashes: Vec<&[u8]> = codes.iter().map(|code| &code.0[..]).collect();
    sqlx::query!(
        "INSERT INTO recovery_code (account_no, code_hash) SELECT $1, unnest($2::bytea[])",
        account_no,
        &hashes as &[&[u8]],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes which step's code was used.
pub async fn set_last_step(connection: &mut PgConnection, account_no: i64, step: u64) -> Result<()> {
    sqlx::query!("UPDATE second_factor SET last_step = $2 WHERE account_no = $1", account_no, signed(step))
        .execute(connection)
        .await?;
    Ok(())
}

/// The recovery codes that were not used yet, ascending.
pub async fn recovery_codes(connection: &mut PgConnection, account_no: i64) -> Result<Vec<Digest>> {
    let hashes = sqlx::query_scalar!(
        "SELECT code_hash FROM recovery_code WHERE account_no = $1 ORDER BY code_hash",
        account_no,
    );
    hashes.fetch_all(connection).await?.iter().map(|hash| id(hash, "recovery code")).collect()
}

/// Uses up a recovery code; `false` when there is no such.
pub async fn take_recovery_code(
    connection: &mut PgConnection,
    account_no: i64,
    code: &Digest,
    record_version: u32,
) -> Result<bool> {
    let taken =
        sqlx::query!("DELETE FROM recovery_code WHERE account_no = $1 AND code_hash = $2", account_no, &code.0[..]);
    if taken.execute(&mut *connection).await?.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE second_factor SET record_version = $2 WHERE account_no = $1",
        account_no,
        i64::from(record_version),
    )
    .execute(connection)
    .await?;
    Ok(true)
}
