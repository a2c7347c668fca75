//! Keeps the embedded database running as long as the server runs, and stops it with it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use tokio::process::Child;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::Result;
use super::cluster::{self, Cluster};

/// How long a fast shutdown may take before an immediate one.
const STOP_PATIENCE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Whoever ran this long has not failed at its start.
const HEALTHY: Duration = Duration::from_secs(60);

/// An embedded database that runs.
#[derive(Debug)]
pub struct Embedded {
    options: PgConnectOptions,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Embedded {
    /// Starts the database of a data folder, which the caller has locked.
    ///
    /// # Errors
    /// [`super::PostgresError`].
    pub async fn start(data_dir: &Path, programs: Option<&Path>) -> Result<Self> {
        let cluster = Cluster::open(data_dir, programs).await?;
        let child = cluster.start(data_dir).await?;
        tracing::info!("the database is ready");
        let (stop, stopped) = oneshot::channel();
        let options = cluster.options();
        let task = tokio::spawn(supervise(cluster, data_dir.to_path_buf(), child, stopped));
        Ok(Self { options, stop, task })
    }

    /// How to connect to it.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// Stops it, and waits until everything is written.
    pub async fn stop(self) {
        // The task is there until it is told.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the database's supervisor failed");
        }
    }
}

/// How to connect to the database that the server of a data folder runs.
pub fn beside(data_dir: &Path) -> PgConnectOptions {
    cluster::running(data_dir)
}

/// Until it is told to stop, starts again what has ended.
async fn supervise(cluster: Cluster, data_dir: PathBuf, mut child: Child, mut stopped: oneshot::Receiver<()>) {
    let mut pause = Duration::ZERO;
    loop {
        let begun = Instant::now();
        tokio::select! {
            _ = &mut stopped => return stop(child).await,
            ended = child.wait() => tracing::error!(?ended, "the database has ended by itself; starting it again"),
        }
        if begun.elapsed() > HEALTHY {
            pause = Duration::ZERO;
        }
        let restart = restart(&cluster, &data_dir, &mut pause);
        tokio::select! {
            _ = &mut stopped => return,
            started = restart => child = started,
        }
        tracing::info!("the database is ready again");
    }
}

/// Tries until it succeeds, at longer and longer intervals.
async fn restart(cluster: &Cluster, data_dir: &Path, pause: &mut Duration) -> Child {
    loop {
        sleep(*pause).await;
        *pause = (*pause * 2).clamp(Duration::from_secs(1), LONGEST_PAUSE);
        match cluster.start(data_dir).await {
            Ok(child) => return child,
            Err(error) => tracing::error!(%error, "the database does not start"),
        }
    }
}

/// Fast: sessions are ended, everything is written. Immediate, if that takes too long: recovered at the next start.
async fn stop(mut child: Child) {
    for signal in [Signal::INT, Signal::QUIT] {
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let Some(pid) = pid else { return };
        // It may have ended meanwhile.
        let _ = kill_process(pid, signal);
        if timeout(STOP_PATIENCE, child.wait()).await.is_ok() {
            return;
        }
        tracing::warn!("the database does not stop; ending it at once, the next start recovers");
    }
}
