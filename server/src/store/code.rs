//! One-time codes, by their hash.

use iota_core::id::Digest;
use sqlx::{PgConnection, PgPool};

use super::{Result, StoreError, signed};
use crate::codes::CodeKind;

/// Keeps a code. A new set-up token replaces the one before; codes that have ended are forgotten.
pub async fn insert(pool: &PgPool, code: &Digest, kind: CodeKind, expires_ms: u64, now_ms: u64) -> Result<()> {
    let mut transaction = pool.begin().await?;
    sqlx::query!(
        "DELETE FROM code WHERE expires_ms <= $1 OR kind = 'setup' AND kind = $2",
        signed(now_ms),
        kind.name(),
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "INSERT INTO code (code_hash, kind, expires_ms) VALUES ($1, $2, $3)",
        &code.0[..],
        kind.name(),
        signed(expires_ms),
    )
    .execute(&mut *transaction)
    .await?;
    Ok(transaction.commit().await?)
}

/// Whether a code is good now.
pub async fn is_good(pool: &PgPool, code: &Digest, now_ms: u64) -> Result<bool> {
    let good = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM code WHERE code_hash = $1 AND used_ms IS NULL AND expires_ms > $2) AS "good!""#,
        &code.0[..],
        signed(now_ms),
    );
    Ok(good.fetch_one(pool).await?)
}

/// Uses up a code that is good now, for as long as the transaction stands; `None` when it is not.
pub async fn take(connection: &mut PgConnection, code: &Digest, now_ms: u64) -> Result<Option<CodeKind>> {
    let kind = sqlx::query_scalar!(
        "UPDATE code SET used_ms = $2 WHERE code_hash = $1 AND used_ms IS NULL AND expires_ms > $2 RETURNING kind",
        &code.0[..],
        signed(now_ms),
    );
    let Some(kind) = kind.fetch_optional(connection).await? else { return Ok(None) };
    match kind.as_str() {
        "setup" => Ok(Some(CodeKind::Setup)),
        "invitation" => Ok(Some(CodeKind::Invitation)),
        _ => Err(StoreError::Damaged("code")),
    }
}
