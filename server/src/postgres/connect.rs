//! Connections to the database, wherever it runs.

use std::str::FromStr;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{PostgresError, Result};

/// Most connections of one server.
const CONNECTIONS: u32 = 24;
/// How long a request waits for one.
const PATIENCE: Duration = Duration::from_secs(5);

/// How connections are kept. What is acknowledged must be durable, whatever the database's default is.
pub fn pool_options() -> PgPoolOptions {
    PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE).after_connect(|connection, _| {
        Box::pin(async move {
            sqlx::query("SET synchronous_commit = on").execute(&mut *connection).await?;
            // Whoever waits for a lock holds a connection that others need.
            sqlx::query("SET lock_timeout = '5s'").execute(&mut *connection).await?;
            sqlx::query("SET idle_in_transaction_session_timeout = '5min'").execute(connection).await?;
            Ok(())
        })
    })
}

/// Connects, and checks that it answers.
///
/// # Errors
/// [`PostgresError::Connect`].
pub async fn connect(options: PgConnectOptions) -> Result<PgPool> {
    pool_options().connect_with(options).await.map_err(PostgresError::Connect)
}

/// Parses a database URL.
///
/// # Errors
/// [`PostgresError::Url`].
pub fn parse_url(url: &str) -> Result<PgConnectOptions> {
    PgConnectOptions::from_str(url).map_err(PostgresError::Url)
}
