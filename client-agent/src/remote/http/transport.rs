//! One request and its answer, with as many attempts as it takes within bounds.

use super::{
    ServerAddress, ServerPin,
    outcome::{Failure, malformed},
    patience::{Patience, Sleeper, ThreadSleeper},
    throttle::{LOOK_EVERY, Throttle},
    tls,
    upload_body::{Motion, UploadBody},
};
use crate::remote::RemoteError;
use bytes::{Bytes, BytesMut};
use iota_core::api::{
    PREFIX,
    json::{EnrolGrant, EnrolHello, ServerInfo},
};
use reqwest::{
    Method, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, DATE, SET_COOKIE},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer in JSON, unless a request says otherwise.
pub(super) const JSON_BYTES: usize = 1 << 20;
/// The one header that other sites cannot send along.
const OWN_SITE: (&str, &str) = ("x-iota", "1");

/// A server, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Where it is.
    pub address: ServerAddress,
    /// Its key, when its certificate is of its own making.
    pub pin: Option<ServerPin>,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Caller<'a> {
    Anybody,
    Bearer(&'a str),
    Cookie(&'a str),
}

/// What is sent.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    Nothing,
    Json(Bytes),
    Binary(Bytes),
}

impl Payload {
    pub fn json(message: &impl Serialize) -> Self {
        Self::Json(serde_json::to_vec(message).expect("messages of the API have a JSON form").into())
    }
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// As it stands in the API's description.
    pub name: &'static str,
    pub method: Method,
    /// Below the API's prefix.
    pub path: String,
    pub payload: Payload,
    /// Longest answer that is read.
    pub answer_bytes: usize,
}

impl Request {
    pub fn new(name: &'static str, method: Method, path: impl Into<String>) -> Self {
        Self { name, method, path: path.into(), payload: Payload::Nothing, answer_bytes: JSON_BYTES }
    }

    pub fn with(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    pub fn answer_bytes(mut self, limit: usize) -> Self {
        self.answer_bytes = limit;
        self
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub bytes: Bytes,
    /// `name=value` of the session cookie.
    pub cookie: Option<String>,
    /// The server's clock as it tells it.
    pub date: Option<String>,
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, RemoteError> {
        serde_json::from_slice(&self.bytes).map_err(|error| malformed(name, error))
    }
}

/// The connections to one server; used by any number of threads.
pub struct Http {
    server: Server,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    patience: Patience,
    sleeper: Arc<dyn Sleeper>,
    throttle: Throttle,
    /// Of what comes down.
    slow: Throttle,
}

impl Http {
    /// Connections to `server`; nothing is sent yet.
    ///
    /// # Errors
    /// [`RemoteError::Unreachable`] when the system has no certificate authorities or no threads.
    pub fn new(server: Server, patience: Patience) -> Result<Self, RemoteError> {
        Self::with_sleeper(server, patience, Arc::new(ThreadSleeper))
    }

    /// Likewise, with another way to wait.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn with_sleeper(server: Server, patience: Patience, sleeper: Arc<dyn Sleeper>) -> Result<Self, RemoteError> {
        let failed = |reason: String| RemoteError::Unreachable { server: server.address.to_string(), reason };
        let tls = tls::config(&server).map_err(|error| {
            failed(format!("this system's certificate authorities cannot be used ({error}); install `ca-certificates`"))
        })?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("iota/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .http1_only()
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30));
        if !server.address.is_tls() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| failed(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("network")
            .enable_all()
            .build()
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            server,
            client,
            runtime,
            patience,
            sleeper,
            throttle: Throttle::default(),
            slow: Throttle::default(),
        })
    }

    /// Uploads go no faster than `throttle` says.
    pub fn throttled(mut self, throttle: Throttle) -> Self {
        self.throttle = throttle;
        self
    }

    /// Answers come no faster than `throttle` says.
    pub fn slowed(mut self, throttle: Throttle) -> Self {
        self.slow = throttle;
        self
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Waits.
    pub fn sleep(&self, duration: Duration) {
        self.sleeper.sleep(duration);
    }

    /// Sends until there is an answer, a refusal, or no hope.
    pub(super) fn send(&self, request: &Request, caller: Caller<'_>) -> Result<Answer, RemoteError> {
        let uploads = matches!(request.payload, Payload::Binary(_));
        while uploads && self.throttle.is_held(Instant::now()) {
            self.sleeper.sleep(LOOK_EVERY);
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            let failure = match self.runtime.block_on(self.attempt(request, caller)) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let wait = if failure.may_pass { self.patience.wait(attempt, failure.asked_wait) } else { None };
            match wait {
                Some(wait) => self.sleeper.sleep(wait),
                None => return Err(failure.error),
            }
        }
    }

    async fn attempt(&self, request: &Request, caller: Caller<'_>) -> Result<Answer, Failure> {
        let motion = Motion::default();
        let exchange = async {
            let prepared = self.prepare(request, caller, &motion);
            let mut response = prepared.send().await.map_err(|error| self.failed(&error))?;
            motion.tell();
            let status = response.status();
            let limit = if status.is_success() { request.answer_bytes } else { JSON_BYTES };
            let bytes = self.read(request, &mut response, limit, &motion).await?;
            self.judge(request, status, &response, bytes)
        };
        match watched(exchange, &motion, self.patience.idle).await {
            Some(result) => result,
            None => Err(Failure::unreachable(&self.server.address, format!("silence for {:?}", self.patience.idle))),
        }
    }

    fn prepare(&self, request: &Request, caller: Caller<'_>, motion: &Motion) -> reqwest::RequestBuilder {
        let address = self.server.address.join(&format!("{PREFIX}{}", request.path));
        let builder = self.client.request(request.method.clone(), address);
        let builder = match caller {
            Caller::Anybody => builder,
            Caller::Bearer(token) => builder.header(AUTHORIZATION, format!("Bearer {token}")),
            Caller::Cookie(cookie) => builder.header(COOKIE, cookie).header(OWN_SITE.0, OWN_SITE.1),
        };
        let (content_type, bytes) = match &request.payload {
            Payload::Nothing => return builder,
            Payload::Json(bytes) => ("application/json", bytes),
            Payload::Binary(bytes) => ("application/octet-stream", bytes),
        };
        let body = reqwest::Body::wrap(UploadBody::new(bytes.clone(), motion.clone(), self.throttle.clone()));
        builder.header(CONTENT_TYPE, content_type).body(body)
    }

    async fn read(
        &self,
        request: &Request,
        response: &mut Response,
        limit: usize,
        motion: &Motion,
    ) -> Result<Bytes, Failure> {
        let too_long = || Failure::last(malformed(request.name, format!("it is longer than {limit} bytes")));
        let announced = response.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(too_long());
        }
        let mut bytes = BytesMut::with_capacity(announced as usize);
        while let Some(part) = response.chunk().await.map_err(|error| self.failed(&error))? {
            motion.tell();
            if bytes.len() + part.len() > limit {
                return Err(too_long());
            }
            self.slow_down(part.len(), motion).await;
            bytes.extend_from_slice(&part);
        }
        Ok(bytes.freeze())
    }

    /// Waits until so many bytes may have come: what is not read yet keeps the server from sending more.
    async fn slow_down(&self, mut count: usize, motion: &Motion) {
        while count > 0 {
            let (taken, wait) = self.slow.take(count, Instant::now());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
                motion.tell();
            }
            count -= taken;
        }
    }

    fn judge(
        &self,
        request: &Request,
        status: StatusCode,
        response: &Response,
        bytes: Bytes,
    ) -> Result<Answer, Failure> {
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        if !status.is_success() {
            return Err(Failure::of_status(request.name, &self.server.address, status, response.headers(), &bytes));
        }
        let cookie = header(SET_COOKIE).and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
        Ok(Answer { bytes, cookie, date: header(DATE).map(str::to_owned) })
    }

    fn failed(&self, error: &reqwest::Error) -> Failure {
        Failure::of_connection(&self.server, error)
    }
}

/// What everybody may ask.
impl Http {
    /// What the server says of itself.
    ///
    /// # Errors
    /// [`RemoteError`], like all others.
    pub fn server_info(&self) -> Result<ServerInfo, RemoteError> {
        Ok(self.server_info_and_date()?.0)
    }

    /// Likewise, and its clock as it stands in the answer's `Date`.
    pub fn server_info_and_date(&self) -> Result<(ServerInfo, Option<String>), RemoteError> {
        const NAME: &str = "GET /server";
        let answer = self.send(&Request::new(NAME, Method::GET, "/server"), Caller::Anybody)?;
        Ok((answer.json(NAME)?, answer.date))
    }

    /// A machine says that it wants to join.
    pub fn put_hello(&self, enrolment: iota_core::id::EnrolId, hello: &EnrolHello) -> Result<(), RemoteError> {
        let path = format!("/enrolments/{enrolment}/hello");
        let request = Request::new("PUT /enrolments/{id}/hello", Method::PUT, path).with(Payload::json(hello));
        self.send(&request, Caller::Anybody).map(drop)
    }

    /// The owner's answer, once there is one.
    pub fn grant(&self, enrolment: iota_core::id::EnrolId) -> Result<Option<EnrolGrant>, RemoteError> {
        const NAME: &str = "GET /enrolments/{id}/grant";
        let request = Request::new(NAME, Method::GET, format!("/enrolments/{enrolment}/grant"));
        self.send(&request, Caller::Anybody)?.json(NAME)
    }
}

/// Runs `work` for as long as something moves; `None` when nothing has for `idle`.
async fn watched<T>(work: impl Future<Output = T>, motion: &Motion, idle: Duration) -> Option<T> {
    tokio::pin!(work);
    loop {
        let before = motion.count();
        tokio::select! {
            // First the work: when both are late, what it moved counts.
            biased;
            done = &mut work => return Some(done),
            () = tokio::time::sleep(idle) => if motion.count() == before { return None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_work_is_waited_for_and_dead_work_is_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (idle, motion) = (Duration::from_millis(20), Motion::default());
        let slow = async {
            for _ in 0..6 {
                tokio::time::sleep(idle / 2).await;
                motion.tell();
            }
        };
        assert!(runtime.block_on(watched(slow, &motion, idle)).is_some());
        assert!(runtime.block_on(watched(std::future::pending::<()>(), &motion, idle)).is_none());
    }
}
