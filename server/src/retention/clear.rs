//! References that no snapshot needs: those that began and ended between two neighbours.

use crate::app_state::AppState;
use crate::error::ApiResult;
use crate::store::{backup_set, commit, reference};

/// References that one transaction takes away, and commits that it is done with.
const MOST: u64 = 10_000;

/// Takes away what only snapshots used that went. What remains of an interrupted round is told by the commits.
pub(super) async fn clear(state: &AppState) -> ApiResult<()> {
    let mut outcome = Ok(());
    for set_no in commit::sets_uncleared(state.pool()).await? {
        outcome = to_the_end(state, set_no).await.and(outcome);
    }
    outcome
}

async fn to_the_end(state: &AppState, set_no: i64) -> ApiResult<()> {
    while !step(state, set_no).await? {}
    Ok(())
}

/// Returns whether nothing is left of a set.
async fn step(state: &AppState, set_no: i64) -> ApiResult<bool> {
    let _place = state.take_set(set_no).await?;
    let mut transaction = state.pool().begin().await?;
    backup_set::lock_head(&mut transaction, set_no).await?;
    let Some((below, above)) = commit::uncleared(&mut transaction, set_no).await? else { return Ok(true) };
    let forgotten = reference::forget_between(&mut transaction, set_no, below, above, MOST).await?;
    if forgotten < MOST {
        commit::note_cleared(&mut transaction, set_no, below, above, MOST).await?;
    }
    transaction.commit().await?;
    Ok(false)
}
