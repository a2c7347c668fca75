//! Web sessions, for `tower-sessions`. Only the hash of an id is kept; saving never makes a row, so that what was deleted
//! stays deleted whatever is under way.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use iota_core::id::{Digest, SessionId};
use serde::Deserialize;
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor, PgPool};
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result, SessionStore};

use super::{account, id, signed, unsigned};
use crate::clock::Clock;
use crate::visitor::Visitor;

/// Without a request for this long a session ends.
pub const IDLE_MS: u64 = 30 * 60 * 1000;
/// After this long it ends in any case.
pub const LIFE_MS: u64 = 12 * 60 * 60 * 1000;
/// One that was asked to stay ends after this long, used or not.
pub const KEPT_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// Most sessions of one account.
pub const MAX_SESSIONS: i64 = 50;
/// Its use is noted, and it is prolonged, once in this time.
pub const TOUCH_MS: u64 = 60 * 1000;
/// What is hashed in front of the key of a row for its name.
const NAME_TYPE: &[u8] = b"iotabackup/web-session-name/v1\0";

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
}

impl fmt::Debug for WebSessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebSessions")
    }
}

#[async_trait]
impl SessionStore for WebSessions {
    /// Refused unless somebody is signed in; nobody else has a session. The oldest of the account beyond the most ends.
    async fn create(&self, record: &mut Record) -> Result<()> {
        let begun = begun(&record.data).ok_or_else(|| Error::Encode("nobody is signed in".into()))?;
        let now_ms = self.clock.now_ms();
        let created_ms = if begun.begun_ms == 0 { now_ms } else { begun.begun_ms };
        sqlx::query!("DELETE FROM web_session WHERE expires_ms <= $1", signed(now_ms))
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        sqlx::query!(
            "INSERT INTO web_session (key, account_no, session_epoch, kept, data, created_ms, used_ms, expires_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &key(record.id).0[..],
            begun.account_no,
            begun.session_epoch,
            begun.kept,
            encode(&record.data)?,
            signed(created_ms),
            signed(now_ms),
            signed(expires_ms(begun.kept, created_ms, now_ms)),
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        end_oldest(&self.pool, begun.account_no, &key(record.id)).await.map_err(backend)
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
            "SELECT data FROM web_session
             WHERE key = $1 AND expires_ms > $2 AND expires_ms <= CASE WHEN kept THEN $4::bigint ELSE $3::bigint END",
            &key.0[..],
            signed(now_ms),
            signed(now_ms + 2 * IDLE_MS),
            signed(now_ms + 2 * KEPT_MS),
        );
        let Some(row) = row.fetch_optional(&self.pool).await.map_err(backend)? else { return Ok(None) };
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

/// Ends the oldest sessions of an account beyond the most; not the newest row, which may go on with one that began long ago.
async fn end_oldest(pool: &PgPool, account_no: i64, newest: &Digest) -> std::result::Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM web_session WHERE key IN (
             SELECT key FROM web_session WHERE account_no = $1 AND key <> $2 ORDER BY created_ms DESC, key OFFSET $3::bigint - 1)",
        account_no,
        &newest.0[..],
        MAX_SESSIONS,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// By which the row of a session is kept.
pub fn key(id: Id) -> Digest {
    Digest::of(&id.0.to_le_bytes())
}

/// What a session is called in lists: it opens nothing.
pub fn name(key: &Digest) -> SessionId {
    let mut name = SessionId::ZERO;
    name.0.copy_from_slice(&Digest::of(&[NAME_TYPE, &key.0].concat()).0[..SessionId::BYTES]);
    name
}

fn expires_ms(kept: bool, created_ms: u64, now_ms: u64) -> u64 {
    if kept { created_ms + KEPT_MS } else { (now_ms + IDLE_MS).min(created_ms + LIFE_MS) }
}

/// Notes that a session is in use, unless that was noted less than `every_ms` ago. That prolongs it.
pub async fn touch(pool: &PgPool, key: &Digest, visitor: &Visitor, now_ms: u64, every_ms: u64) -> super::Result<()> {
    sqlx::query!(
        "UPDATE web_session SET used_ms = $2, address = $4, browser = $5, expires_ms = CASE
             WHEN kept THEN created_ms + $6::bigint ELSE least($2 + $7::bigint, created_ms + $8::bigint) END
         WHERE key = $1 AND (used_ms <= $3 OR used_ms > $2)",
        &key.0[..],
        signed(now_ms),
        signed(now_ms.saturating_sub(every_ms)),
        visitor.address,
        visitor.browser,
        signed(KEPT_MS),
        signed(IDLE_MS),
        signed(LIFE_MS),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// By which it is kept.
    pub key: Digest,
    /// When it began.
    pub created_ms: u64,
    /// When it was last used.
    pub used_ms: u64,
    /// When it ends at the latest.
    pub expires_ms: u64,
    /// Network address of its last use.
    pub address: String,
    /// What the browser calls itself.
    pub browser: String,
}

/// The sessions of an account that are open now, newest first.
pub async fn list_of(pool: &PgPool, account_no: i64, now_ms: u64) -> super::Result<Vec<ListedSession>> {
    let rows = sqlx::query!(
        "SELECT key, kept, web_session.created_ms, used_ms, address, browser
         FROM web_session JOIN account USING (account_no, session_epoch)
         WHERE account_no = $1 AND expires_ms > $2 AND expires_ms <= CASE WHEN kept THEN $4::bigint ELSE $3::bigint END
         ORDER BY web_session.created_ms DESC, key LIMIT $5",
        account_no,
        signed(now_ms),
        signed(now_ms + 2 * IDLE_MS),
        signed(now_ms + 2 * KEPT_MS),
        MAX_SESSIONS,
    );
    let rows = rows.fetch_all(pool).await?.into_iter();
    rows.map(|row| {
        let created_ms = unsigned(row.created_ms, "session")?;
        Ok(ListedSession {
            key: id(&row.key, "session")?,
            created_ms,
            used_ms: unsigned(row.used_ms, "session")? / TOUCH_MS * TOUCH_MS,
            expires_ms: created_ms + if row.kept { KEPT_MS } else { LIFE_MS },
            address: row.address,
            browser: row.browser,
        })
    })
    .collect()
}

/// Ends a session of an account; `false` when there is none. Waits for whoever has locked the account.
pub async fn end(pool: &PgPool, account_no: i64, key: &Digest) -> super::Result<bool> {
    let mut transaction = pool.begin().await?;
    account::lock(&mut transaction, account_no).await?;
    let ended = sqlx::query!("DELETE FROM web_session WHERE account_no = $1 AND key = $2", account_no, &key.0[..]);
    let ended = ended.execute(&mut *transaction).await?.rows_affected() == 1;
    transaction.commit().await?;
    Ok(ended)
}

/// Ends all sessions of an account but one. Waits for whoever has locked the account.
pub async fn end_others(pool: &PgPool, account_no: i64, key: &Digest) -> super::Result<()> {
    let mut transaction = pool.begin().await?;
    account::lock(&mut transaction, account_no).await?;
    sqlx::query!("DELETE FROM web_session WHERE account_no = $1 AND key <> $2", account_no, &key.0[..])
        .execute(&mut *transaction)
        .await?;
    Ok(transaction.commit().await?)
}

/// Ends all sessions of an account.
pub async fn end_all(connection: &mut PgConnection, account_no: i64) -> super::Result<()> {
    sqlx::query!("DELETE FROM web_session WHERE account_no = $1", account_no).execute(connection).await?;
    Ok(())
}

/// Whether a session is open now. Asking does not prolong it.
pub async fn is_open(database: impl PgExecutor<'_>, key: &Digest, now_ms: u64) -> super::Result<bool> {
    let open = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT FROM web_session JOIN account USING (account_no, session_epoch)
             WHERE key = $1 AND expires_ms > $2) AS "open!""#,
        &key.0[..],
        signed(now_ms),
    );
    Ok(open.fetch_one(database).await?)
}

fn encode(data: &HashMap<String, Value>) -> Result<Vec<u8>> {
    serde_json::to_vec(data).map_err(|error| Error::Encode(error.to_string()))
}

/// What a row says that stands in its data, too.
#[derive(Deserialize)]
struct Begun {
    account_no: i64,
    #[serde(default = "first_epoch")]
    session_epoch: i32,
    #[serde(default)]
    begun_ms: u64,
    #[serde(default)]
    kept: bool,
}

fn first_epoch() -> i32 {
    1
}

fn begun(data: &HashMap<String, Value>) -> Option<Begun> {
    data.values().find_map(|value| Begun::deserialize(value).ok())
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
