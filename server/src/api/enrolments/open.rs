//! `POST /enrolments`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::CreateEnrolment;

use crate::app_state::AppState;
use crate::auth::FreshWebSession;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::enrolment;

/// Opens a relay for a quarter of an hour.
///
/// # Errors
/// `conflict` when the code is in use.
pub async fn create(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    Json(request): Json<CreateEnrolment>,
) -> ApiResult<StatusCode> {
    let open = enrolment::insert(state.pool(), request.enrol_id, session.account_no, state.now_ms()).await?;
    if open { Ok(StatusCode::NO_CONTENT) } else { Err(super::already()) }
}
