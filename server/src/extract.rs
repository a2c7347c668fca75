//! What handlers read of a request, refused in the API's words when it is malformed.

use axum::Json as AxumJson;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query as AxumQuery, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use iota_core::api::MAX_UPLOAD_BYTES;
use iota_core::api::json::code;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app_state::AppState;
use crate::auth::KnownAccount;
use crate::body_limit;
use crate::error::{ApiError, ApiResult};

/// Whose share it is that bodies of unknown callers are taken of.
const NOBODY: i64 = 0;

/// A JSON body or answer.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

/// A binary body or answer (`application/octet-stream`), whole in memory.
#[derive(Debug, Clone)]
pub struct Octets(pub Bytes);

/// What stands in the path. What does not parse cannot exist.
#[derive(Debug, Clone, Copy)]
pub struct InPath<T>(pub T);

/// What stands behind the question mark.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        AxumJson(self.0).into_response()
    }
}

impl IntoResponse for Octets {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/octet-stream")], self.0).into_response()
    }
}

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        require_content_type(request.headers(), "application/json")?;
        let AxumJson(value) = AxumJson::from_request(request, state).await.map_err(refuse_json)?;
        Ok(Self(value))
    }
}

/// Its memory is taken of the share of the account that was found before, and given back with the last of its bytes.
impl FromRequest<AppState> for Octets {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> ApiResult<Self> {
        require_content_type(request.headers(), "application/octet-stream")?;
        let bytes = body_limit::announced(&request).unwrap_or(MAX_UPLOAD_BYTES as u64);
        let account_no = request.extensions().get().map_or(NOBODY, |&KnownAccount(account_no)| account_no);
        let memory = state.memory().take(account_no, bytes).await?;
        Ok(Self(memory.hold(Bytes::from_request(request, state).await.map_err(refuse_body)?)))
    }
}

impl<T, S> FromRequestParts<S> for InPath<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(value)| Self(value)).map_err(|_| ApiError::not_found("thing"))
    }
}

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let query = AxumQuery::from_request_parts(parts, state).await;
        query.map(|AxumQuery(value)| Self(value)).map_err(|error| ApiError::bad_request(error.body_text()))
    }
}

/// Checks `Content-Type`; parameters are allowed.
///
/// # Errors
/// `bad_request` with status 415.
pub fn require_content_type(headers: &HeaderMap, wanted: &str) -> ApiResult<()> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let refused = ApiError::bad_request(format!("this request needs the content type {wanted}"));
    Err(refused.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

fn refuse_json(rejection: JsonRejection) -> ApiError {
    match rejection {
        JsonRejection::BytesRejection(rejection) => refuse_body(rejection),
        other => ApiError::bad_request(other.body_text()),
    }
}

/// The answer to a body that could not be read.
pub fn refuse_body(rejection: BytesRejection) -> ApiError {
    body_error(rejection.status())
}

/// The answer to a body that could not be read to its end.
pub fn body_error(status: StatusCode) -> ApiError {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::new(code::TOO_LARGE, "the body of the request is too long for this address");
    }
    let slow = "the body of the request did not come to its end in time; send it again";
    ApiError::bad_request(slow).with_status(StatusCode::REQUEST_TIMEOUT)
}
