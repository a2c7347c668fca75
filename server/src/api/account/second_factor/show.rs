//! `GET /account/second-factor`.

use axum::extract::State;
use iota_core::api::json::SecondFactor;

use crate::app_state::AppState;
use crate::auth::WebSession;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::second_factor;

/// Whether it is on, and how many recovery codes are left.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>, session: WebSession) -> ApiResult<Json<SecondFactor>> {
    let left = second_factor::count(state.pool(), session.account_no).await?;
    Ok(Json(SecondFactor { on: left.is_some(), codes_left: left.unwrap_or(0) }))
}
