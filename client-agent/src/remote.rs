//! What an agent asks of its server. [`http`] speaks to a real one; tests keep one in memory.
//!
//! Every call may be repeated: the server gives the same answer, or a better one.

use iota_core::{
    api::{
        frames::{Segment, StoredCommit},
        json::{
            CommitAnswer, ErrorDetail, HeadInfo, RestoreOrder, SetInfo, SnapshotInfo, UploadAnswer, UploadInfo, code,
        },
        retention::Retention,
    },
    commit::SignedHeader,
    id::{RestoreId, SetId, UploadId},
    refs::Reference,
};
use thiserror::Error;

pub mod http;

/// Why the server's answer is not there.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// The server refused, and says why and what to do; asking again changes nothing.
    #[error("{}", .0.message)]
    Refused(ErrorDetail),
    /// The server could not be reached or could not serve, after several attempts.
    #[error(
        "the server at {server} did not answer: {reason}; check the network and that the server runs, then try again"
    )]
    Unreachable {
        /// Its address.
        server: String,
        /// What happened.
        reason: String,
    },
    /// The answer is not what this version of the API says.
    #[error("the server's answer to {request} makes no sense: {reason}; its version may not fit this program")]
    Malformed {
        /// Which request.
        request: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl RemoteError {
    /// The stable word of a refusal ([`iota_core::api::json::code`]).
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(detail) => Some(&detail.code),
            _ => None,
        }
    }

    /// Whether another machine has taken the place of this one, or its owner has revoked it: it may not do anything any more.
    pub fn is_replaced(&self) -> bool {
        self.code() == Some(code::DEVICE_REPLACED)
    }
}

/// What a machine may ask with its device token. Nothing else is open to it.
pub trait Remote: Send + Sync {
    /// The newest commit of the machine's set.
    ///
    /// # Errors
    /// Like all others: [`RemoteError`].
    fn head(&self) -> Result<Option<HeadInfo>, RemoteError>;

    /// Begins an upload session.
    fn begin_upload(&self) -> Result<UploadInfo, RemoteError>;

    /// Renews the lease of a session.
    fn renew_upload(&self, upload: UploadId) -> Result<UploadInfo, RemoteError>;

    /// Ends a session without a commit.
    fn end_upload(&self, upload: UploadId) -> Result<(), RemoteError>;

    /// Which of at most [`iota_core::api::MAX_HAVE_IDS`] objects the server has; they stay until the session ends.
    fn have(&self, upload: UploadId, references: &[Reference]) -> Result<Vec<bool>, RemoteError>;

    /// Sends object frames ([`iota_core::api::frames::ObjectFrame`]); they are durable when this returns.
    fn put_objects(&self, upload: UploadId, frames: bytes::Bytes) -> Result<UploadAnswer, RemoteError>;

    /// Stages part `part` of a full reference list.
    fn put_references(&self, upload: UploadId, part: u32, references: Vec<u8>) -> Result<(), RemoteError>;

    /// Sends a commit ([`iota_core::api::frames::CommitFrame`]); it ends the session.
    fn commit(&self, upload: UploadId, frame: Vec<u8>) -> Result<CommitAnswer, RemoteError>;
}

/// What the owner may read of the account: all of it ciphertext, none of it believed before it is checked.
pub trait Archive: ObjectSource {
    /// The account's backup sets.
    ///
    /// # Errors
    /// Like all others: [`RemoteError`].
    fn sets(&self) -> Result<Vec<SetInfo>, RemoteError>;

    /// At most `limit` (1000) snapshots of a set before commit `before` (`None`: from the newest on), newest first.
    fn snapshots(&self, set: SetId, before: Option<u64>, limit: usize) -> Result<Vec<SnapshotInfo>, RemoteError>;

    /// Everything that the account decided about its snapshots.
    fn retention(&self) -> Result<Retention, RemoteError>;

    /// How many sealed bytes only these snapshots of a set use, ascending: what would be free without them.
    fn freed(&self, set: SetId, gone: &[u64]) -> Result<u64, RemoteError>;

    /// The path from the head to commit `at`, and the commits from its base to it.
    fn segment(&self, set: SetId, at: u64) -> Result<Segment, RemoteError>;

    /// The headers from commit `from` down to commit `to`, both included.
    fn path(&self, set: SetId, from: u64, to: u64) -> Result<Vec<SignedHeader>, RemoteError>;
}

/// Where objects are read: what the owner may read, or what an order lets a machine read.
pub trait ObjectSource: Send + Sync {
    /// The objects of at most [`iota_core::api::MAX_READ_OBJECTS`] references, in order; `None` where the server has none.
    /// The answer may be shorter than the question, but has one object at least: ask again for the rest.
    fn read_objects(&self, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError>;
}

/// What a machine asks about restores that its owner ordered.
pub trait OrderedRestores: Send + Sync {
    /// Those that it has not ended, oldest first.
    ///
    /// # Errors
    /// Like all others: [`RemoteError`].
    fn orders(&self) -> Result<Vec<RestoreOrder>, RemoteError>;

    /// The commits from the base of an order's snapshot to it.
    fn commits(&self, restore: RestoreId) -> Result<Vec<StoredCommit>, RemoteError>;

    /// Objects that the snapshot uses; see [`ObjectSource::read_objects`].
    fn objects(&self, restore: RestoreId, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError>;

    /// Says how it ended; the owner alone can read it.
    fn end(&self, restore: RestoreId, outcome: &[u8]) -> Result<(), RemoteError>;
}
