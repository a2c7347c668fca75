//! `GET /vault`.

use axum::extract::State;
use iota_core::api::json::{Bytes, Vault};

use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::records::open_slots;
use crate::store::account;

/// The slots and the identity of the caller's account.
///
/// # Errors
/// `unavailable`, `internal` when the slots do not open with this host key.
pub async fn show(State(state): State<AppState>, reader: Reader) -> ApiResult<Json<Vault>> {
    let gone = || ApiError::not_found("account");
    let found = account::find_by_no(state.pool(), reader.account_no).await?.ok_or_else(gone)?;
    let sealed = account::slot_list(state.pool(), reader.account_no).await?.ok_or_else(gone)?;
    let slots = open_slots(state.host_key(), found.account, &sealed)?;
    Ok(Json(Vault { account: found.account, identity: found.identity, slot_list: Bytes(slots.encode()) }))
}
