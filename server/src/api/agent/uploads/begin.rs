//! `POST /agent/uploads`.

use axum::extract::State;
use iota_core::api::json::UploadInfo;
use iota_core::id::UploadId;

use super::info;
use crate::app_state::AppState;
use crate::auth::{Machine, replaced};
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::{backup_set, domain, upload};

/// Begins a session. A set has at most two open ones: a third ends the oldest.
///
/// # Errors
/// `device_replaced`, `unavailable`.
pub async fn create(State(state): State<AppState>, machine: Machine) -> ApiResult<Json<UploadInfo>> {
    let (id, now_ms) = (UploadId(state.random()?), state.now_ms());
    let mut transaction = state.pool().begin().await?;
    if backup_set::lock_head(&mut transaction, machine.set_no).await?.key_epoch != machine.key_epoch {
        return Err(replaced());
    }
    domain::private_of(&mut transaction, machine.account_no).await?;
    let ends = upload::begin(&mut transaction, id, &machine, now_ms).await?;
    transaction.commit().await?;
    Ok(Json(info(id, ends, now_ms)))
}
