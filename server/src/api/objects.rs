//! `POST /objects/read`.

use std::collections::BTreeMap;

use axum::extract::State;
use bytes::Bytes;
use iota_core::api::frames::ObjectFrame;
use iota_core::api::{MAX_READ_OBJECTS, MAX_UPLOAD_BYTES};
use iota_core::id::Cid;
use iota_core::pack::RecordKind;
use iota_core::refs::{Reference, decode_references};
use iota_core::wire::Writer;

use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::{ApiError, ApiResult};
use crate::extract::Octets;
use crate::packs::{PackError, Place};
use crate::store::{chunk, domain};

/// Objects that snapshots of the account use, in the order asked; empty where there is none. An answer that gets long ends
/// after at least one object.
///
/// # Errors
/// `bad_request`, `unavailable`.
pub async fn read(State(state): State<AppState>, reader: Reader, Octets(body): Octets) -> ApiResult<Octets> {
    let wanted = parse(&body)?;
    let places = places_of(&state, &reader, &wanted).await?;
    answer(&state, &wanted, &places).await
}

/// The references that are asked for.
///
/// # Errors
/// `bad_request`.
pub fn parse(body: &[u8]) -> ApiResult<Vec<Reference>> {
    decode_references(body, MAX_READ_OBJECTS).map_err(|error| ApiError::bad_request(error.to_string()))
}

/// The objects of as many of the first references as fit one answer, by where they lie.
///
/// # Errors
/// `unavailable`.
pub async fn answer(state: &AppState, wanted: &[Reference], places: &BTreeMap<Cid, Place>) -> ApiResult<Octets> {
    let wanted = fitting(wanted, places);
    let objects = read_objects(state, wanted, places).await?;
    let mut writer = Writer::new();
    for &reference in wanted {
        let object = objects.get(&reference.cid).map_or(&[][..], |object| &object[..]);
        ObjectFrame { reference, object }.write(&mut writer);
    }
    Ok(Octets(writer.finish().into()))
}

async fn places_of(state: &AppState, reader: &Reader, wanted: &[Reference]) -> ApiResult<BTreeMap<Cid, Place>> {
    let mut connection = state.pool().acquire().await?;
    let Some(domain_no) = domain::find_private(&mut connection, reader.account_no).await? else {
        return Ok(BTreeMap::new());
    };
    let cids: Vec<Cid> = wanted.iter().map(|reference| reference.cid).collect();
    Ok(chunk::find_used(&mut connection, reader.account_no, domain_no, &cids).await?.into_iter().collect())
}

/// As many of the first references as fit one answer, and at least one.
fn fitting<'a>(wanted: &'a [Reference], places: &BTreeMap<Cid, Place>) -> &'a [Reference] {
    let mut bytes = 0;
    let fits = wanted.iter().take_while(|reference| {
        let object_bytes = places.get(&reference.cid).map_or(0, |place| place.payload_bytes as usize);
        bytes += ObjectFrame::HEADER_BYTES + object_bytes;
        bytes <= MAX_UPLOAD_BYTES
    });
    let count = fits.count().max(1).min(wanted.len());
    &wanted[..count]
}

/// Reads each object once. One that is damaged is left out, named in the log and marked, so that it is sent again.
async fn read_objects(
    state: &AppState,
    wanted: &[Reference],
    places: &BTreeMap<Cid, Place>,
) -> ApiResult<BTreeMap<Cid, Bytes>> {
    let mut found: BTreeMap<Cid, Place> = BTreeMap::new();
    found.extend(wanted.iter().filter_map(|reference| Some((reference.cid, *places.get(&reference.cid)?))));
    let records = state.packs().read_all(found.values().copied().collect()).await?;
    let mut objects = BTreeMap::new();
    for ((cid, place), record) in found.into_iter().zip(records) {
        match record {
            Ok(record) if record.kind == RecordKind::Object && record.id == cid.0 => {
                objects.insert(cid, record.payload);
            }
            Ok(_) => mark_damaged(state, place, "another record stands there").await?,
            Err(PackError::Damaged { reason, .. }) => mark_damaged(state, place, &reason).await?,
            // It costs itself, as damage does, but is not remembered: `doctor` says what is gone for good.
            Err(error @ PackError::Away { .. }) => tracing::error!(%error, "a stored object is left out of an answer"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(objects)
}

async fn mark_damaged(state: &AppState, place: Place, reason: &str) -> ApiResult<()> {
    tracing::error!(%place, reason, "a stored object is damaged; machines that still have its content send it again");
    chunk::mark_damaged(&mut *state.pool().acquire().await?, place).await?;
    Ok(())
}
