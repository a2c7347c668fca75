//! What a restore would do, without doing any of it.

use super::{
    Options, RestoreError,
    collision::{There, decide},
};
use crate::{
    history::{Point, WalkError},
    platform::{FileKind, open_beneath, open_given_directory, status_at},
};
use iota_core::{
    entry::{Entry, Kind},
    path::TreePath,
};
use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

/// What a restore would do with files and symbolic links. Contents are not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forecast {
    /// They are not there, and would be made.
    pub made: u64,
    /// Others are there, and would be replaced.
    pub replaced: u64,
    /// They are there with the same size and time.
    pub same: u64,
    /// Newer ones are there, and would stay.
    pub newer: u64,
    /// Others are there, and would stay, so that these would be missing: the first of them.
    pub in_the_way: Vec<TreePath>,
    /// How many of those there are.
    pub in_the_way_count: u64,
    /// Sum of the sizes of the files that would be written.
    pub bytes: u64,
    /// Entries of the snapshot that cannot be read.
    pub lost: u64,
}

/// Paths that are listed at most.
const MAX_LISTED: usize = 100;

/// Looks at what [`super::restore`] would find.
///
/// # Errors
/// As [`super::restore`].
pub fn forecast(
    point: &Point<'_>,
    selection: &[TreePath],
    target: &Path,
    options: Options,
) -> Result<Forecast, RestoreError> {
    selection.iter().try_for_each(|path| point.require(path))?;
    let root = match open_given_directory(target) {
        Ok(root) => Some(root),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(RestoreError::Target { path: target.to_owned(), source }),
    };
    let mut looker = Looker { root, options, last: None, forecast: Forecast::default() };
    let subtrees: Vec<Option<&TreePath>> = if selection.is_empty() {
        vec![None]
    } else {
        super::plan::outermost(selection).into_iter().map(Some).collect()
    };
    for subtree in subtrees {
        if let Some(path) = subtree {
            match point.entry(path) {
                Ok(entry) => entry.iter().for_each(|entry| looker.look(entry)),
                Err(error) => looker.lose(error)?,
            }
        }
        for next in point.walk(subtree) {
            match next {
                Ok(entry) => looker.look(&entry),
                Err(error) => looker.lose(error)?,
            }
        }
    }
    Ok(looker.forecast)
}

struct Looker {
    /// None when it is not there yet.
    root: Option<OwnedFd>,
    options: Options,
    /// The directory that was looked into last; none when there is none.
    last: Option<(Option<TreePath>, Option<OwnedFd>)>,
    forecast: Forecast,
}

impl Looker {
    fn look(&mut self, entry: &Entry) {
        if !matches!(entry.kind, Kind::File { .. } | Kind::Symlink { .. }) {
            return;
        }
        match self.there(entry) {
            There::Nothing => self.forecast.made += 1,
            There::Old => self.forecast.replaced += 1,
            There::Alike => return self.forecast.same += 1,
            There::Newer => return self.forecast.newer += 1,
            There::Other => {
                self.forecast.in_the_way_count += 1;
                if self.forecast.in_the_way.len() < MAX_LISTED {
                    self.forecast.in_the_way.push(entry.path.clone());
                }
                return;
            }
        }
        self.forecast.bytes += entry.size();
    }

    fn there(&mut self, entry: &Entry) -> There {
        let Some(root) = &self.root else { return There::Nothing };
        let parent = entry.path.parent();
        if self.last.as_ref().is_none_or(|(path, _)| *path != parent) {
            let opened = match &parent {
                None => root.try_clone(),
                Some(parent) => open_beneath(root.as_fd(), parent),
            };
            self.last = Some((parent, opened.ok()));
        }
        let Some((_, Some(directory))) = &self.last else { return There::Nothing };
        let Ok(status) = status_at(directory.as_fd(), entry.path.name()) else { return There::Nothing };
        match (&entry.kind, status.kind) {
            (Kind::Symlink { target }, FileKind::Symlink)
                if crate::platform::read_link(directory.as_fd(), entry.path.name())
                    .is_ok_and(|found| found == *target) =>
            {
                There::Alike
            }
            _ => decide(self.options.overwrite, entry, &status),
        }
    }

    fn lose(&mut self, error: WalkError) -> Result<(), RestoreError> {
        match error {
            WalkError::Fatal(error) => Err(error.into()),
            WalkError::StateRoot(_) => {
                self.forecast.lost += 1;
                Ok(())
            }
            WalkError::Lost(range) => {
                self.forecast.lost += range.entries;
                Ok(())
            }
        }
    }
}
