//! `DELETE /agent/uploads/{upload}`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::id::UploadId;

use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::ApiResult;
use crate::extract::InPath;
use crate::store::{staged_part, upload};

/// Ends a session without a commit; fine when it has ended already.
///
/// # Errors
/// `device_replaced`, `unavailable`.
pub async fn delete(
    State(state): State<AppState>,
    machine: Machine,
    InPath(id): InPath<UploadId>,
) -> ApiResult<StatusCode> {
    let mut transaction = state.pool().begin().await?;
    if upload::end(&mut transaction, id, &machine).await? {
        staged_part::delete(&mut transaction, id).await?;
    }
    transaction.commit().await?;
    state.events().publish_set(machine.account_no, machine.set);
    Ok(StatusCode::NO_CONTENT)
}
