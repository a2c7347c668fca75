//! Programs that this server hands out: what lies in `DATA/downloads`, named `iota-SYSTEM-ARCHITECTURE`.
//!
//! Each is read and hashed once, and again when its size or time has changed; what is served is what was hashed.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use iota_core::api::json::Download;
use iota_core::id::Digest;
use sha2::{Digest as _, Sha256};

/// Longest program, bytes.
const MAX_BYTES: u64 = 128 << 20;
/// Most programs.
const MAX_PROGRAMS: usize = 16;

/// See the module.
#[derive(Debug)]
pub struct Downloads {
    folder: PathBuf,
    known: Mutex<BTreeMap<String, Program>>,
}

/// One program.
#[derive(Debug, Clone)]
pub struct Program {
    /// What is told of it.
    pub info: Download,
    /// All of it.
    pub bytes: Bytes,
    /// Size and time of the file when it was read.
    stamp: (u64, SystemTime),
}

impl Downloads {
    /// What lies in `folder`, now and later.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, known: Mutex::default() }
    }

    /// All programs, by name. Reads files.
    ///
    /// # Errors
    /// When the folder cannot be read; that it is not there is no error.
    pub fn list(&self) -> io::Result<Vec<Program>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let files = files_in(&self.folder)?;
        known.retain(|name, _| files.contains_key(name));
        for (name, metadata) in files {
            let stamp = (metadata.len(), metadata.modified()?);
            if known.get(&name).is_none_or(|program| program.stamp != stamp)
                && let Some(program) = read(&self.folder, &name, stamp)?
            {
                known.insert(name, program);
            }
        }
        Ok(known.values().cloned().collect())
    }
}

/// Plain files with a name that can be one.
fn files_in(folder: &Path) -> io::Result<BTreeMap<String, Metadata>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries?,
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // Not through links: what lies elsewhere is not ours to hand out.
        let metadata = entry.metadata()?;
        if parse(&name).is_some() && metadata.is_file() && metadata.len() <= MAX_BYTES && files.len() < MAX_PROGRAMS {
            files.insert(name, metadata);
        }
    }
    Ok(files)
}

/// System and architecture of a name.
fn parse(name: &str) -> Option<(&str, &str)> {
    let (system, architecture) = name.strip_prefix("iota-")?.split_once('-')?;
    let plain = |word: &str| {
        (1..=32).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    (plain(system) && plain(architecture)).then_some((system, architecture))
}

fn read(folder: &Path, name: &str, stamp: (u64, SystemTime)) -> io::Result<Option<Program>> {
    let Some((system, architecture)) = parse(name) else { return Ok(None) };
    let bytes = fs::read(folder.join(name))?;
    let info = Download {
        name: name.into(),
        system: system.into(),
        architecture: architecture.into(),
        // They are built together (`scripts/up`).
        version: env!("CARGO_PKG_VERSION").into(),
        bytes: bytes.len() as u64,
        sha256: Digest(Sha256::digest(&bytes).into()),
    };
    Ok(Some(Program { info, bytes: bytes.into(), stamp }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_are_handed_out() {
        let folder = tempfile::tempdir().unwrap();
        let downloads = Downloads::new(folder.path().join("downloads"));
        assert!(downloads.list().unwrap().is_empty());
        fs::create_dir(folder.path().join("downloads")).unwrap();
        let put = |name: &str| fs::write(folder.path().join("downloads").join(name), b"program").unwrap();
        for name in
            ["iota-linux-x86_64", "iota-linux-aarch64", "iota", "iota-linux", "host.key", "iota-linux-x86_64.new"]
        {
            put(name);
        }
        fs::write(folder.path().join("secret"), b"secret").unwrap();
        std::os::unix::fs::symlink("../secret", folder.path().join("downloads/iota-linux-mips")).unwrap();
        let names: Vec<String> = downloads.list().unwrap().into_iter().map(|program| program.info.name).collect();
        assert_eq!(names, ["iota-linux-aarch64", "iota-linux-x86_64"]);
        fs::remove_file(folder.path().join("downloads/iota-linux-aarch64")).unwrap();
        assert_eq!(downloads.list().unwrap().len(), 1);
    }

    #[test]
    fn a_program_that_changes_is_hashed_again() {
        let folder = tempfile::tempdir().unwrap();
        let downloads = Downloads::new(folder.path().into());
        for content in [&b"one"[..], b"another"] {
            fs::write(folder.path().join("iota-linux-x86_64"), content).unwrap();
            let program = downloads.list().unwrap().remove(0);
            assert_eq!((&program.bytes[..], program.info.bytes), (content, content.len() as u64));
            assert_eq!(program.info.sha256.0[..], Sha256::digest(content)[..]);
        }
    }
}
