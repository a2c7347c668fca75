//! Upload sessions: what a machine was told exists stays until its session ends.

pub mod begin;
pub mod commit;
pub mod end;
pub mod have;
pub mod objects;
pub mod references;
pub mod renew;

use iota_core::api::json::UploadInfo;
use iota_core::id::UploadId;
use sqlx::PgConnection;

use crate::app_state::AppState;
use crate::auth::Machine;
use crate::commits::upload_ended;
use crate::error::{ApiError, ApiResult};
use crate::store::upload::{self, Ends};

fn info(upload: UploadId, ends: Ends, now_ms: u64) -> UploadInfo {
    let left_s = |until_ms: u64| until_ms.saturating_sub(now_ms) / 1000;
    let (lease_s, life_s) = (left_s(ends.lease_until_ms), left_s(ends.life_until_ms));
    UploadInfo { upload, lease_s, life_s, damaged: Vec::new() }
}

/// Holds the session open until the transaction ends.
async fn hold_open(transaction: &mut PgConnection, upload: UploadId, machine: &Machine, now_ms: u64) -> ApiResult<()> {
    let open = upload::hold_open(transaction, upload, machine, now_ms).await?;
    if open { Ok(()) } else { Err(upload_ended()) }
}

/// Notes that something arrived in a session, and tells who listens, once a second.
async fn note_received(state: &AppState, machine: &Machine, id: UploadId, bytes: u64) -> ApiResult<()> {
    let now_ms = state.now_ms();
    let told = state.events().take_progress(machine.set_no, now_ms);
    if told || bytes > 0 {
        upload::note_received(&mut *state.pool().acquire().await?, id, bytes, now_ms).await?;
    }
    if told {
        state.events().publish_set(machine.account_no, machine.set);
    }
    Ok(())
}

/// A binary message that does not parse.
fn malformed(error: iota_core::wire::WireError) -> ApiError {
    match error {
        iota_core::wire::WireError::TooLarge(_) => {
            ApiError::new(iota_core::api::json::code::TOO_LARGE, error.to_string())
        }
        error => ApiError::bad_request(error.to_string()),
    }
}
