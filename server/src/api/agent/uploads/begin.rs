//! `POST /agent/uploads`.

use axum::extract::State;
use iota_core::api::MAX_HAVE_IDS;
use iota_core::api::json::UploadInfo;
use iota_core::id::UploadId;
use iota_core::refs::Reference;

use super::info;
use crate::app_state::AppState;
use crate::auth::{Machine, replaced};
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::{backup_set, chunk, domain, upload};

/// Begins a session, and names what of the newest state is damaged. A set has at most two open ones: a third ends the oldest.
///
/// # Errors
/// `device_replaced`, `unavailable`.
pub async fn create(State(state): State<AppState>, machine: Machine) -> ApiResult<Json<UploadInfo>> {
    let (id, now_ms) = (UploadId(state.random()?), state.now_ms());
    let _seat = state.take_set(machine.set_no).await?;
    let mut transaction = state.pool().begin().await?;
    if backup_set::lock_head(&mut transaction, machine.set_no).await?.key_epoch != machine.key_epoch {
        return Err(replaced());
    }
    let domain_no = domain::private_of(&mut transaction, machine.account_no).await?;
    let ends = upload::begin(&mut transaction, id, &machine, now_ms).await?;
    let damaged = chunk::damaged_of(&mut transaction, machine.set_no, domain_no, MAX_HAVE_IDS).await?;
    transaction.commit().await?;
    state.events().publish_set(machine.account_no, machine.set);
    let damaged = damaged.into_iter().map(|cid| Reference::private(cid).into()).collect();
    Ok(Json(UploadInfo { damaged, ..info(id, ends, now_ms) }))
}
