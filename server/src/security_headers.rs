//! The headers that every response carries.

use std::fmt;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;

const PERMISSIONS_OFF: [&str; 27] = [
    "accelerometer",
    "autoplay",
    "camera",
    "clipboard-read",
    "cross-origin-isolated",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "usb",
    "window-management",
    "xr-spatial-tracking",
];
/// Passkeys, and copying what a page shows.
const PERMISSIONS_OWN: &str =
    "clipboard-write=(self), publickey-credentials-create=(self), publickey-credentials-get=(self)";
const HEADERS: [(HeaderName, &str); 5] = [
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
];
/// Two years.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");
/// Reported only: the pages' renderer parses its own static templates as HTML.
const TRUSTED_TYPES: HeaderValue =
    HeaderValue::from_static("require-trusted-types-for 'script'; report-uri /csp-report; report-to csp");
/// Of what is neither shown nor run.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// Where browsers report what these policies stopped.
const REPORTS: HeaderValue = HeaderValue::from_static("csp=\"/csp-report\"");

/// Marks the scripts of one response as ours: 128 random bits in base64url, new for each request, in its extensions.
#[derive(Clone, PartialEq, Eq)]
pub struct CspNonce(Arc<str>);

impl CspNonce {
    fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(BASE64URL_NOPAD.encode(&bytes).into())
    }

    /// The text as it stands in the header and in `nonce` attributes.
    pub fn text(&self) -> &Arc<str> {
        &self.0
    }
}

impl fmt::Display for CspNonce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether browsers reach this server by TLS, here or at a proxy in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP, on loopback.
    Plain,
    /// TLS: browsers are told to use nothing else for two years.
    Tls,
}

/// Middleware: gives the request its nonce and the response its headers. A handler's own
/// `Cache-Control` and `Content-Security-Policy` stand; without the first nothing is kept.
pub async fn add_security_headers(State(transport): State<Transport>, mut request: Request, next: Next) -> Response {
    let mut random = [0; 16];
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::error!(%error, "the system gives no random bytes");
        return axum::http::StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let nonce = CspNonce::from_bytes(random);
    request.extensions_mut().insert(nonce.clone());
    let mut response = next.run(request).await;
    write_headers(response.headers_mut(), &nonce, transport);
    response
}

fn write_headers(headers: &mut HeaderMap, nonce: &CspNonce, transport: Transport) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let kind = Kind::of(headers);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| match kind {
        Kind::Data => NOTHING,
        _ => content_security_policy(nonce),
    });
    if kind != Kind::Data {
        headers.insert(header::CONTENT_SECURITY_POLICY_REPORT_ONLY, TRUSTED_TYPES);
        headers.insert(HeaderName::from_static("reporting-endpoints"), REPORTS);
    }
    if kind == Kind::Document {
        headers.insert(HeaderName::from_static("permissions-policy"), permissions_policy());
    }
    if transport == Transport::Tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Drawings have no scripts and no styles of their own.
const DATA: [&[u8]; 5] =
    [b"text/css", b"image/svg+xml", b"application/wasm", b"application/json", b"application/octet-stream"];

/// What a browser does with an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It shows it. Only documents are permitted or denied anything.
    Document,
    /// It runs it: a Worker has the policy of its program.
    Program,
    /// Neither.
    Data,
}

impl Kind {
    /// A document, unless an answer says that it is something else.
    fn of(headers: &HeaderMap) -> Self {
        match headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes) {
            Some(kind) if DATA.iter().any(|data| kind.starts_with(data)) => Self::Data,
            Some(kind) if kind.starts_with(b"text/javascript") => Self::Program,
            _ => Self::Document,
        }
    }
}

fn content_security_policy(nonce: &CspNonce) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; frame-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'; object-src 'none'; manifest-src 'self'; report-uri /csp-report; \
         report-to csp"
    );
    HeaderValue::try_from(policy).expect("base64url and the text above are visible ASCII")
}

fn permissions_policy() -> HeaderValue {
    let off = PERMISSIONS_OFF.map(|name| format!("{name}=()")).join(", ");
    HeaderValue::try_from(format!("{off}, {PERMISSIONS_OWN}")).expect("the names above are visible ASCII")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn headers_of(path: &str, transport: Transport) -> HeaderMap {
        let kept = || async { ([(header::CACHE_CONTROL, "public, max-age=60")], "kept") };
        let app = Router::new()
            .route("/", get(|| async { "plain" }))
            .route("/kept", get(kept))
            .layer(from_fn_with_state(transport, add_security_headers));
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        app.oneshot(request).await.unwrap().headers().clone()
    }

    fn policy(headers: &HeaderMap) -> &str {
        headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap()
    }

    #[tokio::test]
    async fn every_response_carries_them() {
        for path in ["/", "/nowhere"] {
            let headers = headers_of(path, Transport::Plain).await;
            assert!(policy(&headers).starts_with("default-src 'none'; script-src 'nonce-"), "{path}");
            let wanted = [
                "frame-ancestors 'none'",
                "worker-src 'self'",
                "frame-src 'self'",
                "connect-src 'self'",
                "img-src 'self' blob:",
                "report-to csp",
            ];
            for part in wanted {
                assert!(policy(&headers).contains(part), "{path}: {part}");
            }
            let reported = headers[header::CONTENT_SECURITY_POLICY_REPORT_ONLY].to_str().unwrap();
            assert!(reported.starts_with("require-trusted-types-for 'script'") && reported.ends_with("report-to csp"));
            assert_eq!(headers["reporting-endpoints"], "csp=\"/csp-report\"");
            for (name, value) in HEADERS {
                assert_eq!(headers[&name], value, "{path}");
            }
            assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
            assert!(headers["permissions-policy"].to_str().unwrap().contains("camera=()"), "{path}");
        }
    }

    #[tokio::test]
    async fn no_two_responses_share_a_nonce() {
        let (one, other) = (headers_of("/", Transport::Plain).await, headers_of("/", Transport::Plain).await);
        assert_ne!(policy(&one), policy(&other));
    }

    #[tokio::test]
    async fn only_tls_is_made_strict() {
        assert!(!headers_of("/", Transport::Plain).await.contains_key(header::STRICT_TRANSPORT_SECURITY));
        assert_eq!(headers_of("/", Transport::Tls).await[header::STRICT_TRANSPORT_SECURITY], STRICT_TRANSPORT);
    }

    #[tokio::test]
    async fn a_handler_decides_how_long_its_answer_is_kept() {
        assert_eq!(headers_of("/kept", Transport::Plain).await[header::CACHE_CONTROL], "public, max-age=60");
    }

    #[tokio::test]
    async fn what_is_neither_shown_nor_run_may_do_nothing() {
        let app = Router::new()
            .route("/x.css", get(|| async { ([(header::CONTENT_TYPE, "text/css")], "") }))
            .route("/x", get(|| async { axum::response::Html("") }))
            .layer(from_fn_with_state(Transport::Plain, add_security_headers));
        for (path, wanted) in [("/x.css", false), ("/x", true)] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.headers().contains_key("permissions-policy"), wanted, "{path}");
            assert_eq!(policy(answer.headers()) == NOTHING, !wanted, "{path}");
        }
    }
}
