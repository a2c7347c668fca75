//! The golden vectors inside wasm, under Node.

use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::process;
use crate::workspace;

const TARGET: &str = "wasm32-unknown-unknown";

/// Compiles the runner, binds it for Node, and runs every vector.
pub fn run() -> Result<()> {
    let mut cargo = process::cargo();
    cargo.current_dir(workspace::root()).args(["build", "--package", "iota-vectors", "--target", TARGET]);
    process::run(&mut cargo).context("is the target there? `rustup target add wasm32-unknown-unknown`")?;
    let folder = tempfile::tempdir()?;
    Bindgen::new()
        .input_path(workspace::target().join(TARGET).join("debug/iota_vectors.wasm"))
        .nodejs(true)?
        .typescript(false)
        .generate(folder.path())
        .context("wasm-bindgen cannot read what the compiler made")?;
    process::run(Command::new("node").arg(workspace::root().join("e2e/vectors/run.mjs")).arg(folder.path()))
}
