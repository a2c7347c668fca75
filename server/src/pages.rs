//! The pages: rendered here, hydrated in the browser. The only file, with its folder, that knows Leptos.

mod site;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use iota_app::shell::{Assets, comes_alive, is_missing, shell};
use iota_app::theme::Theme;
use iota_app::viewer::Viewer;
use iota_core::api::json::SessionInfo;
use leptos::nonce::Nonce;
use leptos::prelude::provide_context;
use leptos_axum::{AxumRouteListing, generate_route_list, render_app_async_with_context};

pub use site::{Site, SiteError};

use crate::security_headers::CspNonce;

/// How the pages of one request are shown: a layer outside puts it among its extensions.
#[derive(Debug, Clone, Default)]
pub struct Visit(Viewer);

impl Visit {
    /// Of who is signed in, if anybody, and whether browsers take the page's address for a secure one.
    pub fn new(session: Option<SessionInfo>, secure: bool) -> Self {
        Self(Viewer { session, insecure: !secure })
    }
}

/// Serves every page, `/assets/` and, as the fallback, "not found" for all addresses that nobody else answers.
///
/// It must lie inside the layer of [`add_security_headers`](crate::security_headers::add_security_headers), which gives scripts their nonce. Without
/// a site the pages are plain and without script.
pub fn router<S>(site: Option<Site>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let assets = site.as_ref().map(|site| site.assets.clone());
    let mut router = Router::new();
    for listing in generate_route_list(|| shell(None, Viewer::default())) {
        let assets = assets.clone();
        router = router.route(&axum_path(&listing), get(move |request| page(request, assets)));
    }
    let site = site.map(Arc::new);
    if let Some(site) = site.clone() {
        let asset = move |Path(name): Path<String>, headers: HeaderMap| async move { site.answer(&name, &headers) };
        router = router.route("/assets/{name}", get(asset));
    }
    // Everything else below is answered by the worker inside the browser; what comes here came without it.
    let worker = move |headers: HeaderMap| async move {
        let answer = site.as_ref().and_then(|site| site.answer_download_worker(&headers));
        answer.unwrap_or_else(no_download)
    };
    router = router.route("/dl/sw.js", get(worker)).route("/dl/{*name}", any(async || no_download()));
    router.fallback(move |request| not_found(request, assets))
}

/// The root of the list is written as the empty path.
fn axum_path(listing: &AxumRouteListing) -> String {
    match listing.path() {
        "" => "/".to_owned(),
        path => path.to_owned(),
    }
}

/// Renders the page of the request's address. It changes with the server, so it is never kept.
async fn page(request: Request, assets: Option<Assets>) -> Response {
    let nonce = request.extensions().get::<CspNonce>().cloned();
    let cookies = request.headers().get(header::COOKIE).and_then(|cookies| cookies.to_str().ok());
    let theme = cookies.and_then(Theme::of_cookies);
    let give_contexts = move || {
        if let Some(nonce) = &nonce {
            provide_context(Nonce::from_value(nonce.text().clone()));
        }
        if let Some(theme) = theme {
            provide_context(theme);
        }
    };
    let path = request.uri().path();
    let missing = is_missing(path);
    let assets = assets.map(|assets| Assets { alive: comes_alive(path), ..assets });
    let Visit(viewer) = request.extensions().get().cloned().unwrap_or_default();
    let render = render_app_async_with_context(give_contexts, move || shell(assets.clone(), viewer.clone()));
    let mut response = render(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if missing {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

fn no_download() -> Response {
    (StatusCode::NOT_FOUND, "downloads are made in the browser: go back to the page and start it there").into_response()
}

async fn not_found(request: Request, assets: Option<Assets>) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return (StatusCode::NOT_FOUND, "there is nothing at this address").into_response();
    }
    let mut response = page(request, assets).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::middleware::from_fn_with_state;
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;
    use crate::security_headers::{Transport, add_security_headers};

    /// A build with recognisable content.
    fn sample_site() -> Site {
        let folder = tempfile::tempdir().unwrap();
        let assets = folder.path().join("assets");
        std::fs::create_dir(&assets).unwrap();
        let mut manifest = serde_json::Map::new();
        for name in ["iota.css", "iota.js", "iota.wasm", "favicon.svg", "icons.svg", "rings.svg", "vault.js", "sw.js"] {
            let file = name.replace('.', "-0123.");
            std::fs::write(assets.join(&file), format!("plain {name}")).unwrap();
            std::fs::write(assets.join(format!("{file}.br")), format!("small {name}")).unwrap();
            manifest.insert(name.into(), json!({ "file": file, "integrity": format!("sha384-{name}"), "bytes": 1 }));
        }
        std::fs::write(folder.path().join("manifest.json"), serde_json::to_vec(&manifest).unwrap()).unwrap();
        Site::load(folder.path()).unwrap()
    }

    async fn send(site: Option<Site>, request: Request) -> (StatusCode, HeaderMap, String) {
        let app: Router = router(site).layer(from_fn_with_state(Transport::Plain, add_security_headers));
        let (head, body) = app.oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (head.status, head.headers, String::from_utf8(body.into()).unwrap())
    }

    fn request(method: Method, path: &str) -> Request {
        Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn pages_render_and_their_scripts_carry_the_nonce() {
        for path in ["/", "/sign-in"] {
            let (status, headers, html) = send(Some(sample_site()), request(Method::GET, path)).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(headers[header::CACHE_CONTROL], "no-store");
            assert!(html.contains("<h1") && html.contains(r#"href="/assets/iota-0123.css""#), "{html}");
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            let nonce = policy.split_once("'nonce-").unwrap().1.split_once('\'').unwrap().0;
            let marked = html.matches(&format!(r#"nonce="{nonce}""#)).count();
            assert_eq!(marked, html.matches("<script").count(), "{html}");
            assert!(marked >= 1 && !html.contains("style=\""), "{html}");
        }
    }

    #[tokio::test]
    async fn pages_render_without_assets_and_without_script() {
        let (status, _, html) = send(None, request(Method::GET, "/")).await;
        assert_eq!(status, StatusCode::OK);
        assert!(html.contains("<h1") && !html.contains("/assets/") && !html.contains("src="), "{html}");
    }

    #[tokio::test]
    async fn documents_come_without_a_script() {
        for path in ["/docs", "/docs/security", "/docs/format-keys"] {
            let (status, _, html) = send(Some(sample_site()), request(Method::GET, path)).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert!(html.contains("<h1") && html.contains("iota-0123.css"), "{html}");
            assert!(!html.contains("iota-0123.js") && !html.contains(".wasm") && !html.contains("style=\""), "{html}");
        }
        let (status, ..) = send(Some(sample_site()), request(Method::GET, "/docs/nothing")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn the_theme_that_was_chosen_stands_in_the_page() {
        let mut chosen = request(Method::GET, "/sign-in");
        chosen.headers_mut().insert(header::COOKIE, HeaderValue::from_static("a=b; iota-theme=dark"));
        assert!(send(None, chosen).await.2.contains(r#" data-theme="dark""#));
        assert!(!send(None, request(Method::GET, "/sign-in")).await.2.contains("data-theme"));
    }

    #[tokio::test]
    async fn other_addresses_are_not_found() {
        let (status, _, html) = send(Some(sample_site()), request(Method::GET, "/nowhere/at/all")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(html.contains("There is no page at this address."), "{html}");
        let (status, _, text) = send(None, request(Method::POST, "/nowhere")).await;
        assert_eq!((status, text.as_str()), (StatusCode::NOT_FOUND, "there is nothing at this address"));
    }

    #[tokio::test]
    async fn assets_are_kept_and_sent_compressed() {
        let path = "/assets/iota-0123.wasm";
        let (status, headers, body) = send(Some(sample_site()), request(Method::GET, path)).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "plain iota.wasm"));
        assert_eq!(headers[header::CONTENT_TYPE], "application/wasm");
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");

        let mut compressed = request(Method::GET, path);
        compressed.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
        let (_, headers, body) = send(Some(sample_site()), compressed).await;
        assert_eq!(
            (&headers[header::CONTENT_ENCODING], body.as_str()),
            (&HeaderValue::from_static("br"), "small iota.wasm")
        );
    }

    #[tokio::test]
    async fn workers_have_policies_of_their_own() {
        let of = async |path: &str| send(Some(sample_site()), request(Method::GET, path)).await;
        let (status, headers, body) = of("/dl/sw.js").await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "plain sw.js"));
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'");
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        assert_eq!(headers["service-worker-allowed"], "/dl/");
        assert!(headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/javascript"));
        let (_, headers, _) = of("/assets/vault-0123.js").await;
        let policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], policy);
        let (_, headers, _) = of("/assets/iota-0123.js").await;
        assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("'nonce-"));
        for path in ["/dl/anything", "/dl/a/b.zip", "/dl/sw.js/"] {
            let (status, _, text) = of(path).await;
            assert_eq!((status, text.contains("<html")), (StatusCode::NOT_FOUND, false), "{path}");
        }
        let (status, ..) = send(None, request(Method::GET, "/dl/sw.js")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn unknown_assets_are_not_found() {
        for path in ["/assets/iota-9999.wasm", "/assets/..%2Fmanifest.json", "/assets/iota-0123.wasm.br"] {
            let (status, headers, _) = send(Some(sample_site()), request(Method::GET, path)).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
        }
    }

    #[test]
    fn a_build_with_a_missing_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("manifest.json"), "{}").unwrap();
        assert!(matches!(Site::load(folder.path()), Err(SiteError::Incomplete { name: "iota.css" })));
        std::fs::write(folder.path().join("manifest.json"), "[").unwrap();
        assert!(matches!(Site::load(folder.path()), Err(SiteError::Manifest { .. })));
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(Site::load(empty.path()), Err(SiteError::Read { .. })));
    }
}
