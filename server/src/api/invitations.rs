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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{TestAccount, TestServer};

    #[tokio::test]
    async fn an_administrator_invites() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        let invitation: Invitation = ada.browser.post("/invitations", &CreateInvitation { days: 30 }).await.json();
        assert_eq!(invitation.expires_ms, server.state.now_ms() + 30 * DAY_MS);
        server.clock.advance_ms(30 * DAY_MS - 1);
        let bob = TestAccount::create(&server, &invitation.code, "bob@example.org").await;
        let refused = bob.browser.post("/invitations", &CreateInvitation { days: 1 }).await;
        assert_eq!(refused.code(), code::FORBIDDEN);
    }

    #[tokio::test]
    async fn times_that_are_none_are_refused() {
        let server = TestServer::start().await;
        let ada = TestAccount::first(&server).await;
        for days in [0, 31, u32::MAX] {
            let refused = ada.browser.post("/invitations", &CreateInvitation { days }).await;
            assert_eq!(refused.code(), code::BAD_REQUEST, "{days}");
        }
    }
}
