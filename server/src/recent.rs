//! What is read again at a start: after a crash the disk may not hold what it said it held.
//!
//! The newest pack is verified before the server answers, the others of the last ten minutes beside it. Objects that do not
//! verify are marked, so that machines that still have them send them again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sqlx::PgPool;
use thiserror::Error;
use tokio::task::{AbortHandle, spawn_blocking};

use crate::packs::{self, PackError, Walk};
use crate::store::{self, StoreError, chunk, commit};

/// Packs that were written in this time before a start are verified.
const RECENT: Duration = Duration::from_secs(600);

/// Packs could not be verified.
#[derive(Debug, Error)]
pub enum RecentError {
    /// The packs.
    #[error(transparent)]
    Packs(#[from] PackError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Verifies the newest pack.
///
/// # Errors
/// [`RecentError`]; damage is none.
pub async fn verify_newest(pool: &PgPool, root: &Path) -> Result<(), RecentError> {
    match packs::list(root)?.numbers.last() {
        Some(&newest) => verify(pool, root, newest).await,
        None => Ok(()),
    }
}

/// Ends the verifying when it is dropped.
pub struct Verifying(AbortHandle);

impl Drop for Verifying {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Verifies the packs before the newest that were written shortly before `now`.
pub fn verify_in_background(pool: PgPool, root: PathBuf, now: SystemTime) -> Verifying {
    let verifying = async move {
        if let Err(error) = verify_recent(&pool, &root, now).await {
            tracing::error!(%error, "recent packs could not be verified; run `iota-server doctor --full`");
        }
    };
    Verifying(tokio::spawn(verifying).abort_handle())
}

async fn verify_recent(pool: &PgPool, root: &Path, now: SystemTime) -> Result<(), RecentError> {
    for number in packs::list(root)?.numbers.into_iter().rev().skip(1) {
        let written = std::fs::metadata(packs::path_of(root, number)).and_then(|metadata| metadata.modified());
        // A time in the future is a clock that jumped: as good as now.
        let recent = written.is_ok_and(|written| now.duration_since(written).unwrap_or_default() <= RECENT);
        if !recent {
            return Ok(());
        }
        verify(pool, root, number).await?;
    }
    Ok(())
}

async fn verify(pool: &PgPool, root: &Path, number: u64) -> Result<(), RecentError> {
    let root = root.to_owned();
    let walked = spawn_blocking(move || packs::walk(&root, number, true)).await;
    let walk = walked.map_err(|_| PackError::Closed)??;
    let mut connection = pool.acquire().await.map_err(StoreError::from)?;
    let marked = mark_damage(&mut connection, &walk).await?;
    if marked > 0 {
        tracing::error!(pack = %walk.path.display(), objects = marked, "objects are damaged; machines that still have them send them again");
    }
    Ok(())
}

/// Marks the objects of a verified pack that do not verify, and logs commits that do not. Returns how many are newly marked.
///
/// # Errors
/// [`StoreError`].
pub async fn mark_damage(connection: &mut sqlx::PgConnection, walk: &Walk) -> store::Result<u64> {
    let whole: BTreeSet<_> = walk.records.iter().map(|entry| walk.place(entry)).collect();
    for commit in commit::places_in(connection, walk.number).await? {
        if !whole.contains(&commit.place) {
            tracing::error!(set = %commit.set, seq = commit.seq, place = %commit.place, "a record of a commit is damaged");
        }
    }
    let mut marked = 0;
    for chunk in chunk::placed_in(connection, walk.number).await? {
        if !chunk.damaged && !whole.contains(&chunk.place) {
            marked += chunk::mark_damaged(connection, chunk.place).await?;
        }
    }
    Ok(marked)
}
