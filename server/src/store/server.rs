//! This installation.

use iota_core::id::ServerId;
use sqlx::{PgExecutor, PgPool};

use super::{Result, id, signed};

/// The id of this server; `None` in an empty database.
pub async fn find(pool: &PgPool) -> Result<Option<ServerId>> {
    let found = sqlx::query_scalar!("SELECT server_id FROM server").fetch_optional(pool).await?;
    found.map(|bytes| id(&bytes, "server id")).transpose()
}

/// Gives an empty database its id; another one's stands.
pub async fn insert(executor: impl PgExecutor<'_>, server: ServerId, now_ms: u64) -> Result<()> {
    sqlx::query!(
        "INSERT INTO server (server_id, created_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &server.0[..],
        signed(now_ms),
    )
    .execute(executor)
    .await?;
    Ok(())
}
