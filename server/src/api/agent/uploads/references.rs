//! `PUT /agent/uploads/{upload}/references/{part}`.

use axum::extract::State;
use axum::http::StatusCode;
use iota_core::api::MAX_REFERENCES_PART_BYTES;
use iota_core::api::json::code;
use iota_core::id::UploadId;
use iota_core::refs::{Reference, decode_references};

use super::{hold_open, malformed};
use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Octets};
use crate::packs::PackError;
use crate::store::staged_part;

/// Most parts of one list: 130 million references.
pub const MAX_PARTS: u32 = 256;

/// Keeps a part of a full reference list until its commit comes.
///
/// # Errors
/// `bad_request`, `too_large`, `upload_ended`, `device_replaced`, `unavailable`.
pub async fn put(
    State(state): State<AppState>,
    machine: Machine,
    InPath((upload, part)): InPath<(UploadId, u32)>,
    Octets(list): Octets,
) -> ApiResult<StatusCode> {
    if part >= MAX_PARTS {
        return Err(ApiError::new(code::TOO_LARGE, format!("a list has at most {MAX_PARTS} parts: use longer ones")));
    }
    decode_references(&list, MAX_REFERENCES_PART_BYTES / Reference::BYTES).map_err(malformed)?;
    if !state.packs().allows_commits()? {
        return Err(PackError::NoSpace.into());
    }
    let mut transaction = state.pool().begin().await?;
    hold_open(&mut transaction, upload, &machine, state.now_ms()).await?;
    staged_part::put(&mut transaction, upload, part, &list).await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
