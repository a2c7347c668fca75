//! `DELETE /account/second-factor`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{Event, SecondFactorCode};

use crate::app_state::AppState;
use crate::auth::{FreshWebSession, begin_attempt, lock_account, require_second};
use crate::client_address::Network;
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::packs::RecordKind;
use crate::records::SecondFactorRecord;
use crate::store::{account, attempt, second_factor};

/// Turns the second factor off, by a code of it; fine when it is off already.
///
/// # Errors
/// `unauthenticated` when the session has ended meanwhile, `second_factor`, `too_many_requests`.
pub async fn delete(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    network: Network,
    Json(request): Json<SecondFactorCode>,
) -> ApiResult<StatusCode> {
    let account = account::find_by_no(state.pool(), session.account_no).await?;
    let account = account.ok_or_else(|| ApiError::not_found("account"))?;
    let counted = begin_attempt(&state, &session.login, network).await?;
    let counted = require_second(&state, &account, Some(&request.code), counted).await?;
    attempt::succeeded(state.pool(), counted).await?;

    let mut transaction = state.pool().begin().await?;
    lock_account(&mut transaction, &session, &state).await?;
    let factor = second_factor::lock(&mut transaction, session.account_no, state.now_ms()).await?;
    if factor.secret.is_none() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let version = factor.record_version + 1;
    second_factor::set(&mut transaction, session.account_no, None, &[], factor.last_step, version).await?;
    let record = SecondFactorRecord { account: session.account, version, factor: None };
    let decisions = vec![(RecordKind::SecondFactor, record.seal(state.host_key())?)];
    state.decide(transaction, session.account, decisions).await?;
    state.events().publish(session.account_no, Event::Account);
    Ok(StatusCode::NO_CONTENT)
}
