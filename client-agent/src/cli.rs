//! The command line: what can be asked, and how its answers end.
//!
//! Exit codes: 0 done, 1 failed, 2 usage, 3 complete with gaps, 4 this machine may store nothing any more. With `--json` exactly one
//! object stands on standard output, also for errors.

mod account;
mod backup;
mod changes;
mod context;
mod delete;
mod diff;
mod doctor;
mod enroll;
mod failure;
mod find;
mod forecast;
mod history;
mod interrupt;
mod ls;
pub mod output;
mod reading;
mod restore;
mod restores;
mod retention;
mod rules;
mod run;
mod secrets;
mod snapshots;
mod status;
mod verify;

pub use context::Context;

use clap::{Args, Parser, Subcommand};
use output::Output;
use std::{path::PathBuf, process::ExitCode};

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that was asked.
    Done,
    /// Complete with gaps: something is missing, and was named.
    Gaps,
    /// What was found is a failure, and was told as the result.
    Problems,
}

/// The caller asked for something that makes no sense; ends with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// A failure with a stable word of its own for programs.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Coded {
    /// The word.
    pub code: &'static str,
    /// The sentence for people.
    pub message: String,
}

/// Back up this machine, sealed, to a server that cannot read it; and restore.
#[derive(Debug, Parser)]
#[command(name = "iota", version, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 failed, 2 usage, 3 complete with gaps, 4 this machine may store nothing any more.";

/// What every command takes.
#[derive(Debug, Args)]
struct Global {
    /// Where identity and rules lie [default: /etc/iotabackup for root, ~/.config/iotabackup]
    #[arg(long, global = true, value_name = "DIR", env = "IOTA_CONFIG_DIR")]
    config_dir: Option<PathBuf>,
    /// Where the cache lies [default: /var/lib/iotabackup-agent for root, ~/.local/state/iotabackup]
    #[arg(long, global = true, value_name = "DIR", env = "IOTA_STATE_DIR")]
    state_dir: Option<PathBuf>,
    /// Print one JSON object on standard output, also for errors
    #[arg(long, global = true)]
    json: bool,
    /// Print results and errors only
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(flatten)]
    credentials: Credentials,
}

/// How the vault is opened and the server found.
#[derive(Debug, Clone, Default, Args)]
pub struct Credentials {
    /// Address of the server [default: this machine's]
    #[arg(long, global = true, value_name = "URL", env = "IOTA_SERVER", help_heading = "Vault")]
    pub server: Option<String>,
    /// SHA-256 of the server's public key, when its certificate is of its own making
    #[arg(long, global = true, value_name = "HEX", env = "IOTA_SERVER_PIN", help_heading = "Vault")]
    pub server_pin: Option<String>,
    /// E-mail address of the account. Of a second factor the code, or a recovery code, comes from IOTA_CODE; asked for otherwise
    #[arg(long, global = true, value_name = "EMAIL", help_heading = "Vault")]
    pub login: Option<String>,
    /// File whose first line is the password; asked for otherwise
    #[arg(long, global = true, value_name = "FILE", env = "IOTA_PASSWORD_FILE", help_heading = "Vault")]
    pub password_file: Option<PathBuf>,
    /// File whose first line is the vault's passphrase, when it is not the password
    #[arg(long, global = true, value_name = "FILE", env = "IOTA_PASSPHRASE_FILE", help_heading = "Vault")]
    pub passphrase_file: Option<PathBuf>,
    /// Recovery kit that opens the vault (of `account create`: where it is written)
    #[arg(long, global = true, value_name = "FILE", help_heading = "Vault")]
    pub kit: Option<PathBuf>,
    /// Key file that opens the vault (of `account create`: where one is written)
    #[arg(long, global = true, value_name = "FILE", help_heading = "Vault")]
    pub key_file: Option<PathBuf>,
    /// Sheet of a trusted person; give as many as are needed, and they open the vault together
    #[arg(long, global = true, value_name = "FILE", help_heading = "Vault")]
    pub share: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an account, or change the ways to open its vault
    #[command(subcommand)]
    Account(account::Command),
    /// Join this machine to an account
    Enroll(enroll::Arguments),
    /// Make a one-time code for another machine, and let it in
    Admit(enroll::Admit),
    /// Back up these paths
    Include(rules::Include),
    /// Leave out what matches these patterns, as in .gitignore
    Exclude(rules::Exclude),
    /// Show or change the rules
    Rules(rules::Show),
    /// Say why a path is, or is not, in the backup, and how it is treated
    Explain(rules::Explain),
    /// Back up now
    Backup(backup::Arguments),
    /// Watch, and back up what changes, until a signal ends it
    Run,
    /// Let the service rest for a while
    Pause(run::Pause),
    /// End the rest of the service
    Resume,
    /// List what can be restored
    Snapshots(snapshots::Arguments),
    /// Show or change how long how much is kept, and what would go
    Retention(retention::Arguments),
    /// Delete snapshots of a set; for 14 days that can be taken back
    Delete(delete::Arguments),
    /// Take a deletion back
    Undelete(delete::Undo),
    /// List a directory of a snapshot
    Ls(ls::Arguments),
    /// List the versions of a file or directory, those before it was deleted too
    History(history::Arguments),
    /// Say what lies between two snapshots
    Diff(diff::Arguments),
    /// Find names in all snapshots, and when they were there
    Find(find::Arguments),
    /// Restore files into a directory
    Restore(restore::Arguments),
    /// Say, or decide, where restores that are ordered in a browser may go on this machine
    Restores(restores::Arguments),
    /// Check that a snapshot is whole
    Verify(verify::Arguments),
    /// Show what is set up, what was backed up last, and what the service is doing
    Status(status::Arguments),
    /// Check everything that a backup needs, and say what to do
    Doctor,
}

impl Command {
    /// What to know when it is cut off.
    fn interrupted(&self) -> Option<&'static str> {
        Some(match self {
            Self::Run | Self::Status(_) => return None,
            Self::Account(command) => command.interrupted(),
            Self::Delete(_) | Self::Undelete(_) | Self::Retention(_) => {
                "interrupted; `iota retention` shows whether it was done"
            }
            Self::Enroll(_) => {
                "interrupted; this machine has not joined: run `iota enroll` again, with a new code if it had one. If it was \
                 let in by then, a set without snapshots stays at the server"
            }
            Self::Admit(_) => {
                "interrupted; unless the other machine says that it is enrolled, it was not let in: run `iota admit` again, \
                 and `iota enroll` there with the new code"
            }
            _ => "interrupted; there is nothing to repair, run it again to go on",
        })
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return failure::of_arguments(&error),
    };
    let output = Output { json: arguments.global.json, quiet: arguments.global.quiet };
    interrupt::watch(output, arguments.command.interrupted());
    match Context::new(arguments.global, output).and_then(|context| run(&context, arguments.command)) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Gaps) => ExitCode::from(3),
        Ok(Outcome::Problems) => ExitCode::FAILURE,
        Err(error) => failure::tell(output, &error),
    }
}

fn run(context: &Context, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Account(command) => account::run(context, command),
        Command::Enroll(arguments) => enroll::run(context, arguments),
        Command::Admit(arguments) => enroll::admit(context, arguments),
        Command::Include(arguments) => rules::include(context, arguments),
        Command::Exclude(arguments) => rules::exclude(context, arguments),
        Command::Rules(arguments) => rules::show(context, arguments),
        Command::Explain(arguments) => rules::explain_path(context, &arguments),
        Command::Backup(arguments) => backup::run(context, arguments),
        Command::Run => run::run(context),
        Command::Pause(arguments) => run::pause(context, &arguments),
        Command::Resume => run::resume(context),
        Command::Snapshots(arguments) => snapshots::run(context, arguments),
        Command::Retention(arguments) => retention::run(context, arguments),
        Command::Delete(arguments) => delete::run(context, &arguments),
        Command::Undelete(arguments) => delete::undo(context, &arguments),
        Command::Ls(arguments) => ls::run(context, arguments),
        Command::History(arguments) => history::run(context, arguments),
        Command::Diff(arguments) => diff::run(context, arguments),
        Command::Find(arguments) => find::run(context, arguments),
        Command::Restore(arguments) => restore::run(context, arguments),
        Command::Restores(arguments) => restores::run(context, &arguments),
        Command::Verify(arguments) => verify::run(context, arguments),
        Command::Status(arguments) => status::run(context, &arguments),
        Command::Doctor => doctor::run(context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn documented_lines_parse() {
        let lines = [
            "iota account create --server https://a --login a@b --invite C --kit k",
            "iota account create --server https://a --login a@b --invite C --kit k --key-file f --separate-passphrase",
            "iota account slots --login a@b",
            "iota account add-key-file f --login a@b",
            "iota account add-shares --threshold 2 --count 3 --to d --login a@b",
            "iota account add-passphrase --login a@b --password-file p",
            "iota account remove-slot 00112233445566778899aabbccddeeff --login a@b",
            "iota enroll IOTA-ENROL-1-AAAA --server https://a",
            "iota enroll --server https://a --login a@b --name attic",
            "iota enroll --login a@b --take-over attic",
            "iota admit --login a@b --name attic",
            "iota include /home /etc",
            "iota exclude *.o !keep.o --json",
            "iota rules",
            "iota rules --max-file-size 4G --cross-file-systems yes",
            "iota --config-dir /c --state-dir /s --quiet backup --full",
            "iota --login a@b --server-pin 00 status --json",
            "iota doctor",
            "iota status --watch",
            "iota run",
            "iota pause --for 8h",
            "iota resume",
            "iota snapshots --kit k --set attic",
            "iota snapshots --share a --share b",
            "iota retention",
            "iota retention --set attic --what-if 7d,31d,366d,forever --kit k",
            "iota retention set 14d,31d,366d,3650d --login a@b",
            "iota delete 17 --login a@b --set attic",
            "iota delete 17 --to 20 --login a@b",
            "iota delete --whole-set --set attic --login a@b",
            "iota delete --account a@b --login a@b",
            "iota undelete 3 --login a@b",
            "iota ls --at 2026-11-25 /home",
            "iota history /home/ada/letter.odt --set attic",
            "iota diff 17 latest",
            "iota diff 2026-11-24 2026-11-25T18:00:00Z /home --json",
            "iota find letter",
            "iota find *.odt --larger 20M --smaller 4G --newer 3w --older 2d --kind file",
            "iota restore --at 17 /home/ada /etc --to /tmp/x --devices --trust --keep-damaged",
            "iota restores",
            "iota restores --allow beside",
            "iota verify --data --at latest --json",
        ];
        for line in lines {
            assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
        }
    }

    #[test]
    fn passwords_are_never_arguments_and_mistakes_are_usage() {
        for line in
            ["iota", "iota nothing", "iota include", "iota backup --password x", "iota account create --password x"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
