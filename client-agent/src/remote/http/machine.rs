//! What a machine asks.

use super::{
    bearer::{Bearer, Speaker},
    outcome::malformed,
    owner::{SEGMENT_BYTES, read_objects},
    transport::{Http, Payload, Request},
};
use crate::{
    live::channel::Line,
    remote::{OrderedRestores, Remote, RemoteError},
};
use bytes::Bytes;
use iota_core::{
    api::{
        frames::{Segment, StoredCommit, decode_bitmap},
        json::{
            Bytes as JsonBytes, CommitAnswer, EndRestore, HeadInfo, LiveAnswer, LiveReport, RestoreOrder, UploadAnswer,
            UploadInfo,
        },
    },
    id::{RestoreId, UploadId},
    refs::{Reference, encode_references},
    restore::{MAX_ORDER_BYTES, MAX_WAITING},
};
use reqwest::Method;
use std::sync::Arc;

/// A server as a machine sees it.
pub struct HttpRemote(Bearer);

impl HttpRemote {
    /// The machine `speaker` at the server of `http`.
    pub fn new(http: Arc<Http>, speaker: Speaker) -> Self {
        Self(Bearer::new(http, speaker))
    }
}

impl Line for HttpRemote {
    fn live(&self, report: &LiveReport) -> Result<LiveAnswer, RemoteError> {
        let request = Request::new("POST /agent/live", Method::POST, "/agent/live").with(Payload::json(report));
        self.0.send(&request)?.json(request.name)
    }
}

/// Longest list of orders, in base64 with their grants.
const ORDERS_BYTES: usize = MAX_WAITING * (2 * MAX_ORDER_BYTES);

impl OrderedRestores for HttpRemote {
    fn orders(&self) -> Result<Vec<RestoreOrder>, RemoteError> {
        let request = Request::new("GET /agent/restores", Method::GET, "/agent/restores").answer_bytes(ORDERS_BYTES);
        self.0.send(&request)?.json(request.name)
    }

    fn commits(&self, restore: RestoreId) -> Result<Vec<StoredCommit>, RemoteError> {
        let name = "GET /agent/restores/{restore}/segment";
        let request = Request::new(name, Method::GET, format!("/agent/restores/{restore}/segment"));
        let answer = self.0.send(&request.answer_bytes(SEGMENT_BYTES))?;
        Ok(Segment::decode(&answer.bytes).map_err(|error| malformed(name, error))?.commits)
    }

    fn objects(&self, restore: RestoreId, references: &[Reference]) -> Result<Vec<Option<Bytes>>, RemoteError> {
        let path = format!("/agent/restores/{restore}/objects");
        let request = Request::new("POST /agent/restores/{restore}/objects", Method::POST, path);
        read_objects(&self.0, request, references)
    }

    fn end(&self, restore: RestoreId, outcome: &[u8]) -> Result<(), RemoteError> {
        let path = format!("/agent/restores/{restore}/end");
        let end = EndRestore { outcome: JsonBytes(outcome.to_vec()) };
        let request = Request::new("POST /agent/restores/{restore}/end", Method::POST, path);
        self.0.send(&request.with(Payload::json(&end))).map(drop)
    }
}

fn of_upload(name: &'static str, method: Method, upload: UploadId, rest: &str) -> Request {
    Request::new(name, method, format!("/agent/uploads/{upload}{rest}"))
}

impl Remote for HttpRemote {
    fn head(&self) -> Result<Option<HeadInfo>, RemoteError> {
        let request = Request::new("GET /agent/head", Method::GET, "/agent/head");
        self.0.send(&request)?.json(request.name)
    }

    fn begin_upload(&self) -> Result<UploadInfo, RemoteError> {
        let request = Request::new("POST /agent/uploads", Method::POST, "/agent/uploads");
        self.0.send(&request)?.json(request.name)
    }

    fn renew_upload(&self, upload: UploadId) -> Result<UploadInfo, RemoteError> {
        let request = of_upload("POST /agent/uploads/{upload}/renew", Method::POST, upload, "/renew");
        self.0.send(&request)?.json(request.name)
    }

    fn end_upload(&self, upload: UploadId) -> Result<(), RemoteError> {
        self.0.send(&of_upload("DELETE /agent/uploads/{upload}", Method::DELETE, upload, "")).map(drop)
    }

    fn have(&self, upload: UploadId, references: &[Reference]) -> Result<Vec<bool>, RemoteError> {
        let request = of_upload("POST /agent/uploads/{upload}/have", Method::POST, upload, "/have")
            .with(Payload::Binary(encode_references(references).into()));
        let answer = self.0.send(&request)?;
        decode_bitmap(&answer.bytes, references.len()).map_err(|error| malformed(request.name, error))
    }

    fn put_objects(&self, upload: UploadId, frames: Bytes) -> Result<UploadAnswer, RemoteError> {
        let request = of_upload("POST /agent/uploads/{upload}/objects", Method::POST, upload, "/objects")
            .with(Payload::Binary(frames));
        self.0.send(&request)?.json(request.name)
    }

    fn put_references(&self, upload: UploadId, part: u32, references: Vec<u8>) -> Result<(), RemoteError> {
        let rest = format!("/references/{part}");
        let request = of_upload("PUT /agent/uploads/{upload}/references/{part}", Method::PUT, upload, &rest);
        self.0.send(&request.with(Payload::Binary(references.into()))).map(drop)
    }

    fn commit(&self, upload: UploadId, frame: Vec<u8>) -> Result<CommitAnswer, RemoteError> {
        let request = of_upload("POST /agent/uploads/{upload}/commit", Method::POST, upload, "/commit")
            .with(Payload::Binary(frame.into()));
        self.0.send(&request)?.json(request.name)
    }
}
