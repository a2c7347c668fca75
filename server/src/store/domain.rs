//! Domains: who shares chunks. This version has one for each account.

use sqlx::PgConnection;

use super::Result;

/// Kind of the private domain of one account.
const PRIVATE: i16 = 0;

/// The private domain of an account; made when it is first needed.
pub async fn private_of(connection: &mut PgConnection, account_no: i64) -> Result<i64> {
    sqlx::query!(
        "INSERT INTO domain (kind, account_no) VALUES ($1, $2) ON CONFLICT (kind, account_no) DO NOTHING",
        PRIVATE,
        account_no,
    )
    .execute(&mut *connection)
    .await?;
    let found =
        sqlx::query_scalar!("SELECT domain_no FROM domain WHERE kind = $1 AND account_no = $2", PRIVATE, account_no);
    Ok(found.fetch_one(connection).await?)
}

/// The private domain of an account; `None` while nothing was ever uploaded.
pub async fn find_private(connection: &mut PgConnection, account_no: i64) -> Result<Option<i64>> {
    let found =
        sqlx::query_scalar!("SELECT domain_no FROM domain WHERE kind = $1 AND account_no = $2", PRIVATE, account_no);
    Ok(found.fetch_optional(connection).await?)
}
