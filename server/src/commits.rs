//! How a commit becomes part of a log: everything is checked, then synced in the packs, then one transaction makes it so.
//!
//! ```text
//! lock the set ─► newest machine? ─► the newest commit again? answer it again
//!   ─► session open ─► header ─► lists ─► chunks there ─► intervals ─► packs (synced) ─► row, head ─► COMMIT ─► answer
//! ```
//! What can be refused is refused before anything reaches the packs: a record of a commit there is nearly always one that
//! was acknowledged, and `rebuild` takes it for that.

mod check;
mod lists;
mod refusal;

use bytes::Bytes;
use iota_core::api::frames::CommitFrame;
use iota_core::api::json::CommitAnswer;
use iota_core::commit::{CommitKind, Flags, SignedHeader};
use iota_core::id::{Digest, UploadId};
use iota_core::pack::{CommitRecord, RecordKind};
use sqlx::PgConnection;

use self::lists::Lists;
pub use self::refusal::{Refusal, upload_ended};
use crate::app_state::AppState;
use crate::auth::Machine;
use crate::error::ApiResult;
use crate::packs::{Packs, Place, Record};
use crate::store::backup_set::Head;
use crate::store::commit::Commit;
use crate::store::{backup_set, commit, domain, staged_part, upload};

/// How often a commit is tried while sweeps take chunks away between its steps.
const ATTEMPTS: usize = 3;

/// Makes a commit part of the log of the machine's set, or says why not. The newest commit again gives its answer again.
///
/// # Errors
/// `device_replaced`, `upload_ended`, `head_moved`, `invalid_commit`, `need_full_references`, `missing_objects`, `no_space`.
pub async fn accept(
    state: &AppState,
    machine: &Machine,
    upload: UploadId,
    frame: &CommitFrame,
) -> ApiResult<CommitAnswer> {
    for _ in 1..ATTEMPTS {
        match attempt(state, machine, upload, frame).await {
            Err(refusal) if refusal.is_chunk_missing() => {}
            answered => return Ok(answered?),
        }
    }
    Ok(attempt(state, machine, upload, frame).await?)
}

async fn attempt(
    state: &AppState,
    machine: &Machine,
    upload: UploadId,
    frame: &CommitFrame,
) -> Result<CommitAnswer, Refusal> {
    let mut transaction = state.pool().begin().await?;
    let head = backup_set::lock_head(&mut transaction, machine.set_no).await?;
    if head.key_epoch != machine.key_epoch {
        return Err(Refusal::Replaced);
    }
    let hash = frame.header.header.hash();
    let received_ms = if head.seq > 0 && head.hash == hash {
        head.received_ms
    } else {
        let received_ms = state.now_ms().max(head.received_ms);
        let incoming = Incoming { machine, upload, frame, received_ms };
        incoming.check_and_write(&mut transaction, state, &head).await?;
        received_ms
    };
    let seen = backup_set::other_heads(&mut transaction, machine.account_no, machine.set_no).await?;
    transaction.commit().await?;
    state.events().publish_set(machine.account_no, machine.set);
    Ok(CommitAnswer { received_ms, seen })
}

/// A commit on its way in.
struct Incoming<'a> {
    machine: &'a Machine,
    upload: UploadId,
    frame: &'a CommitFrame,
    received_ms: u64,
}

impl Incoming<'_> {
    async fn check_and_write(
        &self,
        transaction: &mut PgConnection,
        state: &AppState,
        head: &Head,
    ) -> Result<(), Refusal> {
        let Self { machine, upload, frame, .. } = *self;
        let open = upload::hold_alone(transaction, upload, machine, state.now_ms()).await?;
        if !open {
            return Err(Refusal::UploadEnded);
        }
        let skipped = backup_set::skipped_hash(transaction, machine.set_no, head.seq + 1).await?;
        check::header(frame, machine, head, skipped)?;
        let domain_no = domain::private_of(transaction, machine.account_no).await?;
        let lists = Lists::of(frame, upload);
        let live = lists.check(transaction, machine.set_no, domain_no, head, &frame.header.header).await?;
        lists.apply(transaction, machine.set_no, domain_no, frame.header.header.seq).await?;

        let references = lists.write(transaction, state.packs(), machine.account).await?;
        let (record, body) = self.write(state.packs(), references).await?;

        let header = &frame.header.header;
        let base_seq = if header.kind == CommitKind::Base { header.seq } else { head.base_seq };
        let (seq, hash, received_ms) = (header.seq, header.hash(), self.received_ms);
        let row = Commit {
            seq,
            hash,
            received_ms,
            header: Some(frame.header.clone()),
            base_seq,
            record,
            body,
            live_bytes: live.bytes,
        };
        commit::insert(transaction, machine.set_no, &row).await?;
        let complete = !header.flags.contains(Flags::PARTIAL);
        let (key_epoch, complete_ms) = (head.key_epoch, if complete { Some(received_ms) } else { head.complete_ms });
        let head = Head {
            seq,
            hash,
            received_ms,
            base_seq,
            live_count: live.count,
            live_xor: live.xor,
            live_bytes: live.bytes,
            complete_ms,
            key_epoch,
        };
        backup_set::advance(transaction, machine.set_no, &head).await?;
        staged_part::delete(transaction, upload).await?;
        upload::end(transaction, upload, machine).await?;
        Ok(())
    }

    /// Makes body and header durable. Returns where they lie.
    async fn write(&self, packs: &Packs, references: Vec<Digest>) -> Result<(Place, Place), Refusal> {
        let owner = self.machine.account;
        let SignedHeader { header, .. } = &self.frame.header;
        let record = CommitRecord {
            received_ms: self.received_ms,
            header: self.frame.header.clone(),
            full: header.flags.contains(Flags::FULL_REFERENCES),
            references,
        };
        let records = vec![
            Record::new(RecordKind::Body, owner, Bytes::from(self.frame.body.clone())),
            Record::new(RecordKind::Commit, owner, record.encode().into()),
        ];
        match packs.append(records).await?[..] {
            [body, record] => Ok((record, body)),
            _ => unreachable!("each record has a place"),
        }
    }
}
