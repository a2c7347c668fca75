//! `DELETE /sets/{set}/restores/{restore}`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::id::{RestoreId, SetId};

use crate::api::sets::no_set;
use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::{ApiError, ApiResult};
use crate::extract::InPath;
use crate::store::{backup_set, restore_order};

/// Cancels an order. The machine stops when it hears of it, and can read nothing by it from now on. Again, or when it has ended, is fine.
///
/// # Errors
/// `not_found`, `unavailable`.
pub async fn delete(
    State(state): State<AppState>,
    session: WebSession,
    InPath((set, restore)): InPath<(SetId, RestoreId)>,
) -> ApiResult<StatusCode> {
    let mut connection = state.pool().acquire().await?;
    let set_no = backup_set::find_of(&mut connection, session.account_no, set).await?.ok_or_else(no_set)?;
    if !restore_order::cancel(&mut connection, set_no, restore, state.now_ms()).await? {
        return Err(ApiError::not_found("order to restore"));
    }
    state.relay().note_restores(set_no);
    state.events().publish_set(session.account_no, set);
    Ok(StatusCode::NO_CONTENT)
}
