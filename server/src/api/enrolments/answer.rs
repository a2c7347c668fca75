//! `GET /enrolments/{id}/grant`: the machine listens.

use axum::extract::State;
use iota_core::api::json::{EnrolGrant, Event};
use iota_core::id::EnrolId;

use crate::app_state::AppState;
use crate::client_address::Network;
use crate::error::ApiResult;
use crate::extract::{InPath, Json};
use crate::store::enrolment;

/// What the owner answered, sealed to the machine; null while there is nothing.
///
/// # Errors
/// `not_found` when no such relay is open, `bad_code` when the owner refused.
pub async fn show(
    State(state): State<AppState>,
    network: Network,
    InPath(enrol_id): InPath<EnrolId>,
) -> ApiResult<Json<Option<EnrolGrant>>> {
    state.take_stranger(network)?;
    let relay = enrolment::find(state.pool(), enrol_id, state.now_ms()).await?.ok_or_else(super::unknown)?;
    if relay.refused {
        return Err(super::refused());
    }
    if relay.answer.is_some() {
        state.events().publish(relay.account_no, Event::Enrolment { enrol_id });
    }
    super::from_text(relay.answer).map(Json)
}
