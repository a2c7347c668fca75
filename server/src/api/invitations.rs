//! `POST /invitations`: a code for one more account.

use axum::extract::State;
use iota_core::api::json::{CreateInvitation, Invitation, code};

use crate::app_state::AppState;
use crate::auth::FreshWebSession;
use crate::codes::{CodeKind, CodeText, DAY_MS, MAX_INVITATION_DAYS};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::store::code as code_store;

/// Makes an invitation, for administrators.
///
/// # Errors
/// `forbidden`, `bad_request` for a time that is no time.
pub async fn create(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    Json(request): Json<CreateInvitation>,
) -> ApiResult<Json<Invitation>> {
    if !session.administrator {
        return Err(ApiError::new(code::FORBIDDEN, "only an administrator can invite"));
    }
    if !(1..=MAX_INVITATION_DAYS).contains(&request.days) {
        return Err(ApiError::bad_request(format!("an invitation is good for 1 to {MAX_INVITATION_DAYS} days")));
    }
    let (text, now_ms) = (CodeText::new(state.random()?), state.now_ms());
    let expires_ms = now_ms + u64::from(request.days) * DAY_MS;
    code_store::insert(state.pool(), &text.hash(), CodeKind::Invitation, expires_ms, now_ms).await?;
    Ok(Json(Invitation { code: text.0.to_string(), expires_ms }))
}
