//! A package compiled to wasm, and the glue that loads it.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::wasm::{self, Host};

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
    host: Host,
    /// What the machine must have beyond the least.
    pub machine: &'static [&'static str],
    /// What `wasm-opt` is told: how to weigh size against speed.
    pub optimise: &'static [&'static str],
}

/// What a page loads first: its compressed size counts. Bodies of functions that are left alone resemble each other, so brotli finds more than
/// inlining saves: 9 % less than with `-Oz`.
pub const PAGES: Source = Source {
    package: "iota-app",
    features: &["hydrate"],
    host: Host::Web,
    machine: &[],
    optimise: &[
        "-Os",
        "--always-inline-max-function-size=0",
        "--flexible-inline-max-function-size=0",
        "--one-caller-inline-max-function-size=0",
    ],
};
/// What rates passphrases: word lists, mostly.
pub const STRENGTH: Source = Source {
    package: "iota-strength",
    features: &[],
    host: Host::Part("iota_strength"),
    machine: &[],
    optimise: &["-Oz"],
};
/// What opens files: speed counts. Every browser has had simd128 since March 2023 (Chrome 91, Firefox 89, Safari 16.4).
pub const VAULT: Source =
    Source { package: "iota-vault", features: &[], host: Host::Web, machine: &["+simd128"], optimise: &["-O3"] };

/// Compiles, binds and, in release, optimises.
pub fn build(source: &Source, release: bool, wasm_opt: &Path) -> Result<Program> {
    let compiled = wasm::compile(source.package, source.features, source.machine, release)?;
    let folder = tempfile::tempdir()?;
    let wasm = wasm::bind(&compiled, source.host, folder.path())?;
    if release {
        wasm::optimise(&wasm, source.optimise, wasm_opt)?;
    }
    let glue = folder.path().join(format!("{}.js", source.package.replace('-', "_")));
    Ok(Program { wasm: fs::read(&wasm)?, glue: fs::read_to_string(&glue)? })
}
