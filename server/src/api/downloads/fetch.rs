//! `GET /download/{name}`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::programs;
use crate::app_state::AppState;
use crate::client_address::Network;
use crate::error::{ApiError, ApiResult};
use crate::extract::InPath;

/// One program, as its hash says.
///
/// # Errors
/// `not_found`, `too_many_requests`.
pub async fn show(
    State(state): State<AppState>,
    network: Network,
    InPath(name): InPath<String>,
) -> ApiResult<Response> {
    state.take_stranger(network)?;
    let found = programs(&state).await?.into_iter().find(|program| program.info.name == name);
    let program = found.ok_or_else(|| ApiError::not_found("download; `GET /api/v1/downloads` lists all of them"))?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        // The name has letters, digits, `-` and `_` only.
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", program.info.name)),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    Ok((headers, program.bytes).into_response())
}
