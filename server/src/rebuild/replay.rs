//! References of a set, made again commit by commit from the lists in the packs.

use iota_core::api::MAX_HAVE_IDS;
use iota_core::commit::{CommitKind, Flags, Header};
use iota_core::id::{Cid, Digest, SetId};
use iota_core::refs::{Reference, decode_references};
use iota_core::wire::{self, Reader, WireError};
use sqlx::PgConnection;

use super::decisions::{Decisions, FoundCommit};
use super::history::History;
use super::{RebuildError, Report};
use crate::packs::{PackReader, Place, RecordKind};
use crate::store::backup_set::Head;
use crate::store::commit::Commit;
use crate::store::{backup_set, chunk, commit, reference, staged_reference};

/// A place where nothing lies.
const NOWHERE: Place = Place { pack: 0, position: 0, payload_bytes: 0 };

/// One set.
pub(super) struct Replay<'a> {
    pub(super) set: SetId,
    pub(super) set_no: i64,
    pub(super) domain_no: i64,
    pub(super) reader: &'a PackReader,
    pub(super) decisions: &'a Decisions,
}

/// What a commit says that it uses.
enum Lists {
    Changes { added: Vec<Cid>, dropped: Vec<Cid> },
    Complete,
}

impl Replay<'_> {
    /// Enters commits and references, and the head.
    pub(super) async fn run(
        &self,
        connection: &mut PgConnection,
        history: &History,
        report: &mut Report,
    ) -> Result<(), RebuildError> {
        self.enter_lost(connection, history).await?;
        let (mut base_seq, mut live_bytes) = (0, 0);
        for found in &history.commits {
            let header = &found.record.header.header;
            if header.kind == CommitKind::Base {
                base_seq = header.seq;
            }
            live_bytes = self.enter_references(connection, found, live_bytes, report).await?;
            self.enter_commit(connection, found, base_seq, live_bytes, report).await?;
            report.commits += 1;
        }
        if let Some(found) = history.commits.last() {
            self.enter_head(connection, found, (base_seq, live_bytes, complete_ms(history)), report).await?;
        }
        Ok(())
    }

    /// Rows that links lead to, so that the log goes on above what is lost.
    async fn enter_lost(&self, connection: &mut PgConnection, history: &History) -> Result<(), RebuildError> {
        for lost in &history.lost {
            let Some((hash, received_ms)) = lost.known else { continue };
            let (record, body) = (NOWHERE, NOWHERE);
            let (header, base_seq, live_bytes) = (None, 0, 0);
            let row = Commit { seq: lost.seq, hash, received_ms, header, base_seq, record, body, live_bytes };
            commit::insert(connection, self.set_no, &row).await?;
        }
        Ok(())
    }

    async fn enter_commit(
        &self,
        connection: &mut PgConnection,
        found: &FoundCommit,
        base_seq: u64,
        live_bytes: u64,
        report: &mut Report,
    ) -> Result<(), RebuildError> {
        let header = &found.record.header.header;
        let body = self.decisions.places.get(&(RecordKind::Body, Digest(header.body_cid.0))).copied();
        if body.is_none() {
            report.problem(format!("the body of commit {} of set {} is in no pack", header.seq, self.set));
        }
        let row = Commit {
            seq: header.seq,
            hash: header.hash(),
            received_ms: found.record.received_ms,
            header: Some(found.record.header.clone()),
            base_seq,
            record: found.place,
            body: body.unwrap_or(NOWHERE),
            live_bytes,
        };
        Ok(commit::insert(connection, self.set_no, &row).await?)
    }

    /// Returns the sealed bytes that the state uses; it used `before` of them.
    async fn enter_references(
        &self,
        connection: &mut PgConnection,
        found: &FoundCommit,
        before: u64,
        report: &mut Report,
    ) -> Result<u64, RebuildError> {
        let seq = found.record.header.header.seq;
        let mut live_bytes = before;
        match self.lists(connection, found).await? {
            Ok(Lists::Changes { added, dropped }) => {
                report.lost_objects += chunk::restore_lost(connection, self.domain_no, &added).await?;
                reference::close(connection, self.set_no, self.domain_no, seq, &dropped).await?;
                reference::open_missing(connection, self.set_no, self.domain_no, seq, &added).await?;
                let added = chunk::total_bytes(connection, self.domain_no, &added).await?;
                let dropped = chunk::total_bytes(connection, self.domain_no, &dropped).await?;
                live_bytes = (before + added).saturating_sub(dropped);
            }
            Ok(Lists::Complete) => {
                staged_reference::settle(connection).await?;
                report.lost_objects += staged_reference::restore_lost(connection, self.set_no, self.domain_no).await?;
                reference::replace_by_staged(connection, self.set_no, self.domain_no, seq).await?;
                live_bytes = staged_reference::total_bytes(connection, self.set_no, self.domain_no).await?;
            }
            Err(reason) => {
                report.problem(format!("the references of commit {seq} of set {} cannot be read: {reason}", self.set));
            }
        }
        staged_reference::delete(connection, self.set_no).await?;
        Ok(live_bytes)
    }

    /// The lists of a commit; a complete one is staged.
    async fn lists(
        &self,
        connection: &mut PgConnection,
        found: &FoundCommit,
    ) -> Result<Result<Lists, String>, RebuildError> {
        let mut joined = Vec::new();
        for id in &found.record.references {
            let payload = match self.part(*id) {
                Ok(payload) => payload,
                Err(reason) => return Ok(Err(reason)),
            };
            if found.record.full {
                let Ok(references) = decode_references(&payload, usize::MAX) else {
                    return Ok(Err("they are malformed".into()));
                };
                staged_reference::insert(connection, self.set_no, &cids_of(&references)).await?;
            } else {
                joined.extend_from_slice(&payload);
            }
        }
        if found.record.full {
            return Ok(Ok(Lists::Complete));
        }
        Ok(decode_changes(&joined).map_err(|error| error.to_string()))
    }

    fn part(&self, id: Digest) -> Result<bytes::Bytes, String> {
        let place = self.decisions.places.get(&(RecordKind::References, id)).ok_or("a part is in no pack")?;
        Ok(self.reader.read(*place).map_err(|error| error.to_string())?.payload)
    }

    /// When the references do not add up to what was signed, the next commit of the machine brings all of them again.
    async fn enter_head(
        &self,
        connection: &mut PgConnection,
        found: &FoundCommit,
        (base_seq, live_bytes, complete_ms): (u64, u64, Option<u64>),
        report: &mut Report,
    ) -> Result<(), RebuildError> {
        let (count, xor) = self.live(connection).await?;
        let Header { seq, live_count, live_xor, key_epoch, .. } = found.record.header.header;
        if (count, xor) != (live_count, live_xor) {
            report.problem(format!("the references of set {} do not add up; its machine sends them again", self.set));
        }
        let (hash, received_ms) = (found.record.header.header.hash(), found.record.received_ms);
        let (live_count, live_xor) = (count, xor);
        let head = Head { seq, hash, received_ms, base_seq, live_count, live_xor, live_bytes, complete_ms, key_epoch };
        Ok(backup_set::advance(connection, self.set_no, &head).await?)
    }

    async fn live(&self, connection: &mut PgConnection) -> Result<(u64, Digest), RebuildError> {
        let (mut count, mut xor, mut after) = (0, Digest::ZERO, None);
        loop {
            let cids = reference::list_open(connection, self.set_no, after, MAX_HAVE_IDS).await?;
            let Some(last) = cids.last() else { return Ok((count, xor)) };
            after = Some(*last);
            count += cids.len() as u64;
            cids.iter().for_each(|cid| xor.toggle(&cid.0));
        }
    }
}

/// When the newest commit was received that was not of an unfinished first scan.
fn complete_ms(history: &History) -> Option<u64> {
    let complete = |found: &&FoundCommit| !found.record.header.header.flags.contains(Flags::PARTIAL);
    history.commits.iter().rev().find(complete).map(|found| found.record.received_ms)
}

fn decode_changes(bytes: &[u8]) -> wire::Result<Lists> {
    if bytes.is_empty() {
        return Ok(Lists::Changes { added: Vec::new(), dropped: Vec::new() });
    }
    let mut reader = Reader::new(bytes);
    let mut list = || {
        let count = reader.u32()? as usize;
        let bytes = reader.raw(count.checked_mul(Reference::BYTES).ok_or(WireError::TooLarge("references"))?)?;
        decode_references(bytes, count)
    };
    let (added, dropped) = (list()?, list()?);
    reader.finish()?;
    Ok(Lists::Changes { added: cids_of(&added), dropped: cids_of(&dropped) })
}

fn cids_of(references: &[Reference]) -> Vec<Cid> {
    references.iter().map(|reference| reference.cid).collect()
}
