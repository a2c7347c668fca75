//! Program iota: the agent of IotaBackup on the command line.

mod cli;
mod progress;

fn main() -> std::process::ExitCode {
    cli::main()
}
