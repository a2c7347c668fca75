//! A Postgres that an earlier process left running on the same data.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use super::{PostgresError, Result, failed};

/// How long each way of asking is given.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
const PID_FILE: &str = "postmaster.pid";

/// Ends everything that still runs on `data`, and removes the note of its process id, which by now may be torn or mean
/// somebody else. The caller holds the lock of the data folder.
///
/// # Errors
/// [`PostgresError::Survivor`], [`PostgresError::File`].
pub async fn clear(data: &Path) -> Result<()> {
    end_all(data).await?;
    match fs::remove_file(data.join(PID_FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(data.join(PID_FILE))(error)),
        _ => Ok(()),
    }
}

/// Asks for a fast shutdown, then for an immediate one; both leave nothing that is not recovered.
async fn end_all(data: &Path) -> Result<()> {
    for signal in [Signal::INT, Signal::QUIT] {
        let Some(pid) = first_of(data) else { return Ok(()) };
        tracing::info!(%pid, "ending the database that an earlier process left running");
        // It may have ended meanwhile. Processes without their first one end by themselves.
        let _ = kill_process(pid, signal);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if all_of(data).is_empty() {
                return Ok(());
            }
            sleep(POLL).await;
        }
    }
    first_of(data).map_or(Ok(()), |pid| Err(PostgresError::Survivor { pid: pid.as_raw_nonzero().get() }))
}

/// The process to ask: the one that Postgres has noted, or any.
fn first_of(data: &Path) -> Option<Pid> {
    let all = all_of(data);
    recorded(data).filter(|pid| all.contains(pid)).or_else(|| all.first().copied())
}

/// The process id in the first line of Postgres' own note.
fn recorded(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join(PID_FILE)).ok()?;
    let number: i32 = text.lines().next()?.trim().parse().ok()?;
    Pid::from_raw(number.max(0))
}

/// Every process of a Postgres works in the folder of its data; others that got the same number do not.
fn all_of(data: &Path) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| {
        let process = entry.ok()?.path();
        let number: i32 = process.file_name()?.to_str()?.parse().ok()?;
        let name = fs::read_to_string(process.join("comm")).ok()?;
        let same_folder = fs::read_link(process.join("cwd")).ok()? == data;
        (same_folder && matches!(name.trim(), "postgres" | "postmaster")).then_some(Pid::from_raw(number)?)
    });
    processes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_note_that_is_torn_or_means_somebody_else_goes() {
        let data = tempfile::tempdir().unwrap();
        let ours = format!("{}\n/somewhere\n", std::process::id());
        for note in [&ours, "1\n", "999999999\n", "", "-1\n", "x", "99999999999999999999"] {
            fs::write(data.path().join(PID_FILE), note).unwrap();
            clear(data.path()).await.unwrap();
            assert!(!data.path().join(PID_FILE).exists(), "{note:?}");
        }
        clear(data.path()).await.unwrap();
    }
}
