//! What accounts decided about their snapshots, as they signed it. Callers that add hold the row of the account.

use iota_core::retention::{Policy, SignedDecision, What};
use sqlx::PgConnection;

use super::{Result, StoreError, signed, unsigned};

/// Adds the next decision of an account.
pub async fn insert(
    connection: &mut PgConnection,
    account_no: i64,
    decision: &SignedDecision,
    received_ms: u64,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO decision (account_no, version, signed, received_ms, policy) VALUES ($1, $2, $3, $4, $5)",
        account_no,
        signed(decision.decision.version),
        decision.encode(),
        signed(received_ms),
        matches!(decision.decision.what, What::Keep(_)),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// All decisions of an account, from the first on.
pub async fn list_of(connection: &mut PgConnection, account_no: i64) -> Result<Vec<SignedDecision>> {
    let rows = sqlx::query_scalar!("SELECT signed FROM decision WHERE account_no = $1 ORDER BY version", account_no);
    rows.fetch_all(connection).await?.iter().map(|bytes| decode(bytes)).collect()
}

/// The newest decision of an account.
pub async fn newest(connection: &mut PgConnection, account_no: i64) -> Result<Option<SignedDecision>> {
    let row = sqlx::query_scalar!(
        "SELECT signed FROM decision WHERE account_no = $1 ORDER BY version DESC LIMIT 1",
        account_no,
    );
    row.fetch_optional(connection).await?.map(|bytes| decode(&bytes)).transpose()
}

/// What an account decided to keep, with when that was received, in order.
pub async fn policies_of(connection: &mut PgConnection, account_no: i64) -> Result<Vec<(Policy, u64)>> {
    let rows = sqlx::query!(
        "SELECT signed, received_ms FROM decision WHERE account_no = $1 AND policy ORDER BY version",
        account_no,
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    rows.map(|row| match decode(&row.signed)?.decision.what {
        What::Keep(policy) => Ok((policy, unsigned(row.received_ms, "decision")?)),
        What::Delete(_) | What::Undo(_) | What::Close => Err(StoreError::Damaged("decision")),
    })
    .collect()
}

fn decode(bytes: &[u8]) -> Result<SignedDecision> {
    SignedDecision::decode(bytes).map_err(|_| StoreError::Damaged("decision"))
}
