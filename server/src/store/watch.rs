//! Sets whose backup was missed: since when, and what was told of it. The view `watch` says when that is so.
//!
//! Each change is one statement that takes a row only as long as its condition holds: of two rounds at once one does it. A
//! set that a commit holds is left to the next round.

use iota_core::api::alerts::{ChangeWatch, Watch};
use iota_core::id::SetId;
use sqlx::PgConnection;

use super::{Result, StoreError, id, signed, unsigned};

/// How a set is watched; `None` when its key was taken away.
pub async fn find(connection: &mut PgConnection, set_no: i64, now_ms: u64) -> Result<Option<Watch>> {
    let row = sqlx::query!(
        r#"SELECT since_ms AS "since_ms!", limit_ms > 0 AND since_ms + limit_ms <= $2 AS "missed!",
               limit_hours AS "limit_hours?", public_name AS "public_name!"
           FROM watch JOIN backup_set USING (set_no) WHERE set_no = $1 AND NOT watch.revoked"#,
        set_no,
        signed(now_ms),
    );
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    let limit_hours = row.limit_hours.map(u32::try_from).transpose().map_err(|_| StoreError::Damaged("limit"))?;
    let since_ms = unsigned(row.since_ms, "time of a backup")?;
    Ok(Some(Watch { since_ms, missed: row.missed, limit_hours, public_name: row.public_name }))
}

/// Notes what was decided about a set that is locked; `false` when it is the same.
pub async fn set(connection: &mut PgConnection, set_no: i64, change: &ChangeWatch) -> Result<bool> {
    let limit_hours = change.limit_hours.map(i32::try_from).transpose().map_err(|_| StoreError::Damaged("limit"))?;
    let changed = sqlx::query!(
        "UPDATE backup_set SET limit_hours = $2, public_name = $3
         WHERE set_no = $1 AND (limit_hours, public_name) IS DISTINCT FROM ($2, $3)",
        set_no,
        limit_hours,
        change.public_name,
    );
    Ok(changed.execute(connection).await?.rows_affected() == 1)
}

/// A set of which something new is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Row of its account.
    pub account_no: i64,
    /// The set.
    pub set: SetId,
}

/// Notes which backups are missed and were not before.
pub async fn raise(connection: &mut PgConnection, now_ms: u64) -> Result<Vec<Told>> {
    let rows = sqlx::query!(
        r#"WITH late AS (
             SELECT set_no FROM backup_set JOIN watch USING (set_no)
             WHERE missed_ms IS NULL AND NOT revoked AND limit_ms > 0 AND since_ms + limit_ms <= $1
                 -- Once more of the row itself, which may have changed until it was locked.
                 AND coalesce(complete_ms, 0) + limit_ms <= $1
             FOR UPDATE OF backup_set SKIP LOCKED)
         UPDATE backup_set SET missed_ms = $1 FROM late WHERE backup_set.set_no = late.set_no
         RETURNING account_no AS "account_no!", set_id AS "set_id!""#,
        signed(now_ms),
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| Ok(Told { account_no: row.account_no, set: id(&row.set_id, "set")? })).collect()
}

/// A set that is missed no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Row of the set.
    pub set_no: i64,
    /// Whose it is.
    pub told: Told,
    /// A mail told that it was missed, and a backup has arrived since: not a limit that changed, nor a key that was taken away.
    pub worth_a_mail: bool,
}

/// Notes which backups are missed no more.
pub async fn end(connection: &mut PgConnection, now_ms: u64) -> Result<Vec<Ended>> {
    let rows = sqlx::query!(
        r#"WITH over AS (
               SELECT set_no, missed_mailed AND NOT revoked AND complete_ms >= missed_ms AS worth_a_mail
               FROM backup_set JOIN watch USING (set_no)
               WHERE missed_ms IS NOT NULL AND (revoked OR limit_ms = 0 OR since_ms + limit_ms > $1)
               FOR UPDATE OF backup_set SKIP LOCKED)
           UPDATE backup_set SET missed_ms = NULL, missed_mailed = false FROM over WHERE backup_set.set_no = over.set_no
           RETURNING backup_set.set_no AS "set_no!", account_no AS "account_no!", set_id AS "set_id!",
               coalesce(worth_a_mail, false) AS "worth_a_mail!""#,
        signed(now_ms),
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| {
        let told = Told { account_no: row.account_no, set: id(&row.set_id, "set")? };
        Ok(Ended { set_no: row.set_no, told, worth_a_mail: row.worth_a_mail })
    })
    .collect()
}

/// Takes the missed sets of which no mail has told and whose account wants one: to each it is given once.
pub async fn take_unmailed(connection: &mut PgConnection) -> Result<Vec<i64>> {
    let rows = sqlx::query_scalar!(
        r#"WITH silent AS (
             SELECT set_no FROM backup_set JOIN alerts USING (account_no)
             WHERE missed_ms IS NOT NULL AND NOT missed_mailed AND mails AND address <> ''
             FOR UPDATE OF backup_set SKIP LOCKED)
         UPDATE backup_set SET missed_mailed = true FROM silent WHERE backup_set.set_no = silent.set_no
         RETURNING backup_set.set_no AS "set_no!""#,
    );
    Ok(rows.fetch_all(connection).await?)
}

/// What a mail may say of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Row of its account.
    pub account_no: i64,
    /// Machines of an account are counted as they were let in, from 1, as on the pages.
    pub number: u64,
    /// What its owner wants mails to call it; empty for its number.
    pub public_name: String,
    /// When its newest complete backup arrived; `None` before the first.
    pub complete_ms: Option<u64>,
    /// From when on the limit counts.
    pub since_ms: u64,
    /// Whether its account asked for mails.
    pub asked: bool,
}

/// What a mail may say of a set.
pub async fn subject(connection: &mut PgConnection, set_no: i64) -> Result<Option<Subject>> {
    let row = sqlx::query!(
        r#"SELECT one.account_no AS "account_no!", public_name AS "public_name!", complete_ms AS "complete_ms?",
               since_ms AS "since_ms!", (
               SELECT count(*) FROM backup_set AS other WHERE other.account_no = one.account_no
                   AND (other.created_ms, other.set_id) <= (one.created_ms, one.set_id)) AS "number!",
               coalesce(mails AND address <> '', false) AS "asked!"
           FROM backup_set AS one JOIN watch USING (set_no) LEFT JOIN alerts ON alerts.account_no = one.account_no
           WHERE set_no = $1"#,
        set_no,
    );
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some(Subject {
        account_no: row.account_no,
        number: unsigned(row.number, "number of machines")?,
        public_name: row.public_name,
        complete_ms: row.complete_ms.map(|at_ms| unsigned(at_ms, "time of a backup")).transpose()?,
        since_ms: unsigned(row.since_ms, "time of a backup")?,
        asked: row.asked,
    }))
}
