//! What a client can ask: the table of contents. Who may is in the arguments of each handler ([`crate::auth`]), what it
//! means in `docs/api.md`.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on, post};
use iota_core::api::frames::CommitFrame;
use iota_core::api::{MAX_HAVE_IDS, MAX_READ_OBJECTS, MAX_REFERENCES_PART_BYTES, MAX_UPLOAD_BYTES, PREFIX};
use iota_core::refs::Reference;
use tower_http::catch_panic::CatchPanicLayer;

use crate::api::{self, agent::uploads};
use crate::app_state::AppState;
use crate::body_pace::{self, Pace};
use crate::error::ApiError;
use crate::pages::{self, Site};
use crate::security_headers::add_security_headers;
use crate::{auth, body_limit, client_address, same_origin, telemetry};

/// Longest JSON message, bytes.
const JSON_BYTES: usize = 64 << 10;
/// Longest questions for objects, bytes.
const HAVE_BYTES: usize = MAX_HAVE_IDS * Reference::BYTES;
const READ_BYTES: usize = MAX_READ_OBJECTS * Reference::BYTES;

/// Everything below `/api/v1`.
pub fn routes() -> Routes {
    Routes::default()
        .get("/server", api::server::show)
        .get("/downloads", api::downloads::list::show)
        .post("/accounts", api::accounts::create)
        .post("/accounts/check", api::accounts::check::show)
        .post("/login", api::login::create)
        .post("/logout", api::logout::create)
        .get("/session", api::session::show)
        .post("/session/proof", api::session::proof::create)
        .get("/sessions", api::sessions::list::show)
        .delete("/sessions", api::sessions::end_others::delete)
        .delete("/sessions/{session}", api::sessions::end::delete)
        .put("/account/password", api::account::password::replace)
        .get("/account/second-factor", api::account::second_factor::show::show)
        .post("/account/second-factor", api::account::second_factor::begin::create)
        .put("/account/second-factor", api::account::second_factor::confirm::replace)
        .delete("/account/second-factor", api::account::second_factor::remove::delete)
        .get("/account/alerts", api::account::alerts::show::show)
        .put("/account/alerts", api::account::alerts::replace::replace)
        .post("/account/alerts/test", api::account::alerts::test::create)
        .get("/account/retention", api::account::retention::show::show)
        .put("/account/retention", api::account::retention::decide::replace)
        .post("/recovery", api::recovery::create::create)
        .post("/recovery/slots", api::recovery::slots::show)
        .post("/invitations", api::invitations::create)
        .get("/vault", api::vault::show::show)
        .put("/vault/slots", api::vault::slots::replace)
        .get("/vault/drill", api::vault::drill::show)
        .post("/vault/drill", api::vault::drill::create)
        .post("/owner/challenge", api::owner::challenge::create)
        .post("/owner/session", api::owner::session::create)
        .post("/agent/challenge", api::agent::challenge::create)
        .post("/agent/session", api::agent::session::create)
        .post("/enrolments", api::enrolments::open::create)
        .put("/enrolments/{id}/hello", api::enrolments::hello::put)
        .get("/enrolments/{id}/hello", api::enrolments::hear::show)
        .put("/enrolments/{id}/grant", api::enrolments::grant::put)
        .get("/enrolments/{id}/grant", api::enrolments::answer::show)
        .delete("/enrolments/{id}", api::enrolments::refuse::delete)
        .get("/events", api::events::show)
        .get("/sets", api::sets::list::show)
        .get("/sets/live", api::sets::words::show)
        .put("/sets/{set}/label", api::sets::label::replace)
        .put("/sets/{set}/watch", api::sets::watch::replace)
        .put("/sets/{set}/certificate", api::sets::certificate::replace)
        .get("/sets/{set}/snapshots", api::sets::snapshots::show)
        .get("/sets/{set}/segment", api::sets::segment::show)
        .get("/sets/{set}/path", api::sets::path::show)
        .add(Method::POST, "/sets/{set}/freed", api::sets::freed::MAX_BYTES, api::sets::freed::show)
        .get("/sets/{set}/live", api::sets::live::show)
        .add(Method::POST, "/sets/{set}/orders", api::sets::orders::MAX_BYTES, api::sets::orders::create)
        .get("/sets/{set}/restores", api::sets::restores::list::show)
        .add(Method::POST, "/sets/{set}/restores", api::sets::restores::MAX_BYTES, api::sets::restores::order::create)
        .delete("/sets/{set}/restores/{restore}", api::sets::restores::cancel::delete)
        .add(Method::POST, "/objects/read", READ_BYTES, api::objects::read)
        .get("/agent/head", api::agent::head::show)
        .add(Method::POST, "/agent/live", api::agent::live::MAX_BYTES, api::agent::live::create)
        .get("/agent/restores", api::agent::restores::list::show)
        .get("/agent/restores/{restore}/segment", api::agent::restores::segment::show)
        .add(Method::POST, "/agent/restores/{restore}/objects", READ_BYTES, api::agent::restores::objects::read)
        .add(
            Method::POST,
            "/agent/restores/{restore}/end",
            api::agent::restores::end::MAX_BYTES,
            api::agent::restores::end::create,
        )
        .post("/agent/uploads", uploads::begin::create)
        .post("/agent/uploads/{upload}/renew", uploads::renew::create)
        .delete("/agent/uploads/{upload}", uploads::end::delete)
        .add(Method::POST, "/agent/uploads/{upload}/have", HAVE_BYTES, uploads::have::create)
        .add(Method::POST, "/agent/uploads/{upload}/objects", MAX_UPLOAD_BYTES, uploads::objects::create)
        .add(
            Method::PUT,
            "/agent/uploads/{upload}/references/{part}",
            MAX_REFERENCES_PART_BYTES,
            uploads::references::put,
        )
        .add(Method::POST, "/agent/uploads/{upload}/commit", CommitFrame::MAX_BYTES, uploads::commit::create)
}

/// The whole server: API, health, pages, and what every answer goes through.
pub fn app(state: AppState, site: Option<Site>) -> Router {
    let version = PREFIX.strip_prefix("/api").expect("the API lives below /api");
    let api = Router::new().nest(version, with_requests_checked(routes().router, &state));
    let api = api.fallback(nothing_there).method_not_allowed_fallback(wrong_method);
    let pages = pages::router(site).layer(from_fn_with_state(state.clone(), auth::note_visitor));
    let pages = pages.layer(auth::session_layer(&state));
    let everything = pages.nest("/api", api).route("/health", get(api::health::show));
    let everything = everything
        .route("/install.sh", get(api::downloads::script::show))
        .route("/download/{name}", get(api::downloads::fetch::show));
    let reports = post(api::csp_report::create).layer(DefaultBodyLimit::max(api::csp_report::MAX_BYTES));
    let reports = reports.layer(from_fn_with_state(pace(&state), body_pace::keep));
    let everything = everything.route("/csp-report", reports);
    with_answers_dressed(everything, &state).with_state(state)
}

/// What every request to the API goes through: no packed bodies, none that come too slowly, none from another site.
fn with_requests_checked(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    router
        .layer(from_fn(same_origin::check))
        .layer(auth::session_layer(state))
        .layer(from_fn_with_state(pace(state), body_pace::keep))
        .layer(from_fn(same_origin::refuse_encoded))
}

fn pace(state: &AppState) -> Pace {
    let limits = state.limits();
    Pace { grace: Duration::from_secs(limits.body_s), bytes_per_s: limits.body_bytes_per_s }
}

/// What every answer goes through. A bug in a handler is an error answer and a line in the log, and ends nothing else.
fn with_answers_dressed(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    router
        .layer(CatchPanicLayer::custom(|_| ApiError::internal().into_response()))
        .layer(from_fn_with_state(state.proxy(), client_address::note))
        .layer(from_fn_with_state(state.transport(), add_security_headers))
        .layer(from_fn(telemetry::log_request))
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
        let limited = limited.route_layer(from_fn_with_state(body_bytes, body_limit::refuse_long));
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

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use iota_core::api::json::{ErrorBody, code};
    use tower::ServiceExt;

    use super::*;
    use crate::test_support::TestServer;

    #[tokio::test]
    async fn a_bug_in_a_handler_is_an_error_answer() {
        async fn broken() -> &'static str {
            panic!("a bug")
        }
        let server = TestServer::start().await;
        let router = with_answers_dressed(Router::new().route("/broken", get(broken)), &server.state);
        let request = Request::builder().uri("/broken").body(Body::empty()).unwrap();
        let answer = router.with_state(server.state.clone()).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.headers().contains_key("content-security-policy"));
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        assert_eq!(serde_json::from_slice::<ErrorBody>(&body).unwrap().error.code, code::INTERNAL);
    }

    #[test]
    fn the_documentation_lists_every_route() {
        let documented = include_str!("../../docs/api.md");
        for (method, path) in routes().table() {
            let stands = documented.lines().any(|line| {
                line.starts_with('|')
                    && line.split('`').any(|code| code.split('?').next() == Some(&format!("{method} {path}")))
            });
            assert!(stands, "{method} {path}");
        }
    }
}
