//! `POST /logout`.

use axum::http::{HeaderName, StatusCode};
use tower_sessions::Session;

use crate::auth::{WebSession, sign_out};
use crate::error::ApiResult;

/// Ends the session at once. What a browser has cached goes; its witnesses stay.
///
/// # Errors
/// `unavailable`.
pub async fn create(_: WebSession, session: Session) -> ApiResult<(StatusCode, [(HeaderName, &'static str); 1])> {
    sign_out(&session).await?;
    Ok((StatusCode::NO_CONTENT, [(HeaderName::from_static("clear-site-data"), "\"cache\"")]))
}
