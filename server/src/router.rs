//! What a client can ask: the table of contents. Who may is in the arguments of each handler ([`crate::auth`]), what it
//! means in `docs/api.md`.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};
use iota_core::api::PREFIX;
use tower_http::catch_panic::CatchPanicLayer;

use crate::api;
use crate::app_state::AppState;
use crate::error::ApiError;
use crate::pages::{self, Site};
use crate::security_headers::add_security_headers;
use crate::{auth, body_pace, client_address, same_origin, telemetry};

/// Longest JSON message, bytes.
const JSON_BYTES: usize = 64 << 10;

/// Everything below `/api/v1`.
pub fn routes() -> Routes {
    Routes::default()
        .get("/server", api::server::show)
        .post("/accounts", api::accounts::create)
        .post("/login", api::login::create)
        .post("/logout", api::logout::create)
        .get("/session", api::session::show)
        .post("/invitations", api::invitations::create)
        .get("/vault", api::vault::show::show)
        .put("/vault/slots", api::vault::slots::replace)
        .post("/owner/challenge", api::owner::challenge::create)
        .post("/owner/session", api::owner::session::create)
        .post("/agent/challenge", api::agent::challenge::create)
        .post("/agent/session", api::agent::session::create)
        .post("/enrolments", api::enrolments::open::create)
        .put("/enrolments/{id}/hello", api::enrolments::hello::put)
        .get("/enrolments/{id}/hello", api::enrolments::hear::show)
        .put("/enrolments/{id}/grant", api::enrolments::grant::put)
        .get("/enrolments/{id}/grant", api::enrolments::answer::show)
}

/// The whole server: API, health, pages, and what every answer goes through.
pub fn app(state: AppState, site: Option<Site>) -> Router {
    let api = routes().router.layer(from_fn(same_origin::check)).layer(auth::session_layer(&state));
    let api = api.layer(from_fn_with_state(state.limits().body_bytes_per_s, body_pace::pace));
    let api = api.layer(from_fn(same_origin::refuse_encoded));
    let version = PREFIX.strip_prefix("/api").expect("the API lives below /api");
    let api = Router::new().nest(version, api).fallback(nothing_there).method_not_allowed_fallback(wrong_method);
    pages::router(site)
        .nest("/api", api)
        .route("/health", get(api::health::show))
        .layer(from_fn_with_state(state.proxy(), client_address::note))
        .layer(from_fn_with_state(state.transport(), add_security_headers))
        .layer(from_fn(telemetry::log_request))
        .layer(CatchPanicLayer::custom(|_| ApiError::internal().into_response()))
        .with_state(state)
}

/// Handlers with their addresses, and a list of them for tests.
#[derive(Default)]
pub struct Routes {
    router: Router<AppState>,
    table: Vec<(Method, &'static str)>,
}

impl Routes {
    /// Method and path of every route.
    pub fn table(&self) -> &[(Method, &'static str)] {
        &self.table
    }

    fn get<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(Method::GET, path, JSON_BYTES, handler)
    }

    fn post<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(Method::POST, path, JSON_BYTES, handler)
    }

    fn put<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(Method::PUT, path, JSON_BYTES, handler)
    }

    #[expect(dead_code, reason = "the routes that use it come next")]
    fn delete<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(Method::DELETE, path, JSON_BYTES, handler)
    }

    /// A route whose bodies may have `body_bytes`.
    fn add<H, T>(mut self, method: Method, path: &'static str, body_bytes: usize, handler: H) -> Self
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("the methods above are among axum's");
        let limited = on(filter, handler).route_layer(DefaultBodyLimit::max(body_bytes));
        self.router = self.router.route(path, limited);
        self.table.push((method, path));
        self
    }
}

async fn nothing_there() -> Response {
    ApiError::not_found("address in the API; docs/api.md lists all of them").into_response()
}

async fn wrong_method() -> Response {
    let refused = ApiError::bad_request("this address does not answer to this method; docs/api.md lists all of them");
    refused.with_status(StatusCode::METHOD_NOT_ALLOWED).into_response()
}
