//! `POST /agent/uploads/{upload}/renew`.

use axum::extract::State;
use iota_core::api::json::UploadInfo;
use iota_core::id::UploadId;

use super::info;
use crate::app_state::AppState;
use crate::auth::Machine;
use crate::commits::upload_ended;
use crate::error::ApiResult;
use crate::extract::{InPath, Json};
use crate::store::upload;

/// Renews the lease of a session, within its life.
///
/// # Errors
/// `upload_ended`, `device_replaced`, `unavailable`.
pub async fn create(
    State(state): State<AppState>,
    machine: Machine,
    InPath(id): InPath<UploadId>,
) -> ApiResult<Json<UploadInfo>> {
    let now_ms = state.now_ms();
    let mut connection = state.pool().acquire().await?;
    let ends = upload::renew(&mut connection, id, &machine, now_ms).await?.ok_or_else(upload_ended)?;
    Ok(Json(info(id, ends, now_ms)))
}
