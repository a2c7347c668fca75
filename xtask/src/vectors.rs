//! The golden vectors inside wasm, under Node.

use std::process::Command;

use anyhow::Result;

use crate::wasm::{self, Host};
use crate::{process, workspace};

/// Compiles the runner, binds it for Node, and runs every vector.
pub fn run() -> Result<()> {
    let compiled = wasm::compile("iota-vectors", &[], &[], &[], false)?;
    let folder = tempfile::tempdir()?;
    wasm::bind(&compiled, Host::Node, folder.path())?;
    process::run(Command::new("node").arg(workspace::root().join("e2e/vectors/run.mjs")).arg(folder.path()))
}
