//! A server of one test.

use std::net::TcpListener;
use std::sync::Arc;

use sqlx::PgPool;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::browser::Browser;
use super::database::TestDatabase;
use crate::app_state::{AppState, Parts};
use crate::client_address::Proxy;
use crate::clock::{Clock, ManualClock};
use crate::codes::{CodeKind, CodeText, DAY_MS};
use crate::downloads::Downloads;
use crate::host_key::HostKey;
use crate::limits::Limits;
use crate::mail::Mailer;
use crate::packs::{PackOptions, Packs};
use crate::security_headers::Transport;
use crate::store::{code, server};
use crate::{router, serve};
use iota_core::id::ServerId;

/// When the clocks of tests begin: some day in 2026.
const START_MS: u64 = 1_790_000_000_000;

/// A server that listens on loopback. [`TestServer::stop`] ends it in order; dropping it, at once.
pub struct TestServer {
    /// Where it answers: `http://127.0.0.1:…`.
    pub url: String,
    /// What its handlers work with.
    pub state: AppState,
    /// Its time.
    pub clock: Arc<ManualClock>,
    /// Its files: `host.key`, `packs/`.
    pub data: TempDir,
    /// Its database.
    pub database: TestDatabase,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl TestServer {
    /// Starts one with everything new. Clients of tests are not held back for being many.
    pub async fn start() -> Self {
        Self::start_with(Limits { requests_per_s: 100_000, strangers_per_s: 100_000, ..Limits::default() }).await
    }

    /// The same with other limits.
    pub async fn start_with(limits: Limits) -> Self {
        Self::start_new(limits, None).await
    }

    /// The same with a mail server.
    pub async fn start_with_mail(mailer: Mailer) -> Self {
        let limits = Limits { requests_per_s: 100_000, strangers_per_s: 100_000, ..Limits::default() };
        Self::start_new(limits, Some(mailer)).await
    }

    async fn start_new(limits: Limits, mailer: Option<Mailer>) -> Self {
        let clock = Arc::new(ManualClock::at(START_MS));
        Self::start_on(TestDatabase::create().await, tempfile::tempdir().unwrap(), clock, limits, mailer).await
    }

    /// Stops it and starts it again on the same data.
    pub async fn restart(mut self) -> Self {
        let (limits, mailer) = (self.state.limits().clone(), self.state.mailer().cloned());
        self.end().await;
        let Self { database, data, clock, .. } = self;
        Self::start_on(database, data, clock, limits, mailer).await
    }

    /// Stops it as the program does.
    pub async fn stop(mut self) {
        self.end().await;
    }

    /// Its database, for looking.
    pub fn pool(&self) -> &PgPool {
        self.state.pool()
    }

    /// Somebody without any rights.
    pub fn stranger(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// A code that makes the first account.
    pub async fn setup_code(&self) -> String {
        self.code(CodeKind::Setup).await
    }

    /// A code that makes one more account.
    pub async fn invitation(&self) -> String {
        self.code(CodeKind::Invitation).await
    }

    async fn code(&self, kind: CodeKind) -> String {
        let (text, now_ms) = (CodeText::new(self.state.random().unwrap()), self.clock.now_ms());
        code::insert(self.pool(), &text.hash(), kind, now_ms + DAY_MS, now_ms).await.unwrap();
        text.0.to_string()
    }

    async fn start_on(
        database: TestDatabase,
        data: TempDir,
        clock: Arc<ManualClock>,
        limits: Limits,
        mailer: Option<Mailer>,
    ) -> Self {
        let pool = database.connect().await;
        server::insert(&pool, ServerId([7; 16]), clock.now_ms()).await.unwrap();
        let server_id = server::find(&pool).await.unwrap().unwrap();
        // How full the disk of the machine is must not decide about a test.
        let options = PackOptions { min_free_bytes: Some(0), ..PackOptions::default() };
        let parts = Parts {
            packs: Packs::open(&data.path().join("packs"), server_id, options).unwrap(),
            pool,
            clock: clock.clone(),
            host_key: HostKey::load_or_create(data.path()).unwrap(),
            server_id,
            limits: limits.clone(),
            transport: Transport::Plain,
            proxy: Proxy::None,
            pin: None,
            downloads: Downloads::new(data.path().join("downloads")),
            mailer,
        };
        let state = AppState::new(parts).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let (app, events) = (router::app(state.clone(), None), state.events().clone());
        let task = tokio::spawn(async move {
            let asked = async {
                // Dropping the sender is asking, too.
                let _ = stopped.await;
                events.close();
            };
            serve::serve(listener, app, None, &limits, Proxy::None, asked).await.unwrap();
        });
        Self { url, state, clock, data, database, stop: Some(stop), task }
    }

    async fn end(&mut self) {
        drop(self.stop.take());
        (&mut self.task).await.unwrap();
        self.state.packs().close().await;
        self.pool().close().await;
    }
}
