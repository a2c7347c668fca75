//! Programs that this server hands out, and the script that installs one.

pub mod fetch;
pub mod list;
pub mod script;

use crate::app_state::AppState;
use crate::downloads::Program;
use crate::error::{ApiError, ApiResult};

/// The programs, by name. Files are read aside.
async fn programs(state: &AppState) -> ApiResult<Vec<Program>> {
    let state = state.clone();
    let listed = tokio::task::spawn_blocking(move || state.downloads().list()).await;
    let listed = listed.map_err(|_| ApiError::unavailable())?;
    listed.map_err(|error| {
        tracing::error!(%error, "the downloads cannot be read");
        ApiError::internal()
    })
}
