//! `GET /sets`.

use axum::extract::State;
use iota_core::api::json::{Bytes, SetInfo};

use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::log;
use crate::store::{backup_set, device};

/// The backup sets of the account, in the order in which they were made.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>, reader: Reader) -> ApiResult<Json<Vec<SetInfo>>> {
    let sets = backup_set::list_of(&mut *state.pool().acquire().await?, reader.account_no).await?;
    let mut infos = Vec::with_capacity(sets.len());
    for set in sets {
        let certificates = device::certificates(&mut *state.pool().acquire().await?, set.set_no).await?;
        let Some(newest) = certificates.last() else { continue };
        infos.push(SetInfo {
            set: set.set,
            device: newest.certificate.device,
            label: Bytes(set.label),
            created_ms: set.created_ms,
            certificates: certificates.iter().map(|signed| Bytes(signed.encode())).collect(),
            head: log::head_info(&state, set.set_no).await?,
            contact_ms: None,
            live_bytes: 0,
            upload: None,
        });
    }
    Ok(Json(infos))
}
