//! One server for one database.

use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};

use super::Result;

/// Any number that no other lock of this database has.
const SERVER: i64 = 0x696f_7461_5f73_7276;

/// Held as long as its connection lives.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "the lock ends with the connection")] PgConnection);

/// Locks the database for this server; `None` when another one has it.
pub async fn alone(pool: &PgPool) -> Result<Option<Alone>> {
    let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
    let locked = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "locked!""#, SERVER);
    Ok(if locked.fetch_one(&mut connection).await? { Some(Alone(connection)) } else { None })
}
