//! The public API, as the pages ask it. Only a browser asks; on the server nobody gets that far.

use iota_core::vault::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Asks `GET {path}` of the API, as in `/sets`.
///
/// # Errors
/// What the server refuses, and when it does not answer.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Problem> {
    wire::send("GET", path, None).await.and_then(|text| wire::parse(&text))
}

/// Sends `body` with `method`.
///
/// # Errors
/// As [`get`].
pub async fn send<T: DeserializeOwned>(method: &'static str, path: &str, body: &impl Serialize) -> Result<T, Problem> {
    let body = serde_json::to_string(body).map_err(wire::failed)?;
    wire::send(method, path, Some(body)).await.and_then(|text| wire::parse(&text))
}

/// Asks something that has no body, as in `DELETE /sessions/…`.
///
/// # Errors
/// As [`get`].
pub async fn order(method: &'static str, path: &str) -> Result<(), Problem> {
    wire::send(method, path, None).await.map(drop)
}

#[cfg(feature = "hydrate")]
mod wire {
    use std::fmt::Display;

    use gloo_net::http::{Method, RequestBuilder, Response};
    use iota_core::api::PREFIX;
    use iota_core::api::json::{ErrorBody, code};
    use iota_core::vault::{Problem, ProblemKind};
    use serde::de::DeserializeOwned;

    /// The text of the answer; empty for "no content".
    pub async fn send(method: &'static str, path: &str, body: Option<String>) -> Result<String, Problem> {
        let method = method.parse::<Method>().map_err(failed)?;
        let request = RequestBuilder::new(&format!("{PREFIX}{path}")).method(method).header("X-Iota", "1");
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body),
            None => request.build(),
        };
        let answer = request.map_err(failed)?.send().await.map_err(|_| Problem::unreachable())?;
        if answer.ok() { answer.text().await.map_err(|_| Problem::unreachable()) } else { Err(refused(answer).await) }
    }

    /// Nothing stands for `()`.
    pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
        serde_json::from_str(if text.is_empty() { "null" } else { text }).map_err(failed)
    }

    async fn refused(answer: Response) -> Problem {
        let status = answer.status();
        match serde_json::from_str::<ErrorBody>(&answer.text().await.unwrap_or_default()) {
            Ok(ErrorBody { error }) => {
                let kind = if error.code == code::NOT_FOUND { ProblemKind::Missing } else { ProblemKind::Refused };
                Problem { kind, message: error.message, code: Some(error.code), retry_after_s: error.retry_after_s }
            }
            Err(_) => Problem::unavailable(status),
        }
    }

    pub fn failed(error: impl Display) -> Problem {
        Problem::new(
            ProblemKind::Failed,
            format!(
                "the server’s answer makes no sense ({error}); reload the page, its program may be older than the server"
            ),
        )
    }
}

#[cfg(not(feature = "hydrate"))]
mod wire {
    use std::fmt::Display;

    use iota_core::vault::{Problem, ProblemKind};
    use serde::de::DeserializeOwned;

    pub async fn send(_method: &'static str, _path: &str, _body: Option<String>) -> Result<String, Problem> {
        Err(failed("not in a browser"))
    }

    pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
        serde_json::from_str(text).map_err(failed)
    }

    pub fn failed(error: impl Display) -> Problem {
        Problem::new(ProblemKind::Failed, error.to_string())
    }
}
