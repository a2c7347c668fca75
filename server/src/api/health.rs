//! `GET /health`: whether the database and the packs can be used.

use axum::extract::State;
use serde::Serialize;

use crate::app_state::AppState;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::account;

/// The answer.
#[derive(Debug, Serialize)]
pub struct Health {
    status: &'static str,
}

/// Asks the database something small.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>) -> ApiResult<Json<Health>> {
    account::exists_any(state.pool()).await?;
    Ok(Json(Health { status: "ok" }))
}
