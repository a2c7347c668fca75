//! What the commands that read history have in common: which set, which point, which paths.

use super::{Context, Usage, output::Output};
use anyhow::Result;
use clap::Args;
use iota_agent::{
    history::{History, Moment, NamedSet, Point, choose_set},
    witness::Witness,
};
use iota_core::{
    commit::{Flags, Gap},
    path::TreePath,
};
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
    /// alone meaning its end), or latest
    #[arg(long, value_name = "POINT", default_value = "latest")]
    at: String,
}

impl Set {
    /// Opens the vault, verifies the history of the set, and remembers its head.
    pub fn open<T>(&self, context: &Context, run: impl FnOnce(&NamedSet, &History<'_>) -> Result<T>) -> Result<T> {
        let owner = context.owner()?;
        let identity = context.find_identity()?.filter(|identity| identity.account == owner.account);
        let set = choose_set(&owner, self.set.as_deref(), identity.map(|identity| identity.set))?;
        let mut witness = Witness::load(&context.config_dir, owner.account)?;
        if witness.seen(set.info.set).is_none() {
            context.output.note(
                "This is the first look at this set from here: whether the server hides newer backups cannot be told.",
            );
        }
        let history = History::open(&owner, &set.info, &mut witness)?;
        witness.save()?;
        run(&set, &history)
    }
}

impl At {
    /// Opens the state at the point.
    pub fn open<T>(&self, context: &Context, run: impl FnOnce(&Point<'_>) -> Result<T>) -> Result<T> {
        let moment = Moment::parse(&self.at, &TimeZone::system()).map_err(|error| Usage(error.to_string()))?;
        self.set.open(context, |_, history| run(&history.at(moment)?))
    }
}

/// What a snapshot lacks by itself, whatever is well with the server.
#[derive(Debug, Clone, Copy)]
pub struct Shortfall {
    /// The first scan had not finished.
    pub partial: bool,
    /// Paths that could not be read when it was made, or that are older than it; below what is asked for, as far as they are
    /// listed.
    pub gap_count: u64,
}

impl Shortfall {
    /// Of `selection`, or of everything.
    pub fn of(point: &Point<'_>, selection: &[TreePath]) -> Self {
        let (count, listed) = point.gaps();
        let touches = |gap: &&Gap| {
            let path = TreePath::parse(&gap.path);
            path.is_ok_and(|path| selection.iter().any(|chosen| path.starts_with(chosen) || chosen.starts_with(&path)))
        };
        let gap_count = match selection {
            [] => count,
            _ => listed.iter().filter(touches).count() as u64,
        };
        Self { partial: point.header().flags.contains(Flags::PARTIAL), gap_count }
    }

    /// Whether there is any.
    pub fn is_any(self) -> bool {
        self.partial || self.gap_count > 0
    }

    /// Says so.
    pub fn tell(self, output: Output, seq: u64) {
        if self.partial {
            output.line(format!(
                "Snapshot {seq} is the beginning of a first backup: what was not scanned by then is not in it."
            ));
        }
        if self.gap_count > 0 {
            let count = self.gap_count;
            output.line(format!(
                "Snapshot {seq} has {count} gaps: what could not be read then is missing from it, or is older."
            ));
        }
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
