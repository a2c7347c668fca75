//! A command with a Postgres for tests beside it.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::database::Database;

/// What to run.
#[derive(clap::Args)]
pub struct Options {
    /// Program and arguments; it finds the database in IOTABACKUP_TEST_DATABASE_URL.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Runs the command with a temporary Postgres, and ends as it ends.
pub fn run(options: &Options) -> Result<()> {
    let database = Database::start()?;
    let (program, arguments) = options.command.split_first().context("there is no command to run")?;
    let mut command = Command::new(program);
    command.args(arguments).env("IOTABACKUP_TEST_DATABASE_URL", database.url());
    let status = command.status().with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        bail!("{} failed ({status})", program.display());
    }
    Ok(())
}
