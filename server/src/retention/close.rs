//! Accounts that are to go, and cannot be brought back any more.

use crate::app_state::AppState;
use crate::error::ApiResult;
use crate::packs::RecordKind;
use crate::records::encode_closed;
use crate::store::closing;

/// Rows that one transaction takes away of each kind.
const MOST: u64 = 10_000;

/// Makes final what is due at `agreed_ms`, if there is such a time, and takes closed accounts apart. What remains of an interrupted
/// round is told by their rows; one that fails holds no other one up.
pub(super) async fn close(state: &AppState, agreed_ms: Option<u64>) -> ApiResult<()> {
    let mut outcome = Ok(());
    if let Some(agreed_ms) = agreed_ms {
        for account_no in closing::due(state.pool(), agreed_ms).await? {
            outcome = finish(state, account_no, agreed_ms).await.and(outcome);
        }
    }
    for set_no in closing::sets(state.pool()).await? {
        outcome = to_the_end(state, set_no).await.and(outcome);
    }
    closing::forget_accounts(&mut *state.pool().acquire().await?).await?;
    outcome
}

async fn to_the_end(state: &AppState, set_no: i64) -> ApiResult<()> {
    while !step(state, set_no).await? {}
    Ok(())
}

async fn finish(state: &AppState, account_no: i64, agreed_ms: u64) -> ApiResult<()> {
    let mut transaction = state.pool().begin().await?;
    let Some(account) = closing::close(&mut transaction, account_no, agreed_ms).await? else { return Ok(()) };
    tracing::info!(%account, "an account goes, as it decided");
    let record = encode_closed(state.now_ms());
    state.decide(transaction, account, vec![(RecordKind::Closed, record)]).await
}

/// Returns whether the set is gone.
async fn step(state: &AppState, set_no: i64) -> ApiResult<bool> {
    let _place = state.take_set(set_no).await?;
    let mut transaction = state.pool().begin().await?;
    let is_gone = closing::forget_set(&mut transaction, set_no, MOST).await?;
    transaction.commit().await?;
    Ok(is_gone)
}
