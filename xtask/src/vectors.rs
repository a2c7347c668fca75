//! The golden vectors inside wasm, under Node.

use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::{process, wasm, workspace};

/// Compiles the runner, binds it for Node, and runs every vector.
pub fn run() -> Result<()> {
    let compiled = wasm::compile("iota-vectors", &[], false)?;
    let folder = tempfile::tempdir()?;
    Bindgen::new()
        .input_path(&compiled)
        .nodejs(true)?
        .typescript(false)
        .generate(folder.path())
        .context("wasm-bindgen cannot read what the compiler made")?;
    process::run(Command::new("node").arg(workspace::root().join("e2e/vectors/run.mjs")).arg(folder.path()))
}
