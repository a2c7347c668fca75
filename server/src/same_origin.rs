//! Requests that another site made a browser send are refused, before anybody looks at who is signed in.
//!
//! A cookie with `SameSite=Strict` does not come with them; this is the second fence, and it also covers signing in.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use iota_core::api::json::code;

use crate::auth::SESSION_COOKIE;
use crate::error::{ApiError, ApiResult};

/// The header that a page of another site cannot add without asking first, which is never granted.
const OWN_HEADER: &str = "x-iota";

/// Middleware: what changes something must come from our own pages, or from a program that is no browser.
///
/// # Errors
/// `forbidden`.
pub async fn check(request: Request, next: Next) -> ApiResult<Response> {
    if has_disguised_cookie(request.headers()) {
        return Err(ApiError::bad_request(
            "a cookie's name has characters that this server never sets: delete its cookies",
        ));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        refuse_other_sites(request.headers())?;
    }
    Ok(next.run(request).await)
}

/// Middleware: nothing here unpacks a request's body.
///
/// # Errors
/// `bad_request` with status 415.
pub async fn refuse_encoded(request: Request, next: Next) -> ApiResult<Response> {
    let encoded = request.headers().get_all(header::CONTENT_ENCODING).iter().any(|value| value != "identity");
    if encoded {
        let refused = ApiError::bad_request("bodies with a content encoding are refused: send it plain");
        return Err(refused.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    Ok(next.run(request).await)
}

/// Cookies whose names are written in code are refused: what reads them later would take one of those for ours, and browsers,
/// which keep others from setting ours, do not.
fn has_disguised_cookie(headers: &HeaderMap) -> bool {
    headers.get_all(header::COOKIE).iter().any(|value| {
        let disguised = |cookie: &str| cookie.split('=').next().is_some_and(|name| name.contains('%'));
        value.to_str().map_or(true, |cookies| cookies.split(';').any(disguised))
    })
}

fn refuse_other_sites(headers: &HeaderMap) -> ApiResult<()> {
    let refused = |why: &str| Err(ApiError::new(code::FORBIDDEN, why));
    if !comes_from_here(headers) {
        return refused("requests from another site are refused: open the pages of this server");
    }
    if has_session_cookie(headers) && headers.get(OWN_HEADER).is_none_or(|value| value != "1") {
        return refused("a request with the session cookie needs the header X-Iota: 1");
    }
    Ok(())
}

/// By `Sec-Fetch-Site`, which browsers send and pages cannot forge; else by `Origin`; programs send neither.
fn comes_from_here(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    matches!((authority, host), (Some(authority), Some(host)) if authority.eq_ignore_ascii_case(host))
}

fn has_session_cookie(headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|cookies| cookies.split(';')).any(|cookie| {
        cookie.trim_start().strip_prefix(SESSION_COOKIE).is_some_and(|rest| rest.trim_start().starts_with('='))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn allowed(headers: &[(&str, &str)]) -> bool {
        let host = (header::HOST, HeaderValue::from_static("backup.example:4680"));
        let given = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap()));
        refuse_other_sites(&given.chain([host]).collect()).is_ok()
    }

    #[test]
    fn the_whole_matrix() {
        let (cookie, own) = (("cookie", "a=b; __Host-iota=x"), ("x-iota", "1"));
        let ours = [
            vec![],
            vec![("sec-fetch-site", "same-origin")],
            vec![("origin", "https://backup.example:4680")],
            vec![("sec-fetch-site", "same-origin"), ("origin", "https://backup.example:4680")],
        ];
        let theirs = [
            vec![("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site")],
            vec![("sec-fetch-site", "none")],
            vec![("origin", "https://evil.example")],
            vec![("origin", "https://backup.example")],
            vec![("origin", "https://backup.example:4680.evil.example")],
            vec![("origin", "null")],
            vec![("sec-fetch-site", "cross-site"), ("origin", "https://backup.example:4680")],
        ];
        for from in &ours {
            assert!(allowed(from), "{from:?}");
            assert!(!allowed(&[&from[..], &[cookie]].concat()), "{from:?}");
            assert!(!allowed(&[&from[..], &[cookie, ("x-iota", "2")]].concat()), "{from:?}");
            assert!(allowed(&[&from[..], &[cookie, own]].concat()), "{from:?}");
        }
        for from in &theirs {
            for more in [vec![], vec![cookie], vec![own], vec![cookie, own]] {
                assert!(!allowed(&[&from[..], &more].concat()), "{from:?} {more:?}");
            }
        }
    }

    #[test]
    fn names_in_code_and_strange_bytes_are_seen() {
        let disguised = |cookie: &[u8]| {
            has_disguised_cookie(&[(header::COOKIE, HeaderValue::from_bytes(cookie).unwrap())].into_iter().collect())
        };
        for cookie in [&b"__Host%2Diota=x"[..], b"a=b; __Ho%73t-iota=x", b"a=\xc3\xa9", b"%5f=1"] {
            assert!(disguised(cookie), "{}", cookie.escape_ascii());
        }
        assert!(!disguised(b"__Host-iota=a%2Fb%3D; other=1"));
    }

    #[test]
    fn only_our_cookie_asks_for_our_header() {
        assert!(allowed(&[("cookie", "a=b; __Host-iotalike=x; other=__Host-iota")]));
        assert!(!allowed(&[("cookie", "__Host-iota = x")]));
    }
}
