//! `GET /account/retention`.

use axum::extract::State;
use iota_core::api::json::Bytes;
use iota_core::api::retention::{HiddenSet, Retention};

use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::{backup_set, closing, decision, deletion};

/// All decisions, from the first on: readers tell by them whether what is gone went rightly.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>, reader: Reader) -> ApiResult<Json<Retention>> {
    let mut connection = state.pool().acquire().await?;
    let decisions = decision::list_of(&mut connection, reader.account_no).await?;
    let hidden = backup_set::list_hidden(&mut connection, reader.account_no).await?.into_iter();
    Ok(Json(Retention {
        decisions: decisions.iter().map(|signed| Bytes(signed.encode())).collect(),
        closes_ms: closing::closes_ms(&mut connection, reader.account_no).await?,
        hidden: hidden.map(|(set, label)| HiddenSet { set, label: Bytes(label) }).collect(),
        deletions: deletion::list_of(&mut connection, reader.account_no).await?,
    }))
}
