//! `GET /sets/{set}/segment?at=SEQ&after=SEQ`.

use std::io;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use iota_core::api::frames::Segment;
use iota_core::id::SetId;
use iota_core::wire::Writer;
use serde::Deserialize;

use super::{no_commit, set_no_of};
use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Query};
use crate::log;
use crate::store::commit::{self, Commit};

/// Sealed bodies that are in memory at one time, about.
const GROUP_BYTES: u64 = 8 << 20;

/// The commit whose state is wanted.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct At {
    /// Its number.
    at: u64,
    /// The reader knows everything from the base of the state to this commit.
    after: Option<u64>,
}

/// The path from the head to a snapshot, and the commits from the base to it, also those that are snapshots no more; of one that is
/// known and not below the base, only those that follow. Their bodies are read while they are sent.
///
/// # Errors
/// `bad_request`, `not_found`, `unavailable`. An answer that ends early ended because a body is damaged; the log says which.
pub async fn show(
    State(state): State<AppState>,
    reader: Reader,
    InPath(set): InPath<SetId>,
    Query(At { at, after }): Query<At>,
) -> ApiResult<Response> {
    let set_no = set_no_of(&state, &reader, set).await?;
    if after.is_some_and(|after| after >= at) {
        return Err(ApiError::bad_request("nothing of a state lies after it; ask with `after` below `at`"));
    }
    answer(state, set_no, at, after).await
}

/// The same of a set by its row, for whoever may read it.
///
/// # Errors
/// As [`show`].
pub async fn answer(state: AppState, set_no: i64, at: u64, after: Option<u64>) -> ApiResult<Response> {
    if !commit::is_shown(&mut *state.pool().acquire().await?, set_no, at).await? {
        return Err(no_commit());
    }
    let path = log::path(&state, set_no, None, at).await?.ok_or_else(no_commit)?;
    let base_seq = path.last().ok_or_else(no_commit)?.base_seq;
    let first = after.filter(|&after| after >= base_seq).map_or(base_seq, |after| after + 1);
    let seqs: Vec<u64> = (first..=at).collect();
    let commits = commit::find_all(&mut *state.pool().acquire().await?, set_no, &seqs).await?;
    if commits.len() != seqs.len() {
        return Err(no_commit());
    }
    let start = encode_start(&path, commits.len())?;
    // The first group decides between an answer and an error; after that the status has been sent.
    let mut groups = groups_of(commits).into_iter();
    let first = encode_group(state.clone(), groups.next().unwrap_or_default()).await?;
    let rest = stream::iter(groups).then(move |group| encode_group(state.clone(), group));
    let rest = rest.map_err(|_| io::Error::other("a body is damaged"));
    let body = Body::from_stream(stream::iter([Ok(start), Ok(first)]).chain(rest));
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], body).into_response())
}

fn encode_start(path: &[Commit], commits: usize) -> ApiResult<Bytes> {
    let path = log::headers(path)?;
    let mut bytes = Segment { path, commits: Vec::new() }.encode();
    // The number of commits is the last field of a segment without any.
    bytes.truncate(bytes.len() - 4);
    bytes.extend_from_slice(&(commits as u32).to_le_bytes());
    Ok(bytes.into())
}

async fn encode_group(state: AppState, commits: Vec<Commit>) -> Result<Bytes, ApiError> {
    let headers = log::headers(&commits)?;
    let bodies = log::bodies(&state, &commits).await?;
    let mut writer = Writer::new();
    for (header, body) in headers.iter().zip(bodies) {
        writer.raw(&header.encode()).u32(body.len() as u32).raw(&body);
    }
    Ok(writer.finish().into())
}

/// Neighbours, as many as fit together.
fn groups_of(commits: Vec<Commit>) -> Vec<Vec<Commit>> {
    let mut groups: Vec<Vec<Commit>> = Vec::new();
    let mut bytes = u64::MAX;
    for commit in commits {
        bytes = bytes.saturating_add(u64::from(commit.body.payload_bytes));
        match groups.last_mut().filter(|_| bytes <= GROUP_BYTES) {
            Some(group) => group.push(commit),
            None => {
                bytes = u64::from(commit.body.payload_bytes);
                groups.push(vec![commit]);
            }
        }
    }
    groups
}
