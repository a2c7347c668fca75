//! How accounts hear of missed backups, and where they are warned.

use iota_core::api::alerts::{ChangeAlerts, DEFAULT_LIMIT_HOURS};
use sqlx::PgConnection;

use super::{Result, StoreError};

/// What an account decided, or what counts until it does.
pub async fn find(connection: &mut PgConnection, account_no: i64) -> Result<ChangeAlerts> {
    let row = sqlx::query!("SELECT address, mails, limit_hours FROM alerts WHERE account_no = $1", account_no);
    let Some(row) = row.fetch_optional(connection).await? else {
        return Ok(ChangeAlerts { address: String::new(), mails: false, limit_hours: DEFAULT_LIMIT_HOURS });
    };
    let limit_hours = u32::try_from(row.limit_hours).map_err(|_| StoreError::Damaged("limit"))?;
    Ok(ChangeAlerts { address: row.address, mails: row.mails, limit_hours })
}

/// Where warnings about an account go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warned {
    /// The address.
    pub address: String,
    /// Its owner asked for mails there; otherwise it is the login, because nothing was decided.
    pub asked: bool,
}

/// Where warnings about an account go now: where its owner wants mails, or to the login of one who never decided anything about them.
/// `None` when mails are switched off.
pub async fn warned(connection: &mut PgConnection, account_no: i64) -> Result<Option<Warned>> {
    let row = sqlx::query!(
        r#"SELECT login, alerts.address AS "address?", mails AS "mails?"
           FROM account LEFT JOIN alerts USING (account_no) WHERE account_no = $1"#,
        account_no,
    );
    let Some(row) = row.fetch_optional(connection).await? else { return Ok(None) };
    Ok(match (row.address, row.mails) {
        (Some(address), Some(true)) if !address.is_empty() => Some(Warned { address, asked: true }),
        (None, None) => Some(Warned { address: row.login, asked: false }),
        _ => None,
    })
}

/// Notes what an account decided; `false` when it is the same.
pub async fn set(connection: &mut PgConnection, account_no: i64, alerts: &ChangeAlerts) -> Result<bool> {
    let limit_hours = i32::try_from(alerts.limit_hours).map_err(|_| StoreError::Damaged("limit"))?;
    let changed = sqlx::query!(
        "INSERT INTO alerts (account_no, address, mails, limit_hours) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_no) DO UPDATE SET address = $2, mails = $3, limit_hours = $4
         WHERE (alerts.address, alerts.mails, alerts.limit_hours) IS DISTINCT FROM ($2, $3, $4)",
        account_no,
        alerts.address,
        alerts.mails,
        limit_hours,
    );
    Ok(changed.execute(connection).await?.rows_affected() == 1)
}
