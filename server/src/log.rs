//! Reading the log of a set: headers from the database, bodies from the packs.

use iota_core::api::json::HeadInfo;
use iota_core::chain;
use iota_core::commit::SignedHeader;
use iota_core::pack::RecordKind;

use crate::app_state::AppState;
use crate::error::{ApiError, ApiResult};
use crate::packs::{PackError, Place, Record};
use crate::store::commit::Commit;
use crate::store::{backup_set, commit};

/// The newest commit of a set; `None` before the first.
///
/// # Errors
/// `unavailable`; `internal` when it is lost.
pub async fn head_info(state: &AppState, set_no: i64) -> ApiResult<Option<HeadInfo>> {
    let mut connection = state.pool().acquire().await?;
    let Some((seq, _)) = backup_set::head(&mut connection, set_no).await? else { return Ok(None) };
    let chain = backup_set::skip_chain(&mut connection, set_no, seq).await?;
    let found = commit::find(&mut connection, set_no, seq).await?.ok_or_else(|| missing(seq))?;
    let header = found.header.ok_or_else(|| missing(seq))?;
    Ok(Some(HeadInfo {
        seq,
        hash: found.hash,
        received_ms: found.received_ms,
        header: iota_core::api::json::Bytes(header.encode()),
        skip_chain: chain.hashes(),
    }))
}

/// The headers of commits, in their order.
///
/// # Errors
/// `internal` when one is lost.
pub fn headers(commits: &[Commit]) -> ApiResult<Vec<SignedHeader>> {
    commits.iter().map(|commit| commit.header.clone().ok_or_else(|| missing(commit.seq))).collect()
}

/// A record, when it is there and of this kind.
fn of_kind(kind: RecordKind, place: Place, record: Result<Record, PackError>) -> ApiResult<Record> {
    let record = record?;
    if record.kind == kind { Ok(record) } else { Err(not_it(place)) }
}

/// The sealed bodies of commits, in their order.
///
/// # Errors
/// `internal` when a record is damaged.
pub async fn bodies(state: &AppState, commits: &[Commit]) -> ApiResult<Vec<bytes::Bytes>> {
    let records = state.packs().read_all(commits.iter().map(|commit| commit.body).collect()).await?;
    let bodies = commits.iter().zip(records);
    bodies.map(|(commit, record)| Ok(of_kind(RecordKind::Body, commit.body, record)?.payload)).collect()
}

/// The commits of a set from `from`, or else the head, down to `to`, along prev and skip links; `None` when there is no such commit.
///
/// # Errors
/// `unavailable`; `internal` when a commit between is not there.
pub async fn path(state: &AppState, set_no: i64, from: Option<u64>, to: u64) -> ApiResult<Option<Vec<Commit>>> {
    let mut connection = state.pool().acquire().await?;
    let Some((head, _)) = backup_set::head(&mut connection, set_no).await? else { return Ok(None) };
    let from = from.unwrap_or(head);
    if from > head || !(1..=from).contains(&to) {
        return Ok(None);
    }
    let seqs = chain::path(from, to);
    let mut commits = commit::find_all(&mut connection, set_no, &seqs).await?;
    commits.reverse();
    let complete = commits.iter().map(|commit| commit.seq).eq(seqs.iter().copied());
    if complete { Ok(Some(commits)) } else { Err(missing(to)) }
}

fn missing(seq: u64) -> ApiError {
    tracing::error!(seq, "a commit on the way is lost; run `iota-server doctor`");
    ApiError::internal()
}

fn not_it(place: Place) -> ApiError {
    tracing::error!(%place, "a record of a commit is not what the database says; run `iota-server doctor --full`");
    ApiError::internal()
}
