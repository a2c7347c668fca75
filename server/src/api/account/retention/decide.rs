//! `PUT /account/retention`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::json::{Event, code};
use iota_core::api::retention::Decide;
use iota_core::id::SetId;
use iota_core::retention::{Decision, Deletion, MAX_SKEW_MS, Policy, SignedDecision, UNDO_MS, What};
use sqlx::PgConnection;

use crate::alerts::{self, AccountNews};
use crate::api::sets::no_set;
use crate::app_state::AppState;
use crate::auth::{WebSession, days_of_rest, lock_account};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::packs::RecordKind;
use crate::records::encode_decision;
use crate::store::{account, backup_set, closing, decision, deletion, device};

/// Takes the next decision of the account. The newest again is fine. All but taking one back needs a fresh proof.
///
/// # Errors
/// `reauthenticate`, `bad_request`, `bad_credentials` when the account has not signed it, `conflict` when another one came before or it
/// asks for what cannot be, `forbidden` when it takes something away soon after a recovery, `not_found`, `no_space`.
pub async fn replace(
    State(state): State<AppState>,
    session: WebSession,
    Json(decide): Json<Decide>,
) -> ApiResult<StatusCode> {
    let signed = read(&decide)?;
    let session = prove(session, &signed.decision.what, &state)?;
    check(&signed, &session, &state).await?;
    let mut transaction = state.pool().begin().await?;
    let locked = lock_account(&mut transaction, &session, &state).await?;
    let newest = decision::newest(&mut transaction, session.account_no).await?;
    if newest.as_ref() == Some(&signed) {
        return Ok(StatusCode::NO_CONTENT);
    }
    require_next(&signed.decision, newest.as_ref().map(|newest| &newest.decision))?;
    let now_ms = state.now_ms();
    let policies = decision::policies_of(&mut transaction, session.account_no).await?;
    let policy = policies.last().map_or_else(Policy::default, |(policy, _)| *policy);
    require_calm(&signed.decision.what, &policy, days_of_rest(&locked, now_ms))?;
    decision::insert(&mut transaction, session.account_no, &signed, now_ms).await?;
    let set = match signed.decision.what {
        What::Keep(wanted) => {
            if !wanted.covers(&policy) {
                let news = AccountNews::KeepsLess(now_ms + UNDO_MS);
                alerts::tell_account(&state, &mut transaction, session.account_no, news).await?;
            }
            None
        }
        What::Delete(deletion) => {
            delete(&mut transaction, &state, (session.account_no, signed.decision.version), &deletion).await?;
            Some(deletion.set)
        }
        What::Undo(version) => undo(&mut transaction, session.account_no, version).await?,
        What::Close => {
            close(&mut transaction, &state, (session.account_no, signed.decision.version)).await?;
            None
        }
    };
    let record = encode_decision(now_ms, &signed);
    state.decide(transaction, session.account, vec![(RecordKind::Decision, record)]).await?;
    if let Some(set) = set {
        state.events().publish_set(session.account_no, set);
    }
    state.events().publish(session.account_no, Event::Account);
    Ok(StatusCode::NO_CONTENT)
}

fn read(decide: &Decide) -> ApiResult<SignedDecision> {
    SignedDecision::decode(&decide.decision.0)
        .map_err(|error| ApiError::bad_request(format!("the decision cannot be read: {error}")))
}

/// The session, if its proof is fresh enough for what it decides. Taking a decision back gives nothing away and takes nothing away, and
/// the vault has signed it, so an open session does.
fn prove(session: WebSession, what: &What, state: &AppState) -> ApiResult<WebSession> {
    match what {
        What::Undo(_) => Ok(session),
        What::Keep(_) | What::Delete(_) | What::Close => Ok(session.fresh(state)?.0),
    }
}

/// What can be told without the decision before.
async fn check(signed: &SignedDecision, session: &WebSession, state: &AppState) -> ApiResult<()> {
    let account = account::find_by_no(state.pool(), session.account_no).await?;
    let account = account.ok_or_else(|| ApiError::not_found("account"))?;
    signed.verify(&account.identity).map_err(|_| {
        ApiError::new(
            code::BAD_CREDENTIALS,
            "the decision is not signed by this account: unlock the vault and try again",
        )
    })?;
    if signed.decision.account != session.account {
        return Err(ApiError::bad_request("the decision is another account's"));
    }
    // Readers tell by this time what an earlier policy may have let go.
    if state.now_ms().abs_diff(signed.decision.decided_ms) > MAX_SKEW_MS {
        return Err(ApiError::bad_request(
            "the clock of this device and that of the server are more than an hour apart: set the one that is wrong",
        ));
    }
    Ok(())
}

fn require_next(decision: &Decision, newest: Option<&Decision>) -> ApiResult<()> {
    let (version, decided_ms) = newest.map_or((0, 0), |newest| (newest.version, newest.decided_ms));
    if decision.version != version + 1 {
        return Err(ApiError::new(code::CONFLICT, "the account has decided something else meanwhile: load it again"));
    }
    if decision.decided_ms < decided_ms {
        let message =
            "the clock of this device is behind that of the one which decided last: set it, or try again later";
        return Err(ApiError::new(code::CONFLICT, message));
    }
    Ok(())
}

/// Whoever set the login by proof of the vault may not take anything away for a while: its owner, who hears of it, has time to set another.
fn require_calm(what: &What, policy: &Policy, days: Option<u64>) -> ApiResult<()> {
    let takes_away = match what {
        What::Keep(wanted) => !wanted.covers(policy),
        What::Delete(_) | What::Close => true,
        What::Undo(_) => false,
    };
    let Some(days) = days.filter(|_| takes_away) else { return Ok(()) };
    let message = format!(
        "a new password was set with a key of the vault, so nothing is deleted or kept shorter for 14 days: {days} to go. Keeping more, \
         and taking a deletion back, can be done now"
    );
    Err(ApiError::new(code::FORBIDDEN, message))
}

/// Hides commits of a set. Its newest goes only with all others, and when nobody writes the set: the next commit would build on it.
async fn delete(
    connection: &mut PgConnection,
    state: &AppState,
    (account_no, version): (i64, u64),
    one: &Deletion,
) -> ApiResult<()> {
    let locked = backup_set::lock(connection, one.set).await?;
    let set = locked.filter(|set| set.account_no == account_no).ok_or_else(no_set)?;
    if one.last > set.head_seq {
        return Err(ApiError::not_found("snapshot in this backup set"));
    }
    if one.last == set.head_seq {
        let certificates = device::certificates(connection, set.set_no).await?;
        if !certificates.last().is_some_and(|newest| newest.certificate.is_revocation()) {
            let message = "a machine that backs up builds on its newest snapshot: take its key away first, or leave that snapshot";
            return Err(ApiError::new(code::CONFLICT, message));
        }
        if one.first != 1 {
            return Err(ApiError::new(code::CONFLICT, "the newest snapshot goes with all others, or stays"));
        }
    }
    let now_ms = state.now_ms();
    deletion::insert(connection, (account_no, version), set.set_no, one, now_ms + UNDO_MS).await?;
    alerts::tell_deletion(state, connection, set.set_no, now_ms + UNDO_MS).await
}

/// Notes that the account is to go.
async fn close(connection: &mut PgConnection, state: &AppState, (account_no, version): (i64, u64)) -> ApiResult<()> {
    if closing::closes_ms(connection, account_no).await?.is_some() {
        return Err(ApiError::new(code::CONFLICT, "this account is to be deleted already"));
    }
    let closes_ms = state.now_ms() + UNDO_MS;
    closing::set(connection, account_no, version, closes_ms).await?;
    alerts::tell_account(state, connection, account_no, AccountNews::Closing(closes_ms)).await
}

/// Takes back what a version decided; returns the set of a deletion.
async fn undo(connection: &mut PgConnection, account_no: i64, version: u64) -> ApiResult<Option<SetId>> {
    if closing::undo(connection, account_no, version).await? {
        return Ok(None);
    }
    let undone = deletion::undo(connection, account_no, version).await?;
    undone.map(Some).ok_or_else(|| {
        let message = "this deletion cannot be taken back: it is final, or was taken back already";
        ApiError::new(code::CONFLICT, message)
    })
}
