//! `POST /agent/uploads/{upload}/objects`.

use std::collections::BTreeMap;

use axum::extract::State;
use bytes::Bytes;
use iota_core::api::frames::decode_objects;
use iota_core::api::json::{UploadAnswer, code};
use iota_core::api::{MAX_UPLOAD_BYTES, MAX_UPLOAD_OBJECTS};
use iota_core::id::{Cid, UploadId};
use iota_core::pack::RecordKind;

use super::{hold_open, malformed, note_received};
use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::{ApiError, ApiResult};
use crate::extract::{InPath, Json, Octets};
use crate::packs::{Place, Record};
use crate::store::{chunk, domain};

/// Stores objects that are not here yet. What is answered is durable.
///
/// # Errors
/// `bad_request` when an object is not what its id says, `too_large`, `upload_ended`, `device_replaced`, `no_space`,
/// `unavailable`.
pub async fn create(
    State(state): State<AppState>,
    machine: Machine,
    InPath(upload): InPath<UploadId>,
    Octets(body): Octets,
) -> ApiResult<Json<UploadAnswer>> {
    if body.len() > MAX_UPLOAD_BYTES {
        return Err(ApiError::new(code::TOO_LARGE, "the objects of one request are longer than 40 MiB: send fewer"));
    }
    let mut objects = verify(body).await?;
    let cids: Vec<Cid> = objects.keys().copied().collect();

    let mut transaction = state.pool().begin().await?;
    hold_open(&mut transaction, upload, &machine, state.now_ms()).await?;
    let domain_no = domain::private_of(&mut transaction, machine.account_no).await?;
    let known = chunk::keep(&mut transaction, domain_no, &cids).await?;
    transaction.commit().await?;

    objects.retain(|cid, _| !known.contains(cid));
    let answer = UploadAnswer { stored: objects.len() as u32, known: known.len() as u32 };
    let mut received_bytes = 0;
    if !objects.is_empty() {
        let stored = write(&state, &machine, objects).await?;
        chunk::insert(&mut *state.pool().acquire().await?, domain_no, &stored).await?;
        received_bytes = stored.iter().map(|(_, place)| u64::from(place.payload_bytes)).sum();
    }
    note_received(&state, &machine, upload, received_bytes).await?;
    Ok(Json(answer))
}

/// The objects of a body by their ids, each hashed; nothing is written before all of them hold.
async fn verify(body: Bytes) -> ApiResult<BTreeMap<Cid, Bytes>> {
    let hashed = tokio::task::spawn_blocking(move || {
        let frames = decode_objects(&body, MAX_UPLOAD_OBJECTS).map_err(malformed)?;
        let mut objects = BTreeMap::new();
        for frame in frames {
            let cid = frame.reference.cid;
            if frame.object.is_empty() || Cid::of(frame.object) != cid {
                return Err(ApiError::bad_request(format!("object {cid} is not what its id says: send it again")));
            }
            objects.insert(cid, body.slice_ref(frame.object));
        }
        Ok(objects)
    });
    hashed.await.unwrap_or_else(|_| Err(ApiError::unavailable()))
}

/// Makes objects durable. Returns where they lie, ascending by id.
async fn write(state: &AppState, machine: &Machine, objects: BTreeMap<Cid, Bytes>) -> ApiResult<Vec<(Cid, Place)>> {
    let cids: Vec<Cid> = objects.keys().copied().collect();
    let record = |(cid, payload): (Cid, Bytes)| Record {
        kind: RecordKind::Object,
        owner: machine.account,
        domain: iota_core::id::Domain::PRIVATE,
        id: cid.0,
        payload,
    };
    let places = state.packs().append(objects.into_iter().map(record).collect()).await?;
    Ok(cids.into_iter().zip(places).collect())
}
