//! A database of one test.

use std::str::FromStr;
use std::sync::Arc;
use std::thread;

use data_encoding::HEXLOWER;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgPool};

use super::cluster::Cluster;
use crate::postgres;

/// A fresh database with all tables; dropped with the value.
pub struct TestDatabase {
    name: String,
    admin_url: String,
    admin: PgConnectOptions,
    _cluster: Option<Arc<Cluster>>,
}

impl TestDatabase {
    /// Makes one.
    pub async fn create() -> Self {
        let database = Self::create_empty().await;
        let pool = database.connect().await;
        postgres::migrate(&pool).await.unwrap();
        pool.close().await;
        database
    }

    /// Makes one without tables.
    pub async fn create_empty() -> Self {
        let given = std::env::var("IOTABACKUP_TEST_DATABASE_URL").ok();
        let cluster = given.is_none().then(Cluster::shared);
        let url = given.unwrap_or_else(|| cluster.as_ref().map(|cluster| cluster.url()).unwrap_or_default());
        let mut random = [0; 8];
        getrandom::fill(&mut random).unwrap();
        let name = format!("test_{}", HEXLOWER.encode(&random));
        let database =
            Self { name, admin: PgConnectOptions::from_str(&url).unwrap(), admin_url: url, _cluster: cluster };
        execute(&database.admin, format!("CREATE DATABASE {}", database.name)).await;
        database
    }

    /// How to connect to it.
    pub fn options(&self) -> PgConnectOptions {
        self.admin.clone().database(&self.name)
    }

    /// Its address for the program.
    pub fn url(&self) -> String {
        self.admin_url.replacen("/postgres?", &format!("/{}?", self.name), 1)
    }

    /// Connections to it: few, because many tests run at once.
    pub async fn connect(&self) -> PgPool {
        let options: PgPoolOptions = postgres::pool_options().max_connections(8).min_connections(0);
        options.acquire_timeout(std::time::Duration::from_secs(30)).connect_with(self.options()).await.unwrap()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // A runtime of its own: this one may be ending.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(execute(&admin, format!("DROP DATABASE {name} WITH (FORCE)")));
        });
        let _ = dropping.join();
    }
}

async fn execute(admin: &PgConnectOptions, statement: String) {
    let mut connection = PgConnection::connect_with(admin).await.unwrap();
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
