//! Logs: to standard error, message and fields. No logins, addresses, tokens or contents, at any level.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;

/// What is logged unless `IOTABACKUP_LOG` says otherwise.
const DEFAULT: &str = "info,sqlx=warn,tower_sessions=error,tower_sessions_core=error";

/// Turns logging on: `info`, or what `IOTABACKUP_LOG` says (`debug`, `iota_server=trace`, …). Panics are logged too.
pub fn start() {
    let filter = EnvFilter::try_from_env("IOTABACKUP_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if subscriber.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init().is_ok() {
        let log =
            |panic: &PanicHookInfo<'_>| tracing::error!(%panic, "a request or task failed by a bug: please report it");
        std::panic::set_hook(Box::new(log));
    }
}

/// Middleware: one line for each request, with the route and not the address.
pub async fn log_request(request: Request, next: Next) -> Response {
    let (method, begun) = (request.method().clone(), Instant::now());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    let (route, status) = (route.as_deref().unwrap_or("none"), response.status().as_u16());
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    if status >= 500 {
        tracing::warn!(%method, route, status, duration_ms, "request failed");
    } else {
        tracing::debug!(%method, route, status, duration_ms, "request answered");
    }
    response
}
