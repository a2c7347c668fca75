//! A Postgres that an earlier process left running on the same data.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::time::{Instant, sleep};

use super::{PostgresError, Result, failed};

/// How long each way of asking is given.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
const PID_FILE: &str = "postmaster.pid";

/// Ends what still runs on `data`, and removes a process id that has come to mean somebody else.
///
/// # Errors
/// [`PostgresError::Survivor`], [`PostgresError::File`].
pub async fn clear(data: &Path) -> Result<()> {
    let Some(pid) = recorded(data)? else { return Ok(()) };
    if works_on(pid, data) {
        tracing::info!(pid = pid.as_raw_nonzero().get(), "ending the database that an earlier process left running");
        end(pid, data).await?;
    }
    match fs::remove_file(data.join(PID_FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(data.join(PID_FILE))(error)),
        _ => Ok(()),
    }
}

/// The process id in the first line of Postgres' own file.
fn recorded(data: &Path) -> Result<Option<Pid>> {
    let path = data.join(PID_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path)(error)),
    }
}

/// A Postgres works in the folder of its data; another process that got the same number does not.
fn works_on(pid: Pid, data: &Path) -> bool {
    let process = Path::new("/proc").join(pid.as_raw_nonzero().to_string());
    let same_folder = fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == data);
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    same_folder && matches!(name.trim(), "postgres" | "postmaster")
}

/// Asks for a fast shutdown, then for an immediate one; both leave nothing that is not recovered.
async fn end(pid: Pid, data: &Path) -> Result<()> {
    for signal in [Signal::INT, Signal::QUIT] {
        // It may have ended meanwhile.
        let _ = kill_process(pid, signal);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if test_kill_process(pid).is_err() || !works_on(pid, data) {
                return Ok(());
            }
            sleep(POLL).await;
        }
    }
    Err(PostgresError::Survivor { pid: pid.as_raw_nonzero().get() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_number_that_means_somebody_else_is_forgotten() {
        let data = tempfile::tempdir().unwrap();
        let ours = std::process::id();
        for content in [format!("{ours}\n/somewhere\n"), "999999999\n".into(), String::new(), "-1\n".into(), "x".into()]
        {
            fs::write(data.path().join(PID_FILE), &content).unwrap();
            clear(data.path()).await.unwrap();
            let kept = data.path().join(PID_FILE).exists();
            assert_eq!(kept, recorded(data.path()).unwrap().is_none() && kept, "{content:?}");
        }
        clear(tempfile::tempdir().unwrap().path()).await.unwrap();
    }
}
