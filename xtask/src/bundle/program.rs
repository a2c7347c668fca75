//! The pages compiled to wasm, and the glue that loads them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::{process, wasm};

/// A program for the browser.
pub struct Program {
    /// The code.
    pub wasm: Vec<u8>,
    /// The module that gives it the browser's functions.
    pub glue: String,
}

/// Compiles, binds and, in release, shrinks.
pub fn build(release: bool, wasm_opt: &Path) -> Result<Program> {
    let compiled = wasm::compile("iota-app", &["hydrate"], release)?;
    let folder = tempfile::tempdir()?;
    Bindgen::new()
        .input_path(&compiled)
        .web(true)?
        .typescript(false)
        .generate(folder.path())
        .context("wasm-bindgen cannot read what the compiler made")?;
    let wasm = folder.path().join("iota_app_bg.wasm");
    shrink(&wasm, release, wasm_opt)?;
    Ok(Program { wasm: fs::read(&wasm)?, glue: fs::read_to_string(folder.path().join("iota_app.js"))? })
}

/// Only what is released is made small: it takes longer than the rest.
fn shrink(wasm: &Path, release: bool, wasm_opt: &Path) -> Result<()> {
    if !release {
        return Ok(());
    }
    if Command::new(wasm_opt).arg("--version").output().is_err() {
        bail!("{} is missing: `npm ci` in xtask brings it, or name it with --wasm-opt", wasm_opt.display());
    }
    process::run(Command::new(wasm_opt).arg("-Oz").arg(wasm).arg("-o").arg(wasm))
}
