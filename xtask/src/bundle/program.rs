//! A package compiled to wasm, and the glue that loads it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::parts::{self, Cut};
use crate::wasm::{self, Host};

/// A program for the browser.
pub struct Program {
    /// The code.
    pub wasm: Vec<u8>,
    /// The module that gives it the browser's functions.
    pub glue: String,
    /// What comes later.
    pub parts: Vec<Part>,
    /// By the lazy function's unique name: the parts it needs, in the order in which they are to be started.
    pub needed: BTreeMap<String, Vec<String>>,
}

/// A piece of a program that comes when it is needed.
pub struct Part {
    /// Unique in the program.
    pub name: String,
    /// The code.
    pub wasm: Vec<u8>,
}

impl Part {
    /// What people may call it: without what makes it unique.
    pub fn short_name(&self) -> &str {
        self.name.strip_prefix("split_").map_or(&self.name, parts::function)
    }
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
    host: Host::First,
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

/// Compiles, cuts, binds and, in release, optimises.
pub fn build(source: &Source, release: bool, wasm_opt: &Path) -> Result<Program> {
    let divided = matches!(source.host, Host::First);
    let link = if divided { parts::LINK } else { &[] };
    let compiled = wasm::compile(source.package, source.features, source.machine, link, release)?;
    let folder = tempfile::tempdir()?;
    let finish = |wasm: &Path| -> Result<Vec<u8>> {
        if release {
            wasm::optimise(wasm, source.optimise, wasm_opt)?;
        }
        Ok(fs::read(wasm)?)
    };
    let cut = divided.then(|| Cut::make(&compiled, folder.path())).transpose()?;
    let first = cut.as_ref().map_or(&compiled, |cut| &cut.first);
    let bound = folder.path().join("bound");
    let wasm = finish(&wasm::bind(first, source.host, &bound)?)?;
    let mut glue = fs::read_to_string(bound.join(format!("{}.js", source.package.replace('-', "_"))))?;
    let Some(cut) = cut else { return Ok(Program { wasm, glue, parts: Vec::new(), needed: BTreeMap::new() }) };
    glue = parts::without_imports(&glue)?;
    let read =
        |name: &String| Ok(Part { name: name.clone(), wasm: finish(&folder.path().join(format!("{name}.wasm")))? });
    let parts = cut.pieces().into_iter().map(read).collect::<Result<_>>()?;
    Ok(Program { wasm, glue, parts, needed: cut.needed })
}
