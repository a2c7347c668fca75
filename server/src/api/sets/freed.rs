//! `POST /sets/{set}/freed`.

use axum::extract::State;
use iota_core::api::retention::{AskFreed, Freed, MAX_FREED};
use iota_core::id::SetId;

use super::set_no_of;
use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json};
use crate::store::{commit, reference};

/// Longest question, bytes: numbers of seven digits and what parts them.
pub const MAX_BYTES: usize = 1 << 20;

const ALL: (u64, u64) = (0, i64::MAX as u64);

/// How many sealed bytes only these snapshots of the set use: what a sweep would free if they were none.
///
/// # Errors
/// `bad_request`, `not_found`, `unavailable`, also when others are counting or it takes too long.
pub async fn show(
    State(state): State<AppState>,
    reader: Reader,
    InPath(set): InPath<SetId>,
    Json(AskFreed { gone }): Json<AskFreed>,
) -> ApiResult<Json<Freed>> {
    if gone.len() > MAX_FREED || !gone.is_sorted() {
        return Err(ApiError::bad_request(format!("name at most {MAX_FREED} snapshots, in ascending order")));
    }
    let set_no = set_no_of(&state, &reader, set).await?;
    let _place = state.take_counting()?;
    let mut transaction = state.pool().begin().await?;
    let mut stays = commit::kept_within(&mut transaction, set_no, ALL, i64::MAX as usize).await?;
    stays.retain(|seq| gone.binary_search(seq).is_err());
    let bytes = reference::bytes_used_between(&mut transaction, set_no, &stays).await?;
    Ok(Json(Freed { bytes }))
}
