//! Why a commit is not taken.

use iota_core::api::json::{MissingObject, code};
use iota_core::id::{Cid, Domain};

use crate::auth::replaced;
use crate::error::ApiError;
use crate::packs::PackError;
use crate::store::{StoreError, reference};

/// Why a commit is not taken. Nothing has changed.
#[derive(Debug)]
pub enum Refusal {
    /// Another machine writes the set now.
    Replaced,
    /// The upload session is over.
    UploadEnded,
    /// It does not follow the newest commit.
    HeadMoved,
    /// Something in it does not hold.
    Invalid(String),
    /// Its lists do not fit what the set uses now.
    NeedFullReferences(String),
    /// It uses chunks that are not here.
    Missing(Vec<Cid>),
    /// Not its fault: the packs.
    Packs(PackError),
    /// Not its fault: the database.
    Store(StoreError),
}

impl Refusal {
    /// Something does not hold.
    pub(super) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid(what.into())
    }

    /// Whether a chunk was taken away after it had been seen: the next attempt will name it.
    pub(super) fn is_chunk_missing(&self) -> bool {
        matches!(self, Self::Store(error) if reference::is_chunk_missing(error))
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<PackError> for Refusal {
    fn from(error: PackError) -> Self {
        Self::Packs(error)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Replaced => replaced(),
            Refusal::UploadEnded => upload_ended(),
            Refusal::HeadMoved => Self::new(
                code::HEAD_MOVED,
                "the commit does not follow the newest one of this set: read the head, and enrol again if it is not yours",
            ),
            Refusal::Invalid(what) => Self::new(code::INVALID_COMMIT, format!("the commit does not hold: {what}")),
            Refusal::NeedFullReferences(why) => {
                Self::new(code::NEED_FULL_REFERENCES, format!("{why}: commit a base with full references"))
            }
            Refusal::Missing(cids) => {
                let missing = cids.into_iter().map(|cid| MissingObject { domain: Domain::PRIVATE, cid }).collect();
                let message = "objects that the commit uses are not here: upload them, then commit again";
                Self::new(code::MISSING_OBJECTS, message).with_missing(missing)
            }
            Refusal::Packs(error) => error.into(),
            Refusal::Store(error) => error.into(),
        }
    }
}

/// The answer in a session that is over, or that never was.
pub fn upload_ended() -> ApiError {
    ApiError::new(code::UPLOAD_ENDED, "this upload session has ended: begin another")
}
