//! What is opened: one file.
//!
//! ```text
//! json_len u32 ‖ json of Known ‖ object frames
//! ```

use std::collections::HashMap;
use std::ops::Range;

use iota_core::api::frames::{ObjectFrame, decode_objects};
use iota_core::api::json::{Bytes, SetInfo, Vault};
use iota_core::extent::{ChunkKey, ChunkRef};
use iota_core::id::{AccountId, Cid};
use iota_core::refs::Reference;
use iota_core::vault::PathToken;
use iota_core::wire::{Reader, Writer};
use serde::{Deserialize, Serialize};

use crate::measure::{MeasureError, Result};

/// The account.
pub const ACCOUNT: AccountId = AccountId([1; 16]);
/// Its master key. There is nothing to hide.
pub const MASTER: [u8; 32] = [9; 32];

/// What a piece holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// Source text, which compression makes small.
    Text,
    /// Noise, which is stored as it is.
    Noise,
}

/// A chunk object to open.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Piece {
    /// What it holds.
    pub content: Content,
    /// Its id.
    pub cid: Cid,
    /// Its key.
    pub ckey: Bytes,
    /// Bytes of its plaintext.
    pub bytes: u64,
}

impl Piece {
    /// As entries refer to it.
    ///
    /// # Errors
    /// [`MeasureError::Incomplete`] when the key has another length.
    pub fn chunk(&self) -> Result<ChunkRef> {
        let ckey = self.ckey.0.as_slice().try_into().map_err(|_| MeasureError::Incomplete("key of a piece"))?;
        Ok(ChunkRef { cid: self.cid, ckey: ChunkKey(ckey) })
    }
}

/// Everything but the objects.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Known {
    /// Pieces of files.
    pub pieces: Vec<Piece>,
    /// Answer of `GET /vault`.
    pub vault: Vault,
    /// Opens it.
    pub key_file: String,
    /// Answer of `GET /sets`: one set.
    pub sets: Vec<SetInfo>,
    /// Answer of `GET /sets/{set}/segment` at the head.
    pub segment: Bytes,
    /// Files in the set.
    pub files: u64,
    /// Folders to look at, one after the other.
    pub walk: Vec<PathToken>,
    /// Entries in each of them.
    pub folder_entries: u32,
}

/// See the module.
pub struct Fixture {
    /// Everything but the objects.
    pub known: Known,
    bytes: Vec<u8>,
    objects: HashMap<Cid, Range<usize>>,
}

impl Fixture {
    /// The bytes of a fixture.
    ///
    /// # Errors
    /// [`MeasureError::Json`].
    pub fn encode(known: &Known, objects: impl IntoIterator<Item = (Cid, Vec<u8>)>) -> Result<Vec<u8>> {
        let known = serde_json::to_vec(known)?;
        let mut writer = Writer::new();
        writer.u32(known.len() as u32).raw(&known);
        for (cid, object) in objects {
            ObjectFrame { reference: Reference::private(cid), object: &object }.write(&mut writer);
        }
        Ok(writer.finish())
    }

    /// Parses [`Fixture::encode`].
    ///
    /// # Errors
    /// [`MeasureError::Wire`], [`MeasureError::Json`].
    pub fn decode(bytes: Vec<u8>) -> Result<Self> {
        let mut reader = Reader::new(&bytes);
        let length = reader.u32()? as usize;
        let known = serde_json::from_slice(reader.raw(length)?)?;
        let frames = reader.rest();
        let mut at = bytes.len() - frames.len();
        let mut objects = HashMap::new();
        for frame in decode_objects(frames, usize::MAX)? {
            let start = at + ObjectFrame::HEADER_BYTES;
            at = start + frame.object.len();
            objects.insert(frame.reference.cid, start..at);
        }
        Ok(Self { known, bytes, objects })
    }

    /// The object of an id.
    pub fn object(&self, cid: &Cid) -> Option<&[u8]> {
        self.bytes.get(self.objects.get(cid)?.clone())
    }
}
