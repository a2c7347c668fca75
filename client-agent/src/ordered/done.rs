//! What was done last, and whether the owner was told: one small file, replaced whole.

use crate::durable;
use iota_core::{api::json::Bytes, id::RestoreId};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const FILE_NAME: &str = "last_restore";

/// See the module.
#[derive(Debug)]
pub struct Done {
    path: PathBuf,
    noted: Noted,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Noted {
    last_ms: u64,
    untold: Option<(RestoreId, Bytes)>,
}

impl Done {
    /// Of the machine of `config_dir`.
    ///
    /// # Errors
    /// Those of the file system. A file that is damaged is one: old orders must not count as new.
    pub fn load(config_dir: &Path) -> io::Result<Self> {
        let path = config_dir.join(FILE_NAME);
        let noted = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                io::Error::other(format!(
                    "{} is damaged ({error}); write {{\"last_ms\": N, \"untold\": null}} into it, N being the milliseconds since 1970",
                    path.display()
                ))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Noted::default(),
            Err(error) => return Err(error),
        };
        Ok(Self { path, noted })
    }

    /// Number of the last order that ended; only those above it are new.
    pub fn last_ms(&self) -> u64 {
        self.noted.last_ms
    }

    /// An order has ended; this is to be told.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn note(&mut self, ordered_ms: u64, restore: RestoreId, sealed: Vec<u8>) -> io::Result<()> {
        self.noted = Noted { last_ms: ordered_ms, untold: Some((restore, Bytes(sealed))) };
        self.save()
    }

    /// What is still to be told.
    pub fn untold(&self) -> Option<(RestoreId, &[u8])> {
        self.noted.untold.as_ref().map(|(restore, sealed)| (*restore, &sealed.0[..]))
    }

    /// It was told.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn told(&mut self) -> io::Result<()> {
        self.noted.untold = None;
        self.save()
    }

    fn save(&self) -> io::Result<()> {
        durable::write(&self.path, &serde_json::to_vec(&self.noted).map_err(io::Error::other)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_outlives_a_restart_and_damage_is_no_beginning() {
        let directory = tempfile::tempdir().unwrap();
        let load = || Done::load(directory.path());
        let mut done = load().unwrap();
        assert_eq!((done.last_ms(), done.untold()), (0, None));
        let restore = RestoreId([7; 16]);
        done.note(5, restore, vec![1, 2]).unwrap();
        let mut done = load().unwrap();
        assert_eq!((done.last_ms(), done.untold()), (5, Some((restore, &[1, 2][..]))));
        done.told().unwrap();
        assert_eq!((load().unwrap().last_ms(), load().unwrap().untold()), (5, None));
        fs::write(directory.path().join(FILE_NAME), "{").unwrap();
        assert!(load().is_err());
    }
}
