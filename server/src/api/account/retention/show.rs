//! `GET /account/retention`.

use axum::extract::State;
use iota_core::api::json::Bytes;
use iota_core::api::retention::Retention;

use crate::app_state::AppState;
use crate::auth::Reader;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::decision;

/// All decisions, from the first on: readers tell by them whether what is gone went rightly.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>, reader: Reader) -> ApiResult<Json<Retention>> {
    let decisions = decision::list_of(&mut *state.pool().acquire().await?, reader.account_no).await?;
    Ok(Json(Retention { decisions: decisions.iter().map(|signed| Bytes(signed.encode())).collect() }))
}
