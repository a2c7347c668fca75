//! Backup sets: who writes them, and where their logs end.

use iota_core::chain::{SkipChain, skip_of};
use iota_core::id::{HeaderHash, SetId};
use sqlx::PgConnection;

use super::{Result, StoreError, id, signed, unsigned};

/// A set as it stands while it is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedSet {
    /// Its row.
    pub set_no: i64,
    /// Row of its account.
    pub account_no: i64,
    /// Its newest commit; 0 before the first.
    pub head_seq: u64,
    /// The newest key epoch.
    pub key_epoch: u32,
}

/// A set, locked until the transaction ends.
pub async fn lock(connection: &mut PgConnection, set: SetId) -> Result<Option<LockedSet>> {
    let row = sqlx::query!(
        r#"SELECT set_no, account_no, head_seq,
             (SELECT coalesce(max(key_epoch), 0) FROM device WHERE device.set_no = backup_set.set_no) AS "key_epoch!"
           FROM backup_set WHERE set_id = $1 FOR UPDATE"#,
        &set.0[..],
    );
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some(LockedSet {
        set_no: row.set_no,
        account_no: row.account_no,
        head_seq: unsigned(row.head_seq, "head")?,
        key_epoch: u32::try_from(row.key_epoch).map_err(|_| StoreError::Damaged("key epoch"))?,
    }))
}

/// A new set without commits; `None` when the id is taken.
pub async fn insert(
    connection: &mut PgConnection,
    set: SetId,
    account_no: i64,
    label: &[u8],
    now_ms: u64,
) -> Result<Option<i64>> {
    let inserted = sqlx::query_scalar!(
        "INSERT INTO backup_set (set_id, account_no, label, created_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING RETURNING set_no",
        &set.0[..],
        account_no,
        label,
        signed(now_ms),
    );
    Ok(inserted.fetch_optional(connection).await?)
}

/// Replaces the sealed name.
pub async fn set_label(connection: &mut PgConnection, set_no: i64, label: &[u8]) -> Result<()> {
    sqlx::query!("UPDATE backup_set SET label = $2 WHERE set_no = $1", set_no, label).execute(connection).await?;
    Ok(())
}

/// Hashes on the skip path of a commit of the set.
pub async fn skip_chain(connection: &mut PgConnection, set_no: i64, head_seq: u64) -> Result<SkipChain> {
    let mut seqs = Vec::new();
    let mut at = head_seq;
    while at != 0 {
        seqs.push(signed(at));
        at = skip_of(at);
    }
    let hashes = sqlx::query_scalar!(
        "SELECT hash FROM commit WHERE set_no = $1 AND seq = ANY($2) ORDER BY seq DESC",
        set_no,
        &seqs,
    );
    let hashes = hashes.fetch_all(connection).await?;
    let hashes: Vec<HeaderHash> = hashes.iter().map(|hash| id(hash, "commit")).collect::<Result<_>>()?;
    SkipChain::from_hashes(head_seq, &hashes).ok_or(StoreError::Damaged("chain of commits"))
}
