//! Upload sessions: what one was told exists is not swept while it is open.

use sqlx::PgConnection;

use super::Result;

/// Ends every session of a set: another machine writes it now.
pub async fn end_all(connection: &mut PgConnection, set_no: i64) -> Result<()> {
    sqlx::query!("UPDATE upload SET open = false WHERE set_no = $1 AND open", set_no).execute(connection).await?;
    Ok(())
}
