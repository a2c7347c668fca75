//! A client that keeps its cookie, as a browser does, or brings a token.

use axum::http::{HeaderMap, Method, StatusCode, header};
use iota_core::api::PREFIX;
use iota_core::api::json::{ErrorBody, Event};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::{Mutex, PoisonError};

/// Asks one server.
pub struct Browser {
    url: String,
    client: reqwest::Client,
    cookie: Mutex<Option<String>>,
    token: Option<String>,
    name: Option<String>,
}

/// What happens in an account.
#[derive(Debug)]
pub struct EventStream {
    response: reqwest::Response,
    text: String,
}

impl EventStream {
    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((message, rest)) = self.text.split_once("\n\n") {
                let event = message.strip_prefix("data: ").map(|data| serde_json::from_str(data).unwrap());
                self.text = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

/// What it was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl Browser {
    /// Nobody, yet.
    pub fn new(url: &str) -> Self {
        // Whoever came first has chosen the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url: url.into(), client, cookie: Mutex::default(), token: None, name: None }
    }

    /// The same with a bearer token in place of a cookie.
    pub fn with_token(&self, token: &str) -> Self {
        Self { cookie: Mutex::default(), token: Some(token.into()), ..self.same() }
    }

    /// The same that calls itself something.
    pub fn called(&self, name: &str) -> Self {
        Self { name: Some(name.into()), ..self.same() }
    }

    /// Another one with the same cookie, as it is now.
    pub fn same(&self) -> Self {
        let cookie = Mutex::new(self.cookie());
        let (token, name) = (self.token.clone(), self.name.clone());
        Self { url: self.url.clone(), client: self.client.clone(), cookie, token, name }
    }

    /// The same at another server.
    pub fn moved_to(&self, url: &str) -> Self {
        Self { url: url.into(), ..self.same() }
    }

    /// Address of the server that it asks.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The cookie that it would send: `name=value`.
    pub fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `GET` below `/api/v1`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Vec::new()).await
    }

    /// `GET` of what is not part of the API.
    pub async fn page(&self, path: &str) -> Answer {
        self.ask(self.client.get(format!("{}{path}", self.url))).await
    }

    /// Listens to `GET /events`; the answer when it is refused.
    pub async fn events(&self) -> Result<EventStream, Answer> {
        let request = self.dressed(self.client.get(format!("{}{PREFIX}/events", self.url)));
        let response = request.send().await.unwrap();
        if response.status().is_success() {
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
            return Ok(EventStream { response, text: String::new() });
        }
        Err(Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        })
    }

    /// Status of `/health`.
    pub async fn health(&self) -> u16 {
        self.client.get(format!("{}/health", self.url)).send().await.unwrap().status().as_u16()
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        self.send(Method::POST, path, Some("application/json"), serde_json::to_vec(body).unwrap()).await
    }

    /// `PUT` of JSON.
    pub async fn put(&self, path: &str, body: &impl Serialize) -> Answer {
        self.send(Method::PUT, path, Some("application/json"), serde_json::to_vec(body).unwrap()).await
    }

    /// Any request below `/api/v1`.
    pub async fn send(&self, method: Method, path: &str, content_type: Option<&str>, body: Vec<u8>) -> Answer {
        let mut request =
            self.client.request(method, format!("{}{PREFIX}{path}", self.url)).header("x-iota", "1").body(body);
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        self.ask(request).await
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = self.dressed(request).send().await.unwrap();
        self.take_cookie(response.headers());
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// With what says who asks.
    fn dressed(&self, mut request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(name) = &self.name {
            request = request.header(header::USER_AGENT, name.as_bytes());
        }
        if let Some(cookie) = self.cookie() {
            request = request.header(header::COOKIE, cookie);
        }
        request
    }

    fn take_cookie(&self, headers: &HeaderMap) {
        let Some(set) = headers.get(header::SET_COOKIE).and_then(|value| value.to_str().ok()) else { return };
        let pair = set.split(';').next().unwrap_or_default().to_owned();
        let kept = !pair.ends_with("iota=") && !set.contains("Max-Age=0");
        *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = kept.then_some(pair);
    }
}

impl Answer {
    /// A success that says nothing.
    pub fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Vec::new() }
    }

    /// The body as JSON; the answer must be a success.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{self}");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The word of an error answer, or the empty word of a success.
    pub fn code(&self) -> String {
        if self.status.is_success() {
            return String::new();
        }
        let body: ErrorBody = serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no error body: {self}"));
        body.error.code
    }

    /// Checks that it is a success.
    pub fn ok(self) -> Self {
        assert!(self.status.is_success(), "{self}");
        self
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}
