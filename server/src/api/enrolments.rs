//! The relay by which a machine joins: it speaks once, the owner answers once, and the server reads neither.

pub mod answer;
pub mod grant;
pub mod hear;
pub mod hello;
pub mod open;
pub mod refuse;

pub use grant::{read_certificate, require_next};

use iota_core::api::json::code;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, ApiResult};

fn unknown() -> ApiError {
    ApiError::not_found("enrolment; it may have ended: make a new code")
}

fn refused() -> ApiError {
    let message = "the owner refused to let this machine in: ask for a new code if that was a mistake";
    ApiError::new(code::BAD_CODE, message)
}

fn already() -> ApiError {
    ApiError::new(code::CONFLICT, "this code has been used already: make a new one")
}

/// A message as it is kept.
fn to_text(message: &impl Serialize) -> ApiResult<String> {
    serde_json::to_string(message).map_err(|error| {
        tracing::error!(%error, "a message cannot be written");
        ApiError::internal()
    })
}

/// A kept message; null while there is none.
fn from_text<T: DeserializeOwned>(text: Option<String>) -> ApiResult<Option<T>> {
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| {
        tracing::error!(%error, "a kept message cannot be read");
        ApiError::internal()
    })
}
