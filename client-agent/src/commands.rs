//! Commands around a backup of everything: before it, after it, and such whose output is kept as a file (dumps of databases).
//!
//! They stand in `commands.toml` in the config directory, and nowhere else: no order from outside can bring a command in. The file must be writable
//! by its user alone.
//!
//! ```toml
//! [[before]]
//! run = ["/usr/bin/systemctl", "stop", "shop"]   # no shell: a program and its arguments
//! timeout = "10m"                                # default
//! required = true                                # without it there is no backup (default)
//!
//! [[output]]
//! file = "/var/backups/shop.sql"                 # replaced when the command ends well; else the old one stays
//! run = ["/usr/bin/pg_dump", "shop"]
//!
//! [[after]]
//! run = ["/usr/bin/systemctl", "start", "shop"]  # also when the backup failed
//! ```

use crate::{durable, rules::Span};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use std::{
    fs::{self, File},
    io::{self, Read, Seek},
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use thiserror::Error;

const FILE_NAME: &str = "commands.toml";
const USUAL_TIMEOUT: Duration = Duration::from_secs(600);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a command that was asked to end has for it.
const GRACE: Duration = Duration::from_secs(5);
/// How much of what a command said last is told.
const SAID_BYTES: u64 = 500;

/// A command cannot be run, or did not end well.
#[derive(Debug, Error)]
pub enum CommandError {
    /// The file.
    #[error("{path}: {message}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong, and what to do.
        message: String,
    },
    /// A command.
    #[error("the command {command} {what}")]
    Failed {
        /// Its words.
        command: String,
        /// How it ended.
        what: String,
    },
}

/// What is run around a backup of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Commands {
    /// In this order, before it.
    pub before: Vec<Step>,
    /// Then these, whose output is kept.
    pub output: Vec<Output>,
    /// In this order, after it, however it ended.
    pub after: Vec<Step>,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// A program and its arguments.
    pub run: Vec<String>,
    /// How long it may take.
    pub timeout: Option<Span>,
    /// Of those before: without it there is no backup.
    #[serde(default = "yes")]
    pub required: bool,
}

/// A command whose output is kept as a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Where: an absolute path in a directory that is there.
    pub file: PathBuf,
    /// A program and its arguments.
    pub run: Vec<String>,
    /// How long it may take.
    pub timeout: Option<Span>,
    /// Without it there is no backup.
    #[serde(default)]
    pub required: bool,
}

fn yes() -> bool {
    true
}

impl Commands {
    /// Reads the file in `config_dir`; without one there are no commands.
    ///
    /// # Errors
    /// [`CommandError::File`], also when somebody else may write it.
    pub fn load(config_dir: &Path) -> Result<Self, CommandError> {
        let path = config_dir.join(FILE_NAME);
        let failed = |message: String| CommandError::File { path: path.clone(), message };
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            opened => opened.map_err(|error| failed(error.to_string()))?,
        };
        let metadata = file.metadata().map_err(|error| failed(error.to_string()))?;
        let own = [0, rustix::process::geteuid().as_raw()].contains(&metadata.uid());
        if !own || metadata.mode() & 0o022 != 0 {
            let remedy = format!("run `chmod 600 {0} && chown $(id -u) {0}`", path.display());
            return Err(failed(format!("others may change it, so nothing of it is run; {remedy}")));
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
        let commands: Self = toml::from_str(&text).map_err(|error| failed(error.to_string().trim_end().to_owned()))?;
        commands.check().map_err(failed)?;
        Ok(commands)
    }

    fn check(&self) -> Result<(), String> {
        let steps = self.before.iter().chain(&self.after).map(|step| (&step.run, step.timeout));
        for (run, timeout) in steps.chain(self.output.iter().map(|output| (&output.run, output.timeout))) {
            if !run.first().is_some_and(|program| program.starts_with('/')) {
                return Err("`run` begins with the full path of a program".into());
            }
            if timeout.is_some_and(|timeout| timeout.0 > LONGEST_TIMEOUT || timeout.0.is_zero()) {
                return Err("a timeout is at most 24h".into());
            }
        }
        match self.output.iter().find(|output| !output.file.is_absolute() || output.file.file_name().is_none()) {
            Some(output) => Err(format!("{} is not an absolute path of a file", output.file.display())),
            None => Ok(()),
        }
    }

    /// Runs `backup` between what comes before and what comes after it, which is run however far the rest has come. What failed and is not required is
    /// told to `note`.
    ///
    /// # Errors
    /// Those of `backup`, and [`CommandError::Failed`] of what is required.
    pub fn around<T, E: From<CommandError>>(
        &self,
        note: impl Fn(&CommandError),
        backup: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let result = self.run_before(&note).map_err(E::from).and_then(|()| backup());
        self.run_after(&note);
        result
    }

    /// Runs what comes before a backup. What failed and is not required is told to `note`.
    ///
    /// # Errors
    /// [`CommandError::Failed`] for what is required.
    fn run_before(&self, note: impl Fn(&CommandError)) -> Result<(), CommandError> {
        let steps = self.before.iter().map(|step| (step.required, run(&step.run, step.timeout, Stdio::null())));
        let outputs = self.output.iter().map(|output| (output.required, output.make()));
        for (required, result) in steps.chain(outputs) {
            match result {
                Err(error) if required => return Err(error),
                Err(error) => note(&error),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Runs what comes after it; what failed is told to `note`.
    fn run_after(&self, note: impl Fn(&CommandError)) {
        for step in &self.after {
            if let Err(error) = run(&step.run, step.timeout, Stdio::null()) {
                note(&error);
            }
        }
    }
}

impl Output {
    /// Half of an output is never seen: it is written beside, and put in place when the command has ended well.
    fn make(&self) -> Result<(), CommandError> {
        let failed = |error: io::Error| CommandError::File { path: self.file.clone(), message: error.to_string() };
        let mut draft_name = self.file.file_name().unwrap_or_default().to_owned();
        draft_name.push(".new");
        let draft = self.file.with_file_name(draft_name);
        let file = durable::create_draft(&draft).map_err(failed)?;
        let result = file
            .try_clone()
            .map_err(failed)
            .and_then(|stdout| run(&self.run, self.timeout, stdout.into()))
            .and_then(|()| file.sync_all().and_then(|()| fs::rename(&draft, &self.file)).map_err(failed));
        if result.is_err() {
            // The first error is the one that is told.
            let _ = fs::remove_file(&draft);
        }
        result
    }
}

/// Runs a command to its end. It and what it started end with its time.
fn run(words: &[String], timeout: Option<Span>, stdout: Stdio) -> Result<(), CommandError> {
    let failed = |what: String| CommandError::Failed { command: words.join(" "), what };
    let (program, arguments) = words.split_first().ok_or_else(|| failed("is empty".into()))?;
    let mut said = tempfile().map_err(|error| failed(format!("has no place for its errors: {error}")))?;
    let stderr = said.try_clone().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(stdout).stderr(stderr).process_group(0);
    let mut child = command.spawn().map_err(|error| failed(format!("cannot be started: {error}")))?;
    let timeout = timeout.map_or(USUAL_TIMEOUT, |timeout| timeout.0);
    let status = wait(&mut child, timeout).map_err(|error| failed(error.to_string()))?;
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(failed(format!("ended with {status}{}", last_words(&mut said)))),
        None => Err(failed(format!("took longer than {} and was ended", Span(timeout)))),
    }
}

/// How it ended; `None` when its time was over.
fn wait(child: &mut Child, timeout: Duration) -> io::Result<Option<std::process::ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < timeout {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(LOOK_EVERY);
    }
    let group = Pid::from_child(child);
    for (signal, grace) in [(Signal::TERM, GRACE), (Signal::KILL, Duration::ZERO)] {
        // It may have ended this moment.
        let _ = kill_process_group(group, signal);
        let asked = Instant::now();
        while asked.elapsed() < grace {
            if child.try_wait()?.is_some() {
                return Ok(None);
            }
            thread::sleep(LOOK_EVERY);
        }
    }
    child.wait().map(|_| None)
}

/// What it said last, after a colon.
fn last_words(said: &mut File) -> String {
    let mut read = || -> io::Result<String> {
        let length = said.metadata()?.len();
        said.seek(io::SeekFrom::Start(length.saturating_sub(SAID_BYTES)))?;
        let mut bytes = Vec::new();
        said.take(SAID_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    match read() {
        Ok(words) if !words.is_empty() => format!(": {words}"),
        _ => String::new(),
    }
}

/// A file without a name, which is gone when it is closed.
fn tempfile() -> io::Result<File> {
    let flags = rustix::fs::OFlags::TMPFILE | rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC;
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    Ok(rustix::fs::open(std::env::temp_dir(), flags, mode)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, os::unix::fs::PermissionsExt};

    fn commands(directory: &Path, text: &str) -> Result<Commands, CommandError> {
        fs::write(directory.join(FILE_NAME), text).unwrap();
        fs::set_permissions(directory.join(FILE_NAME), fs::Permissions::from_mode(0o600)).unwrap();
        Commands::load(directory)
    }

    fn shell(script: &str) -> String {
        format!("[\"/bin/sh\", \"-c\", {script:?}]")
    }

    #[test]
    fn output_is_kept_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("dump.sql");
        let make = |script: &str| {
            let text = format!("[[output]]\nfile = {file:?}\nrun = {}\n", shell(script));
            let noted = RefCell::new(Vec::new());
            commands(directory.path(), &text)
                .unwrap()
                .run_before(|error| noted.borrow_mut().push(error.to_string()))
                .unwrap();
            noted.into_inner()
        };
        assert!(make("echo first; echo no error >&2").is_empty());
        assert_eq!(fs::read_to_string(&file).unwrap(), "first\n");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        let noted = make("echo half; echo no room >&2; exit 7");
        assert!(noted[0].ends_with("ended with exit status: 7: no room"), "{noted:?}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "first\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "nothing is left behind");
    }

    #[test]
    fn what_is_required_stops_the_backup_and_what_takes_too_long_is_ended_with_its_children() {
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("mark");
        let run = |text: &str| commands(directory.path(), text).unwrap().run_before(|_| ());
        assert!(run(&format!("[[before]]\nrun = {}\n", shell("exit 1"))).is_err());
        assert!(run(&format!("[[before]]\nrequired = false\nrun = {}\n", shell("exit 1"))).is_ok());
        assert!(run("[[before]]\nrun = [\"/no/such/program\"]\n").is_err());
        let slow = shell(&format!("sleep 600 & echo $! > {}; wait", mark.display()));
        let begun = Instant::now();
        let error = run(&format!("[[before]]\ntimeout = \"1s\"\nrun = {slow}\n")).unwrap_err();
        assert!(error.to_string().ends_with("took longer than 1s and was ended"), "{error}");
        let child = fs::read_to_string(&mark).unwrap();
        while Path::new(&format!("/proc/{}", child.trim())).exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "what it started goes on");
        }
    }

    #[test]
    fn what_comes_after_is_run_however_far_the_rest_has_come() {
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("mark");
        let run = |before: &str, outcome: Result<(), CommandError>| {
            let after = shell(&format!("echo after >> {}", mark.display()));
            let text = format!("[[before]]\nrun = {}\n[[after]]\nrun = {after}\n", shell(before));
            commands(directory.path(), &text).unwrap().around(|_| (), || outcome).is_ok()
        };
        let failure = || CommandError::Failed { command: String::new(), what: String::new() };
        assert!(run("true", Ok(())) && !run("true", Err(failure())) && !run("false", Ok(())));
        assert_eq!(fs::read_to_string(&mark).unwrap(), "after\nafter\nafter\n");
    }

    #[test]
    fn what_others_may_change_and_what_makes_no_sense_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Commands::load(directory.path()).unwrap(), Commands::default());
        for text in [
            "[[before]]\nrun = []\n",
            "[[before]]\nrun = [\"sh\"]\n",
            "[[before]]\nrun = [\"/bin/sh\"]\ntimeout = \"25h\"\n",
            "[[output]]\nfile = \"dump\"\nrun = [\"/bin/sh\"]\n",
            "[[during]]\nrun = [\"/bin/sh\"]\n",
        ] {
            assert!(commands(directory.path(), text).is_err(), "{text}");
        }
        let good = "[[after]]\nrun = [\"/bin/true\"]\n";
        assert!(commands(directory.path(), good).is_ok());
        fs::set_permissions(directory.path().join(FILE_NAME), fs::Permissions::from_mode(0o620)).unwrap();
        let error = Commands::load(directory.path()).unwrap_err().to_string();
        assert!(error.contains("others may change it"), "{error}");
    }
}
