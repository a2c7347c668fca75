//! Bearer tokens of owner sessions and machines, by their hash.

use iota_core::id::{AccountId, Digest};
use sqlx::PgPool;

use super::{Result, id, signed};
use crate::auth::Machine;
use crate::store::device;

/// The longest life of any token.
pub const LONGEST_MS: u64 = 60 * 60 * 1000;

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// An owner session.
    Owner {
        /// Row of the account.
        account_no: i64,
        /// The account.
        account: AccountId,
    },
    /// A machine, and whether it is the newest of its set.
    Machine((Machine, bool)),
}

/// Keeps a token until `expires_ms`, and forgets those that ended before `now_ms`.
pub async fn insert(
    pool: &PgPool,
    token: &Digest,
    account_no: i64,
    device_no: Option<i64>,
    expires_ms: u64,
    now_ms: u64,
) -> Result<()> {
    sqlx::query!("DELETE FROM token WHERE expires_ms <= $1", signed(now_ms)).execute(pool).await?;
    sqlx::query!(
        "INSERT INTO token (token_hash, account_no, device_no, expires_ms) VALUES ($1, $2, $3, $4)",
        &token.0[..],
        account_no,
        device_no,
        signed(expires_ms),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Who holds a token that is good now. One that would be good for longer than any is was made by a clock that jumped.
pub async fn find(pool: &PgPool, token: &Digest, now_ms: u64) -> Result<Option<Holder>> {
    let row = sqlx::query!(
        "SELECT account_no, account_id, token.device_no
         FROM token JOIN account USING (account_no)
         WHERE token_hash = $1 AND expires_ms > $2 AND expires_ms <= $3 AND NOT closed",
        &token.0[..],
        signed(now_ms),
        signed(now_ms + 2 * LONGEST_MS),
    );
    let Some(row) = row.fetch_optional(pool).await? else { return Ok(None) };
    match row.device_no {
        None => {
            let account = id(&row.account_id, "account")?;
            Ok(Some(Holder::Owner { account_no: row.account_no, account }))
        }
        Some(device_no) => Ok(device::find_by_no(pool, device_no).await?.map(Holder::Machine)),
    }
}
