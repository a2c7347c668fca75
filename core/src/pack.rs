//! How a server keeps what it stores: append-only files of records, described in `docs/format/packs.md`.
//!
//! These are the bytes alone, so that whoever has a server's files can read them without the server. The server's
//! `packs` does the reading and writing.

mod commit;
mod header;
mod index;
mod record;
mod thinning;

pub use commit::CommitRecord;
pub use header::{PackHeader, Salt};
pub use index::{IndexEntry, IndexWriter, Trailer, begins_index, decode_index};
pub use record::{RecordHead, RecordKind, record_bytes, verify_record};
pub use thinning::ThinningRecord;

/// Position of the first record: after both copies of the header.
pub const FIRST_RECORD: u64 = 2 * PackHeader::BYTES as u64;
/// Longest payload of a record.
pub const MAX_PAYLOAD_BYTES: usize = 16 << 20;
/// How a record begins.
pub const RECORD_MAGIC: &[u8; 4] = b"IREC";
