//! Backup sets of an account, and their logs.

pub mod certificate;
pub mod freed;
pub mod label;
pub mod list;
pub mod live;
pub mod orders;
pub mod path;
pub mod restores;
pub mod segment;
pub mod snapshots;
pub mod watch;
pub mod words;

use iota_core::api::alerts::MAX_LIMIT_HOURS;
use iota_core::id::SetId;

use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::{ApiError, ApiResult};
use crate::store::backup_set;

/// Longest sealed name: 256 bytes and what seals them.
pub const MAX_LABEL_BYTES: usize = 512;

/// The row of a set of the reader's account.
async fn set_no_of(state: &AppState, reader: &Reader, set: SetId) -> ApiResult<i64> {
    let found = backup_set::find_of(&mut *state.pool().acquire().await?, reader.account_no, set).await?;
    found.ok_or_else(no_set)
}

/// The answer for a set that is not there, or another's.
pub fn no_set() -> ApiError {
    ApiError::not_found("backup set")
}

/// Checks a limit after which a backup is missed.
///
/// # Errors
/// `bad_request` when it is longer than a year.
pub fn require_limit(hours: u32) -> ApiResult<()> {
    if hours <= MAX_LIMIT_HOURS {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("a limit is given in hours, at most {MAX_LIMIT_HOURS}, or 0 for never")))
}

/// The answer for a commit that is not there, or is no snapshot any more.
pub fn no_commit() -> ApiError {
    ApiError::not_found("snapshot in this backup set")
}
