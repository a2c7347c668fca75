//! Whether a header is the next of its log.

use iota_core::api::frames::{CommitFrame, References, Segment};
use iota_core::commit::{CommitKind, Flags};
use iota_core::id::{Cid, HeaderHash};

use super::Refusal;
use crate::auth::Machine;
use crate::store::backup_set::Head;

/// Checks header, signature, links and body against the head of the set. `skipped` is the hash to which the skip link leads.
pub(super) fn header(frame: &CommitFrame, machine: &Machine, head: &Head, skipped: HeaderHash) -> Result<(), Refusal> {
    let header = &frame.header.header;
    let require = |holds: bool, what: &str| if holds { Ok(()) } else { Err(Refusal::invalid(what)) };
    require(header.account == machine.account, "it is of another account")?;
    require(header.set == machine.set, "it is of another set")?;
    require(header.device == machine.device, "it is of another machine")?;
    require(header.key_epoch == machine.key_epoch, "it is of another key epoch")?;
    require(frame.header.verify(&machine.signing_key).is_ok(), "the signature does not hold")?;
    if header.seq != head.seq + 1 || header.prev != head.hash {
        return Err(Refusal::HeadMoved);
    }
    require(header.skip == skipped, "the skip link leads elsewhere")?;
    require(header.prev_received_ms == head.received_ms, "it names another time of receipt of the commit before")?;
    require(header.body_cid == Cid::of(&frame.body), "the body is another")?;
    require(fits_segment(header.kind, header.seq, head), "a base is due")?;
    let full = header.flags.contains(Flags::FULL_REFERENCES);
    if header.seq == machine.first_seq && !full {
        return Err(Refusal::NeedFullReferences("the first commit of a machine needs the whole list".into()));
    }
    let staged = matches!(frame.references, References::Staged { .. });
    require(full == staged, "full references are staged before, and others are not")
}

/// A reader opens a base and what follows it, up to a limit of the format.
fn fits_segment(kind: CommitKind, seq: u64, head: &Head) -> bool {
    kind == CommitKind::Base || seq - head.base_seq < Segment::MAX_COMMITS as u64
}
