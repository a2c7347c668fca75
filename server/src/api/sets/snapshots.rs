//! `GET /sets/{set}/snapshots?before=SEQ&limit=N`.

use axum::extract::State;
use iota_core::api::json::{Bytes, SnapshotInfo};
use iota_core::id::SetId;
use serde::Deserialize;

use super::set_no_of;
use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::ApiResult;
use crate::extract::{InPath, Json, Query};
use crate::store::commit;

/// Most snapshots of one answer.
pub const MAX_SNAPSHOTS: u32 = 1000;

/// Which part of the list.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Part {
    /// Only older ones than this.
    before: Option<u64>,
    /// How many at most.
    limit: Option<u32>,
}

/// Snapshots of a set, newest first.
///
/// # Errors
/// `not_found`, `unavailable`.
pub async fn show(
    State(state): State<AppState>,
    reader: Reader,
    InPath(set): InPath<SetId>,
    Query(part): Query<Part>,
) -> ApiResult<Json<Vec<SnapshotInfo>>> {
    let set_no = set_no_of(&state, &reader, set).await?;
    let (before, limit) = (part.before.unwrap_or(u64::MAX), part.limit.unwrap_or(MAX_SNAPSHOTS).min(MAX_SNAPSHOTS));
    let commits = commit::list_before(&mut *state.pool().acquire().await?, set_no, before, limit).await?;
    // One whose header is lost cannot be restored, and hides no other.
    let infos = commits.iter().filter_map(|commit| {
        let header = Bytes(commit.header.as_ref()?.encode());
        Some(SnapshotInfo { seq: commit.seq, received_ms: commit.received_ms, header, live_bytes: commit.live_bytes })
    });
    Ok(Json(infos.collect()))
}
