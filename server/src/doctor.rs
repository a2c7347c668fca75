//! Looking at everything that is kept, and saying what is wrong and what to do.

mod findings;
mod packs;

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sqlx::PgPool;

pub use self::findings::Findings;
use crate::host_key::HostKey;
use crate::packs::{PackOptions, free_limit_of, list, space};
use crate::recent::RecentError;
use crate::store::{StoreError, chunk, server};

/// What belongs into a data folder.
const KNOWN: [&str; 7] = ["lock", "host.key", "packs", "postgres", "postgres.log", "run", "tls.key"];

/// Examines a data folder and its database; with `full` every byte of every pack is read, and damage is marked.
///
/// # Errors
/// When the database or the file system fails; what is merely wrong is a finding.
pub async fn examine(pool: &PgPool, data: &Path, options: &PackOptions, full: bool) -> Result<Findings, RecentError> {
    let mut findings = Findings::default();
    findings.ok("the database answers, and its tables are those of this program");
    examine_files(data, &mut findings);
    let root = data.join("packs");
    let list = list(&root)?;
    for path in &list.foreign {
        findings.warning(format!("{} does not belong here: move it away", path.display()));
    }
    let server = server::find(pool).await?;
    if server.is_none() && !list.numbers.is_empty() {
        findings.problem("the database is empty, but there are packs: run `iota-server rebuild`");
    }
    if root.exists() {
        examine_space(&root, options, &mut findings)?;
    }
    packs::examine(pool, &root, &list.numbers, server, full, &mut findings).await?;
    let damaged = chunk::count_damaged(&mut *pool.acquire().await.map_err(StoreError::from)?).await?;
    if damaged > 0 {
        findings.warning(format!("{damaged} objects are damaged: machines that still have them send them again"));
    }
    Ok(findings)
}

fn examine_files(data: &Path, findings: &mut Findings) {
    match HostKey::load(data) {
        Ok(_) => findings.ok("the host key is there, and nobody else can read it"),
        Err(error) => findings.problem(error.to_string()),
    }
    let entries = std::fs::read_dir(data).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        if !name.to_str().is_some_and(|name| KNOWN.contains(&name)) {
            findings.warning(format!("{} does not belong here: move it away", entry.path().display()));
        }
    }
    let mode = std::fs::metadata(data).map(|metadata| metadata.mode() & 0o777);
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        findings.problem(format!("{} can be read by others: run `chmod 700` on it", data.display()));
    }
}

fn examine_space(root: &Path, options: &PackOptions, findings: &mut Findings) -> Result<(), RecentError> {
    let space = space(root)?;
    let limit = options.min_free_bytes.unwrap_or_else(|| free_limit_of(space));
    let free_mib = space.free_bytes >> 20;
    if space.free_bytes < limit {
        findings.problem(format!("the disk of the packs has {free_mib} MiB left, too few for more objects: make room"));
    } else if space.free_bytes < 2 * limit {
        findings.warning(format!("the disk of the packs has {free_mib} MiB left: make room soon"));
    } else {
        findings.ok(format!("the disk of the packs has {free_mib} MiB left"));
    }
    Ok(())
}
