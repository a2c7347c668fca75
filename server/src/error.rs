//! Every error answer, in the words of `docs/api.md`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use iota_core::api::json::{ErrorBody, ErrorDetail, MissingObject, code};

use crate::host_key::HostKeyError;
use crate::packs::PackError;
use crate::records::RecordError;
use crate::store::StoreError;

/// Result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

/// An error answer: a word for programs, a sentence for people that says what to do next, and a status.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    detail: Box<ErrorDetail>,
}

impl ApiError {
    /// An error with the status that belongs to `code` (one of [`code`]).
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        let detail =
            ErrorDetail { code: code.into(), message: message.into(), missing: Vec::new(), retry_after_s: None };
        Self { status: status_of(code), detail: Box::new(detail) }
    }

    /// The same with another status of the same class.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Names the objects that have to be uploaded again.
    pub fn with_missing(mut self, missing: Vec<MissingObject>) -> Self {
        self.detail.missing = missing;
        self
    }

    /// Says when to try again.
    pub fn retry_after_s(mut self, seconds: u64) -> Self {
        self.detail.retry_after_s = Some(seconds);
        self
    }

    /// What is malformed, and how it should be.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(code::BAD_REQUEST, message)
    }

    /// There is no such thing, or it is somebody else's: both sound alike.
    pub fn not_found(what: &str) -> Self {
        Self::new(code::NOT_FOUND, format!("there is no such {what}"))
    }

    /// A failure whose reason stands in the log and nowhere else.
    pub fn internal() -> Self {
        Self::new(code::INTERNAL, "the server failed; its log says why")
    }

    /// The server cannot serve now; the reason stands in the log.
    pub fn unavailable() -> Self {
        Self::new(code::UNAVAILABLE, "the server cannot serve now; try again soon").retry_after_s(2)
    }

    /// Too many failures lately.
    pub fn too_many_attempts(wait_ms: u64) -> Self {
        Self::new(code::TOO_MANY_REQUESTS, "too many attempts failed: wait before the next one")
            .retry_after_s(wait_ms.div_ceil(1000))
    }

    /// Its word for programs.
    pub fn code(&self) -> &str {
        &self.detail.code
    }
}

fn status_of(code: &str) -> StatusCode {
    match code {
        code::BAD_REQUEST => StatusCode::BAD_REQUEST,
        code::UNAUTHENTICATED | code::BAD_CREDENTIALS | code::SECOND_FACTOR => StatusCode::UNAUTHORIZED,
        code::FORBIDDEN | code::REAUTHENTICATE | code::DEVICE_REPLACED | code::BAD_CODE => StatusCode::FORBIDDEN,
        code::NOT_FOUND => StatusCode::NOT_FOUND,
        code::CONFLICT
        | code::MACHINE_AWAY
        | code::NO_MAIL
        | code::HEAD_MOVED
        | code::MISSING_OBJECTS
        | code::NEED_FULL_REFERENCES => StatusCode::CONFLICT,
        code::UPLOAD_ENDED => StatusCode::GONE,
        code::TOO_LARGE => StatusCode::PAYLOAD_TOO_LARGE,
        code::INVALID_COMMIT => StatusCode::UNPROCESSABLE_ENTITY,
        code::TOO_MANY_REQUESTS => StatusCode::TOO_MANY_REQUESTS,
        code::MAIL_FAILED => StatusCode::BAD_GATEWAY,
        code::UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
        code::NO_SPACE => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let retry_after = self.detail.retry_after_s.map(HeaderValue::from);
        let mut response = (self.status, Json(ErrorBody { error: *self.detail })).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_passing() {
            tracing::warn!(%error, "the database cannot be used now");
            return Self::unavailable();
        }
        if error.is_full() {
            tracing::error!(%error, "the database's disk is full");
            return Self::new(
                code::NO_SPACE,
                "the server's disk is full; try again when its administrator has made room",
            );
        }
        tracing::error!(%error, "the database failed");
        Self::internal()
    }
}

impl From<PackError> for ApiError {
    fn from(error: PackError) -> Self {
        match error {
            PackError::NoSpace => {
                tracing::error!(%error, "the disk of the packs is full");
                Self::new(code::NO_SPACE, "the server's disk is full; try again when its administrator has made room")
            }
            PackError::Closed => Self::unavailable(),
            PackError::Away { .. } => {
                tracing::error!(%error, "a pack cannot be read now");
                Self::unavailable()
            }
            PackError::TooLarge { .. }
            | PackError::Damaged { .. }
            | PackError::File { .. }
            | PackError::Foreign { .. } => {
                tracing::error!(%error, "the packs failed");
                Self::internal()
            }
        }
    }
}

impl From<HostKeyError> for ApiError {
    fn from(error: HostKeyError) -> Self {
        tracing::error!(%error, "the host key cannot be used");
        Self::internal()
    }
}

impl From<RecordError> for ApiError {
    fn from(error: RecordError) -> Self {
        tracing::error!(%error, "a sealed row cannot be used");
        Self::internal()
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_those_of_the_documentation() {
        let table = include_str!("../../docs/api.md").split_once("## Codes").unwrap().1;
        let rows = table.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|').map(|cell| cell.trim().trim_matches('`'));
            Some((cells.next()?, cells.next()?.parse::<u16>().ok()?))
        });
        let rows: Vec<_> = rows.collect();
        assert_eq!(rows.len(), 23);
        for (code, status) in rows {
            assert_eq!(status_of(code).as_u16(), status, "{code}");
        }
    }

    #[tokio::test]
    async fn an_answer_says_when_to_try_again() {
        let response = ApiError::unavailable().into_response();
        assert_eq!(
            (response.status(), &response.headers()[header::RETRY_AFTER]),
            (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from(2))
        );
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        let body: ErrorBody = serde_json::from_slice(&body).unwrap();
        assert_eq!((body.error.code.as_str(), body.error.retry_after_s), (code::UNAVAILABLE, Some(2)));
    }
}
