//! What the owner of an account asks: to read its ciphertext.

use super::{
    bearer::{Bearer, Speaker},
    outcome::malformed,
    transport::{Http, Payload, Request},
};
use crate::remote::{Archive, ObjectSource, RemoteError};
use bytes::Bytes;
use iota_core::{
    api::{
        MAX_OBJECT_BYTES, MAX_READ_OBJECTS, MAX_UPLOAD_BYTES,
        frames::{Segment, decode_objects},
        json::{SetInfo, SnapshotInfo, Vault},
        retention::{AskFreed, Freed, Retention},
    },
    commit::SignedHeader,
    id::SetId,
    refs::{Reference, encode_references},
};
use reqwest::Method;
use std::{fmt::Display, sync::Arc};

/// Longest list of sets with their certificates, of snapshots, and of decisions.
const LIST_BYTES: usize = 16 << 20;
/// Longest segment: its path, a base, and the deltas after it.
pub(super) const SEGMENT_BYTES: usize = 64 << 20;
/// Longest answer with objects: it ends with the object that passes 40 MiB.
const OBJECTS_BYTES: usize = MAX_UPLOAD_BYTES + MAX_OBJECT_BYTES + (64 << 10);

/// A server as the owner of an account sees it.
pub struct OwnerHttp(Bearer);

impl OwnerHttp {
    /// The owner `speaker` at the server of `http`.
    pub fn new(http: Arc<Http>, speaker: Speaker) -> Self {
        Self(Bearer::new(http, speaker))
    }

    /// The account's slots.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub fn vault(&self) -> Result<Vault, RemoteError> {
        let request = Request::new("GET /vault", Method::GET, "/vault");
        self.0.send(&request)?.json(request.name)
    }

    fn segment_of(&self, name: &'static str, path: String) -> Result<Segment, RemoteError> {
        let answer = self.0.send(&Request::new(name, Method::GET, path).answer_bytes(SEGMENT_BYTES))?;
        Segment::decode(&answer.bytes).map_err(|error| malformed(name, error))
    }
}

impl Archive for OwnerHttp {
    fn sets(&self) -> Result<Vec<SetInfo>, RemoteError> {
        let request = Request::new("GET /sets", Method::GET, "/sets").answer_bytes(LIST_BYTES);
        self.0.send(&request)?.json(request.name)
    }

    fn snapshots(&self, set: SetId, before: Option<u64>, limit: usize) -> Result<Vec<SnapshotInfo>, RemoteError> {
        let before = before.map_or(String::new(), |seq| format!("before={seq}&"));
        let path = format!("/sets/{set}/snapshots?{before}limit={limit}");
        let request = Request::new("GET /sets/{set}/snapshots", Method::GET, path).answer_bytes(LIST_BYTES);
        self.0.send(&request)?.json(request.name)
    }

    fn retention(&self) -> Result<Retention, RemoteError> {
        let request =
            Request::new("GET /account/retention", Method::GET, "/account/retention").answer_bytes(LIST_BYTES);
        self.0.send(&request)?.json(request.name)
    }

    fn freed(&self, set: SetId, gone: &[u64]) -> Result<u64, RemoteError> {
        let ask = AskFreed { gone: gone.to_vec() };
        let request = Request::new("POST /sets/{set}/freed", Method::POST, format!("/sets/{set}/freed"));
        let request = request.with(Payload::json(&ask));
        self.0.send(&request)?.json(request.name).map(|freed: Freed| freed.bytes)
    }

    fn segment(&self, set: SetId, at: u64) -> Result<Segment, RemoteError> {
        self.segment_of("GET /sets/{set}/segment", format!("/sets/{set}/segment?at={at}"))
    }

    fn path(&self, set: SetId, from: u64, to: u64) -> Result<Vec<SignedHeader>, RemoteError> {
        Ok(self.segment_of("GET /sets/{set}/path", format!("/sets/{set}/path?from={from}&to={to}"))?.path)
    }
}

impl ObjectSource for OwnerHttp {
    fn read_objects(&self, references: &[Reference]) -> Result<Vec<Option<Bytes>>, RemoteError> {
        let request = Request::new("POST /objects/read", Method::POST, "/objects/read");
        read_objects(&self.0, request, references)
    }
}

/// Asks for objects by `request`, whose answers are those of `POST /objects/read`.
pub(super) fn read_objects(
    bearer: &Bearer,
    request: Request,
    references: &[Reference],
) -> Result<Vec<Option<Bytes>>, RemoteError> {
    let request = request.with(Payload::Binary(encode_references(references).into())).answer_bytes(OBJECTS_BYTES);
    let bytes = bearer.send(&request)?.bytes;
    let wrong = |reason: &dyn Display| malformed(request.name, reason);
    let frames = decode_objects(&bytes, MAX_READ_OBJECTS).map_err(|error| wrong(&error))?;
    let in_order = frames.iter().zip(references).all(|(frame, asked)| frame.reference == *asked);
    let some = !frames.is_empty() || references.is_empty();
    if !in_order || !some || frames.len() > references.len() {
        return Err(wrong(&"other objects than those that were asked for"));
    }
    let object = |object: &[u8]| if object.is_empty() { None } else { Some(bytes.slice_ref(object)) };
    Ok(frames.iter().map(|frame| object(frame.object)).collect())
}
