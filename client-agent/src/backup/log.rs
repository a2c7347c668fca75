//! The agent's end of its log: which commit comes next, and whether this agent may write it.

use super::Machine;
use crate::{
    ratchet::{Ratchet, RatchetError},
    remote::{Remote, RemoteError},
};
use iota_core::{
    api::frames::{CommitFrame, References},
    id::HeaderHash,
};
use thiserror::Error;

/// The log cannot be continued.
#[derive(Debug, Error)]
pub enum LogError {
    /// The ratchet file.
    #[error(transparent)]
    Ratchet(#[from] RatchetError),
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The server's head is neither the known one nor one that this agent signed.
    #[error(
        "the server's newest commit ({server_seq}) is not the one that this machine knows ({known_seq}): this machine was \
         cloned, restored from an image, or the server shows an old state. Nothing was changed. Enrol this machine again \
         (`iota enroll`) to take over the set with its history, or find the other machine that writes it"
    )]
    ForeignHead {
        /// What the server says.
        server_seq: u64,
        /// What the ratchet says.
        known_seq: u64,
    },
    /// The ratchet belongs to another set.
    #[error("the ratchet belongs to another set than the identity; enrol this machine again")]
    WrongSet,
}

/// The log, ready for the next commit.
pub(super) struct Log {
    /// See [`Ratchet`].
    pub ratchet: Ratchet,
    /// The next commit must list all references.
    pub full_references: bool,
}

impl Log {
    /// Compares three heads: the known one goes on; an own pending one was received without our hearing of it; any other
    /// stops.
    pub fn open(machine: &Machine<'_>, remote: &dyn Remote) -> Result<Self, LogError> {
        let mut ratchet = Ratchet::load(machine.config_dir)?;
        if ratchet.set != machine.set {
            return Err(LogError::WrongSet);
        }
        let head = remote.head()?;
        let (server_seq, server_hash, received_ms) =
            head.map_or((0, HeaderHash::ZERO, 0), |head| (head.seq, head.hash, head.received_ms));
        let (known_seq, known_hash) = ratchet.chain.head();
        if server_hash == known_hash && server_seq == known_seq {
            ratchet.head_received_ms = received_ms;
            send_pending(machine, remote, &mut ratchet)?;
        } else if server_seq == known_seq + 1 && ratchet.pending.contains(&server_hash) {
            ratchet.acknowledge(machine.config_dir, server_hash, received_ms)?;
        } else {
            return Err(LogError::ForeignHead { server_seq, known_seq });
        }
        let full_references = ratchet.n == 0;
        Ok(Self { ratchet, full_references })
    }

    /// Whether the next commit must list all references, given the commit that the cache describes.
    pub fn compare_cache(&mut self, cache_head: HeaderHash) {
        self.full_references |= cache_head != self.head();
    }

    /// Hash of the head.
    pub fn head(&self) -> HeaderHash {
        self.ratchet.chain.head().1
    }

    /// Number of the head.
    pub fn seq(&self) -> u64 {
        self.ratchet.chain.head().0
    }
}

/// Sends the newest commit that was signed and not acknowledged once more. A refusal is no error: the run makes another.
fn send_pending(machine: &Machine<'_>, remote: &dyn Remote, ratchet: &mut Ratchet) -> Result<(), LogError> {
    let Some(&newest) = ratchet.pending.last() else { return Ok(()) };
    let Some(bytes) = Ratchet::pending_frame(machine.config_dir) else { return Ok(()) };
    let inline = CommitFrame::decode(&bytes).is_ok_and(|frame| {
        frame.header.header.hash() == newest && matches!(frame.references, References::Inline { .. })
    });
    if !inline {
        return Ok(());
    }
    let upload = remote.begin_upload()?.upload;
    match remote.commit(upload, bytes) {
        Ok(answer) => Ok(ratchet.acknowledge(machine.config_dir, newest, answer.received_ms)?),
        Err(RemoteError::Refused(_)) => Ok(remote.end_upload(upload)?),
        Err(error) => Err(error.into()),
    }
}
