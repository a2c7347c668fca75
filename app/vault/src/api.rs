//! The public API, as the vault asks it.

use iota_core::{
    api::{
        MAX_READ_OBJECTS,
        frames::{Segment, decode_objects},
        json::{ServerInfo, SetInfo, Vault},
    },
    commit::SignedHeader,
    id::{Cid, SetId},
    refs::{Reference, encode_references},
    vault::Problem,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    platform::{Body, Platform, Request},
    problem::{Result, Tell, malformed},
};

/// Asks `GET {path}`.
///
/// # Errors
/// The server's refusal, or that it does not answer; like all others here.
pub async fn get<T: DeserializeOwned>(platform: &impl Platform, path: &str) -> Result<T> {
    let request = Request { method: "GET", path: path.to_owned(), body: Body::Empty };
    parse(&platform.exchange(request).await?)
}

/// Sends JSON and reads JSON.
pub async fn send<T: DeserializeOwned>(
    platform: &impl Platform,
    method: &'static str,
    path: &str,
    body: &impl Serialize,
) -> Result<T> {
    let body = Body::Json(serde_json::to_string(body).map_err(|error| malformed(&error))?);
    parse(&platform.exchange(Request { method, path: path.to_owned(), body }).await?)
}

/// Asks something without a body or an answer.
pub async fn order(platform: &impl Platform, method: &'static str, path: &str) -> Result<()> {
    platform.exchange(Request { method, path: path.to_owned(), body: Body::Empty }).await.map(drop)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(if bytes.is_empty() { b"null" } else { bytes }).map_err(|error| malformed(&error))
}

/// `GET /server`.
pub async fn server(platform: &impl Platform) -> Result<ServerInfo> {
    get(platform, "/server").await
}

/// `GET /vault`.
pub async fn vault(platform: &impl Platform) -> Result<Vault> {
    get(platform, "/vault").await
}

/// `GET /sets`.
pub async fn sets(platform: &impl Platform) -> Result<Vec<SetInfo>> {
    get(platform, "/sets").await
}

/// The path from the head to commit `at`, and the commits from its base to it.
pub async fn segment(platform: &impl Platform, set: SetId, at: u64) -> Result<Segment> {
    binary_segment(platform, format!("/sets/{set}/segment?at={at}")).await
}

/// The path from the head to commit `at`, and the commits that follow `after`, or those from its base to it when that is a later one.
pub async fn segment_after(platform: &impl Platform, set: SetId, at: u64, after: u64) -> Result<Segment> {
    binary_segment(platform, format!("/sets/{set}/segment?after={after}&at={at}")).await
}

/// The headers from commit `from` down to commit `to`, both included.
pub async fn path(platform: &impl Platform, set: SetId, from: u64, to: u64) -> Result<Vec<SignedHeader>> {
    Ok(binary_segment(platform, format!("/sets/{set}/path?from={from}&to={to}")).await?.path)
}

async fn binary_segment(platform: &impl Platform, path: String) -> Result<Segment> {
    let bytes = platform.exchange(Request { method: "GET", path, body: Body::Empty }).await?;
    Segment::decode(&bytes).tell()
}

/// Reads objects of the private domain, any number; `None` where the server has none. At most one answer is under way.
pub async fn objects(platform: &impl Platform, cids: &[Cid]) -> Result<Vec<Option<Vec<u8>>>> {
    let mut objects = Vec::with_capacity(cids.len());
    while objects.len() < cids.len() {
        let asked: Vec<Reference> =
            cids[objects.len()..].iter().take(MAX_READ_OBJECTS).map(|&cid| Reference::private(cid)).collect();
        let body = Body::Binary(encode_references(&asked));
        let request = Request { method: "POST", path: "/objects/read".into(), body };
        let bytes = platform.exchange(request).await?;
        let frames = decode_objects(&bytes, MAX_READ_OBJECTS).tell()?;
        let in_order = frames.iter().zip(&asked).all(|(frame, asked)| frame.reference == *asked);
        if frames.is_empty() || frames.len() > asked.len() || !in_order {
            return Err(malformed(&"other objects than those that were asked for"));
        }
        objects.extend(frames.iter().map(|frame| (!frame.object.is_empty()).then(|| frame.object.to_vec())));
    }
    Ok(objects)
}

/// Whether the server refused with `code`.
pub fn refused_with(problem: &Problem, code: &str) -> bool {
    problem.has_code(code)
}
