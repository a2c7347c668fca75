//! `GET /enrolments/{id}/hello`: the owner listens.

use axum::extract::State;
use iota_core::api::json::EnrolHello;
use iota_core::id::EnrolId;

use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::ApiResult;
use crate::extract::{InPath, Json};
use crate::store::enrolment;

/// What the machine said; null while it has not.
///
/// # Errors
/// `not_found` when the account has no such relay open.
pub async fn show(
    State(state): State<AppState>,
    session: WebSession,
    InPath(enrol_id): InPath<EnrolId>,
) -> ApiResult<Json<Option<EnrolHello>>> {
    let relay = enrolment::find(state.pool(), enrol_id, state.now_ms()).await?;
    let relay = relay.filter(|relay| relay.account_no == session.account_no).ok_or_else(super::unknown)?;
    super::from_text(relay.hello).map(Json)
}
