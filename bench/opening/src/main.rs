//! Makes the fixture, measures natively, and prints what all runs measured: `cargo run --release -p xtask -- bench-opening` does it in turn.

mod make;
mod table;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use iota_bench_opening::measure::measure;
use make::{Size, days};

/// How fast the browser's vault opens pieces, folders and the past.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write what is opened, about 200 MB.
    Make {
        /// Where to.
        fixture: PathBuf,
        /// Folders in the set, each with a hundred files.
        #[arg(long, default_value_t = 10_000)]
        folders: u32,
        /// Commits of the set, after those of its first day.
        #[arg(long, default_value_t = 2000)]
        commits: u32,
        /// Megabytes of pieces, and likewise of files in a zip.
        #[arg(long, default_value_t = 64)]
        megabytes: usize,
    },
    /// Open it natively; prints a report as JSON.
    Measure {
        /// What `make` wrote.
        fixture: PathBuf,
    },
    /// Print the medians of pairs of runs as a table; fails when a set takes too many bytes to open.
    Table {
        /// Two lines of JSON for each pair: native, wasm.
        reports: PathBuf,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Make { fixture, folders, commits, megabytes } => {
            let bytes = make::fixture(&Size { folders, days: days(commits), bytes: megabytes << 20 })?;
            fs::write(&fixture, bytes).with_context(|| format!("cannot write {}", fixture.display()))
        }
        Task::Measure { fixture } => {
            let bytes = fs::read(&fixture).with_context(|| format!("cannot read {}", fixture.display()))?;
            println!("{}", serde_json::to_string(&measure(bytes)?)?);
            Ok(())
        }
        Task::Table { reports } => {
            let text = fs::read_to_string(&reports).with_context(|| format!("cannot read {}", reports.display()))?;
            print!("{}", table::of(&text)?);
            Ok(())
        }
    }
}
