//! The pages alone, without a store: for tests in a browser. Takes the server's `--listen`.

use std::net::SocketAddr;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use iota_server::pages::{Site, router};
use iota_server::security_headers::{Transport, add_security_headers};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listen = std::env::args().skip_while(|argument| argument != "--listen").nth(1);
    let address: SocketAddr = listen.as_deref().unwrap_or("127.0.0.1:4680").parse()?;
    let site = Site::beside_program().map(|folder| Site::load(&folder)).transpose()?;
    let app: Router = router(site)
        .route("/health", get(|| async { r#"{"status":"ok"}"# }))
        .layer(from_fn_with_state(Transport::Plain, add_security_headers));
    axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?;
    Ok(())
}
