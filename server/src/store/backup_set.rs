//! Backup sets: who writes them, and where their logs end.

use iota_core::api::json::SeenHead;
use iota_core::chain::{SkipChain, skip_of};
use iota_core::id::{AccountId, Digest, HeaderHash, SetId};
use sqlx::{PgConnection, PgPool};

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

/// Replaces the sealed name; `false` when it is the same.
pub async fn set_label(connection: &mut PgConnection, set_no: i64, label: &[u8]) -> Result<bool> {
    let changed = sqlx::query!("UPDATE backup_set SET label = $2 WHERE set_no = $1 AND label <> $2", set_no, label);
    Ok(changed.execute(connection).await?.rows_affected() == 1)
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

/// Where the log of a set ends, and what its newest state uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The newest commit; 0 before the first.
    pub seq: u64,
    /// Its hash.
    pub hash: HeaderHash,
    /// When it was received.
    pub received_ms: u64,
    /// The newest base.
    pub base_seq: u64,
    /// How many chunks its state uses.
    pub live_count: u64,
    /// The XOR of their ids.
    pub live_xor: Digest,
    /// Sealed bytes of those chunks.
    pub live_bytes: u64,
    /// When the newest commit was received that was not of an unfinished first scan.
    pub complete_ms: Option<u64>,
    /// The newest key epoch of the set.
    pub key_epoch: u32,
}

/// The end of a log, locked until the transaction ends.
pub async fn lock_head(connection: &mut PgConnection, set_no: i64) -> Result<Head> {
    let row = sqlx::query!(
        "SELECT head_seq, head_hash, head_received_ms, base_seq, live_count, live_xor, live_bytes, complete_ms
         FROM backup_set WHERE set_no = $1 FOR UPDATE",
        set_no,
    );
    let row = row.fetch_one(&mut *connection).await?;
    // In a statement of its own: it sees what was committed while the first one waited for the lock.
    let key_epoch = sqlx::query_scalar!(
        r#"SELECT coalesce(max(key_epoch), 0) AS "key_epoch!" FROM device WHERE set_no = $1"#,
        set_no,
    );
    let key_epoch = key_epoch.fetch_one(connection).await?;
    Ok(Head {
        seq: unsigned(row.head_seq, "head")?,
        hash: id(&row.head_hash, "head")?,
        received_ms: unsigned(row.head_received_ms, "head")?,
        base_seq: unsigned(row.base_seq, "head")?,
        live_count: unsigned(row.live_count, "head")?,
        live_xor: id(&row.live_xor, "head")?,
        live_bytes: unsigned(row.live_bytes, "head")?,
        complete_ms: row.complete_ms.map(|at_ms| unsigned(at_ms, "head")).transpose()?,
        key_epoch: u32::try_from(key_epoch).map_err(|_| StoreError::Damaged("key epoch"))?,
    })
}

/// Moves the end of a log that is locked.
pub async fn advance(connection: &mut PgConnection, set_no: i64, head: &Head) -> Result<()> {
    sqlx::query!(
        "UPDATE backup_set SET head_seq = $2, head_hash = $3, head_received_ms = $4, base_seq = $5, live_count = $6,
             live_xor = $7, live_bytes = $8, complete_ms = $9
         WHERE set_no = $1",
        set_no,
        signed(head.seq),
        &head.hash.0[..],
        signed(head.received_ms),
        signed(head.base_seq),
        signed(head.live_count),
        &head.live_xor.0[..],
        signed(head.live_bytes),
        head.complete_ms.map(signed),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Number and hash of the newest commit; `None` before the first.
pub async fn head(connection: &mut PgConnection, set_no: i64) -> Result<Option<(u64, HeaderHash)>> {
    let row = sqlx::query!("SELECT head_seq, head_hash FROM backup_set WHERE set_no = $1 AND head_seq > 0", set_no);
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some((unsigned(row.head_seq, "head")?, id(&row.head_hash, "head")?)))
}

/// Heads of the other sets of an account, those that have one.
pub async fn other_heads(connection: &mut PgConnection, account_no: i64, set_no: i64) -> Result<Vec<SeenHead>> {
    let rows = sqlx::query!(
        "SELECT set_id, head_seq, head_hash FROM backup_set
         WHERE account_no = $1 AND set_no <> $2 AND head_seq > 0 ORDER BY set_id",
        account_no,
        set_no,
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| {
        let (seq, hash) = (unsigned(row.head_seq, "head")?, id(&row.head_hash, "head")?);
        Ok(SeenHead { set: id(&row.set_id, "set")?, seq, hash })
    })
    .collect()
}

/// The hash to which the skip link of commit `seq` leads; zeros when it leads nowhere.
pub async fn skipped_hash(connection: &mut PgConnection, set_no: i64, seq: u64) -> Result<HeaderHash> {
    if skip_of(seq) == 0 {
        return Ok(HeaderHash::ZERO);
    }
    let skipped = signed(skip_of(seq));
    let hash = sqlx::query_scalar!("SELECT hash FROM commit WHERE set_no = $1 AND seq = $2", set_no, skipped);
    id(&hash.fetch_one(connection).await?, "commit")
}

/// The row of a set of an account.
pub async fn find_of(connection: &mut PgConnection, account_no: i64, set: SetId) -> Result<Option<i64>> {
    let found = sqlx::query_scalar!(
        "SELECT set_no FROM backup_set WHERE set_id = $1 AND account_no = $2",
        &set.0[..],
        account_no,
    );
    Ok(found.fetch_optional(connection).await?)
}

/// A set of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSet {
    /// Its row.
    pub set_no: i64,
    /// The set.
    pub set: SetId,
    /// Its sealed name.
    pub label: Vec<u8>,
    /// When it was made.
    pub created_ms: u64,
    /// Sealed bytes that its newest state uses.
    pub live_bytes: u64,
    /// When its newest machine last proved itself.
    pub contact_ms: Option<u64>,
}

/// A set whose newest commit came lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecentSet {
    /// Its row.
    pub set_no: i64,
    /// The set.
    pub set: SetId,
    /// Row of its account.
    pub account_no: i64,
    /// The account.
    pub account: AccountId,
}

/// The sets of all accounts whose newest commit was received from `from_ms` on.
pub async fn list_recent(pool: &PgPool, from_ms: u64) -> Result<Vec<RecentSet>> {
    let rows = sqlx::query!(
        "SELECT set_no, set_id, account_no, account_id FROM backup_set JOIN account USING (account_no)
         WHERE head_received_ms >= $1 ORDER BY set_no",
        signed(from_ms),
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    rows.map(|row| {
        let (set, account) = (id(&row.set_id, "set")?, id(&row.account_id, "account")?);
        Ok(RecentSet { set_no: row.set_no, set, account_no: row.account_no, account })
    })
    .collect()
}

/// Sets of an account of which all is deleted, while that can be taken back, with their sealed names.
pub async fn list_hidden(connection: &mut PgConnection, account_no: i64) -> Result<Vec<(SetId, Vec<u8>)>> {
    let rows = sqlx::query!(
        "SELECT set_id, label FROM backup_set WHERE account_no = $1 AND EXISTS (
             SELECT FROM deletion WHERE deletion.set_no = backup_set.set_no AND head_seq BETWEEN first_seq AND last_seq AND NOT final)
         ORDER BY set_no",
        account_no,
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| Ok((id(&row.set_id, "set")?, row.label))).collect()
}

/// The sets of an account, in the order in which they were made. One whose newest commit was deleted is none.
pub async fn list_of(connection: &mut PgConnection, account_no: i64) -> Result<Vec<ListedSet>> {
    let rows = sqlx::query!(
        r#"SELECT set_no, set_id, label, created_ms, live_bytes, (
               SELECT contact_ms FROM device
               WHERE device.set_no = backup_set.set_no AND NOT revoked ORDER BY key_epoch DESC LIMIT 1) AS contact_ms
           FROM backup_set WHERE account_no = $1
               AND NOT EXISTS (SELECT FROM commit WHERE commit.set_no = backup_set.set_no AND seq = head_seq AND NOT kept)
               AND NOT EXISTS (
                   SELECT FROM deletion
                   WHERE deletion.set_no = backup_set.set_no AND head_seq BETWEEN first_seq AND last_seq)
           ORDER BY set_no"#,
        account_no,
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| {
        let created_ms = unsigned(row.created_ms, "set")?;
        Ok(ListedSet {
            set_no: row.set_no,
            set: id(&row.set_id, "set")?,
            label: row.label,
            created_ms,
            live_bytes: unsigned(row.live_bytes, "set")?,
            contact_ms: row.contact_ms.map(|at_ms| unsigned(at_ms, "contact")).transpose()?,
        })
    })
    .collect()
}
