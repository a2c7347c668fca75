//! Deletions that can be taken back, or that are being carried out. The commits that they name are shown no more.

use iota_core::api::retention::DueDeletion;
use iota_core::id::{AccountId, SetId};
use iota_core::retention::Deletion;
use sqlx::PgConnection;

use super::{Result, id, signed, unsigned};

/// Notes a deletion that was decided.
pub async fn insert(
    connection: &mut PgConnection,
    (account_no, version): (i64, u64),
    set_no: i64,
    deletion: &Deletion,
    due_ms: u64,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO deletion (account_no, version, set_no, first_seq, last_seq, due_ms) VALUES ($1, $2, $3, $4, $5, $6)",
        account_no,
        signed(version),
        set_no,
        signed(deletion.first),
        signed(deletion.last),
        signed(due_ms),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a deletion back; `None` when it is final or there is none.
pub async fn undo(connection: &mut PgConnection, account_no: i64, version: u64) -> Result<Option<SetId>> {
    let undone = sqlx::query_scalar!(
        r#"DELETE FROM deletion USING backup_set
           WHERE deletion.account_no = $1 AND version = $2 AND NOT final AND deletion.set_no = backup_set.set_no
           RETURNING set_id AS "set_id!""#,
        account_no,
        signed(version),
    );
    undone.fetch_optional(connection).await?.map(|set| id(&set, "set")).transpose()
}

/// Deletions of an account that can still be taken back, by version.
pub async fn list_of(connection: &mut PgConnection, account_no: i64) -> Result<Vec<DueDeletion>> {
    let rows = sqlx::query!(
        "SELECT version, set_id, first_seq, last_seq, due_ms FROM deletion JOIN backup_set USING (set_no)
         WHERE deletion.account_no = $1 AND NOT final ORDER BY version",
        account_no,
    );
    let number = |number: i64| unsigned(number, "deletion");
    let due = rows.fetch_all(connection).await?.into_iter().map(|row| {
        Ok(DueDeletion {
            version: number(row.version)?,
            set: id(&row.set_id, "set")?,
            first: number(row.first_seq)?,
            last: number(row.last_seq)?,
            due_ms: number(row.due_ms)?,
        })
    });
    due.collect()
}

/// Makes final what is due by `now_ms`.
pub async fn finish_due(connection: &mut PgConnection, now_ms: u64) -> Result<u64> {
    let finished = sqlx::query!("UPDATE deletion SET final = true WHERE due_ms <= $1 AND NOT final", signed(now_ms));
    Ok(finished.execute(connection).await?.rows_affected())
}

/// A deletion that is to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalDeletion {
    /// Row of the account.
    pub account_no: i64,
    /// The account.
    pub account: AccountId,
    /// Its version.
    pub version: u64,
    /// Row of the set.
    pub set_no: i64,
    /// What goes.
    pub deletion: Deletion,
}

/// Deletions that cannot be taken back any more.
pub async fn list_final(connection: &mut PgConnection) -> Result<Vec<FinalDeletion>> {
    let rows = sqlx::query!(
        "SELECT deletion.account_no, account_id, version, deletion.set_no, set_id, first_seq, last_seq
         FROM deletion JOIN account USING (account_no) JOIN backup_set ON backup_set.set_no = deletion.set_no
         WHERE final ORDER BY deletion.account_no, version",
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| {
        let (first, last) = (unsigned(row.first_seq, "deletion")?, unsigned(row.last_seq, "deletion")?);
        Ok(FinalDeletion {
            account_no: row.account_no,
            account: id(&row.account_id, "account")?,
            version: unsigned(row.version, "deletion")?,
            set_no: row.set_no,
            deletion: Deletion { set: id(&row.set_id, "set")?, first, last },
        })
    })
    .collect()
}

/// All that it names is gone.
pub async fn delete(connection: &mut PgConnection, account_no: i64, version: u64) -> Result<()> {
    sqlx::query!("DELETE FROM deletion WHERE account_no = $1 AND version = $2", account_no, signed(version))
        .execute(connection)
        .await?;
    Ok(())
}
