//! How long a body may be: told from what is announced, before anything of it is read.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::error::ApiResult;
use crate::extract::body_error;

/// Middleware: refuses a body that is announced as longer than `limit_bytes`. What comes without being announced is cut off
/// at the same length by axum's own limit.
///
/// # Errors
/// `too_large`.
pub async fn refuse_long(State(limit_bytes): State<usize>, request: Request, next: Next) -> ApiResult<Response> {
    if announced(&request).is_some_and(|bytes| bytes > limit_bytes as u64) {
        return Err(body_error(StatusCode::PAYLOAD_TOO_LARGE));
    }
    Ok(next.run(request).await)
}

/// The announced length of a body, bytes.
pub fn announced(request: &Request) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
