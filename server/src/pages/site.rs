//! The files that pages load, as the asset build wrote them (`xtask/src/assets.rs`), read once and kept in memory.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use iota_app::parts::Parts;
use iota_app::shell::{Asset, Assets};
use iota_app::sprites::Sprites;
use serde::Deserialize;

/// The name says the content, so it never changes: one year.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A worker takes its policy from its own answer, not from the page that starts it.
const VAULT_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
/// The worker that turns a stream of the page into a download asks nobody for anything.
const DOWNLOAD_POLICY: &str = "default-src 'none'";
/// The logical name of that worker. It is also served below `/dl/`, its only scope.
const DOWNLOAD_WORKER: &str = "sw.js";

/// Why the files of the pages cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A file of the build is missing or cannot be read.
    #[error("cannot read {} of the pages ({source}): build them again with `cargo run -p xtask -- bundle`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The list of files is not one.
    #[error("{} is not a list of assets ({source}): build the pages again with `cargo run -p xtask -- bundle`", path.display())]
    Manifest {
        /// The list.
        path: PathBuf,
        /// Where it is wrong.
        source: serde_json::Error,
    },
    /// The list lacks a file that every page needs.
    #[error("the pages lack {name}: build them again with `cargo run -p xtask -- bundle`")]
    Incomplete {
        /// The logical name of the file.
        name: &'static str,
    },
}

/// All files of one build.
pub struct Site {
    pub(super) assets: Assets,
    files: HashMap<String, File>,
    /// The file of the worker of downloads.
    download_worker: Option<String>,
}

/// One file, in both forms.
struct File {
    content_type: &'static str,
    policy: Option<&'static str>,
    plain: Bytes,
    brotli: Bytes,
}

/// One line of `manifest.json`.
#[derive(Deserialize)]
struct Listed {
    file: String,
    integrity: String,
    #[serde(default)]
    part_of: Vec<String>,
}

impl Site {
    /// Where a build lies for this program: `site` beside it, or one folder up (cargo's target folder), or installed in `share`.
    pub fn beside_program() -> Option<PathBuf> {
        let program = env::current_exe().ok()?;
        let folder = program.parent()?;
        let places = ["site", "../site", "../share/iotabackup/site"].map(|place| folder.join(place));
        places.into_iter().find(|place| place.join("manifest.json").exists())
    }

    /// Reads a build.
    pub fn load(folder: &Path) -> Result<Self, SiteError> {
        let path = folder.join("manifest.json");
        let listed: BTreeMap<String, Listed> =
            serde_json::from_slice(&read(&path)?).map_err(|source| SiteError::Manifest { path, source })?;
        let mut files = HashMap::new();
        for (name, Listed { file, .. }) in &listed {
            files.insert(file.clone(), File::load(&folder.join("assets"), name, file)?);
        }
        let download_worker = listed.get(DOWNLOAD_WORKER).map(|listed| listed.file.clone());
        Ok(Self { assets: assets(&listed)?, files, download_worker })
    }

    /// Answers a request for `/assets/{name}`.
    pub(super) fn answer(&self, name: &str, request: &HeaderMap) -> Response {
        match self.files.get(name) {
            Some(file) => file.answer(request),
            None => (StatusCode::NOT_FOUND, "there is no such asset").into_response(),
        }
    }

    /// Answers a request for `/dl/sw.js`: its name stays, so browsers look each time whether it is still the same.
    pub(super) fn answer_download_worker(&self, request: &HeaderMap) -> Option<Response> {
        let mut response = self.files.get(self.download_worker.as_ref()?)?.answer(request);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
            .headers_mut()
            .insert(HeaderName::from_static("service-worker-allowed"), HeaderValue::from_static("/dl/"));
        Some(response)
    }
}

impl File {
    fn load(folder: &Path, name: &str, file: &str) -> Result<Self, SiteError> {
        let plain = read(&folder.join(file))?.into();
        let brotli = read(&folder.join(format!("{file}.br")))?.into();
        let policy = match name {
            "vault.js" => Some(VAULT_POLICY),
            DOWNLOAD_WORKER => Some(DOWNLOAD_POLICY),
            _ => None,
        };
        Ok(Self { content_type: content_type(file), policy, plain, brotli })
    }

    fn answer(&self, request: &HeaderMap) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.content_type)),
            (header::CACHE_CONTROL, KEPT),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
        ];
        let mut response = if accepts_brotli(request) {
            (headers, [(header::CONTENT_ENCODING, "br")], self.brotli.clone()).into_response()
        } else {
            (headers, self.plain.clone()).into_response()
        };
        if let Some(policy) = self.policy {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        }
        response
    }
}

fn read(path: &Path) -> Result<Vec<u8>, SiteError> {
    fs::read(path).map_err(|source| SiteError::Read { path: path.to_path_buf(), source })
}

fn assets(listed: &BTreeMap<String, Listed>) -> Result<Assets, SiteError> {
    let find = |name: &'static str| {
        let Listed { file, integrity, .. } = listed.get(name).ok_or(SiteError::Incomplete { name })?;
        Ok(Asset { url: format!("/assets/{file}"), integrity: integrity.clone() })
    };
    let mut parts = Parts::default();
    for Listed { file, part_of, .. } in listed.values() {
        for function in part_of {
            parts.0.entry(function.clone()).or_default().push(format!("/assets/{file}"));
        }
    }
    Ok(Assets {
        stylesheet: find("iota.css")?,
        script: find("iota.js")?,
        program: find("iota.wasm")?,
        vault: find("vault.js")?,
        favicon: find("favicon.svg")?,
        parts,
        sprites: Sprites { icons: find("icons.svg")?.url, rings: find("rings.svg")?.url },
        alive: true,
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

/// Whether the client names brotli and does not refuse it (RFC 9110, section 12.5.3).
fn accepts_brotli(request: &HeaderMap) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let refused = weight.trim().trim_start_matches("q=").parse() == Ok(0.0);
        name.trim().eq_ignore_ascii_case("br") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_taken_only_where_it_is_named() {
        let accepts = |value: &str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::try_from(value).unwrap())]);
            accepts_brotli(&headers)
        };
        for value in ["br", "gzip, deflate, br, zstd", "gzip;q=0.5, BR;q=0.8"] {
            assert!(accepts(value), "{value}");
        }
        for value in ["", "gzip", "br;q=0", "br; q=0.0", "brother"] {
            assert!(!accepts(value), "{value}");
        }
        assert!(!accepts_brotli(&HeaderMap::new()));
    }
}
