//! `POST /sets/{set}/restores`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{NewRestore, code};
use iota_core::id::SetId;
use iota_core::restore::{MAX_ORDER_BYTES, MAX_OUTCOME_BYTES, MAX_WAITING, SignedGrant};
use iota_core::retention::MAX_SKEW_MS;
use sqlx::PgConnection;

use crate::api::sets::{no_commit, no_set};
use crate::app_state::AppState;
use crate::auth::{FreshWebSession, WebSession};
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json};
use crate::store::restore_order::{self, OrderBytes, OrderRows};
use crate::store::{account, backup_set, commit, device};

/// Keeps an order for the newest machine of a set, and lets it read what its grant opens. The same again is fine.
///
/// # Errors
/// `bad_request`, `bad_credentials` when the account has not signed it, `conflict` when the machine was replaced or too many orders wait,
/// `not_found` when there is no such set or snapshot, `unavailable`.
pub async fn create(
    State(state): State<AppState>,
    FreshWebSession(session): FreshWebSession,
    InPath(set): InPath<SetId>,
    Json(new): Json<NewRestore>,
) -> ApiResult<StatusCode> {
    if new.note.0.len() > MAX_OUTCOME_BYTES {
        return Err(ApiError::bad_request(format!(
            "what the owner keeps of an order may have {MAX_OUTCOME_BYTES} bytes"
        )));
    }
    let signed = check(&new, set, &session, &state).await?;
    let mut transaction = state.pool().begin().await?;
    let locked = backup_set::lock(&mut transaction, set).await?;
    let locked = locked.filter(|locked| locked.account_no == session.account_no).ok_or_else(no_set)?;
    if restore_order::is_known(&mut transaction, &signed).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let rows = rows(&mut transaction, &signed, locked.set_no, &session).await?;
    let now_ms = state.now_ms();
    if restore_order::count_open(&mut transaction, rows.device_no, now_ms).await? >= MAX_WAITING as u64 {
        let message =
            format!("{MAX_WAITING} restores wait for this machine already: cancel some, or let it do them first");
        return Err(ApiError::new(code::CONFLICT, message));
    }
    let bytes = OrderBytes { sealed: &new.order.sealed.0, objects: &new.objects.0, note: &new.note.0 };
    restore_order::trim(&mut transaction, locked.set_no, now_ms).await?;
    if !restore_order::insert(&mut transaction, rows, &signed, bytes).await? {
        return Err(ApiError::new(code::CONFLICT, "another order has this id: order it again"));
    }
    transaction.commit().await?;
    state.relay().note_restores(locked.set_no);
    state.events().publish_set(session.account_no, set);
    Ok(StatusCode::NO_CONTENT)
}

/// What can be told without the set.
async fn check(new: &NewRestore, set: SetId, session: &WebSession, state: &AppState) -> ApiResult<SignedGrant> {
    let order = &new.order;
    if order.sealed.0.len() > MAX_ORDER_BYTES {
        return Err(ApiError::bad_request(format!(
            "a sealed order may have {MAX_ORDER_BYTES} bytes: name fewer paths"
        )));
    }
    let signed = SignedGrant::decode(&order.grant.0)
        .map_err(|error| ApiError::bad_request(format!("the grant cannot be read: {error}")))?;
    let account = account::find_by_no(state.pool(), session.account_no).await?;
    let account = account.ok_or_else(|| ApiError::not_found("account"))?;
    signed.verify(&account.identity, &order.sealed.0).map_err(|_| {
        ApiError::new(
            code::BAD_CREDENTIALS,
            "the grant is not signed by this account for this order: unlock the vault and try again",
        )
    })?;
    if signed.grant.account != session.account || signed.grant.machine != set {
        return Err(ApiError::bad_request("the grant is for another machine"));
    }
    signed
        .grant
        .opens
        .with_list(&new.objects.0)
        .map_err(|error| ApiError::bad_request(format!("the list of objects is not the one of the grant: {error}")))?;
    if state.now_ms().abs_diff(signed.grant.ordered_ms) > MAX_SKEW_MS {
        return Err(ApiError::bad_request(
            "the clock of this device and that of the server are more than an hour apart: set the one that is wrong",
        ));
    }
    Ok(signed)
}

async fn rows(
    connection: &mut PgConnection,
    signed: &SignedGrant,
    set_no: i64,
    session: &WebSession,
) -> ApiResult<OrderRows> {
    let writer = device::writer(connection, set_no).await?.filter(|(_, device)| *device == signed.grant.device);
    let (device_no, _) = writer.ok_or_else(|| {
        ApiError::new(code::CONFLICT, "this machine was replaced or its key taken away: load the page again")
    })?;
    let source = backup_set::find_of(connection, session.account_no, signed.grant.source).await?;
    let source_set_no = source.ok_or_else(no_set)?;
    if !commit::is_shown(connection, source_set_no, signed.grant.seq).await? {
        return Err(no_commit());
    }
    Ok(OrderRows { set_no, device_no, source_set_no })
}
