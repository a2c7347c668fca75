//! A package compiled to wasm, and the glue that loads it.

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

/// A package that becomes a program.
pub struct Source {
    package: &'static str,
    features: &'static [&'static str],
    /// What `wasm-opt` is told: how to weigh size against speed.
    shrink: &'static [&'static str],
}

/// What a page loads first: its compressed size counts. Bodies of functions that are left alone resemble each other, so brotli finds more than
/// inlining saves: 9 % less than with `-Oz`.
pub const PAGES: Source = Source {
    package: "iota-app",
    features: &["hydrate"],
    shrink: &[
        "-Os",
        "--always-inline-max-function-size=0",
        "--flexible-inline-max-function-size=0",
        "--one-caller-inline-max-function-size=0",
    ],
};
/// What rates passphrases: word lists, mostly.
pub const STRENGTH: Source = Source { package: "iota-strength", features: &[], shrink: &["-Oz"] };
/// What opens files: speed counts.
pub const VAULT: Source = Source { package: "iota-vault", features: &[], shrink: &["-O3"] };

/// Compiles, binds and, in release, shrinks.
pub fn build(source: &Source, release: bool, wasm_opt: &Path) -> Result<Program> {
    let compiled = wasm::compile(source.package, source.features, release)?;
    let folder = tempfile::tempdir()?;
    Bindgen::new()
        .input_path(&compiled)
        .web(true)?
        .typescript(false)
        .generate(folder.path())
        .context("wasm-bindgen cannot read what the compiler made")?;
    let name = source.package.replace('-', "_");
    let wasm = folder.path().join(format!("{name}_bg.wasm"));
    if release {
        shrink(&wasm, source.shrink, wasm_opt)?;
    }
    Ok(Program { wasm: fs::read(&wasm)?, glue: fs::read_to_string(folder.path().join(format!("{name}.js")))? })
}

/// Only what is released is made small: it takes longer than the rest.
fn shrink(wasm: &Path, how: &[&str], wasm_opt: &Path) -> Result<()> {
    if Command::new(wasm_opt).arg("--version").output().is_err() {
        bail!("{} is missing: `npm ci` in xtask brings it, or name it with --wasm-opt", wasm_opt.display());
    }
    process::run(Command::new(wasm_opt).args(how).arg(wasm).arg("-o").arg(wasm))
}
