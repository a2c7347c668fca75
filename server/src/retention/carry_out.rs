//! Deletions that can be taken back no more.

use super::PAGE_COMMITS;
use super::thin::let_go;
use crate::app_state::AppState;
use crate::error::ApiResult;
use crate::store::deletion::{self, FinalDeletion};
use crate::store::{backup_set, commit};

/// Makes final what is due at `agreed_ms`, if there is such a time, and lets go what final deletions name.
pub(super) async fn carry_out(state: &AppState, agreed_ms: Option<u64>) -> ApiResult<()> {
    if let Some(agreed_ms) = agreed_ms {
        deletion::finish_due(&mut *state.pool().acquire().await?, agreed_ms).await?;
    }
    let all = deletion::list_final(&mut *state.pool().acquire().await?).await?;
    let mut outcome = Ok(());
    for one in all {
        outcome = to_the_end(state, &one).await.and(outcome);
    }
    outcome
}

async fn to_the_end(state: &AppState, one: &FinalDeletion) -> ApiResult<()> {
    while !step(state, one).await? {}
    Ok(())
}

/// Returns whether nothing is left.
async fn step(state: &AppState, one: &FinalDeletion) -> ApiResult<bool> {
    let _place = state.take_set(one.set_no).await?;
    let mut transaction = state.pool().begin().await?;
    backup_set::lock_head(&mut transaction, one.set_no).await?;
    let range = (one.deletion.first, one.deletion.last);
    let seqs = commit::kept_within(&mut transaction, one.set_no, range, PAGE_COMMITS).await?;
    if seqs.is_empty() {
        deletion::delete(&mut transaction, one.account_no, one.version).await?;
        transaction.commit().await?;
        return Ok(true);
    }
    let_go(state, transaction, (one.account, one.deletion.set, one.set_no), seqs).await?;
    Ok(false)
}
