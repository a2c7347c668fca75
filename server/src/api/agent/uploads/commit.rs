//! `POST /agent/uploads/{upload}/commit`.

use axum::extract::State;
use iota_core::api::frames::CommitFrame;
use iota_core::api::json::CommitAnswer;
use iota_core::id::UploadId;

use super::malformed;
use crate::app_state::AppState;
use crate::auth::Machine;
use crate::commits;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json, Octets};

/// Makes a commit part of the log. Goes on to its end when the client does not wait for it.
///
/// # Errors
/// Those of [`commits::accept`], and `bad_request`, `too_large`.
pub async fn create(
    State(state): State<AppState>,
    machine: Machine,
    InPath(upload): InPath<UploadId>,
    Octets(body): Octets,
) -> ApiResult<Json<CommitAnswer>> {
    let frame = CommitFrame::decode(&body).map_err(malformed)?;
    drop(body);
    let seat = state.take_set(machine.set_no).await?;
    let accepted = tokio::spawn(async move {
        let accepted = commits::accept(&state, &machine, upload, &frame).await;
        drop(seat);
        accepted
    });
    match accepted.await {
        Ok(answer) => answer.map(Json),
        Err(_) => Err(ApiError::unavailable()),
    }
}
