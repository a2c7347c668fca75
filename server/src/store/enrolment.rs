//! The relay between a machine that wants to join and its owner: for a quarter of an hour, each side speaks once.

use iota_core::id::EnrolId;
use sqlx::{PgConnection, PgPool};

use super::{Result, signed};

/// How long a relay stays open.
pub const LIFE_MS: u64 = 15 * 60 * 1000;

/// An open relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Row of the account that opened it.
    pub account_no: i64,
    /// What the machine said ([`iota_core::api::json::EnrolHello`]).
    pub hello: Option<String>,
    /// What the owner answered ([`iota_core::api::json::EnrolGrant`]).
    pub answer: Option<String>,
    /// Whether the owner refused: nobody can use it any more.
    pub refused: bool,
}

/// Opens a relay; forgets those that have ended. Whether it is open for this account now.
pub async fn insert(pool: &PgPool, enrol_id: EnrolId, account_no: i64, now_ms: u64) -> Result<bool> {
    let mut transaction = pool.begin().await?;
    sqlx::query!("DELETE FROM enrolment WHERE expires_ms <= $1", signed(now_ms)).execute(&mut *transaction).await?;
    let made = sqlx::query!(
        "INSERT INTO enrolment (enrol_id, account_no, expires_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &enrol_id.0[..],
        account_no,
        signed(now_ms + LIFE_MS),
    );
    let made = made.execute(&mut *transaction).await?.rows_affected() == 1;
    let repeated = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT FROM enrolment WHERE enrol_id = $1 AND account_no = $2 AND hello IS NULL AND NOT refused) AS "exists!""#,
        &enrol_id.0[..],
        account_no,
    );
    let open = made || repeated.fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(open)
}

/// A relay that is open now.
pub async fn find(pool: &PgPool, enrol_id: EnrolId, now_ms: u64) -> Result<Option<Enrolment>> {
    let found = sqlx::query_as!(
        Enrolment,
        "SELECT account_no, hello, answer, refused FROM enrolment WHERE enrol_id = $1 AND expires_ms > $2",
        &enrol_id.0[..],
        signed(now_ms),
    );
    Ok(found.fetch_optional(pool).await?)
}

/// A relay that is open now, locked until the transaction ends.
pub async fn lock(connection: &mut PgConnection, enrol_id: EnrolId, now_ms: u64) -> Result<Option<Enrolment>> {
    let found = sqlx::query_as!(
        Enrolment,
        "SELECT account_no, hello, answer, refused FROM enrolment WHERE enrol_id = $1 AND expires_ms > $2 FOR UPDATE",
        &enrol_id.0[..],
        signed(now_ms),
    );
    Ok(found.fetch_optional(connection).await?)
}

/// Notes what the machine said.
pub async fn set_hello(connection: &mut PgConnection, enrol_id: EnrolId, hello: &str) -> Result<()> {
    sqlx::query!("UPDATE enrolment SET hello = $2 WHERE enrol_id = $1", &enrol_id.0[..], hello)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes what the owner answered.
pub async fn set_answer(connection: &mut PgConnection, enrol_id: EnrolId, answer: &str) -> Result<()> {
    sqlx::query!("UPDATE enrolment SET answer = $2 WHERE enrol_id = $1", &enrol_id.0[..], answer)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that the owner refused, and forgets what the machine said.
pub async fn refuse(connection: &mut PgConnection, enrol_id: EnrolId) -> Result<()> {
    sqlx::query!("UPDATE enrolment SET refused = true, hello = NULL WHERE enrol_id = $1", &enrol_id.0[..])
        .execute(connection)
        .await?;
    Ok(())
}
