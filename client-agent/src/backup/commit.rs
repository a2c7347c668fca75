//! The commit: base or delta, references, header, and the order in which they become durable.
//!
//! ```text
//! objects durable ─► body sealed ─► header signed ─► ratchet and frame on disk ─► cache ─► server ─► ratchet steps
//! ```
//! Whatever is cut off between two steps is recognised by the next run ([`super::log`]).

use super::{BackupError, Run};
use crate::{monitor::Stage, remote::RemoteError};
use iota_core::{
    api::{
        MAX_REFERENCES_PART_BYTES,
        frames::{CommitFrame, MAX_INLINE_REFERENCES, References},
        json::{CommitAnswer, code},
    },
    commit::{Body, Change, CommitKind, Flags, Header, Seen, SignedHeader},
    id::{Cid, Digest},
    refs::{Reference, RefsRoot, refs_root},
    wire::Writer,
};
use iota_crypto::{body, secret::system_random};
use std::collections::BTreeMap;
use thiserror::Error;

/// A base is due when a log has this many commits since the last.
const MAX_COMMITS_SINCE_BASE: u64 = 512;
/// A base is due when the deltas since the last would exceed this.
const MAX_DELTAS_BYTES: u64 = 3 << 20;
/// A commit is tried in this many upload sessions.
const MAX_SESSIONS: usize = 4;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The server does not take the commit.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Objects kept missing.
    #[error("the server keeps missing objects that it acknowledged; run `iota-server doctor` there, then try again")]
    KeepsLosing,
    /// The server asked twice for full references.
    #[error("the server does not accept the list of references, not even a full one; run `iota-server doctor` there")]
    References,
    /// Every upload session ended before the commit could be sent.
    #[error(
        "the server ends every upload session before the commit arrives; its clock or its load may be the cause, try again later"
    )]
    Sessions,
}

/// How a commit ended.
pub(super) enum Outcome {
    /// It is acknowledged.
    Done,
    /// The server does not have these.
    Missing(Vec<Cid>),
}

/// Reference lists of a commit.
enum Lists {
    Changes { added: Vec<Reference>, dropped: Vec<Reference> },
    Full { count: u64 },
}

impl Run<'_, '_> {
    /// Commits the state as it is. With `partial`, the first scan has not finished.
    pub(super) fn commit(&mut self, partial: bool) -> Result<Outcome, BackupError> {
        debug_assert!(self.pending.is_empty(), "a commit follows when nothing waits");
        for _ in 0..2 {
            let mut change = self.change()?;
            self.uploads.finish()?;
            let mut lists = self.lists();
            if matches!((&change, &lists), (Change::Delta(_), Lists::Full { .. })) {
                // So many new chunks (one huge file is enough) that the full list is shorter: it goes with a base only.
                change = Change::Base(self.write_base()?);
                self.uploads.finish()?;
                lists = self.lists();
            }
            self.monitor.stage(Stage::Commit);
            let partial = partial && !self.state.position.complete;
            self.state.position.complete |= !partial;
            let frame = self.sign(change, &lists, partial)?;
            self.state.finish()?;
            let answer = self.send(&frame, &lists);
            if let Ok(answer) = &answer {
                self.acknowledged(&frame, answer)?;
            }
            self.state.begin()?;
            let Err(error) = answer else { return Ok(Outcome::Done) };
            match self.refused(error)? {
                Some(missing) => return Ok(Outcome::Missing(missing)),
                None => self.log.full_references = true,
            }
        }
        Err(CommitError::References.into())
    }

    /// What the body says: a base when one is due, the operations otherwise.
    fn change(&mut self) -> Result<Change, BackupError> {
        let position = &self.state.position;
        let next = self.log.seq() + 1;
        let due = position.base_seq == 0
            || self.log.full_references
            || self.clock.now_ms() / DAY_MS != position.base_day
            || next - position.base_seq > MAX_COMMITS_SINCE_BASE
            || position.delta_bytes + self.delta_bytes as u64 > MAX_DELTAS_BYTES
            || self.state.reference_changes().is_none();
        let delta = self.delta.replace(BTreeMap::new());
        self.delta_bytes = 0;
        match delta {
            Some(delta) if !due => Ok(Change::Delta(delta.into_values().collect())),
            _ => Ok(Change::Base(self.write_base()?)),
        }
    }

    fn lists(&mut self) -> Lists {
        let changes = if self.log.full_references { None } else { self.state.reference_changes() };
        match changes {
            Some((added, dropped)) if added.len().max(dropped.len()) <= MAX_INLINE_REFERENCES => {
                Lists::Changes { added, dropped }
            }
            _ => {
                self.log.full_references = true;
                Lists::Full { count: self.state.position.live_count }
            }
        }
    }

    fn refs_root(&self, lists: &Lists) -> Result<Digest, BackupError> {
        match lists {
            Lists::Changes { added, dropped } => Ok(refs_root(added, dropped)?),
            Lists::Full { count } => {
                let mut root = RefsRoot::new(*count);
                self.state.each_reference(|reference| Ok::<_, BackupError>(root.push(reference)?))?;
                root.dropped(0)?;
                Ok(root.finish()?)
            }
        }
    }

    /// Seals the body, signs the header, and notes both before anything is sent.
    fn sign(&mut self, change: Change, lists: &Lists, partial: bool) -> Result<CommitFrame, BackupError> {
        let machine = self.machine;
        let ratchet = &self.log.ratchet;
        let (prev, skip) = ratchet.chain.next_links();
        let seq = self.log.seq() + 1;
        let (gaps, gap_count) = self.gaps.of_state();
        self.state.set_gaps(&gaps, gap_count)?;
        // A base names all, so that one segment has everything that the machine knows.
        let seen = self.state.seen(matches!(change, Change::Base(_)))?;
        let body = Body {
            change,
            seen,
            gaps,
            gap_count,
            totals: self.state.position.totals,
            state_root: self.state.position.state_root,
        };
        let place = body::BodyPlace {
            account: machine.account,
            set: machine.set,
            device: machine.device,
            seq,
            kind: body.kind(),
            prev,
            key_epoch: ratchet.key_epoch,
        };
        let sealed = body::seal(&ratchet.log_key.body_key(), &place, &body, &mut system_random())?;
        let header = Header {
            account: machine.account,
            set: machine.set,
            device: machine.device,
            seq,
            kind: body.kind(),
            prev,
            skip,
            body_cid: Cid::of(&sealed),
            body_len: sealed.len() as u32,
            refs_root: self.refs_root(lists)?,
            live_count: self.state.position.live_count,
            live_xor: self.state.position.live_xor,
            device_time_ms: self.clock.now_ms(),
            prev_received_ms: ratchet.head_received_ms,
            key_epoch: ratchet.key_epoch,
            flags: Flags::default()
                .with(Flags::FULL_REFERENCES, matches!(lists, Lists::Full { .. }))
                .with(Flags::PARTIAL, partial)
                .with(Flags::GAPS, gap_count > 0),
        };
        let hash = header.hash();
        self.seen = body.seen;
        self.move_position(&header);
        let signature = machine.signing.sign(&header.encode());
        let references = match lists {
            Lists::Changes { added, dropped } => References::Inline { added: added.clone(), dropped: dropped.clone() },
            Lists::Full { count } => References::Staged { parts: parts(*count), count: *count },
        };
        let frame = CommitFrame { header: SignedHeader { header, signature }, body: sealed, references };
        self.log.ratchet.sign(machine.config_dir, hash, &frame.encode())?;
        Ok(frame)
    }

    fn move_position(&mut self, header: &Header) {
        let position = &mut self.state.position;
        (position.seq, position.head) = (header.seq, header.hash());
        match header.kind {
            CommitKind::Base => {
                position.base_seq = header.seq;
                position.base_day = header.device_time_ms / DAY_MS;
                position.delta_bytes = 0;
            }
            CommitKind::Delta => position.delta_bytes += u64::from(header.body_len),
        }
    }

    /// Sends a commit; when its upload session has ended, in a new one.
    fn send(&self, frame: &CommitFrame, lists: &Lists) -> Result<CommitAnswer, BackupError> {
        let bytes = frame.encode();
        for _ in 0..MAX_SESSIONS {
            match self.send_once(&bytes, lists) {
                Err(BackupError::Remote(error)) if error.code() == Some(code::UPLOAD_ENDED) => {
                    self.uploads.session_ended();
                }
                answer => return answer,
            }
        }
        Err(CommitError::Sessions.into())
    }

    fn send_once(&self, frame: &[u8], lists: &Lists) -> Result<CommitAnswer, BackupError> {
        let upload = self.uploads.within_session(Ok)?;
        if matches!(lists, Lists::Full { .. }) {
            self.stage(upload)?;
        }
        Ok(self.remote.commit(upload, frame.to_vec())?)
    }

    /// Stages the full reference list in parts.
    fn stage(&self, upload: iota_core::id::UploadId) -> Result<(), BackupError> {
        let per_part = MAX_REFERENCES_PART_BYTES / Reference::BYTES * Reference::BYTES;
        let mut writer = Writer::new();
        let mut part = 0;
        self.state.each_reference(|reference| {
            reference.write(&mut writer);
            if writer.len() == per_part {
                self.remote.put_references(upload, part, std::mem::take(&mut writer).finish())?;
                part += 1;
            }
            Ok::<_, BackupError>(())
        })?;
        if writer.is_empty() { Ok(()) } else { Ok(self.remote.put_references(upload, part, writer.finish())?) }
    }

    fn acknowledged(&mut self, frame: &CommitFrame, answer: &CommitAnswer) -> Result<(), BackupError> {
        self.uploads.session_ended();
        self.log.ratchet.acknowledge(self.machine.config_dir, frame.header.header.hash(), answer.received_ms)?;
        self.log.full_references = false;
        self.last_commit_ms = self.clock.now_ms();
        let seen = answer.seen.iter().map(|head| Seen { set: head.set, seq: head.seq, hash: head.hash });
        Ok(self.state.note_seen(&std::mem::take(&mut self.seen), &seen.collect::<Vec<_>>())?)
    }

    /// What a refusal asks for: the missing objects, or full references; everything else ends the run.
    fn refused(&mut self, error: BackupError) -> Result<Option<Vec<Cid>>, BackupError> {
        let BackupError::Remote(RemoteError::Refused(detail)) = &error else { return Err(error) };
        match detail.code.as_str() {
            code::MISSING_OBJECTS if !detail.missing.is_empty() => {
                Ok(Some(detail.missing.iter().map(|missing| missing.cid).collect()))
            }
            code::NEED_FULL_REFERENCES => Ok(None),
            _ => Err(error),
        }
    }
}

fn parts(count: u64) -> u32 {
    count.div_ceil((MAX_REFERENCES_PART_BYTES / Reference::BYTES) as u64) as u32
}
