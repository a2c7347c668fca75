//! `PUT /enrolments/{id}/hello`: the machine speaks.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{EnrolHello, Event};
use iota_core::id::{AgreementKey, EnrolId, VerifyingKey};

use crate::app_state::AppState;
use crate::client_address::Network;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json};
use crate::store::enrolment;

/// Longest sealed facts: three fields of at most 256 bytes and what seals them.
const MAX_SEALED_BYTES: usize = 2048;

/// Notes what the machine says, once; the same again is fine.
///
/// # Errors
/// `not_found` when no such relay is open, `conflict` when somebody has spoken before, `bad_code` when the owner refused.
pub async fn put(
    State(state): State<AppState>,
    network: Network,
    InPath(enrol_id): InPath<EnrolId>,
    Json(hello): Json<EnrolHello>,
) -> ApiResult<StatusCode> {
    state.take_stranger(network)?;
    if hello.sealed.0.len() > MAX_SEALED_BYTES {
        return Err(ApiError::bad_request(format!("the sealed facts exceed {MAX_SEALED_BYTES} bytes")));
    }
    if hello.signing_key == VerifyingKey::ZERO || hello.agreement_key == AgreementKey::ZERO {
        return Err(ApiError::bad_request("a machine that joins needs keys"));
    }
    let text = super::to_text(&hello)?;
    let mut transaction = state.pool().begin().await?;
    let relay = enrolment::lock(&mut transaction, enrol_id, state.now_ms()).await?.ok_or_else(super::unknown)?;
    match relay.hello {
        _ if relay.refused => return Err(super::refused()),
        None => enrolment::set_hello(&mut transaction, enrol_id, &text).await?,
        Some(before) if before == text => {}
        Some(_) => return Err(super::already()),
    }
    transaction.commit().await?;
    state.events().publish(relay.account_no, Event::Enrolment { enrol_id });
    Ok(StatusCode::NO_CONTENT)
}
