//! `GET /server`: what a client needs to know before it signs in.

use axum::extract::State;
use iota_core::api::json::ServerInfo;
use iota_core::id::Digest;

use crate::app_state::AppState;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::store::account;

/// Tells everybody who this server is.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>) -> ApiResult<Json<ServerInfo>> {
    let needs_setup = !account::exists_any(state.pool()).await?;
    Ok(Json(ServerInfo {
        server_id: state.server_id(),
        version: env!("CARGO_PKG_VERSION").into(),
        api: vec![1],
        needs_setup,
        key_pin: state.pin().map(|pin| Digest(pin.0)),
    }))
}
