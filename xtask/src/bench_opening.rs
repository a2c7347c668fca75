//! How fast the vault opens files, folders and the past: natively and in wasm, in pairs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::bundle::program;
use crate::wasm::{self, Host};
use crate::{process, workspace};

const PACKAGE: &str = "iota-bench-opening";

/// How to measure.
#[derive(clap::Args)]
pub struct Options {
    /// Pairs of runs.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Folders of the set, each with a hundred files.
    #[arg(long, default_value_t = 10_000)]
    folders: u32,
    /// Commits of the set after those of its first day.
    #[arg(long, default_value_t = 2000)]
    commits: u32,
    /// The program `wasm-opt` of binaryen.
    #[arg(long, env = "WASM_OPT", value_name = "FILE", default_value = "wasm-opt")]
    wasm_opt: PathBuf,
}

/// Builds both, makes what they open, and measures in pairs.
pub fn run(options: &Options) -> Result<()> {
    process::run(process::cargo().current_dir(workspace::root()).args(["build", "--release", "--package", PACKAGE]))?;
    let native = workspace::target().join("release").join(PACKAGE);
    let folder = tempfile::tempdir()?;
    // As the vault's own program is built.
    let compiled = wasm::compile(PACKAGE, &[], program::VAULT.machine, &[], true)?;
    let program = wasm::bind(&compiled, Host::Node, folder.path())?;
    wasm::optimise(&program, program::VAULT.optimise, &options.wasm_opt)?;

    let (fixture, reports) = (folder.path().join("fixture"), folder.path().join("reports"));
    let (folders, commits) = (options.folders.to_string(), options.commits.to_string());
    let size = ["--folders", &folders, "--commits", &commits];
    process::run(Command::new(&native).arg("make").arg(&fixture).args(size))?;
    let mut file = File::create(&reports).context("cannot write what is measured")?;
    for _ in 0..options.rounds {
        measure(Command::new(&native).arg("measure").arg(&fixture), &mut file)?;
        let run = workspace::root().join("bench/opening/run.mjs");
        measure(Command::new("node").arg(run).arg(folder.path()).arg(&fixture), &mut file)?;
    }
    table(&native, &reports)
}

fn measure(command: &mut Command, file: &mut File) -> Result<()> {
    process::run(command.stdout(file.try_clone()?))
}

fn table(native: &Path, reports: &Path) -> Result<()> {
    process::run(Command::new(native).arg("table").arg(reports))
}
