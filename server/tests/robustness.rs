//! However malformed, slow or huge a request is: it gets a clear status, or its connection ends, and the server goes on.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use iota_core::api::json::ErrorBody;
use iota_server::limits::Limits;
use iota_server::test_support::{TestAccount, TestServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(30);

fn limits() -> Limits {
    Limits { requests_per_s: 100_000, strangers_per_s: 100_000, ..Limits::default() }
}

/// Patience for less than a second or two.
fn impatient() -> Limits {
    Limits { header_s: 1, body_s: 1, ..limits() }
}

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Everything until the server ends the connection. A reset counts as an end.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match timeout(DEADLINE, stream.read(&mut buffer)).await.unwrap() {
            Ok(0) | Err(_) => return String::from_utf8_lossy(&answer).into_owned(),
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Sends bytes and reads until the server ends the connection.
async fn exchange(server: &TestServer, bytes: &[u8]) -> String {
    let mut stream = connect(server).await;
    // The server may have answered and closed before it has read everything.
    let _ = stream.write_all(bytes).await;
    read_to_end(&mut stream).await
}

/// The status of an answer, and the word of its error body.
fn status_and_code(answer: &str) -> (u16, String) {
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str::<ErrorBody>(body).map_or_else(|_| String::new(), |body| body.error.code))
}

async fn assert_healthy(server: &TestServer) {
    let answer = exchange(server, b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.ends_with(r#"{"status":"ok"}"#), "{answer}");
}

fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

#[tokio::test]
async fn headers_that_do_not_come_end_the_connection() {
    let server = TestServer::start_with(impatient()).await;
    for begun in ["", "G", "GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: "] {
        let answer = exchange(&server, begun.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    assert_healthy(&server).await;
}

#[tokio::test]
async fn headers_that_trickle_end_the_connection() {
    let server = TestServer::start_with(impatient()).await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let trickle = async {
        while writing.write_all(b"X: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        std::future::pending::<()>().await
    };
    let mut answer = Vec::new();
    tokio::select! {
        ended = timeout(DEADLINE, reading.read_to_end(&mut answer)) => drop(ended.unwrap()),
        () = trickle => {}
    }
    assert_healthy(&server).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let server = TestServer::start_with(impatient()).await;
    let request =
        "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let answer = exchange(&server, request.as_bytes()).await;
    assert_eq!(status_and_code(&answer), (408, "bad_request".into()), "{answer}");
    assert_healthy(&server).await;
}

#[tokio::test]
async fn a_report_that_does_not_come_is_given_up() {
    let server = TestServer::start_with(impatient()).await;
    let answer = exchange(&server, b"POST /csp-report HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{").await;
    assert_eq!(status_and_code(&answer), (408, "bad_request".into()), "{answer}");
    assert_healthy(&server).await;
}

#[tokio::test]
async fn reports_are_counted_before_they_are_read() {
    let server = TestServer::start_with(Limits { strangers_per_s: 1, ..Limits::default() }).await;
    // Each waits to be told that it may send its body.
    let asking = b"POST /csp-report HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n";
    for _ in 0..1000 {
        let (mut stream, mut told) = (connect(&server).await, [0; 12]);
        stream.write_all(asking).await.unwrap();
        timeout(DEADLINE, stream.read_exact(&mut told)).await.unwrap().unwrap();
        if &told == b"HTTP/1.1 429" {
            return;
        }
        assert_eq!(&told, b"HTTP/1.1 100");
    }
    panic!("nobody was refused");
}

#[tokio::test]
async fn huge_headers_are_refused() {
    let server = TestServer::start_with(limits()).await;
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(200));
    let target = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "y".repeat(100_000));
    for request in [long, many, target] {
        let (status, _) = status_and_code(&exchange(&server, request.as_bytes()).await);
        assert!(matches!(status, 0 | 414 | 431), "{status}");
    }
    assert_healthy(&server).await;
}

#[tokio::test]
async fn huge_bodies_are_refused_before_they_are_read() {
    let server = TestServer::start_with(limits()).await;
    let announced = "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n\
                     Content-Length: 99999999999\r\n\r\n{";
    assert_eq!(status_and_code(&exchange(&server, announced.as_bytes()).await), (413, "too_large".into()));
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(8);
    let chunked = format!(
        "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{chunk}"
    );
    let (status, code) = status_and_code(&exchange(&server, chunked.as_bytes()).await);
    assert!((status, code.as_str()) == (413, "too_large") || status == 0, "{status} {code}");
    assert_healthy(&server).await;
}

#[tokio::test]
async fn garbage_is_refused() {
    let server = TestServer::start_with(impatient()).await;
    for seed in 0..64u8 {
        let mut bytes = [0; 512];
        blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
        let answer = exchange(&server, &bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let smuggling = "POST /api/v1/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef";
    assert_eq!(status_and_code(&exchange(&server, smuggling.as_bytes()).await).0, 400);
    assert_healthy(&server).await;
}

#[tokio::test]
async fn thousands_of_silent_connections_do_not_stop_the_server() {
    let few = Limits { connections: 200, connections_per_address: 150, ..impatient() };
    let server = TestServer::start_with(few).await;
    let mut silent = Vec::new();
    for _ in 0..2000 {
        silent.push(connect(&server).await);
    }
    for stream in &mut silent {
        assert_eq!(read_to_end(stream).await, "");
    }
    assert_healthy(&server).await;
}

#[tokio::test]
async fn every_kind_of_wrong_request_has_its_status() {
    let server = TestServer::start_with(limits()).await;
    let json = "Content-Type: application/json\r\n";
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").into_bytes();
    let cases = [
        (post("/api/v1/login", "Content-Type: text/plain\r\n", "{}"), 415, "bad_request"),
        (post("/api/v1/login", "Content-Type: application/x-www-form-urlencoded\r\n", "a=b"), 415, "bad_request"),
        (post("/api/v1/login", "", "{}"), 415, "bad_request"),
        (post("/api/v1/login", &format!("{json}Content-Encoding: gzip\r\n"), "{}"), 415, "bad_request"),
        (post("/api/v1/login", json, ""), 400, "bad_request"),
        (post("/api/v1/login", json, "{}"), 400, "bad_request"),
        (post("/api/v1/login", json, "\u{0}\u{1}"), 400, "bad_request"),
        (post("/api/v1/login", json, r#"{"login": 1, "auth_secret": 2}"#), 400, "bad_request"),
        (post("/api/v1/login", json, &deep), 400, "bad_request"),
        (post("/api/v1/login", "Content-Type: application/json; charset=utf-8\r\n", "{}"), 400, "bad_request"),
        (post("/api/v1/server", json, "{}"), 405, "bad_request"),
        (post("/api/v1/nowhere", json, "{}"), 404, "not_found"),
        (post("/api/nowhere", json, "{}"), 404, "not_found"),
        (get("/api"), 404, "not_found"),
        (get("/api/v1"), 404, "not_found"),
        (get("/api/v1/login"), 405, "bad_request"),
        (get("/api/v1/enrolments/xyz/grant"), 404, "not_found"),
        (get("/api/v1/enrolments/%ff%00/grant"), 404, "not_found"),
        (get("/api/v1/enrolments/0000000000000000/grant"), 404, "not_found"),
        (get("/api/v1/session"), 401, "unauthenticated"),
    ];
    for (request, status, code) in cases {
        let answer = exchange(&server, &request).await;
        let asked = String::from_utf8_lossy(&request[..request.len().min(120)]).into_owned();
        assert_eq!(status_and_code(&answer), (status, code.into()), "{asked}\n{answer}");
    }
    assert_healthy(&server).await;
}

#[tokio::test]
async fn one_account_cannot_ask_without_end() {
    let server = TestServer::start_with(Limits { requests_per_s: 2, strangers_per_s: 100_000, ..limits() }).await;
    let ada = TestAccount::first(&server).await;
    let bob = TestAccount::invited(&server, "bob@example.org").await;
    let mut codes = Vec::new();
    for _ in 0..60 {
        codes.push(ada.browser.get("/session").await.code());
    }
    assert!(codes[..20].iter().all(String::is_empty), "{codes:?}");
    assert!(codes.iter().any(|code| code == "too_many_requests"), "{codes:?}");
    assert_eq!(bob.browser.get("/session").await.code(), "");
}

#[tokio::test]
async fn strangers_cannot_ask_without_end() {
    let server = TestServer::start_with(Limits { strangers_per_s: 1, ..limits() }).await;
    let ada = TestAccount::first(&server).await;
    let mut codes = Vec::new();
    for _ in 0..60 {
        codes.push(server.stranger().get("/session").await.code());
    }
    assert!(codes.iter().any(|code| code == "too_many_requests"), "{codes:?}");
    assert_eq!(ada.browser.get("/session").await.code(), "");
}
