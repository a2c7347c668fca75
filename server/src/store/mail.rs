//! Mails on their way. They survive a restart, and are tried with growing pauses until they are too old.

use sqlx::{PgConnection, PgPool};

use super::{Result, StoreError, signed, unsigned};

const MINUTE_MS: u64 = 60 * 1000;
/// The pause after the first attempt; each is twice the one before.
const FIRST_PAUSE_MS: u64 = 2 * MINUTE_MS;
/// How often the pause is doubled.
const DOUBLINGS: i32 = 7;
/// Whoever reads a mail later than this knows better already.
pub const MAX_AGE_MS: u64 = 3 * 24 * 60 * MINUTE_MS;

/// A new mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Row of its account.
    pub account_no: i64,
    /// Row of the set that it is about, if it is about one.
    pub set_no: Option<i64>,
    /// Where it goes if it is a warning, about a deletion or the account, whatever is decided about mails later. Otherwise it is about a
    /// missed backup, or a reminder of the drill if it is about no set, and goes where the account's mails go when it is sent.
    pub warned: Option<String>,
    /// What it says.
    pub text: Text,
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Random.
    pub message_id: [u8; 16],
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// A mail whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMail {
    /// Its row.
    pub mail_no: i64,
    /// Where it goes.
    pub address: String,
    /// When it was written.
    pub created_ms: u64,
    /// How often it was tried, this time counted.
    pub attempts: i32,
    /// What it says.
    pub text: Text,
}

/// Puts a mail on its way. A warning whose like still waits for the same address says nothing new, and is not written.
pub async fn insert(connection: &mut PgConnection, mail: &NewMail, now_ms: u64) -> Result<()> {
    let NewMail { account_no, set_no, warned, text } = mail;
    sqlx::query!(
        "INSERT INTO mail (account_no, set_no, message_id, subject, body, created_ms, due_ms, deletion, address)
         SELECT $1::bigint, $2::bigint, $3::bytea, $4::text, $5::text, $6::bigint, $6, $7::boolean, $8::text
         WHERE NOT $7 OR NOT EXISTS
             (SELECT FROM mail WHERE account_no = $1 AND deletion AND subject = $4 AND mail.address = $8)",
        account_no,
        *set_no,
        &text.message_id[..],
        text.subject,
        text.body,
        signed(now_ms),
        warned.is_some(),
        warned.as_deref(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a mail whose time has come; to nobody else is it given before its pause is over.
pub async fn take_due(pool: &PgPool, now_ms: u64) -> Result<Option<DueMail>> {
    let row = sqlx::query!(
        r#"WITH due AS (
               SELECT mail_no, coalesce(mail.address, alerts.address) AS address FROM mail LEFT JOIN alerts USING (account_no)
               WHERE due_ms <= $1 AND (mail.address IS NOT NULL OR mails AND alerts.address <> '')
               ORDER BY due_ms, mail_no LIMIT 1
               FOR UPDATE OF mail SKIP LOCKED)
           UPDATE mail SET attempts = attempts + 1, due_ms = $1 + ($2::bigint << least(attempts, $3))
           FROM due WHERE mail.mail_no = due.mail_no
           RETURNING mail.mail_no AS "mail_no!", due.address AS "address!", message_id AS "message_id!", subject AS "subject!",
               body AS "body!", created_ms AS "created_ms!", attempts AS "attempts!""#,
        signed(now_ms),
        signed(FIRST_PAUSE_MS),
        DOUBLINGS,
    );
    let Some(row) = row.fetch_optional(pool).await? else { return Ok(None) };
    let message_id = row.message_id.try_into().map_err(|_| StoreError::Damaged("mail"))?;
    let text = Text { message_id, subject: row.subject, body: row.body };
    let created_ms = unsigned(row.created_ms, "mail")?;
    Ok(Some(DueMail { mail_no: row.mail_no, address: row.address, created_ms, attempts: row.attempts, text }))
}

/// A mail has gone out, or is not wanted any more.
pub async fn delete(pool: &PgPool, mail_no: i64) -> Result<()> {
    sqlx::query!("DELETE FROM mail WHERE mail_no = $1", mail_no).execute(pool).await?;
    Ok(())
}

/// Drops mails that are too old, and those of accounts that want none any more. A reminder of the drill that nobody got is due again.
/// Returns how many.
pub async fn drop_old(pool: &PgPool, now_ms: u64) -> Result<u64> {
    let dropped = sqlx::query_scalar!(
        r#"WITH dropped AS (
               DELETE FROM mail WHERE created_ms <= $1
                   OR address IS NULL AND NOT EXISTS (
                       SELECT FROM alerts WHERE alerts.account_no = mail.account_no AND mails AND alerts.address <> '')
               RETURNING account_no, set_no, deletion),
           due AS (
               UPDATE account SET reminded_of_ms = NULL FROM dropped
               WHERE account.account_no = dropped.account_no AND set_no IS NULL AND NOT deletion)
           SELECT count(*) AS "dropped!" FROM dropped"#,
        signed(now_ms.saturating_sub(MAX_AGE_MS)),
    );
    unsigned(dropped.fetch_one(pool).await?, "mail")
}

/// Takes back what is still on its way about a missed backup of a set; whether there was any.
pub async fn take_back(connection: &mut PgConnection, set_no: i64) -> Result<bool> {
    let taken = sqlx::query!("DELETE FROM mail WHERE set_no = $1 AND NOT deletion", set_no);
    Ok(taken.execute(connection).await?.rows_affected() > 0)
}

/// Takes back a reminder of the drill that is still on its way.
pub async fn take_back_reminder(connection: &mut PgConnection, account_no: i64) -> Result<()> {
    let taken = sqlx::query!("DELETE FROM mail WHERE account_no = $1 AND set_no IS NULL AND NOT deletion", account_no);
    taken.execute(connection).await?;
    Ok(())
}
