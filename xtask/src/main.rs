//! Tasks that cargo alone does not do: `cargo run -p xtask -- --help`.

mod assets;
mod bench_opening;
mod bundle;
mod database;
mod process;
mod sqlx_prepare;
mod vectors;
mod wasm;
mod with_database;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds and packages what cargo alone does not.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure how fast the vault opens files and folders, natively and in wasm; needs `node` and `wasm-opt`.
    BenchOpening(bench_opening::Options),
    /// Build what the browser loads: program, style, drawings.
    Bundle(bundle::Options),
    /// Write what the server's SQL queries need in order to be checked without a database.
    SqlxPrepare(sqlx_prepare::Options),
    /// Run the golden vectors of the format inside wasm; needs `node`.
    Vectors,
    /// Run a command with a temporary Postgres beside it, for tests of the server.
    WithDatabase(with_database::Options),
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::BenchOpening(options) => bench_opening::run(&options),
        Task::Bundle(options) => bundle::run(&options),
        Task::SqlxPrepare(options) => sqlx_prepare::run(&options),
        Task::Vectors => vectors::run(),
        Task::WithDatabase(options) => with_database::run(&options),
    }
}
