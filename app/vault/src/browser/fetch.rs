//! Requests of the Worker; the session's cookie goes with them. An answer is bounded, and none is waited for in silence.

use futures::future::{Either, select};
use gloo_net::http::{Method, RequestBuilder, Response};
use gloo_timers::future::TimeoutFuture;
use iota_core::api::PREFIX;
use iota_core::api::json::{ErrorBody, code};
use iota_core::vault::{Problem, ProblemKind};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader};

use crate::platform::{Body, Request};
use crate::problem::{Result, failed, malformed};

/// Longest answer; objects come in at most 40 MiB.
const MAX_BYTES: usize = 64 << 20;
/// Without a byte for so long an answer has ended.
const SILENCE_MS: u32 = 60_000;

/// Ends a request that nobody waits for any more.
struct Abort(AbortController);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends a request.
pub async fn exchange(request: Request) -> Result<Vec<u8>> {
    let abort = Abort(AbortController::new().map_err(|_| failed("this browser ends no requests; use a newer one"))?);
    let signal = abort.0.signal();
    let method = request.method.parse::<Method>().map_err(|error| malformed(&error))?;
    let builder = RequestBuilder::new(&format!("{PREFIX}{}", request.path)).method(method).header("X-Iota", "1");
    let builder = builder.abort_signal(Some(&signal));
    let built = match request.body {
        Body::Empty => builder.build(),
        Body::Json(text) => builder.header("content-type", "application/json").body(text),
        Body::Binary(bytes) => {
            builder.header("content-type", "application/octet-stream").body(Uint8Array::from(&bytes[..]))
        }
    };
    let answer =
        in_time(built.map_err(|error| malformed(&error))?.send()).await?.map_err(|_| Problem::unreachable())?;
    if !answer.ok() {
        return Err(refused(answer).await);
    }
    read(&answer).await
}

async fn in_time<T>(answer: impl Future<Output = T>) -> Result<T> {
    match select(std::pin::pin!(answer), TimeoutFuture::new(SILENCE_MS)).await {
        Either::Left((answer, _)) => Ok(answer),
        Either::Right(_) => Err(Problem::unreachable()),
    }
}

async fn read(answer: &Response) -> Result<Vec<u8>> {
    let Some(stream) = answer.body() else { return Ok(Vec::new()) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut bytes = Vec::new();
    loop {
        let piece = in_time(JsFuture::from(reader.read())).await?.map_err(|_| Problem::unreachable())?;
        let Some(piece) =
            Reflect::get(&piece, &"value".into()).ok().and_then(|value| value.dyn_into::<Uint8Array>().ok())
        else {
            return Ok(bytes);
        };
        let (before, after) = (bytes.len(), bytes.len() + piece.length() as usize);
        if after > MAX_BYTES {
            return Err(malformed(&"it is longer than any answer is"));
        }
        bytes.resize(after, 0);
        piece.copy_to(&mut bytes[before..]);
    }
}

async fn refused(answer: Response) -> Problem {
    let status = answer.status();
    match serde_json::from_slice::<ErrorBody>(&read(&answer).await.unwrap_or_default()) {
        Ok(ErrorBody { error }) => {
            let kind = if error.code == code::NOT_FOUND { ProblemKind::Missing } else { ProblemKind::Refused };
            Problem { kind, message: error.message, code: Some(error.code), retry_after_s: error.retry_after_s }
        }
        Err(_) => Problem::unavailable(status),
    }
}
