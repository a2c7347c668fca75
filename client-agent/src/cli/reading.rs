//! What the commands that read history have in common: which set, which point, which paths.

pub mod missing;
pub mod shortcomings;

use super::{Context, Usage};
use anyhow::Result;
use clap::Args;
use iota_agent::{
    history::{History, Moment, NamedSet, Point, ReadError, WalkError, choose_set},
    ratchet::Ratchet,
    witness::Witness,
};
use iota_core::path::TreePath;
use jiff::tz::TimeZone;
use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

/// Which set.
#[derive(Debug, Args)]
pub struct Set {
    /// Backup set, by name or id [default: this machine's, or the only one]
    #[arg(long, value_name = "ID|NAME")]
    set: Option<String>,
}

/// Which point of a set.
#[derive(Debug, Args)]
pub struct At {
    #[command(flatten)]
    set: Set,
    /// Number from `iota snapshots`, a time (2026-11-25T18:00:00Z; "2026-11-25 18:00" or 2026-11-25 in local time, the day
    /// alone meaning its end), or latest. Times and latest pass over snapshots that are partial, unless all are
    #[arg(long, value_name = "POINT", default_value = "latest")]
    at: String,
}

impl Set {
    /// Opens the vault, verifies the history of the set, and remembers its head.
    pub fn open<T>(&self, context: &Context, run: impl FnOnce(&NamedSet, &History<'_>) -> Result<T>) -> Result<T> {
        let owner = context.owner()?;
        let identity = context.find_identity()?.filter(|identity| identity.account == owner.account);
        let is_enrolled = identity.is_some();
        let set = choose_set(&owner, self.set.as_deref(), identity.map(|identity| identity.set))?;
        let mut witness = Witness::load(&context.config_dir, owner.account)?;
        // A ratchet that cannot be read knows nothing; reading must work without it.
        let own = Ratchet::load(&context.config_dir).ok().filter(|own| is_enrolled && own.set == set.info.set);
        if let Some(own) = own {
            witness.remember_own(&own);
        }
        if witness.seen(set.info.set).is_none() {
            context.output.note(
                "This is the first look at this set from here: whether the server hides newer backups cannot be told. \
                 `iota verify` asks what the account's other machines know.",
            );
        }
        let history = History::open(&owner, &set.info, &mut witness)?;
        witness.save()?;
        run(&set, &history)
    }
}

impl At {
    /// Opens the state at the point.
    pub fn open<T>(&self, context: &Context, run: impl FnOnce(&History<'_>, &Point<'_>) -> Result<T>) -> Result<T> {
        let moment = moment(&self.at)?;
        self.set.open(context, |_, history| run(history, &history.at(moment)?))
    }
}

/// A point in time, as a user names it.
pub fn moment(text: &str) -> Result<Moment, Usage> {
    Moment::parse(text, &TimeZone::system()).map_err(|error| Usage(error.to_string()))
}

/// What was not read, in words; an error when nothing more can be read.
pub fn told(error: WalkError) -> Result<String, ReadError> {
    match error {
        WalkError::Fatal(error) => Err(error),
        WalkError::StateRoot(error) => Ok(error.to_string()),
        WalkError::Lost(range) => Ok(format!("{}: up to {} entries are not shown", range.object, range.entries)),
    }
}

/// A path of the state, as a user writes it: absolute, or without the first slash; `None` for `/`.
pub fn tree_path(path: &OsStr) -> Result<Option<TreePath>, Usage> {
    let bytes = path.as_bytes();
    let bytes = bytes.strip_prefix(b"/").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"/").unwrap_or(bytes);
    if bytes.is_empty() {
        return Ok(None);
    }
    let refused = |_| Usage(format!("{} is no path of a backup; give it in full, without . and ..", path.display()));
    TreePath::parse(bytes).map(Some).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_as_people_write_them() {
        let path = |text: &str| tree_path(OsStr::new(text)).map(|path| path.map(|path| path.as_bytes().to_vec()));
        assert_eq!(path("/").unwrap(), None);
        for text in ["/home/ada", "home/ada", "/home/ada/"] {
            assert_eq!(path(text).unwrap().as_deref(), Some(&b"home/ada"[..]));
        }
        for bad in ["/home/../etc", "./x", "a//b"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }
}
