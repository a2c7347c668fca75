//! `GET /sets/{set}/path?from=SEQ&to=SEQ`.

use axum::extract::State;
use iota_core::api::frames::Segment;
use iota_core::id::SetId;
use serde::Deserialize;

use super::{no_commit, set_no_of};
use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::ApiResult;
use crate::extract::{InPath, Octets, Query};
use crate::log;

/// Where the path begins and ends.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Ends {
    /// The commit that the reader knows as the head, which may be the newest no more; without it, the newest.
    from: Option<u64>,
    /// The lowest commit.
    to: u64,
}

/// The headers from a commit down to another: a segment without commits.
///
/// # Errors
/// `not_found`, `unavailable`.
pub async fn show(
    State(state): State<AppState>,
    reader: Reader,
    InPath(set): InPath<SetId>,
    Query(Ends { from, to }): Query<Ends>,
) -> ApiResult<Octets> {
    let set_no = set_no_of(&state, &reader, set).await?;
    let commits = log::path(&state, set_no, from, to).await?.ok_or_else(no_commit)?;
    let path = log::headers(&commits)?;
    Ok(Octets(Segment { path, commits: Vec::new() }.encode().into()))
}
