//! Web sessions, for `tower-sessions`. Only the hash of an id is kept; saving never makes a row, so that what was deleted
//! stays deleted whatever is under way.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use iota_core::id::Digest;
use serde_json::Value;
use sqlx::PgPool;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result, SessionStore};

use super::signed;
use crate::clock::Clock;

/// Without a request for this long a session ends.
pub const IDLE_MS: u64 = 30 * 60 * 1000;
/// After this long it ends in any case.
pub const LIFE_MS: u64 = 12 * 60 * 60 * 1000;
/// A session is prolonged when this much of its idle time has gone.
const TOUCH_MS: u64 = 60 * 1000;

/// See the module.
#[derive(Clone)]
pub struct WebSessions {
    pool: PgPool,
    clock: Arc<dyn Clock>,
}

impl WebSessions {
    /// Keeps sessions in `pool`; they end by `clock`.
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>) -> Self {
        Self { pool, clock }
    }

    async fn prolong(&self, key: &Digest, created_ms: i64, now_ms: u64) -> Result<()> {
        let expires_ms = signed(now_ms + IDLE_MS).min(created_ms.saturating_add(signed(LIFE_MS)));
        sqlx::query!("UPDATE web_session SET expires_ms = $2 WHERE key = $1", &key.0[..], expires_ms)
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        Ok(())
    }
}

impl fmt::Debug for WebSessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebSessions")
    }
}

#[async_trait]
impl SessionStore for WebSessions {
    /// Refused unless somebody is signed in; nobody else has a session.
    async fn create(&self, record: &mut Record) -> Result<()> {
        let account_no = account_no(&record.data).ok_or_else(|| Error::Encode("nobody is signed in".into()))?;
        let now_ms = self.clock.now_ms();
        sqlx::query!("DELETE FROM web_session WHERE expires_ms <= $1", signed(now_ms))
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        sqlx::query!(
            "INSERT INTO web_session (key, account_no, data, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)",
            &key(record.id).0[..],
            account_no,
            encode(&record.data)?,
            signed(now_ms),
            signed(now_ms + IDLE_MS),
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        sqlx::query!("UPDATE web_session SET data = $2 WHERE key = $1", &key(record.id).0[..], encode(&record.data)?,)
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, session_id: &Id) -> Result<Option<Record>> {
        let (key, now_ms) = (key(*session_id), self.clock.now_ms());
        // One that would last longer than any was made by a clock that jumped.
        let row = sqlx::query!(
            "SELECT data, created_ms, expires_ms FROM web_session WHERE key = $1 AND expires_ms > $2 AND expires_ms <= $3",
            &key.0[..],
            signed(now_ms),
            signed(now_ms + 2 * IDLE_MS),
        );
        let Some(row) = row.fetch_optional(&self.pool).await.map_err(backend)? else { return Ok(None) };
        if row.expires_ms <= signed(now_ms + IDLE_MS - TOUCH_MS) {
            self.prolong(&key, row.created_ms, now_ms).await?;
        }
        let data = serde_json::from_slice(&row.data).map_err(|error| Error::Decode(error.to_string()))?;
        // The row decides when the session ends, not this date.
        let expiry_date = OffsetDateTime::now_utc().saturating_add(Duration::days(1));
        Ok(Some(Record { id: *session_id, data, expiry_date }))
    }

    async fn delete(&self, session_id: &Id) -> Result<()> {
        sqlx::query!("DELETE FROM web_session WHERE key = $1", &key(*session_id).0[..])
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        Ok(())
    }
}

fn key(id: Id) -> Digest {
    Digest::of(&id.0.to_le_bytes())
}

fn encode(data: &HashMap<String, Value>) -> Result<Vec<u8>> {
    serde_json::to_vec(data).map_err(|error| Error::Encode(error.to_string()))
}

fn account_no(data: &HashMap<String, Value>) -> Option<i64> {
    data.values().find_map(|value| value.get("account_no")?.as_i64())
}

fn backend(error: sqlx::Error) -> Error {
    tracing::warn!(%error, "web sessions cannot be reached");
    Error::Backend(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::ManualClock;
    use crate::test_support::{TestAccount, TestServer};

    struct Fixture {
        server: TestServer,
        store: WebSessions,
        record: Record,
    }

    async fn fixture() -> Fixture {
        let server = TestServer::start().await;
        TestAccount::first(&server).await;
        let account_no: i64 =
            sqlx::query_scalar("SELECT account_no FROM account").fetch_one(server.pool()).await.unwrap();
        let store = WebSessions::new(server.pool().clone(), Arc::new(ManualClock::at(server.state.now_ms())));
        let data = HashMap::from([("signed_in".to_owned(), json!({ "account_no": account_no }))]);
        let mut record = Record { id: Id::default(), data, expiry_date: OffsetDateTime::now_utc() };
        store.create(&mut record).await.unwrap();
        Fixture { server, store, record }
    }

    #[tokio::test]
    async fn what_was_deleted_stays_deleted_whatever_is_under_way() {
        let Fixture { store, record, server: _server } = &fixture().await;
        let under_way = store.load(&record.id).await.unwrap().unwrap();
        store.delete(&record.id).await.unwrap();
        store.save(&under_way).await.unwrap();
        assert!(store.load(&record.id).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_database_does_not_know_the_id() {
        let Fixture { store, record, server } = &fixture().await;
        let rows: Vec<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT key, data FROM web_session").fetch_all(server.pool()).await.unwrap();
        let id = record.id.0.to_le_bytes();
        for (key, data) in &rows {
            assert!(!key.windows(16).any(|window| window == id));
            assert!(!String::from_utf8_lossy(data).contains(&record.id.to_string()));
        }
        assert_eq!(rows.len(), 2);
        assert_eq!(store.load(&record.id).await.unwrap().unwrap().data, record.data);
    }

    #[tokio::test]
    async fn nobody_has_no_session() {
        let Fixture { store, server: _server, .. } = &fixture().await;
        let mut record = Record { id: Id::default(), data: HashMap::new(), expiry_date: OffsetDateTime::now_utc() };
        assert!(store.create(&mut record).await.is_err());
    }
}
