//! Serving: connections, requests, and the end of both.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;

use crate::client_address::Proxy;
use crate::connections::Bounded;
use crate::limits::Limits;

/// How long requests that run may take to finish once the server stops.
const FINISH: Duration = Duration::from_secs(10);
/// Longest list of headers, bytes.
const HEADER_BYTES: usize = 32 << 10;
/// Most headers.
const HEADERS: usize = 64;

/// Serves until `stop` returns and requests that ran then have ended, or ten seconds have gone.
///
/// HTTP/1.1 only: its headers have a deadline, and a connection has one request at a time.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    tls: Option<Arc<ServerConfig>>,
    limits: &Limits,
    proxy: Proxy,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let handle = Handle::new();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = configured(axum_server::from_tcp(listener)?, limits).handle(handle.clone());
    let per_address = if proxy == Proxy::InFront { limits.connections } else { limits.connections_per_address };
    let bounded = Bounded::new(limits.connections, per_address);
    let serving = async {
        match tls {
            Some(config) => {
                let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(config)).acceptor(bounded);
                server.acceptor(acceptor).serve(service).await
            }
            None => server.acceptor(bounded).serve(service).await,
        }
    };
    let stopping = async {
        stop.await;
        handle.graceful_shutdown(Some(FINISH));
        std::future::pending().await
    };
    tokio::select! {
        served = serving => served,
        never = stopping => never,
    }
}

fn configured(server: Server<SocketAddr>, limits: &Limits) -> Server<SocketAddr> {
    let mut server = server.http1_only();
    let mut http1 = server.http_builder().http1();
    http1.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(limits.header_s));
    http1.max_buf_size(HEADER_BYTES).max_headers(HEADERS).half_close(false);
    server
}
