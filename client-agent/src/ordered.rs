//! Restores that the owner ordered in a browser. Read [`Orders::look`] first.
//!
//! ```text
//! server: what is open? ─► signed by the account, for this machine, newer than the last? ─► open the order ─► allowed here?
//!    ─► the log, which must lead to the header of the order ─► state ─► restore ─► noted on disk ─► sealed word to the owner
//! ```
//! An order is open until the machine says how it ended, so what is interrupted, by a restart or by a server that is away, goes on by itself.
//! The word is noted on disk before it is sent, together with the order's number: no order is carried out twice, whatever a server shows.
//! When the owner cancels, the server opens nothing more, and the restore ends at the next object.

mod allowed;
mod done;
mod outcome;
mod progress;

pub use allowed::Allowed;
pub use done::Done;

use crate::{
    history::{Objects, Point, ReadError},
    identity::Identity,
    live::status::Board,
    monitor::Clock,
    remote::{ObjectSource, OrderedRestores, RemoteError},
    restore::{self, Options, RestoreError},
};
use iota_core::{
    api::json::{RestoreOrder, code},
    id::RestoreId,
    refs::Reference,
    restore::{Ending, Opens, Outcome, SignedGrant, Target},
};
use iota_crypto::{
    keys::DedupKey,
    live::Place,
    restore::{Wish, open_order, seal_outcome},
    secret::system_random,
};
use progress::Progress;
use std::{
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Orders cannot be looked for now; later they can.
#[derive(Debug, Error)]
pub enum OrderError {
    /// The server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// What is noted of them.
    #[error("what was ordered last cannot be noted: {0}")]
    File(#[from] io::Error),
}

impl OrderError {
    /// Whether looking again changes nothing: another machine has taken the place of this one.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Remote(error) if error.is_replaced())
    }
}

/// Looks for orders and carries them out.
pub struct Orders<'a> {
    /// Which machine this is.
    pub identity: &'a Identity,
    /// Where its files are.
    pub config_dir: &'a Path,
    /// The server.
    pub remote: &'a dyn OrderedRestores,
    /// Tells how far a restore is.
    pub board: &'a Board,
    /// Tells the time.
    pub clock: &'a dyn Clock,
}

impl Orders<'_> {
    /// Sends what is still to be said, then carries out all orders that are open, oldest first.
    ///
    /// # Errors
    /// [`OrderError`]: they stay open.
    pub fn look(&self) -> Result<(), OrderError> {
        let mut done = Done::load(self.config_dir)?;
        self.tell(&mut done)?;
        for order in self.remote.orders()? {
            let Some((signed, wish)) = self.understand(&order, done.last_ms()) else { continue };
            let restore = signed.grant.restore;
            let began_ms = self.clock.now_ms();
            let ending = self.carry_out(&signed, &wish)?;
            let ended_ms = self.clock.now_ms();
            let outcome = outcome::of(&wish, (began_ms, ended_ms), ending);
            done.note(signed.grant.ordered_ms, restore, self.seal(restore, &outcome))?;
            self.tell(&mut done)?;
        }
        Ok(())
    }

    /// The order, when the account signed it for this machine, after the last one. What it does not understand is nobody's order.
    fn understand(&self, order: &RestoreOrder, last_ms: u64) -> Option<(SignedGrant, Wish)> {
        let identity = self.identity;
        let signed = SignedGrant::decode(&order.grant.0).ok()?;
        signed.verify(&identity.account_key, &order.sealed.0).ok()?;
        let grant = &signed.grant;
        let ours = (grant.account, grant.machine, grant.device) == (identity.account, identity.set, identity.device);
        if !ours || grant.ordered_ms <= last_ms || grant.until_ms <= self.clock.now_ms() {
            return None;
        }
        let wish = open_order(grant, &order.sealed.0, &identity.agreement, &identity.live).ok()?;
        Some((signed, wish))
    }

    /// Does what is ordered. What only time can mend is an error, everything else an end.
    fn carry_out(&self, signed: &SignedGrant, wish: &Wish) -> Result<Ending, OrderError> {
        if let Some(message) = Allowed::load(self.config_dir)?.refusal(&wish.target) {
            return Ok(Ending::Refused { message });
        }
        let source = Source { remote: self.remote, restore: signed.grant.restore };
        let progress = Progress::begin(self.board, signed.grant.restore, wish.dry_run, self.clock.now_ms());
        match self.restore(&source, (wish, signed.grant.opens), &progress) {
            Ok(ending) => Ok(ending),
            Err(error) => match remote_error(&error) {
                Some(RemoteError::Unreachable { .. }) => Err(into_remote(error)),
                Some(remote) if remote.code() == Some(code::NOT_FOUND) => Ok(Ending::Cancelled),
                Some(remote) if remote.is_replaced() => Err(into_remote(error)),
                _ => Ok(Ending::Failed { message: error.to_string() }),
            },
        }
    }

    fn restore(
        &self,
        source: &Source<'_>,
        (wish, opens): (&Wish, Opens),
        progress: &Progress<'_>,
    ) -> Result<Ending, RestoreError> {
        let commits = self.remote.commits(source.restore).map_err(ReadError::from)?;
        let point =
            Point::ordered(&commits, wish, Objects::new(source, DedupKey::from_bytes(*self.identity.dedup.expose())))?;
        drop(commits);
        let (target, in_place) = match &wish.target {
            Target::InPlace => (PathBuf::from("/"), true),
            Target::Beside(folder) => (PathBuf::from(folder), false),
        };
        let options = Options { overwrite: wish.overwrite, in_place, ..Options::default() };
        let forecast = restore::forecast(&point, &wish.paths, &target, options)?;
        if wish.dry_run {
            return Ok(outcome::foretold(&forecast));
        }
        progress.expect(forecast.bytes);
        let report = restore::restore(&point, &wish.paths, &target, options, progress)?;
        let (_, gaps) = point.gaps_in(&wish.paths);
        Ok(outcome::done(&report, gaps, opens))
    }

    fn seal(&self, restore: RestoreId, outcome: &Outcome) -> Vec<u8> {
        let place = Place { account: self.identity.account, set: self.identity.set };
        let seal = |outcome: &Outcome| {
            let json = serde_json::to_string(outcome).ok()?;
            seal_outcome(&self.identity.live, &place, restore, &json, &mut system_random()).ok()
        };
        // What does not fit, names above all, is left out.
        seal(outcome).or_else(|| seal(&outcome::brief(outcome))).unwrap_or_default()
    }

    /// Sends the word that was noted last, if the server does not have it.
    fn tell(&self, done: &mut Done) -> Result<(), OrderError> {
        let Some((restore, sealed)) = done.untold() else { return Ok(()) };
        match self.remote.end(restore, sealed) {
            // The server knows of no such order any more: nobody waits for the word.
            Err(error) if error.code() != Some(code::NOT_FOUND) => Err(error.into()),
            _ => Ok(done.told()?),
        }
    }
}

/// What an order lets the machine read.
struct Source<'a> {
    remote: &'a dyn OrderedRestores,
    restore: RestoreId,
}

impl ObjectSource for Source<'_> {
    fn read_objects(&self, references: &[Reference]) -> Result<Vec<Option<bytes::Bytes>>, RemoteError> {
        self.remote.objects(self.restore, references)
    }
}

fn remote_error(error: &RestoreError) -> Option<&RemoteError> {
    match error {
        RestoreError::Read(ReadError::Remote(error)) => Some(error),
        _ => None,
    }
}

fn into_remote(error: RestoreError) -> OrderError {
    match error {
        RestoreError::Read(ReadError::Remote(error)) => error.into(),
        other => io::Error::other(other.to_string()).into(),
    }
}
