//! `iota-server setup-token` and `iota-server invite`.

use std::path::Path;

use anyhow::{Result, bail};
use sqlx::PgPool;

use super::{Database, require_new_or_known};
use crate::clock::{Clock, SystemClock};
use crate::codes::{CodeKind, CodeText, DAY_MS, SETUP_MS};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::store::{account, code};

/// Makes the token of the first account; the one before is void.
///
/// # Errors
/// When there is an account already, or the database cannot be used.
pub async fn setup_token(data: &DataDir, config: &Config) -> Result<CodeText> {
    let database = Database::beside(data, config, "setup-token").await?;
    let made = make_setup_token(&database.pool, &data.packs()).await;
    database.stop().await;
    made
}

/// Makes an invitation for one more account.
///
/// # Errors
/// When there is no account yet, or the database cannot be used.
pub async fn invite(data: &DataDir, config: &Config, days: u32) -> Result<CodeText> {
    let database = Database::beside(data, config, "invite").await?;
    let made = make_invitation(&database.pool, days).await;
    database.stop().await;
    made
}

async fn make_setup_token(pool: &PgPool, packs: &Path) -> Result<CodeText> {
    require_new_or_known(pool, packs).await?;
    if account::exists_any(pool).await? {
        bail!("there is an account already: make an invitation with `iota-server invite`");
    }
    make(pool, CodeKind::Setup, SETUP_MS).await
}

async fn make_invitation(pool: &PgPool, days: u32) -> Result<CodeText> {
    if !account::exists_any(pool).await? {
        bail!("there is no account yet: make the first one with the token of `iota-server setup-token`");
    }
    make(pool, CodeKind::Invitation, u64::from(days) * DAY_MS).await
}

async fn make(pool: &PgPool, kind: CodeKind, life_ms: u64) -> Result<CodeText> {
    let mut random = [0; 15];
    getrandom::fill(&mut random)?;
    let (text, now_ms) = (CodeText::new(random), SystemClock.now_ms());
    code::insert(pool, &text.hash(), kind, now_ms + life_ms, now_ms).await?;
    Ok(text)
}
