//! `POST /csp-report`: browsers tell what the policy of a page stopped. One line in the log, without anything of the person.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;

use crate::app_state::AppState;
use crate::client_address::Network;
use crate::error::{ApiError, ApiResult};
use crate::extract::refuse_body;

/// Longest report, bytes.
pub const MAX_BYTES: usize = 16 << 10;
/// Longest word of a report that is logged.
const MAX_WORD: usize = 40;

/// By `report-uri`.
#[derive(Deserialize)]
struct Old {
    #[serde(rename = "csp-report")]
    report: OldReport,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct OldReport {
    #[serde(alias = "violated-directive")]
    effective_directive: String,
    #[serde(default)]
    disposition: String,
}

/// By `report-to`: element of a list.
#[derive(Deserialize)]
struct New {
    body: NewReport,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewReport {
    effective_directive: String,
    #[serde(default)]
    disposition: String,
}

/// Somebody unknown, counted before the body is read.
#[derive(Debug)]
pub struct Stranger;

impl FromRequestParts<AppState> for Stranger {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> ApiResult<Self> {
        state.take_stranger(parts.extensions.get().copied().unwrap_or(Network::NONE))?;
        Ok(Self)
    }
}

/// Notes a report, if it is one, and if there were not many lately.
///
/// # Errors
/// `too_many_requests`, `too_large`, and `bad_request` when the body does not come.
pub async fn create(
    State(state): State<AppState>,
    _: Stranger,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult<StatusCode> {
    let body = body.map_err(refuse_body)?;
    if let Some((directive, disposition)) = read(&body)
        && state.take_report()
    {
        tracing::warn!(directive, disposition, "a browser reports that the policy of a page was not kept");
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Directive and disposition of the first violation. Addresses and scripts, which may be anybody's, are left out.
fn read(body: &[u8]) -> Option<(String, String)> {
    if let Ok(Old { report }) = serde_json::from_slice(body) {
        return Some((word(&report.effective_directive), word(&report.disposition)));
    }
    let reports: Vec<New> = serde_json::from_slice(body).ok()?;
    reports.first().map(|New { body }| (word(&body.effective_directive), word(&body.disposition)))
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').take(MAX_WORD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::TestServer;

    #[test]
    fn only_words_are_taken() {
        let old = br#"{"csp-report": {"document-uri": "https://a/b?c", "violated-directive": "img-src https://x", "disposition": "enforce"}}"#;
        assert_eq!(read(old), Some(("img-src".into(), "enforce".into())));
        let new = br#"[{"type": "csp-violation", "url": "https://a", "body": {"effectiveDirective": "require-trusted-types-for", "disposition": "report"}}]"#;
        assert_eq!(read(new), Some(("require-trusted-types-for".into(), "report".into())));
        for other in [&b""[..], b"{}", b"[]", b"[1]", b"{\"csp-report\": 1}"] {
            assert_eq!(read(other), None);
        }
        assert_eq!(word(&"a".repeat(100)).len(), MAX_WORD);
    }

    #[tokio::test]
    async fn reports_are_taken_and_bounded() {
        let server = TestServer::start().await;
        // It chooses the provider of TLS for all clients.
        server.stranger();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let send = async |body: Vec<u8>| {
            let request = client.post(format!("{}/csp-report", server.url)).body(body);
            request.header("content-type", "application/csp-report").send().await.unwrap().status().as_u16()
        };
        assert_eq!(send(br#"{"csp-report": {"effective-directive": "img-src"}}"#.to_vec()).await, 204);
        assert_eq!(send(b"nonsense".to_vec()).await, 204);
        assert_eq!(send(vec![b' '; MAX_BYTES + 1]).await, 413);
    }
}
