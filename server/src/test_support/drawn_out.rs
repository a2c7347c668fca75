//! A request whose body comes later than its head.

use axum::http::Method;
use iota_core::api::PREFIX;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::browser::Browser;

/// The server knows who asks, and waits for what.
#[derive(Debug)]
pub struct DrawnOut {
    stream: TcpStream,
    body: Vec<u8>,
}

impl DrawnOut {
    /// Sends the head, and waits until the server asks for the body.
    pub async fn begin(browser: &Browser, method: Method, path: &str, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).unwrap();
        let host = browser.url().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        let (cookie, length) = (browser.cookie().unwrap(), body.len());
        let head = format!(
            "{method} {PREFIX}{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nX-Iota: 1\r\nCookie: {cookie}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut told = [0; 25];
        stream.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self { stream, body }
    }

    /// Sends the body. Returns the status of the answer.
    pub async fn end(mut self) -> u16 {
        self.stream.write_all(&self.body).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}
