//! `GET /health`: whether the database and the packs can be used.

use axum::extract::State;
use serde::Serialize;

use crate::app_state::AppState;
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::store::account;

/// The answer.
#[derive(Debug, Serialize)]
pub struct Health {
    status: &'static str,
}

/// Asks the database and the disk of the packs something small.
///
/// # Errors
/// `unavailable`.
pub async fn show(State(state): State<AppState>) -> ApiResult<Json<Health>> {
    account::exists_any(state.pool()).await?;
    state.packs().space().map_err(|error| {
        tracing::error!(%error, "the disk of the packs cannot be used");
        ApiError::unavailable()
    })?;
    Ok(Json(Health { status: "ok" }))
}

#[cfg(test)]
mod tests {
    use crate::test_support::TestServer;

    #[tokio::test]
    async fn a_server_without_its_packs_is_not_healthy() {
        let server = TestServer::start().await;
        assert_eq!(server.stranger().health().await, 200);
        std::fs::remove_dir_all(server.data.path().join("packs")).unwrap();
        assert_eq!(server.stranger().health().await, 503);
    }

    #[tokio::test]
    async fn a_server_without_its_database_is_not_healthy() {
        let server = TestServer::start().await;
        server.pool().close().await;
        assert_eq!(server.stranger().health().await, 503);
    }
}
