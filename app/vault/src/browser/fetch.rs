//! Requests of the Worker; the session's cookie goes with them.

use std::fmt::Display;

use gloo_net::http::{Method, RequestBuilder, Response};
use iota_core::api::PREFIX;
use iota_core::api::json::{ErrorBody, code};
use iota_core::vault::{Problem, ProblemKind};

use crate::platform::{Body, Request};
use crate::problem::{Result, malformed};

/// Sends a request.
pub async fn exchange(request: Request) -> Result<Vec<u8>> {
    let method = request.method.parse::<Method>().map_err(|error| malformed(&error))?;
    let builder = RequestBuilder::new(&format!("{PREFIX}{}", request.path)).method(method).header("X-Iota", "1");
    let built = match request.body {
        Body::Empty => builder.build(),
        Body::Json(text) => builder.header("content-type", "application/json").body(text),
        Body::Binary(bytes) => {
            builder.header("content-type", "application/octet-stream").body(js_sys::Uint8Array::from(&bytes[..]))
        }
    };
    let answer = built.map_err(unreachable)?.send().await.map_err(unreachable)?;
    if !answer.ok() {
        return Err(refused(answer).await);
    }
    answer.binary().await.map_err(unreachable)
}

async fn refused(answer: Response) -> Problem {
    let status = answer.status();
    match serde_json::from_slice::<ErrorBody>(&answer.binary().await.unwrap_or_default()) {
        Ok(ErrorBody { error }) => {
            let kind = if error.code == code::NOT_FOUND { ProblemKind::Missing } else { ProblemKind::Refused };
            Problem { kind, message: error.message, code: Some(error.code), retry_after_s: error.retry_after_s }
        }
        Err(_) => unreachable(format!("it answered with status {status}")),
    }
}

fn unreachable(reason: impl Display) -> Problem {
    Problem::new(ProblemKind::Unreachable, format!("the server did not answer ({reason}); try again in a moment"))
}
