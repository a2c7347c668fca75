//! The references of a commit: what came and what went, or everything.

use bytes::Bytes;
use iota_core::api::MAX_HAVE_IDS;
use iota_core::api::frames::{CommitFrame, References};
use iota_core::commit::Header;
use iota_core::id::{AccountId, Cid, Digest, UploadId};
use iota_core::pack::{MAX_PAYLOAD_BYTES, RecordKind};
use iota_core::refs::{Reference, RefsRoot, decode_references, encode_references, refs_root};
use iota_core::wire::Writer;
use sqlx::PgConnection;

use super::Refusal;
use crate::packs::{Packs, Record};
use crate::store::backup_set::Head;
use crate::store::{chunk, reference, staged_part, staged_reference};

/// What the state after a commit uses: how many, the XOR of their ids, and their sealed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Live {
    pub(super) count: u64,
    pub(super) xor: Digest,
    pub(super) bytes: u64,
}

/// The lists of one commit.
pub(super) enum Lists {
    /// What came and what went.
    Changes { added: Vec<Cid>, dropped: Vec<Cid>, root: Option<Digest>, encoded: Vec<u8> },
    /// The complete set, in parts that were staged before.
    Complete { upload: UploadId, parts: u32, count: u64 },
}

impl Lists {
    pub(super) fn of(frame: &CommitFrame, upload: UploadId) -> Self {
        match &frame.references {
            References::Inline { added, dropped } => Self::Changes {
                root: refs_root(added, dropped).ok(),
                encoded: encode_changes(added, dropped),
                added: cids_of(added),
                dropped: cids_of(dropped),
            },
            References::Staged { parts, count } => Self::Complete { upload, parts: *parts, count: *count },
        }
    }

    /// Whether they are what was signed, fit what the set uses, and name only chunks that are here. Returns what is used then.
    pub(super) async fn check(
        &self,
        transaction: &mut PgConnection,
        set_no: i64,
        domain_no: i64,
        head: &Head,
        header: &Header,
    ) -> Result<Live, Refusal> {
        let live = match self {
            Self::Changes { added, dropped, root, .. } => {
                check_root(*root, header)?;
                check_changes(transaction, set_no, domain_no, added, dropped).await?;
                let live = live_after(head, added, dropped);
                let fits = live.is_some_and(|live| (live.count, live.xor) == (header.live_count, header.live_xor));
                live.filter(|_| fits).ok_or_else(|| need_full("the sums of the live set do not add up"))?
            }
            Self::Complete { upload, parts, count } => {
                let (live, root) = stage(transaction, set_no, *upload, *parts).await?;
                check_root(root, header)?;
                if live.count != *count || (live.count, live.xor) != (header.live_count, header.live_xor) {
                    return Err(Refusal::invalid("the sums of the live set are not those of the list"));
                }
                live
            }
        };
        let missing = match self {
            Self::Changes { added, .. } => chunk::missing(transaction, domain_no, added, MAX_HAVE_IDS).await?,
            Self::Complete { .. } => staged_reference::missing(transaction, set_no, domain_no, MAX_HAVE_IDS).await?,
        };
        if !missing.is_empty() {
            return Err(Refusal::Missing(missing));
        }
        let bytes = match self {
            Self::Changes { added, dropped, .. } => {
                let added = chunk::total_bytes(transaction, domain_no, added).await?;
                // One that was lost counts nothing until it is whole again, so this may have been counted as less.
                (head.live_bytes + added).saturating_sub(chunk::total_bytes(transaction, domain_no, dropped).await?)
            }
            Self::Complete { .. } => staged_reference::total_bytes(transaction, set_no, domain_no).await?,
        };
        Ok(Live { bytes, ..live })
    }

    /// Opens and closes intervals.
    pub(super) async fn apply(
        &self,
        transaction: &mut PgConnection,
        set_no: i64,
        domain_no: i64,
        seq: u64,
    ) -> Result<(), Refusal> {
        match self {
            Self::Changes { added, dropped, .. } => {
                let closed = reference::close(transaction, set_no, domain_no, seq, dropped).await?;
                debug_assert_eq!(closed, dropped.len() as u64, "checked before");
                reference::open(transaction, set_no, domain_no, seq, added).await?;
            }
            Self::Complete { .. } => {
                reference::replace_by_staged(transaction, set_no, domain_no, seq).await?;
                staged_reference::delete(transaction, set_no).await?;
            }
        }
        Ok(())
    }

    /// Makes them durable. Returns the ids of their records.
    pub(super) async fn write(
        &self,
        transaction: &mut PgConnection,
        packs: &Packs,
        owner: AccountId,
    ) -> Result<Vec<Digest>, Refusal> {
        let mut ids = Vec::new();
        let mut append = async |payload: Bytes| -> Result<(), Refusal> {
            let record = Record::new(RecordKind::References, owner, payload);
            ids.push(Digest(record.id));
            packs.append(vec![record]).await?;
            Ok(())
        };
        match self {
            Self::Changes { added, dropped, .. } if added.is_empty() && dropped.is_empty() => {}
            Self::Changes { encoded, .. } => {
                let encoded = Bytes::from(encoded.clone());
                for start in (0..encoded.len()).step_by(MAX_PAYLOAD_BYTES) {
                    append(encoded.slice(start..encoded.len().min(start + MAX_PAYLOAD_BYTES))).await?;
                }
            }
            Self::Complete { upload, parts, .. } => {
                for part in 0..*parts {
                    let list = staged_part::find(transaction, *upload, part).await?.ok_or_else(part_missing)?;
                    append(list.into()).await?;
                }
            }
        }
        Ok(ids)
    }
}

/// Reads the staged parts into rows that can be compared. Returns their sums; no root when they are out of order.
async fn stage(
    transaction: &mut PgConnection,
    set_no: i64,
    upload: UploadId,
    parts: u32,
) -> Result<(Live, Option<Digest>), Refusal> {
    if staged_part::count(transaction, upload).await? != u64::from(parts) {
        return Err(part_missing());
    }
    staged_reference::delete(transaction, set_no).await?;
    let count = staged_part::count_references(transaction, upload).await?;
    let mut live = Live { count, xor: Digest::ZERO, bytes: 0 };
    let mut root = Some(RefsRoot::new(count));
    for part in 0..parts {
        let list = staged_part::find(transaction, upload, part).await?.ok_or_else(part_missing)?;
        let references = decode_references(&list, usize::MAX).map_err(|error| Refusal::invalid(error.to_string()))?;
        for reference in &references {
            live.xor.toggle(&reference.cid.0);
            root = root.and_then(|mut root| root.push(*reference).is_ok().then_some(root));
        }
        staged_reference::insert(transaction, set_no, &cids_of(&references)).await?;
    }
    staged_reference::settle(transaction).await?;
    let root = root.and_then(|mut root| root.dropped(0).is_ok().then_some(root)).and_then(|root| root.finish().ok());
    Ok((live, root))
}

async fn check_changes(
    transaction: &mut PgConnection,
    set_no: i64,
    domain_no: i64,
    added: &[Cid],
    dropped: &[Cid],
) -> Result<(), Refusal> {
    if reference::count_open(transaction, set_no, domain_no, added).await? != 0 {
        return Err(need_full("the commit adds what the set uses already"));
    }
    if reference::count_open(transaction, set_no, domain_no, dropped).await? != dropped.len() as u64 {
        return Err(need_full("the commit drops what the set does not use"));
    }
    Ok(())
}

fn check_root(root: Option<Digest>, header: &Header) -> Result<(), Refusal> {
    match root {
        None => Err(Refusal::invalid("its references are out of order")),
        Some(root) if root != header.refs_root => {
            Err(Refusal::invalid("its references are not those that were signed"))
        }
        Some(_) => Ok(()),
    }
}

/// `None` when more is dropped than there was.
fn live_after(head: &Head, added: &[Cid], dropped: &[Cid]) -> Option<Live> {
    let count = (head.live_count + added.len() as u64).checked_sub(dropped.len() as u64)?;
    let mut xor = head.live_xor;
    added.iter().chain(dropped).for_each(|cid| xor.toggle(&cid.0));
    Some(Live { count, xor, bytes: 0 })
}

fn encode_changes(added: &[Reference], dropped: &[Reference]) -> Vec<u8> {
    let mut writer = Writer::new();
    for list in [added, dropped] {
        writer.u32(list.len() as u32).raw(&encode_references(list));
    }
    writer.finish()
}

fn cids_of(references: &[Reference]) -> Vec<Cid> {
    references.iter().map(|reference| reference.cid).collect()
}

fn need_full(why: &str) -> Refusal {
    Refusal::NeedFullReferences(why.into())
}

fn part_missing() -> Refusal {
    Refusal::invalid("other parts of its references were staged than it names")
}
