//! `PUT /vault/slots`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{ChangeSlots, code};
use iota_core::slot::SignedSlotList;

use crate::app_state::AppState;
use crate::auth::{FreshWebSession, WebSession};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::packs::RecordKind;
use crate::records::{open_slots, seal_slots};
use crate::store::account;

/// Replaces the slot list by the next version. The same list again is fine.
///
/// # Errors
/// `conflict` when the list changed meanwhile, `bad_credentials` when it is not signed by the account.
pub async fn replace(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    Json(change): Json<ChangeSlots>,
) -> ApiResult<StatusCode> {
    let slots = check(&change, &session, &state).await?;
    let mut transaction = state.pool().begin().await?;
    let current = account::lock_slots(&mut transaction, session.account_no).await?;
    let current = current.ok_or_else(|| ApiError::not_found("account"))?;
    if open_slots(state.host_key(), session.account, &current)?.encode() == change.slot_list.0 {
        return Ok(StatusCode::NO_CONTENT);
    }
    let version = open_slots(state.host_key(), session.account, &current)?.list.version;
    if version.checked_add(1) != Some(slots.list.version) {
        return Err(ApiError::new(code::CONFLICT, "the slots have changed meanwhile: load them again"));
    }
    let sealed = seal_slots(state.host_key(), session.account, &change.slot_list.0)?;
    account::set_slots(&mut transaction, session.account_no, slots.list.version, &sealed).await?;
    state.decide(session.account, vec![(RecordKind::Slots, sealed)]).await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What can be told without the list before.
async fn check(change: &ChangeSlots, session: &WebSession, state: &AppState) -> ApiResult<SignedSlotList> {
    let slots = SignedSlotList::decode(&change.slot_list.0)
        .map_err(|error| ApiError::bad_request(format!("the slot list cannot be read: {error}")))?;
    let account = account::find_by_no(state.pool(), session.account_no).await?;
    let account = account.ok_or_else(|| ApiError::not_found("account"))?;
    slots.verify(&account.identity).map_err(|_| {
        ApiError::new(
            code::BAD_CREDENTIALS,
            "the slot list is not signed by this account: unlock the vault and try again",
        )
    })?;
    if slots.list.account != session.account {
        return Err(ApiError::bad_request("the slot list is another account's"));
    }
    Ok(slots)
}
