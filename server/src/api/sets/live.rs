//! `GET /sets/{set}/live`.

use axum::extract::State;
use iota_core::api::json::LiveState;
use iota_core::id::SetId;

use super::no_set;
use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::ApiResult;
use crate::extract::{InPath, Json};
use crate::store::backup_set;

/// What the machine of a set said last. While somebody asks, it says more.
///
/// # Errors
/// `not_found`, `unavailable`.
pub async fn show(
    State(state): State<AppState>,
    session: WebSession,
    InPath(set): InPath<SetId>,
) -> ApiResult<Json<LiveState>> {
    let found = backup_set::find_of(&mut *state.pool().acquire().await?, session.account_no, set).await?;
    Ok(Json(state.relay().look(found.ok_or_else(no_set)?, state.now_ms())))
}
