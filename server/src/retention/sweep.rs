//! Chunks that nothing uses are marked, once a day. A mark takes nothing away: whoever is asked for the chunk, or sent it again, takes the
//! mark off.

use super::DAY_MS;
use crate::app_state::AppState;
use crate::error::ApiResult;
use crate::store::chunk::{self, ChunkKey};
use crate::store::sweep;

/// Chunks that one transaction looks at.
const PAGE_CHUNKS: usize = 4096;

/// Sweeps unless a sweep began within a day.
pub(super) async fn sweep_daily(state: &AppState) -> ApiResult<()> {
    let newest_ms = sweep::newest_ms(state.pool()).await?;
    if newest_ms.is_some_and(|begun_ms| state.now_ms().abs_diff(begun_ms) < DAY_MS) {
        return Ok(());
    }
    // One that was interrupted: its marks are committed.
    sweep::seal(state.pool()).await?;
    let number = sweep::begin(&mut *state.pool().acquire().await?, state.now_ms()).await?;
    let mut after = ChunkKey::START;
    loop {
        let mut transaction = state.pool().begin().await?;
        let Some(last) = chunk::condemn(&mut transaction, number, &after, PAGE_CHUNKS).await? else { break };
        transaction.commit().await?;
        after = last;
    }
    Ok(sweep::seal(state.pool()).await?)
}
