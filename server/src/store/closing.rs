//! Accounts that are to go: noted, final, and taken apart a piece at a time. Their chunks lose their references, and stay for sweeps.

use iota_core::id::AccountId;
use sqlx::{PgConnection, PgPool};

use super::{Result, id, signed, unsigned};

/// Notes that an account is to go, as a version of its decisions says. Callers hold its row.
pub async fn set(connection: &mut PgConnection, account_no: i64, version: u64, closes_ms: u64) -> Result<()> {
    sqlx::query!(
        "UPDATE account SET closing_version = $2, closes_ms = $3 WHERE account_no = $1",
        account_no,
        signed(version),
        signed(closes_ms),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes that back; `false` when another version decided it, none did, or it is final.
pub async fn undo(connection: &mut PgConnection, account_no: i64, version: u64) -> Result<bool> {
    let undone = sqlx::query!(
        "UPDATE account SET closing_version = NULL, closes_ms = NULL
         WHERE account_no = $1 AND closing_version = $2 AND NOT closed",
        account_no,
        signed(version),
    );
    Ok(undone.execute(connection).await?.rows_affected() == 1)
}

/// When an account goes, if that is decided.
pub async fn closes_ms(connection: &mut PgConnection, account_no: i64) -> Result<Option<u64>> {
    let closes_ms = sqlx::query_scalar!("SELECT closes_ms FROM account WHERE account_no = $1", account_no);
    let closes_ms = closes_ms.fetch_optional(connection).await?.flatten();
    closes_ms.map(|at_ms| unsigned(at_ms, "account")).transpose()
}

/// Accounts that go by `now_ms`, and are not final yet.
pub async fn due(pool: &PgPool, now_ms: u64) -> Result<Vec<i64>> {
    let due = sqlx::query_scalar!(
        "SELECT account_no FROM account WHERE closes_ms <= $1 AND NOT closed ORDER BY account_no",
        signed(now_ms),
    );
    Ok(due.fetch_all(pool).await?)
}

/// Makes it final that an account goes, if it still is to by `now_ms`. From then on nobody is known to belong to it: no session, no
/// token, no machine.
pub async fn close(connection: &mut PgConnection, account_no: i64, now_ms: u64) -> Result<Option<AccountId>> {
    let account = sqlx::query_scalar!(
        "UPDATE account SET closed = true WHERE account_no = $1 AND closes_ms <= $2 AND NOT closed RETURNING account_id",
        account_no,
        signed(now_ms),
    );
    let Some(account) = account.fetch_optional(&mut *connection).await? else { return Ok(None) };
    sqlx::query!("DELETE FROM enrolment WHERE account_no = $1", account_no).execute(&mut *connection).await?;
    // Whoever commits holds the row of the set: what comes after it finds no machine.
    sqlx::query!("SELECT FROM backup_set WHERE account_no = $1 ORDER BY set_no FOR UPDATE", account_no)
        .fetch_all(&mut *connection)
        .await?;
    sqlx::query!("DELETE FROM web_session WHERE account_no = $1", account_no).execute(&mut *connection).await?;
    sqlx::query!("DELETE FROM token WHERE account_no = $1", account_no).execute(&mut *connection).await?;
    sqlx::query!(
        "DELETE FROM upload USING backup_set WHERE upload.set_no = backup_set.set_no AND account_no = $1",
        account_no,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "DELETE FROM device USING backup_set WHERE device.set_no = backup_set.set_no AND account_no = $1",
        account_no,
    )
    .execute(connection)
    .await?;
    Ok(Some(id(&account, "account")?))
}

/// Sets of accounts that are taken apart.
pub async fn sets(pool: &PgPool) -> Result<Vec<i64>> {
    let sets = sqlx::query_scalar!(
        "SELECT set_no FROM backup_set JOIN account USING (account_no) WHERE closed ORDER BY set_no",
    );
    Ok(sets.fetch_all(pool).await?)
}

/// Takes away, at most `limit` of each, what a set of a closed account used and its commits; when nothing is left, the set. Returns
/// whether it is gone.
pub async fn forget_set(connection: &mut PgConnection, set_no: i64, limit: u64) -> Result<bool> {
    let references = sqlx::query!(
        "DELETE FROM reference WHERE ctid = ANY (ARRAY (SELECT ctid FROM reference WHERE set_no = $1 LIMIT $2))",
        set_no,
        signed(limit),
    );
    let references = references.execute(&mut *connection).await?.rows_affected();
    let commits = sqlx::query!(
        "DELETE FROM commit WHERE ctid = ANY (ARRAY (SELECT ctid FROM commit WHERE set_no = $1 LIMIT $2))",
        set_no,
        signed(limit),
    );
    let commits = commits.execute(&mut *connection).await?.rows_affected();
    if references == limit || commits == limit {
        return Ok(false);
    }
    // What was under way when the account was closed may have come after it.
    sqlx::query!("DELETE FROM upload WHERE set_no = $1", set_no).execute(&mut *connection).await?;
    sqlx::query!("DELETE FROM device WHERE set_no = $1", set_no).execute(&mut *connection).await?;
    sqlx::query!("DELETE FROM set_day WHERE set_no = $1", set_no).execute(&mut *connection).await?;
    sqlx::query!("DELETE FROM backup_set WHERE set_no = $1", set_no).execute(connection).await?;
    Ok(true)
}

/// Takes away closed accounts that have no set any more. Their chunks lie in domains that are nobody's.
pub async fn forget_accounts(connection: &mut PgConnection) -> Result<u64> {
    sqlx::query!(
        "UPDATE domain SET account_no = NULL FROM account
         WHERE account.account_no = domain.account_no AND closed
             AND NOT EXISTS (SELECT FROM backup_set WHERE backup_set.account_no = account.account_no)",
    )
    .execute(&mut *connection)
    .await?;
    let gone = sqlx::query!(
        "DELETE FROM account WHERE closed
             AND NOT EXISTS (SELECT FROM backup_set WHERE backup_set.account_no = account.account_no)",
    );
    Ok(gone.execute(connection).await?.rows_affected())
}
