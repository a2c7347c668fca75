//! `iota-server doctor`.

use anyhow::Result;

use super::Database;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::doctor::{Findings, examine};

/// Looks at everything that is kept, beside a running server or alone.
///
/// # Errors
/// When the database cannot be used; the message says what to do.
pub async fn run(data: &DataDir, config: &Config, full: bool) -> Result<Findings> {
    let database = Database::beside(data, config, "doctor").await?;
    let examined = examine(&database.pool, data.path(), &config.packs.options(), full).await;
    database.stop().await;
    Ok(examined?)
}
