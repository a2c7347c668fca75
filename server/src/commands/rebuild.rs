//! `iota-server rebuild`.

use anyhow::Result;

use super::Database;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::rebuild::{Report, rebuild};

/// Makes an empty database again from the packs.
///
/// # Errors
/// When the database is not empty, another command works on the data, or packs cannot be read.
pub async fn run(data: &DataDir, config: &Config) -> Result<Report> {
    let lock = data.lock("rebuild")?;
    let database = Database::start(data, config, lock).await?;
    let made = rebuild(&database.pool, &data.packs(), &database.host_key, SystemClock.now_ms()).await;
    database.stop().await;
    Ok(made?)
}
