//! `POST /agent/uploads/{upload}/have`.

use axum::extract::State;
use iota_core::api::MAX_HAVE_IDS;
use iota_core::api::frames::encode_bitmap;
use iota_core::id::{Cid, UploadId};
use iota_core::refs::decode_references;

use super::{hold_open, malformed, note_received};
use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::ApiResult;
use crate::extract::{InPath, Octets};
use crate::store::{chunk, domain};

/// Which of the references are here and whole. Those stay while the session is open.
///
/// # Errors
/// `bad_request`, `too_large`, `upload_ended`, `device_replaced`, `unavailable`.
pub async fn create(
    State(state): State<AppState>,
    machine: Machine,
    InPath(upload): InPath<UploadId>,
    Octets(body): Octets,
) -> ApiResult<Octets> {
    let references = decode_references(&body, MAX_HAVE_IDS).map_err(malformed)?;
    let mut cids: Vec<Cid> = references.iter().map(|reference| reference.cid).collect();
    cids.sort_unstable();
    cids.dedup();
    let mut transaction = state.pool().begin().await?;
    hold_open(&mut transaction, upload, &machine, state.now_ms()).await?;
    let domain_no = domain::private_of(&mut transaction, machine.account_no).await?;
    let known = chunk::keep(&mut transaction, domain_no, &cids).await?;
    transaction.commit().await?;
    note_received(&state, &machine, upload, 0).await?;
    let bits: Vec<bool> = references.iter().map(|reference| known.contains(&reference.cid)).collect();
    Ok(Octets(encode_bitmap(&bits).into()))
}
